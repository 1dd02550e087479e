// Numbers in German words and in English ones: a translation without end in which right and wrong
// are exact, and of which it is known what belongs to what.
#pragma once
#include <cstdint>
#include <vector>

#include "lessons/kit/labels.h"

namespace gradus::lessons::numbers {

/// A translation in word pieces: "dreiundzwanzig" is drei und zwanzig.
struct Translation {
  Words german, english;
  std::vector<int64_t> alignment;  // for each English piece the German one that it comes from
};

constexpr int64_t kLargest = 9'999'999;

/// The number n, from 0 to 9,999,999, in both languages.
Translation translate(int64_t n);
/// A list of them, with commas between.
Translation translate(const std::vector<int64_t>& list);

/// The pieces as one writes them: "dreiundzwanzig, eins", "eine Million sieben".
std::string written_german(const Words& pieces);
/// "twenty-three, one"
std::string written_english(const Words& pieces);
/// The pieces of a list of German number words. Throws at what is none, and if there is nothing.
Words german_pieces(const std::string& text);

/// All pieces that the numbers below 1000 are made of, or all numbers; each language in the order
/// of the numbers.
Words all_german(int64_t largest = kLargest);
Words all_english(int64_t largest = kLargest);

/// Whether a number below 1000 is kept for testing: 89 of them. No training list holds one, no test
/// list anything else. No round ten or hundred is among them: that "sixty" or "hundred" may end a
/// number is learned from 17 numbers only.
bool held_out(int64_t n);
/// All numbers below 1000 that are kept for testing, or all others.
std::vector<int64_t> below_thousand(bool held_out);

}  // namespace gradus::lessons::numbers
