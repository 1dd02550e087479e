#include "lessons/answers/questions.h"

#include <functional>
#include <span>

#include "autograd/ops.h"
#include "tensor/error.h"
#include "tensor/factories.h"

namespace gradus::lessons {
namespace {

constexpr std::array kOpenings{"", "please, ", "say, ", "now, ", "and ", "hello, ", "well, "};

constexpr std::array kNouns{"house", "river",   "king",  "dog",    "cat",    "tree",
                            "train", "ship",    "moon",  "sun",    "city",   "book",
                            "road",  "teacher", "music", "garden", "window", "horse",
                            "fish",  "bird",    "apple", "winter", "door",   "school"};
constexpr std::array kKeptNouns{"bridge", "queen", "flower", "island", "clock", "forest", "mouse"};

// @ is a noun, # a number.
constexpr std::array kOutside{
    "where is the @?",    "who is the @?",      "what is the name of the @?",
    "how old is the @?",  "what is a @?",       "is the @ red or blue?",
    "which @ is larger?", "who made the @?",    "when does the @ come?",
    "why is the @ here?", "who is after the @?"};
constexpr std::array kOutsideWithNumbers{"what is # times #?", "how much is # times #?",
                                         "what is the root of #?", "is # a prime?"};
constexpr std::array kKeptOutside{"what colour is the @?", "where does the @ live?",
                                  "how much is the @?", "is the @ old or new?"};

int64_t random_below(int64_t n) { return randint(n, {1}).item<int64_t>(); }

std::string one_of(std::span<const char* const> texts) {
  return texts[static_cast<size_t>(random_below(std::ssize(texts)))];
}

/// The opening that is kept for testing, of questions of this kind.
size_t kept_opening(FactKind kind) { return 1 + static_cast<size_t>(kind); }

std::string random_opening(FactKind kind, Wording wording) {
  if (wording == Wording::unseen) return kOpenings.at(kept_opening(kind));
  while (true) {
    const auto i = static_cast<size_t>(random_below(std::ssize(kOpenings)));
    if (i != kept_opening(kind)) return kOpenings.at(i);
  }
}

/// The question without its opening, in one of two wordings.
std::string plain_question(const Fact& fact) {
  const std::string a = in_words(fact.a);
  const std::string b = in_words(fact.b);
  const bool second = random_below(2) == 1;
  switch (fact.kind) {
    case FactKind::sum:
      return fmt::format("{} is {} plus {}?", second ? "how much" : "what", a, b);
    case FactKind::difference:
      return fmt::format("{} is {} minus {}?", second ? "how much" : "what", a, b);
    case FactKind::parity:
      return fmt::format("is {} {}?", a, second ? "even or odd" : "odd or even");
    case FactKind::larger:
      return fmt::format("{} is larger, {} or {}?", second ? "what" : "which", a, b);
    case FactKind::after:
      return fmt::format("{} comes after {}?", second ? "which number" : "what", a);
    default:
      return fmt::format("{} comes before {}?", second ? "which number" : "what", a);
  }
}

/// Replaces each `mark` by a text of its own.
std::string filled(std::string text, char mark, const std::function<std::string()>& with) {
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark))
    text.replace(at, 1, with());
  return text;
}

Question random_question() {
  const int64_t outside = std::ssize(kFactKinds);
  const int64_t kind = random_below(outside + 1);
  if (kind == outside) return question_outside(/*kept=*/false);
  return question_about(random_fact(kFactKinds.at(static_cast<size_t>(kind)), /*kept=*/false));
}

/// `count` facts of each kind that are kept for testing, as questions.
std::vector<TestQuestions> tests_of_all_kinds(int64_t count,
                                              const std::function<Question(const Fact&)>& asked) {
  std::vector<TestQuestions> all;
  for (const FactKind kind : kFactKinds) {
    all.push_back({name_of(kind), {}});
    for (int64_t i = 0; i < count; ++i)
      all.back().questions.push_back(asked(random_fact(kind, /*kept=*/true)));
  }
  return all;
}

}  // namespace

Question question_about(const Fact& fact, Wording wording) {
  return {random_opening(fact.kind, wording) + plain_question(fact), sentence(fact)};
}

Question beginning_of(const Fact& fact) {
  const std::string whole = sentence(fact);
  const char* last = " is ";
  if (fact.kind == FactKind::larger) last = ", ";
  if (fact.kind == FactKind::after || fact.kind == FactKind::before) last = " comes ";
  const size_t space = whole.find(last) + std::string(last).size() - 1;
  return {whole.substr(0, space), whole.substr(space)};
}

Question question_outside(bool kept) {
  const bool is_other = random_below(kept ? 2 : 4) == 1;
  const std::string others = kept ? one_of(kKeptOutside) : one_of(kOutsideWithNumbers);
  std::string text = one_of(kOpenings) + (is_other ? others : one_of(kOutside));
  text = filled(text, '@', [&] { return kept ? one_of(kKeptNouns) : one_of(kNouns); });
  text = filled(text, '#', [] { return in_words(random_below(100)); });
  return {text, kDoNotKnow};
}

std::vector<gpt::Conversation> training_conversations(int64_t count) {
  std::vector<gpt::Conversation> all;
  for (int64_t i = 0; i < count; ++i) {
    all.push_back({.messages = {}, .origin = fmt::format("conversation {}", i + 1)});
    const int64_t questions = 1 + random_below(2);
    for (int64_t k = 0; k < questions; ++k) {
      const Question q = random_question();
      all.back().messages.push_back({"user", q.question});
      all.back().messages.push_back({"assistant", q.answer});
    }
  }
  return all;
}

std::vector<TestQuestions> test_questions(int64_t count, Wording wording) {
  return tests_of_all_kinds(count, [&](const Fact& fact) { return question_about(fact, wording); });
}

std::vector<TestQuestions> test_beginnings(int64_t count) {
  return tests_of_all_kinds(count, beginning_of);
}

TestQuestions outside_questions(int64_t count) {
  TestQuestions all{"outside", {}};
  for (int64_t i = 0; i < count; ++i)
    all.questions.push_back(question_outside(/*kept=*/true));
  return all;
}

NumberTests number_tests(int64_t count) {
  NumberTests tests;
  tests.beginnings = test_beginnings(count);
  tests.questions = test_questions(count);
  tests.wordings = test_questions(count, Wording::unseen);
  tests.outside = outside_questions(count);
  return tests;
}

}  // namespace gradus::lessons
