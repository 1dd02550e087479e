// Numbers in German and English words: a translation task with millions of examples, exactly one
// right answer for each, and a known alignment.
#pragma once
#include <cstdint>
#include <vector>

#include "lessons/kit/labels.h"

namespace gradus::lessons::numbers {

/// A translation in word pieces. The pieces of "dreiundzwanzig" are drei, und, zwanzig.
struct Translation {
  Words german, english;
  std::vector<int64_t> alignment;  // for each English piece the index of its German piece
};

constexpr int64_t kLargest = 9'999'999;

/// The number n, from 0 to 9,999,999, in both languages.
Translation translate(int64_t n);
/// A list of numbers, separated by commas.
Translation translate(const std::vector<int64_t>& list);

/// The pieces in normal spelling: "dreiundzwanzig, eins", "eine Million sieben".
std::string written_german(const Words& pieces);
/// "twenty-three, one"
std::string written_english(const Words& pieces);
/// The pieces of a list of German number words. Throws if a word is not a German number or the text
/// is empty.
Words german_pieces(const std::string& text);

/// All pieces of the numbers from 0 to `largest`, in the order of their first use.
Words all_german(int64_t largest = kLargest);
Words all_english(int64_t largest = kLargest);

/// Whether a number below 1000 is kept for testing; 89 numbers are. Training lists contain none of
/// these numbers, test lists contain no others. The 17 numbers 20, 30, ... 90, 100, 200, ... 900
/// are never kept, because a model learns from them that "sixty" or "hundred" may end a number.
bool held_out(int64_t n);
/// The numbers below 1000 that are kept for testing, or all others.
std::vector<int64_t> below_thousand(bool held_out);

}  // namespace gradus::lessons::numbers
