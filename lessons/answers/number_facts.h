// What lesson 14's GPT reads: facts about the numbers from 0 to 99, as sentences. There is an
// unlimited supply of them, and each is exactly right.
#pragma once
#include <array>
#include <cstdint>
#include <string>

namespace gradus::lessons {

enum class FactKind { sum, difference, parity, larger, after, before };
inline constexpr std::array kFactKinds{FactKind::sum,    FactKind::difference, FactKind::parity,
                                       FactKind::larger, FactKind::after,      FactKind::before};
const char* name_of(FactKind kind);

/// A fact about a, or about a and b.
struct Fact {
  FactKind kind = FactKind::sum;
  int64_t a = 0;
  int64_t b = 0;
};

/// 47 is "forty-seven". n is from 0 to 99.
std::string in_words(int64_t n);

/// The fact as the text and the answers have it:
///
///   sum         twenty-three plus four is twenty-seven.
///   difference  twenty-three minus four is nineteen.
///   parity      nine is odd.
///   larger      of nine and twelve, twelve is larger.
///   after       after nine comes ten.
///   before      before nine comes eight.
std::string sentence(const Fact& fact);

/// Whether the fact is kept for testing. Neither the text nor the training questions have it.
///
///   two numbers  if 37 * smaller + 59 * larger, modulo 101, is a multiple of 10: about a tenth of
///                the pairs, in either order
///   one number   if it is above 20, leaves 2 when divided by 7 and does not end with zero: 23, 37,
///                44, 51, 58, 65, 72, 79, 86, 93
///
/// Neither rule follows the digits, so every tens word and every units word occurs in the training.
bool held_out(const Fact& fact);

/// A random fact of this kind, which is kept for testing or not. Sums are at most 99, differences
/// at least 0.
Fact random_fact(FactKind kind, bool kept);
/// Random sentences, each with a line end. Sums are the most frequent, since they are the hardest.
std::string random_text(int64_t sentences);

}  // namespace gradus::lessons
