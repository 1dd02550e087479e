#include "lessons/one_page/letter_counts.h"

#include <cmath>
#include <map>

namespace gradus::lessons {
namespace {

/// How often each element occurs -> -sum of p ln p, in the mean over all occurrences.
double entropy(const std::map<int64_t, int64_t>& counts) {
  double total = 0;
  double sum = 0;
  for (const auto& [id, count] : counts) {
    total += static_cast<double>(count);
    sum += static_cast<double>(count) * std::log(static_cast<double>(count));
  }
  return std::log(total) - sum / total;
}

}  // namespace

double loss_of_letter_counts(const Words& words, const text::CharTokenizer& letters) {
  std::map<int64_t, int64_t> counts;
  for (const std::string& word : words) {
    for (const int64_t id : letters.encode(word))
      ++counts[id];
    ++counts[letters.vocab_size()];
  }
  return entropy(counts);
}

double loss_of_pair_counts(const Words& words, const text::CharTokenizer& letters) {
  std::map<int64_t, int64_t> firsts;
  std::map<int64_t, int64_t> pairs;
  const int64_t BOS = letters.vocab_size();
  for (const std::string& word : words) {
    int64_t first = BOS;
    const auto add = [&](int64_t second) {
      ++firsts[first];
      ++pairs[first * (BOS + 1) + second];
      first = second;
    };
    for (const int64_t id : letters.encode(word))
      add(id);
    add(BOS);
  }
  return entropy(pairs) - entropy(firsts);  // H(second | first)
}

}  // namespace gradus::lessons
