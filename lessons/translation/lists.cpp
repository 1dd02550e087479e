#include "lessons/translation/lists.h"

#include <algorithm>

#include "autograd/ops.h"
#include "tensor/random.h"

namespace gradus::lessons {

NumberLists::NumberLists(int64_t tests)
    : german(numbers::all_german(999)),
      english(numbers::all_english(999)),
      training_numbers_(numbers::below_thousand(false)),
      test_numbers_(numbers::below_thousand(true)) {
  for (int64_t length = 1; length <= kLongest; ++length) {
    const std::vector<numbers::Translation> drawn = draw(test_numbers_, length, tests);
    tests_.push_back(batch(drawn));
    alignments_.push_back(full_like(tests_.back().target, -1));
    for (size_t b = 0; b < drawn.size(); ++b)
      for (size_t t = 0; t < drawn[b].english.size(); ++t)
        if (drawn[b].english[t] != ",")
          alignments_.back()[static_cast<int64_t>(b)][static_cast<int64_t>(t)] =
              drawn[b].alignment[t];
  }
}

int64_t NumberLists::length(int64_t s, int64_t steps) {
  const int64_t longest = std::min(kLongest, 1 + s * kLongest * 3 / steps);
  const int64_t length = 1 + s % longest;
  const bool longer_half = s / longest % 2 == 1;
  return longer_half ? std::max(length, longest + 1 - length) : length;
}

Batch NumberLists::training_batch(int64_t list_length, int64_t size) const {
  return batch(draw(training_numbers_, list_length, size));
}

std::vector<numbers::Translation> NumberLists::draw(const std::vector<int64_t>& from,
                                                    int64_t length, int64_t size) const {
  const Tensor indices = randint(0, static_cast<int64_t>(from.size()), {size, length});
  const int64_t* next = indices.data_ptr<int64_t>();
  std::vector<numbers::Translation> lists;
  for (int64_t i = 0; i < size; ++i) {
    std::vector<int64_t> list;
    for (int64_t j = 0; j < length; ++j)
      list.push_back(from[static_cast<size_t>(*next++)]);
    lists.push_back(numbers::translate(list));
  }
  return lists;
}

Batch NumberLists::batch(const std::vector<numbers::Translation>& lists) const {
  std::vector<SentencePair> pairs;
  for (const numbers::Translation& t : lists)
    pairs.push_back({t.german, t.english});
  return make_batch(pairs, german, english);
}

}  // namespace gradus::lessons
