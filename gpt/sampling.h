// From the logits of the next token to a token. The names and the edge cases are those of Hugging
// Face's logits processors.
#pragma once
#include "tensor/tensor.h"

namespace gradus::gpt {

/// Throws unless the temperature is a finite number above 0, top_k is 0 or more, and 0 < top_p
/// <= 1.
void check_sampling(double temperature, int64_t top_k, double top_p);

/// Keeps the k largest logits of each row and replaces the others by -inf. Logits equal to the
/// smallest of the k are kept, too. k = 0, and a k larger than a row, keep everything. Throws if k
/// is negative.   logits (..., V) -> (..., V)
Tensor keep_top_k(const Tensor& logits, int64_t k);

/// Nucleus sampling (Holtzman et al. 2020): keeps the smallest set of tokens whose probabilities
/// sum to p or more, and replaces the other logits by -inf. Logits equal to the smallest of the set
/// are kept, too. p = 1 keeps everything. Throws unless 0 < p <= 1.   logits (..., V) -> (..., V)
Tensor keep_top_p(const Tensor& logits, double p);

/// softmax(keep_top_p(keep_top_k(logits / temperature, k), p)), the distribution that a token is
/// drawn from.
/// logits (..., V) -> (..., V)
Tensor next_token_probabilities(const Tensor& logits, double temperature, int64_t top_k,
                                double top_p);

}  // namespace gradus::gpt
