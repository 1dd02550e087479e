#include "lessons/answers/asking.h"

#include <algorithm>

#include "autograd/ops.h"
#include "gpt/generate.h"
#include "tensor/error.h"
#include "tensor/factories.h"
#include "terminal/terminal.h"

namespace gradus::lessons {
namespace {

/// A prompt and the answer after it.
struct Encoded {
  std::vector<int64_t> ids;
  size_t prompt_length = 0;
};

std::vector<Encoded> encoded(const text::Tokenizer& tokenizer, const Prompt& prompt,
                             const std::vector<Question>& questions, std::optional<int64_t> end) {
  std::vector<Encoded> all;
  for (const auto& [question, answer] : questions) {
    std::vector<int64_t> ids = prompt(question);
    const size_t length = ids.size();
    for (const int64_t id : tokenizer.encode(answer))
      ids.push_back(id);
    if (end) ids.push_back(*end);
    all.push_back({ids, length});
  }
  return all;
}

/// The sequences as rows. Zeros at the end change nothing, since no token sees those after it.
Tensor padded(const std::vector<Encoded>& all) {
  size_t longest = 0;
  for (const Encoded& one : all)
    longest = std::max(longest, one.ids.size());
  std::vector<int64_t> ids;
  for (const Encoded& one : all) {
    ids.insert(ids.end(), one.ids.begin(), one.ids.end());
    ids.resize(ids.size() + longest - one.ids.size(), 0);
  }
  return tensor(ids, kInt64).view({std::ssize(all), static_cast<int64_t>(longest)});
}

}  // namespace

Prompt prompt_of(const gpt::ChatFormat& format) {
  return [format](const std::string& question) { return format.prompt({{"user", question}}); };
}

Prompt plain_prompt(const text::Tokenizer& tokenizer, const std::string& after) {
  return [=](const std::string& question) { return tokenizer.encode("\n" + question + after); };
}

double share_right(const nn::Gpt& model, const text::Tokenizer& tokenizer, const Prompt& prompt,
                   const std::vector<Question>& questions, std::optional<int64_t> end) {
  check(!questions.empty(), "share_right: there are no questions");
  const NoGradGuard no_grad;
  const std::vector<Encoded> all = encoded(tokenizer, prompt, questions, end);
  const Tensor ids = padded(all);     // (N, T)
  const int64_t T = ids.size(1) - 1;  // nothing follows the last token
  const Tensor best = model(ids.narrow(1, 0, T)).argmax(-1).contiguous();  // (N, T)
  int64_t right = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const int64_t* const chosen = best.data<int64_t>() + static_cast<int64_t>(i) * T;
    bool is_right = true;
    for (size_t k = all[i].prompt_length; k < all[i].ids.size(); ++k)
      if (chosen[k - 1] != all[i].ids[k]) is_right = false;
    if (is_right) ++right;
  }
  return static_cast<double>(right) / static_cast<double>(all.size());
}

std::vector<double> shares_right(const nn::Gpt& model, const text::Tokenizer& tokenizer,
                                 const Prompt& prompt, const std::vector<TestQuestions>& tests,
                                 std::optional<int64_t> end) {
  std::vector<double> shares;
  for (const TestQuestions& test : tests)
    shares.push_back(share_right(model, tokenizer, prompt, test.questions, end));
  return shares;
}

std::vector<double> shares_right(const nn::Gpt& model, const gpt::ChatFormat& format,
                                 const std::vector<TestQuestions>& tests) {
  return shares_right(model, format.tokenizer(), prompt_of(format), tests, format.end());
}

std::string table_of_shares(const std::vector<TestQuestions>& tests,
                            const std::vector<NamedShares>& rows) {
  size_t widest = 0;
  for (const auto& [name, shares] : rows)
    widest = std::max(widest, name.size());
  std::string table = std::string(widest + 2, ' ');
  for (const TestQuestions& test : tests)
    table += "  " + test.kind;
  for (const auto& [name, shares] : rows) {
    table += fmt::format("\n  {:<{}}", name, widest);
    for (size_t i = 0; i < shares.size(); ++i)
      table += fmt::format("{:>{}.0f}", 100 * shares[i], tests[i].kind.size() + 2);
  }
  return table + "\n";
}

std::string written_after(const nn::Gpt& model, const text::Tokenizer& tokenizer,
                          const std::vector<int64_t>& prompt, int64_t tokens,
                          std::optional<int64_t> end) {
  const Tensor start = tensor(prompt, kInt64).unsqueeze(0);  // (1, T)
  const Tensor ids =
      gpt::generate(model, start, {.max_new_tokens = tokens, .eos_token_id = end})[0].contiguous();
  const size_t before = prompt.size();
  return tokenizer.decode(
      std::span(ids.data<int64_t>(), static_cast<size_t>(ids.numel())).subspan(before));
}

std::string answers_to(const nn::Gpt& model, const gpt::ChatFormat& format,
                       const std::vector<Question>& questions) {
  const std::string end = format.tokenizer().decode(std::vector{format.end()});
  std::string lines;
  for (const auto& [question, answer] : questions) {
    constexpr int64_t kMostTokens = 24;
    const std::string written = written_after(
        model, format.tokenizer(), prompt_of(format)(question), kMostTokens, format.end());
    const char* const verdict = written == answer + end ? "right" : "wrong";
    lines += fmt::format("  {}\n      {}  {}\n", question, shown_line(written), verdict);
  }
  return lines;
}

std::string shown_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', '|');
  constexpr int kWidth = 72;
  text = terminal::printable(text);
  return terminal::columns(text) > kWidth ? terminal::fit(text, kWidth, false) : text;
}

}  // namespace gradus::lessons
