// The merges of byte-pair encoding, and how they turn a word into tokens.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace gradus::text {

/// Two tokens next to each other become one. The rank is the position in the list of merges: a
/// lower rank is applied first.
struct Merge {
  int32_t left = -1;
  int32_t right = -1;
  int32_t merged = -1;
  int32_t rank = INT32_MAX;
};

/// A hash table from pairs of tokens to merges. It is open: a search goes on at the next slot.
class MergeTable {
 public:
  MergeTable();
  /// Adds a merge with the next rank; false if the pair already has one.
  bool add(int32_t left, int32_t right, int32_t merged);
  /// The merge of a pair, or one with the rank INT32_MAX.
  const Merge& find(int32_t left, int32_t right) const;
  /// By rank.
  std::vector<Merge> list() const;

  /// Applies all merges to the tokens of one word, the lowest rank first and from left to right,
  /// and returns the number of tokens that are left. They are at the start of `word`.
  size_t apply(std::span<int32_t> word) const;

 private:
  size_t slot_of(int32_t left, int32_t right) const;
  size_t apply_to_short(std::span<int32_t> word) const;
  size_t apply_to_long(std::span<int32_t> word) const;

  std::vector<Merge> slots_;  // a power of 2; at most half of them are used
  int32_t size_ = 0;
};

}  // namespace gradus::text
