#include "text/merge_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

namespace gradus::text {
namespace {

constexpr size_t kShort = 64;  // tokens; up to here a search along the word is faster than a heap

bool is_empty(const Merge& merge) { return merge.rank == INT32_MAX; }

/// A pair that can be merged. In the heap, the one to merge first is the largest.
struct CandidateMerge {
  const Merge* merge;
  int32_t at;  // position of the left token

  bool operator<(const CandidateMerge& other) const {
    if (merge->rank != other.merge->rank) return merge->rank > other.merge->rank;
    return at > other.at;
  }
};

/// The tokens of a word as a linked list, in which two can be merged at once.
class LinkedWord {
 public:
  static constexpr int32_t kRemoved = -1;

  explicit LinkedWord(std::span<int32_t> word)
      : ids_(word), previous_(word.size()), next_(word.size()) {
    std::iota(previous_.begin(), previous_.end(), -1);
    std::iota(next_.begin(), next_.end(), 1);
    next_.back() = -1;
  }
  int32_t id(int32_t at) const { return ids_[static_cast<size_t>(at)]; }
  /// The positions of the neighbours; -1 at the ends of the word.
  int32_t next_of(int32_t at) const { return next_[static_cast<size_t>(at)]; }
  int32_t previous_of(int32_t at) const { return previous_[static_cast<size_t>(at)]; }

  bool has_pair(const CandidateMerge& pair) const {
    const int32_t right = next_of(pair.at);
    return id(pair.at) == pair.merge->left && right >= 0 && id(right) == pair.merge->right;
  }
  void merge(const CandidateMerge& pair) {
    const int32_t right = next_of(pair.at);
    const int32_t after = next_of(right);
    ids_[static_cast<size_t>(pair.at)] = pair.merge->merged;
    ids_[static_cast<size_t>(right)] = kRemoved;
    next_[static_cast<size_t>(pair.at)] = after;
    if (after >= 0) previous_[static_cast<size_t>(after)] = pair.at;
  }

 private:
  std::span<int32_t> ids_;
  std::vector<int32_t> previous_;
  std::vector<int32_t> next_;
};

}  // namespace

MergeTable::MergeTable() : slots_(2) {}

size_t MergeTable::slot_of(int32_t left, int32_t right) const {
  const auto pair =
      static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  // Fibonacci hashing: the high bits of the product depend on all bits of the pair.
  uint64_t slot = pair * 0x9E3779B97F4A7C15u >> (64 - std::countr_zero(slots_.size()));
  while (!is_empty(slots_[slot]) && (slots_[slot].left != left || slots_[slot].right != right))
    slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

bool MergeTable::add(int32_t left, int32_t right, int32_t merged) {
  if (2 * (static_cast<size_t>(size_) + 1) > slots_.size()) {
    const std::vector<Merge> merges = list();
    slots_.assign(2 * slots_.size(), {});
    for (const Merge& merge : merges)
      slots_[slot_of(merge.left, merge.right)] = merge;
  }
  Merge& slot = slots_[slot_of(left, right)];
  if (!is_empty(slot)) return false;
  slot = {.left = left, .right = right, .merged = merged, .rank = size_++};
  return true;
}

const Merge& MergeTable::find(int32_t left, int32_t right) const {
  return slots_[slot_of(left, right)];
}

std::vector<Merge> MergeTable::list() const {
  std::vector<Merge> merges(static_cast<size_t>(size_));
  for (const Merge& merge : slots_)
    if (!is_empty(merge)) merges[static_cast<size_t>(merge.rank)] = merge;
  return merges;
}

size_t MergeTable::apply(std::span<int32_t> word) const {
  return word.size() <= kShort ? apply_to_short(word) : apply_to_long(word);
}

size_t MergeTable::apply_to_short(std::span<int32_t> word) const {
  if (word.size() < 2) return word.size();
  std::array<const Merge*, kShort> merges;  // of each token with the token to its right
  size_t pairs = word.size() - 1;
  for (size_t i = 0; i < pairs; ++i)
    merges[i] = &find(word[i], word[i + 1]);
  const auto by_rank = [](const Merge* a, const Merge* b) { return a->rank < b->rank; };
  while (pairs > 0) {
    const auto begin = merges.begin();
    const auto end = begin + static_cast<std::ptrdiff_t>(pairs);
    const auto best = std::min_element(begin, end, by_rank);
    if (is_empty(**best)) break;
    const auto at = static_cast<size_t>(best - begin);
    word[at] = (*best)->merged;
    std::copy(word.begin() + static_cast<std::ptrdiff_t>(at) + 2,
              word.begin() + static_cast<std::ptrdiff_t>(pairs) + 1,
              word.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    std::copy(best + 1, end, best);
    --pairs;
    if (at < pairs) merges[at] = &find(word[at], word[at + 1]);
    if (at > 0) merges[at - 1] = &find(word[at - 1], word[at]);
  }
  return pairs + 1;
}

/// The time grows with n log n for n tokens: the pairs are in a heap, and a pair that has changed
/// since it was put there is skipped.
size_t MergeTable::apply_to_long(std::span<int32_t> word) const {
  LinkedWord linked(word);
  std::vector<CandidateMerge> candidates;
  const auto add_candidate = [&](int32_t at) {
    if (at < 0 || linked.next_of(at) < 0) return false;
    const Merge& merge = find(linked.id(at), linked.id(linked.next_of(at)));
    if (!is_empty(merge)) candidates.push_back({.merge = &merge, .at = at});
    return !is_empty(merge);
  };
  for (int32_t at = 0; at < std::ssize(word); ++at)
    add_candidate(at);
  std::make_heap(candidates.begin(), candidates.end());
  while (!candidates.empty()) {
    std::pop_heap(candidates.begin(), candidates.end());
    const CandidateMerge best = candidates.back();
    candidates.pop_back();
    if (!linked.has_pair(best)) continue;
    linked.merge(best);
    for (const int32_t at : {linked.previous_of(best.at), best.at})
      if (add_candidate(at)) std::push_heap(candidates.begin(), candidates.end());
  }
  const auto end = std::remove(word.begin(), word.end(), LinkedWord::kRemoved);
  return static_cast<size_t>(end - word.begin());
}

}  // namespace gradus::text
