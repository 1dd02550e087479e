// Beam search, the usual way to find a likely translation.
#include "exercises/exercise.h"

namespace mine {

using Tokens = std::vector<int64_t>;

/// Gives log P(next token | tokens) for every token of the vocabulary: (V), float64. An impossible
/// token has -infinity.
using NextToken = std::function<Tensor(const Tokens&)>;

struct Hypothesis {
  Tokens tokens;
  double log_prob = 0;  // the sum of the log-probabilities of its tokens
};

/// The `width` most likely texts that the search finds, the best first. A text is finished when its
/// last token is `end`, or when it has max_length tokens.
std::vector<Hypothesis> beam_search(const NextToken& next, int64_t end, int64_t width,
                                    int64_t max_length);

}  // namespace mine
