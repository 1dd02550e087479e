#include "lessons/translation/sentences.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "autograd/ops.h"
#include "terminal/terminal.h"

namespace gradus::lessons {

Vocabulary::Vocabulary(const Words& words) : words_{"(pad)", "(start)", "(end)"} {
  for (const std::string& word : words) {
    const bool is_new = numbers_.emplace(word, size()).second;
    check(is_new, "vocabulary: '{}' is given twice", terminal::printable(word));
    words_.push_back(word);
  }
}

std::vector<int64_t> Vocabulary::numbers(const Words& sentence) const {
  check(!sentence.empty(), "vocabulary: the sentence is empty - it needs at least one word");
  std::vector<int64_t> list;
  for (const std::string& word : sentence) {
    const auto found = numbers_.find(word);
    check(found != numbers_.end(), "vocabulary: '{}' - it is not one of the {} words",
          terminal::printable(word), numbers_.size());
    list.push_back(found->second);
  }
  return list;
}

bool Vocabulary::knows(const Words& sentence) const {
  return std::all_of(sentence.begin(), sentence.end(),
                     [&](const std::string& word) { return numbers_.count(word); });
}

const std::string& Vocabulary::word(int64_t number) const {
  check(number >= 0 && number < size(), "vocabulary: number {} - there are {} words", number,
        size());
  return words_[static_cast<size_t>(number)];
}

Words Vocabulary::words(const Tensor& row) const {
  check(row.dim() == 1 && row.dtype() == kInt64,
        "vocabulary: a row of numbers is int64 [T], got {} {}", row.dtype(), row.sizes());
  Words sentence;
  for (int64_t i = 0; i < row.size(0); ++i) {
    const auto number = row[i].item<int64_t>();
    if (number == kEnd) break;
    sentence.push_back(word(number));
  }
  return sentence;
}

Batch make_batch(const std::vector<SentencePair>& pairs, const Vocabulary& source,
                 const Vocabulary& target) {
  check(!pairs.empty(), "make_batch: there is no sentence pair");
  const auto B = static_cast<int64_t>(pairs.size());
  size_t S = 0;
  size_t T = 0;
  for (const SentencePair& pair : pairs) {
    S = std::max(S, pair.source.size());
    T = std::max(T, pair.target.size() + 1);
  }
  Batch batch{.source = full({B, static_cast<int64_t>(S)}, kPad, kInt64),
              .lengths = empty(B, kInt64),
              .target_in = full({B, static_cast<int64_t>(T)}, kPad, kInt64),
              .target = full({B, static_cast<int64_t>(T)}, kPad, kInt64),
              .tokens = 0};
  for (size_t b = 0; b < pairs.size(); ++b) {
    const std::vector<int64_t> from = source.numbers(pairs[b].source);
    const std::vector<int64_t> to = target.numbers(pairs[b].target);
    std::copy(from.begin(), from.end(), batch.source.data_ptr<int64_t>() + b * S);
    batch.lengths.data_ptr<int64_t>()[b] = static_cast<int64_t>(from.size());
    int64_t* in = batch.target_in.data_ptr<int64_t>() + b * T;
    *in = kStart;
    std::copy(to.begin(), to.end(), in + 1);
    *std::copy(to.begin(), to.end(), batch.target.data_ptr<int64_t>() + b * T) = kEnd;
    batch.tokens += static_cast<int64_t>(from.size() + to.size());
  }
  return batch;
}

Tensor batch_loss(const Tensor& logits, const Batch& batch) {
  return cross_entropy(logits.flatten(0, 1), batch.target.flatten(), {.ignore_index = kPad});
}

namespace {

// Enough for any collection of sentences, and little enough for the memory of any machine.
constexpr uintmax_t kMostBytes = 64 << 20;
constexpr size_t kMostWordsInSentence = 100;
constexpr size_t kMostDifferentWords = 50000;
constexpr size_t kFewestPairs = 21;

/// Opens a file of sentence pairs. Other things that have a path could block or never end.
std::ifstream open_pairs(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  std::ifstream file;
  if (std::filesystem::is_regular_file(status)) {
    const uintmax_t bytes = std::filesystem::file_size(path, error);
    check(error || bytes <= kMostBytes, "pairs: {} has {} bytes - at most {} are read", path, bytes,
          kMostBytes);
    file.open(path);
  } else {
    check(!std::filesystem::exists(status), "pairs: {} - it is not a regular file", path);
  }
  check(file.is_open(), "pairs: {} - it cannot be opened", path);
  return file;
}

}  // namespace

std::vector<SentencePair> read_pairs(const std::string& path) {
  std::ifstream file = open_pairs(path);
  std::vector<SentencePair> pairs;
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    const auto tabs = std::count(line.begin(), line.end(), '\t');
    check(tabs == 1, "pairs: {}: line {} has {} tabs - one separates source and target", path,
          number, tabs);
    SentencePair pair;
    const size_t tab = line.find('\t');
    for (const auto& [side, text] :
         {std::pair{&pair.source, line.substr(0, tab)}, {&pair.target, line.substr(tab + 1)}}) {
      std::istringstream stream(text);
      for (std::string word; stream >> word;)
        side->push_back(word);
      check(!side->empty(), "pairs: {}: line {} has no words {} the tab", path, number,
            side == &pair.source ? "before" : "after");
      check(side->size() <= kMostWordsInSentence,
            "pairs: {}: line {} has {} words {} the tab - at most {} are allowed", path, number,
            side->size(), side == &pair.source ? "before" : "after", kMostWordsInSentence);
    }
    pairs.push_back(pair);
  }
  check(!pairs.empty(), "pairs: {} - it is empty", path);
  return pairs;
}

SplitPairs split(const std::vector<SentencePair>& pairs) {
  check(pairs.size() >= kFewestPairs, "pairs: {} pairs - at least {} are needed", pairs.size(),
        kFewestPairs);
  SplitPairs out;
  for (size_t i = 0; i < pairs.size(); ++i)
    (i % 20 == 19 ? out.kept : out.learned).push_back(pairs[i]);
  for (const auto side : {&SentencePair::source, &SentencePair::target}) {
    const size_t words = words_of(out.learned, side).size();
    check(words <= kMostDifferentWords, "pairs: {} different words {} the tab - at most {}", words,
          side == &SentencePair::source ? "before" : "after", kMostDifferentWords);
  }
  return out;
}

Words words_of(const std::vector<SentencePair>& pairs, Words SentencePair::*side) {
  std::map<std::string, int64_t> counts;
  for (const SentencePair& pair : pairs)
    for (const std::string& word : pair.*side)
      ++counts[word];
  Words words;
  for (const auto& [word, count] : counts)
    words.push_back(word);
  std::stable_sort(words.begin(), words.end(),
                   [&](const auto& a, const auto& b) { return counts[a] > counts[b]; });
  return words;
}

std::vector<std::vector<SentencePair>> in_batches(std::vector<SentencePair> pairs, size_t size) {
  check(size > 0, "in_batches: batches of {} pairs - at least one is needed", size);
  std::stable_sort(pairs.begin(), pairs.end(), [](const SentencePair& a, const SentencePair& b) {
    return std::pair(a.source.size(), a.target.size()) <
           std::pair(b.source.size(), b.target.size());
  });
  std::vector<std::vector<SentencePair>> batches;
  const auto count = static_cast<int64_t>((pairs.size() + size - 1) / size);
  const Tensor order = randperm(count);
  for (int64_t i = 0; i < count; ++i) {
    const size_t from = static_cast<size_t>(order[i].item<int64_t>()) * size;
    const size_t to = std::min(pairs.size(), from + size);
    batches.emplace_back(pairs.begin() + static_cast<std::ptrdiff_t>(from),
                         pairs.begin() + static_cast<std::ptrdiff_t>(to));
  }
  return batches;
}

}  // namespace gradus::lessons
