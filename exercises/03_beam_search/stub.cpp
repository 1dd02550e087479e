#include "exercises/03_beam_search/beam_search.h"

namespace mine {

std::vector<Hypothesis> beam_search(const NextToken& next, int64_t end, int64_t width,
                                    int64_t max_length) {
  // next(tokens) is (V) -> at most `width` texts, the best first
  todo("beam_search: beam_search");
}

}  // namespace mine
