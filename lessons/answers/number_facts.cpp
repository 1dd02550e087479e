#include "lessons/answers/number_facts.h"

#include <algorithm>

#include "autograd/ops.h"
#include "lessons/translation/number_words.h"
#include "tensor/error.h"
#include "tensor/factories.h"

namespace gradus::lessons {
namespace {

constexpr int64_t kLargest = 99;

bool is_about_two(FactKind kind) {
  return kind == FactKind::sum || kind == FactKind::difference || kind == FactKind::larger;
}

int64_t random_number() { return randint(kLargest + 1, {1}).item<int64_t>(); }

/// Whether the fact is about numbers from 0 to 99, and says something.
bool is_possible(const Fact& fact) {
  const auto& [kind, a, b] = fact;
  switch (kind) {
    case FactKind::sum:
      return a > 0 && b > 0 && a + b <= kLargest;
    case FactKind::difference:
      return b > 0 && a >= b;
    case FactKind::larger:
      return a != b;
    case FactKind::after:
      return a < kLargest;
    case FactKind::before:
      return a > 0;
    default:
      return true;
  }
}

/// A kind with its share of the text.
FactKind random_kind() {
  static const Tensor shares = tensor({0.32, 0.24, 0.10, 0.18, 0.08, 0.08});
  return kFactKinds.at(static_cast<size_t>(multinomial(shares, 1).item<int64_t>()));
}

}  // namespace

const char* name_of(FactKind kind) {
  constexpr std::array names{"sum", "difference", "odd or even", "larger", "after", "before"};
  return names.at(static_cast<size_t>(kind));
}

std::string in_words(int64_t n) {
  check(0 <= n && n <= kLargest, "in_words: {}, expected a number from 0 to {}", n, kLargest);
  return numbers::written_english(numbers::translate(n).english);
}

std::string sentence(const Fact& fact) {
  const std::string a = in_words(fact.a);
  const std::string b = in_words(fact.b);
  switch (fact.kind) {
    case FactKind::sum:
      return fmt::format("{} plus {} is {}.", a, b, in_words(fact.a + fact.b));
    case FactKind::difference:
      return fmt::format("{} minus {} is {}.", a, b, in_words(fact.a - fact.b));
    case FactKind::parity:
      return fmt::format("{} is {}.", a, fact.a % 2 == 1 ? "odd" : "even");
    case FactKind::larger:
      return fmt::format("of {} and {}, {} is larger.", a, b, in_words(std::max(fact.a, fact.b)));
    case FactKind::after:
      return fmt::format("after {} comes {}.", a, in_words(fact.a + 1));
    default:
      return fmt::format("before {} comes {}.", a, in_words(fact.a - 1));
  }
}

bool held_out(const Fact& fact) {
  if (!is_about_two(fact.kind)) return fact.a > 20 && fact.a % 7 == 2 && fact.a % 10 != 0;
  const auto [smaller, larger] = std::minmax(fact.a, fact.b);
  return (37 * smaller + 59 * larger) % 101 % 10 == 0;
}

Fact random_fact(FactKind kind, bool kept) {
  while (true) {
    const Fact fact{kind, random_number(), is_about_two(kind) ? random_number() : 0};
    if (is_possible(fact) && held_out(fact) == kept) return fact;
  }
}

std::string random_text(int64_t sentences) {
  std::string text;
  for (int64_t i = 0; i < sentences; ++i)
    text += sentence(random_fact(random_kind(), /*kept=*/false)) + "\n";
  return text;
}

}  // namespace gradus::lessons
