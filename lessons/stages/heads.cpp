#include "lessons/stages/heads.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>

namespace gradus::lessons {
namespace {

std::string row_of_numbers(const Tensor& row) {
  return fmt::format("{:7.2f}", fmt::join(values_of(row), ""));
}

/// The time of the fastest of some runs, in milliseconds.
double fastest_of(int runs, const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  double fastest = std::numeric_limits<double>::infinity();
  for (int i = 0; i < runs; ++i) {
    const auto start = Clock::now();
    run();
    fastest =
        std::min(fastest, std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  return fastest;
}

}  // namespace

Tensor contexts_of(const Tensor& q, const Tensor& k, const Tensor& v, double divisor, bool causal) {
  const int64_t T = q.size(-2);
  Tensor scores = matmul(q, k.transpose(-2, -1));  // (H, T, T)
  if (causal) scores = scores.masked_fill(triu(ones({T, T}), 1).to(kBool), -INFINITY);
  return matmul(softmax(scores / divisor, -1), v);
}

void compare_parameters(Lesson& lesson, const std::string& where, const nn::Module& module) {
  for (const auto& [name, parameter] : module.named_parameters())
    lesson.detail(fmt::format("{}param/{}", where, name), parameter);
}

void compare_projections(Lesson& lesson, const std::string& where, const HeadStages& s,
                         const Words& words) {
  const Labels rows{.rows = words};
  for (const auto& [name, p] :
       {std::pair{"queries", &s.queries}, {"keys", &s.keys}, {"values", &s.values}}) {
    Labels split = rows;
    split.name = fmt::format("{} after transpose", name);
    lesson.detail(where + name, p->whole, rows);
    lesson.detail(fmt::format("{}{}_viewed", where, name), p->viewed,
                  {.name = fmt::format("{} after view", name)});
    lesson.detail(fmt::format("{}{}_split", where, name), p->split, split);
  }
}

std::string picture_of_cutting(const Tensor& rows, const Words& words, bool utf8) {
  const std::string bar = utf8 ? "│" : "|";
  std::string out = fmt::format("{:10}{:^21} {} {:^21}\n", "", "head 0", bar, "head 1");
  for (int64_t t = 0; t < rows.size(0); ++t)
    out += fmt::format("  {:<8}{} {} {}\n", words[static_cast<size_t>(t)],
                       row_of_numbers(rows[t].narrow(0, 0, 3)), bar,
                       row_of_numbers(rows[t].narrow(0, 3, 3)));
  out += fmt::format("{:20}{} view, then transpose\n", "", utf8 ? "↓" : "v");
  const Tensor heads = rows.view({rows.size(0), 2, 3}).transpose(0, 1);
  for (int64_t h = 0; h < 2; ++h)
    for (int64_t t = 0; t < rows.size(0); ++t)
      out += fmt::format("  {:<8}{:<8}{}\n", t == 0 ? fmt::format("head {}", h) : "",
                         words[static_cast<size_t>(t)], row_of_numbers(heads[h][t]));
  return out;
}

void size_of_gpt2(Lesson& lesson) {
  lesson.step("ex. 3.3", "The size of GPT-2");
  const nn::MultiHeadAttention gpt2(768, 768, 1024, 0.0, 12);
  const int64_t parameters = parameter_count(gpt2);
  lesson.say(
      "GPT-2 has 768 numbers for each word, and 12 heads of 64. That makes 4 matrices of 768 x 768 "
      "and one bias of 768, together {} parameters. (The book's layer has no biases for queries, "
      "keys and values. The published GPT-2 has them: {} more.)",
      grouped(parameters), grouped(3 * 768));
  lesson.show_from_book("exercise_3_3/parameters", full({}, parameters));

  const NoGradGuard no_grad;
  const Tensor x = randn({1, 256, 768});
  const nn::MultiHeadAttention one_head(768, 768, 256, 0.0, 1);
  const nn::MultiHeadAttention twelve_heads(768, 768, 256, 0.0, 12);
  double of_one = INFINITY;
  double of_twelve = INFINITY;
  const int rounds = lesson.quick() ? 1 : 5;
  for (int round = 0; round < rounds; ++round) {  // in turns: whatever slows the machine slows both
    of_one = std::min(of_one, fastest_of(lesson.quick() ? 1 : 2, [&] { one_head(x); }));
    of_twelve = std::min(of_twelve, fastest_of(lesson.quick() ? 1 : 2, [&] { twelve_heads(x); }));
  }
  lesson.say(
      "The question was how to get several mixtures without paying for several layers. With one "
      "head of 768 numbers this layer has the same number of parameters. For 256 words, one head "
      "took {:.1f} ms here and 12 heads {:.1f} ms. Twelve layers side by side would take twelve "
      "times as long as one.",
      of_one, of_twelve);
}

std::string table_of_shapes(const HeadStages& s) {
  std::string out;
  for (const auto& [what, x] :
       {std::pair{"queries: one row for each word", s.queries.whole},
        {"after view: text, word, head, number", s.queries.viewed},
        {"after transpose: text, head, word, number", s.queries.split},
        {"scores and weights: text, head, word, word", s.attn_weights},
        {"context vectors: text, head, word, number", s.context_per_head},
        {"transpose and view: one row for each word", s.context_concatenated},
        {"after out_proj, which mixes the heads", s.context_vecs}})
    out += fmt::format("  {:<42} {}\n", what, x.sizes());
  return out;
}

}  // namespace gradus::lessons
