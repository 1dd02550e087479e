// Byte-pair encoding learnt from a text. The merges of a word do not depend on its neighbours, so
// each distinct word is kept once, with its count.
#include <algorithm>
#include <unordered_map>

#include "tensor/error.h"
#include "text/bpe_tokenizer.h"
#include "text/byte_letters.h"
#include "text/word_splitter.h"

namespace gradus::text {
namespace {

struct Word {
  std::vector<int32_t> tokens;
  int64_t count = 0;
};

struct Pair {
  int32_t left;
  int32_t right;

  auto operator<=>(const Pair&) const = default;
};

struct PairHash {
  size_t operator()(const Pair& pair) const {
    const auto bits = static_cast<uint64_t>(static_cast<uint32_t>(pair.left)) << 32 |
                      static_cast<uint32_t>(pair.right);
    return bits * 0x9E3779B97F4A7C15u >> 16;
  }
};

struct Occurrences {
  int64_t count = 0;
  std::vector<size_t> words;  // where it occurred; a later merge may have removed it there
};

/// How often a pair occurred when it was put into the heap. The one to merge next is the largest.
struct CandidatePair {
  int64_t count = 0;
  Pair pair{};

  bool operator<(const CandidatePair& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

/// Replaces each pair by one token, from left to right.
void merge_in_word(std::vector<int32_t>& tokens, const Pair& pair, int32_t merged) {
  size_t kept = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool is_pair =
        i + 1 < tokens.size() && tokens[i] == pair.left && tokens[i + 1] == pair.right;
    tokens[kept++] = is_pair ? merged : tokens[i];
    if (is_pair) ++i;
  }
  tokens.resize(kept);
}

class Trainer {
 public:
  Trainer(std::string_view text, const std::array<int32_t, 256>& id_of_byte) {
    std::unordered_map<std::string_view, int64_t> counts;
    WordSplitter splitter(text);
    for (std::string_view word = splitter.next(); !word.empty(); word = splitter.next())
      ++counts[word];
    for (const auto& [word, count] : counts) {
      words_.push_back({.tokens = {}, .count = count});
      for (const char c : word)
        words_.back().tokens.push_back(id_of_byte[static_cast<unsigned char>(c)]);
    }
    for (size_t i = 0; i < words_.size(); ++i)
      for_each_pair(i, [&](const Pair& pair) { add_occurrence(i, pair); });
    add_candidates();
  }

  /// Removes the most frequent pair from the candidates. Its count is 0 if there is none.
  CandidatePair take_most_frequent() {
    while (!candidates_.empty()) {
      std::pop_heap(candidates_.begin(), candidates_.end());
      CandidatePair& best = candidates_.back();
      const int64_t count = pairs_[best.pair].count;  // other merges may have made it rarer
      if (best.count == count) {
        const CandidatePair taken = best;
        candidates_.pop_back();
        return taken;
      }
      best.count = count;
      std::push_heap(candidates_.begin(), candidates_.end());
    }
    return {};
  }

  /// Replaces the pair by a new token in all words.
  void merge(const Pair& pair, int32_t merged) {
    const std::vector<size_t> places = std::move(pairs_[pair].words);
    for (const size_t i : places) {
      for_each_pair(i, [&](const Pair& p) { pairs_[p].count -= words_[i].count; });
      merge_in_word(words_[i].tokens, pair, merged);
      for_each_pair(i, [&](const Pair& p) {
        if (p.left == merged || p.right == merged)
          add_occurrence(i, p);
        else
          pairs_[p].count += words_[i].count;
      });
    }
    pairs_.erase(pair);
    add_candidates();
  }

 private:
  template <class F>
  void for_each_pair(size_t i, F f) {
    const std::vector<int32_t>& tokens = words_[i].tokens;
    for (size_t at = 0; at + 1 < tokens.size(); ++at)
      f(Pair{.left = tokens[at], .right = tokens[at + 1]});
  }

  void add_occurrence(size_t word, const Pair& pair) {
    Occurrences& occurrences = pairs_[pair];
    if (occurrences.words.empty()) new_pairs_.push_back(pair);
    occurrences.count += words_[word].count;
    if (occurrences.words.empty() || occurrences.words.back() != word)
      occurrences.words.push_back(word);
  }

  void add_candidates() {
    for (const Pair& pair : new_pairs_) {
      candidates_.push_back({.count = pairs_[pair].count, .pair = pair});
      std::push_heap(candidates_.begin(), candidates_.end());
    }
    new_pairs_.clear();
  }

  std::vector<Word> words_;
  std::unordered_map<Pair, Occurrences, PairHash> pairs_;
  std::vector<Pair> new_pairs_;            // not among the candidates yet
  std::vector<CandidatePair> candidates_;  // a heap
};

}  // namespace

BpeTokenizer BpeTokenizer::train(std::string_view text, int64_t vocab_size) {
  constexpr int64_t kMaxSize = 1 << 24;
  check(vocab_size >= 256 && vocab_size <= kMaxSize,
        "BpeTokenizer: vocab_size {} - it is from 256, the number of bytes, to {}", vocab_size,
        kMaxSize);
  std::vector<std::string> tokens;
  std::array<int32_t, 256> id_of_byte{};
  for (const unsigned char byte : bytes_in_order()) {
    id_of_byte[byte] = static_cast<int32_t>(tokens.size());
    tokens.emplace_back(1, static_cast<char>(byte));
  }
  Trainer trainer(text, id_of_byte);
  MergeTable merges;
  while (std::ssize(tokens) < vocab_size) {
    const auto [count, pair] = trainer.take_most_frequent();
    if (count < 2) break;
    const auto merged = static_cast<int32_t>(tokens.size());
    tokens.push_back(tokens[static_cast<size_t>(pair.left)] +
                     tokens[static_cast<size_t>(pair.right)]);
    merges.add(pair.left, pair.right, merged);
    trainer.merge(pair, merged);
  }
  return {std::move(tokens), std::move(merges)};
}

}  // namespace gradus::text
