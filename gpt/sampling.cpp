#include "gpt/sampling.h"

#include <cmath>

#include "autograd/ops.h"
#include "tensor/factories.h"

namespace gradus::gpt {

void check_sampling(double temperature, int64_t top_k, double top_p) {
  check(temperature > 0 && std::isfinite(temperature),
        "generate: the temperature is {}, expected a number above 0", temperature);
  check(top_k >= 0, "generate: top_k is {}, expected 0 (all tokens) or more", top_k);
  check(top_p > 0 && top_p <= 1, "generate: top_p is {}, expected a number above 0 and at most 1",
        top_p);
}

Tensor keep_top_k(const Tensor& logits, int64_t k) {
  check_sampling(1, k, 1);
  if (k == 0 || k >= logits.size(-1)) return logits;
  const auto [largest, ids] = topk(logits, k);             // (..., k)
  const Tensor smallest_kept = largest.narrow(-1, -1, 1);  // (..., 1)
  return logits.masked_fill(logits < smallest_kept, -INFINITY);
}

Tensor keep_top_p(const Tensor& logits, double p) {
  check_sampling(1, 0, p);
  if (p == 1) return logits;
  const auto [sorted, ids] = topk(logits, logits.size(-1));  // (..., V)
  const Tensor probabilities = softmax(sorted, -1);          // (..., V)
  // A token is kept if the more probable ones do not reach p without it.
  const Tensor sum_before = cumsum(probabilities, -1) - probabilities;  // (..., V)
  const Tensor kept_sorted = sum_before < p;                            // (..., V)
  const Tensor smallest_kept =
      sorted.masked_fill(logical_not(kept_sorted), INFINITY).amin(-1, /*keepdim=*/true);
  return logits.masked_fill(logits < smallest_kept, -INFINITY);
}

Tensor next_token_probabilities(const Tensor& logits, double temperature, int64_t top_k,
                                double top_p) {
  check_sampling(temperature, top_k, top_p);
  return softmax(keep_top_p(keep_top_k(logits / temperature, top_k), top_p), -1);
}

}  // namespace gradus::gpt
