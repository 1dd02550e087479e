// caught by shape.at_most_width_texts
#include <algorithm>
#include <cmath>

#include "exercises/03_beam_search/beam_search.h"

namespace mine {

std::vector<Hypothesis> beam_search(const NextToken& next, int64_t end, int64_t width,
                                    int64_t max_length) {
  const auto is_finished = [&](const Hypothesis& h) {
    return !h.tokens.empty() && h.tokens.back() == end;
  };
  std::vector<Hypothesis> beam(1);  // one text without tokens
  for (int64_t step = 0; step <= max_length; ++step) {
    std::vector<Hypothesis> candidates;
    for (const Hypothesis& h : beam) {
      if (is_finished(h)) {
        candidates.push_back(h);
        continue;
      }
      const Tensor log_probs = next(h.tokens);  // (V)
      for (int64_t token = 0; token < log_probs.size(0); ++token) {
        const double log_prob = log_probs[token].item<double>();
        if (std::isinf(log_prob)) continue;  // impossible
        Hypothesis longer = h;
        longer.tokens.push_back(token);
        longer.log_prob += log_prob;
        candidates.push_back(longer);
      }
    }
    std::stable_sort(
        candidates.begin(), candidates.end(),
        [](const Hypothesis& a, const Hypothesis& b) { return a.log_prob > b.log_prob; });
    if (std::ssize(candidates) > width) candidates.resize(static_cast<size_t>(width));
    beam = candidates;
    if (std::all_of(beam.begin(), beam.end(), is_finished)) break;
  }
  return beam;
}

}  // namespace mine
