#include "lessons/one_page/residual_stream.h"

#include <algorithm>
#include <cmath>

#include "autograd/engine.h"
#include "autograd/ops.h"

namespace gradus::lessons {
namespace {

/// The tokens as they are shown.
Words shown_tokens(const text::CharTokenizer& letters) {
  Words tokens;
  for (int64_t id = 0; id < letters.vocab_size(); ++id)
    tokens.push_back(letters.decode(std::vector<int64_t>{id}));
  std::replace(tokens.begin(), tokens.end(), std::string(" "), std::string("' '"));
  tokens.emplace_back("end");
  return tokens;
}

/// The beginning of a made-up name, as ids: BOS and at most 3 letters.
std::vector<int64_t> some_beginning(const Words& names, const text::CharTokenizer& letters) {
  const auto longest = std::max_element(
      names.begin(), names.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  std::vector<int64_t> ids = letters.encode(*longest);
  ids.resize(std::min<size_t>(ids.size(), 3));
  ids.insert(ids.begin(), letters.vocab_size());
  return ids;
}

/// "a 0.31  e 0.12": the likeliest tokens if this were the last value of the stream.
std::string guesses(const Tensor& stream, const Tensor& lm_head, const Words& tokens) {
  const Tensor p = softmax(linear(stream, lm_head), -1);
  const auto [values, indices] = topk(p, std::min<int64_t>(2, p.numel()));
  std::string out;
  for (int64_t i = 0; i < values.numel(); ++i)
    out += fmt::format("  {} {:.2f}", tokens[static_cast<size_t>(indices[i].item<int64_t>())],
                       values[i].item<double>());
  return out;
}

const std::array kParts = {"embeddings", "attention", "feed-forward"};

/// The stream from top to bottom, with the part that adds to it on the left.
/// In a narrow window, what it adds and the stream are below each other.
std::string drawn_stream(const Tensor& parts, const Tensor& lm_head, const Words& tokens,
                         const terminal::Canvas& canvas) {
  const bool wide = canvas.width >= 80;
  const bool utf8 = canvas.utf8;
  const Tensor stream = parts.cumsum(0);  // (3, C)
  const double most = std::max(parts.abs().max().item<double>(), stream.abs().max().item<double>());
  const auto vector = [&](const Tensor& x) { return sparkline(values_of(x), -most, most, utf8); };
  const std::string below = "\n                ";
  std::string out = "                what it adds      length" +
                    (wide ? std::string(7, ' ') : below) + "the stream        most likely\n";
  for (int64_t i = 0; i < 3; ++i) {
    if (i > 0 && wide) out += std::string(47, ' ') + (utf8 ? "│" : "|") + "\n";
    const std::string arrow = utf8 ? "  ──►  " : "  -->  ";
    out += fmt::format("  {:<12}  {}  {:>6.2f}{}{}{}\n", kParts[static_cast<size_t>(i)],
                       vector(parts[i]), parts[i].norm().item<double>(), wide ? arrow : below,
                       vector(stream[i]), guesses(stream[i], lm_head, tokens));
  }
  return out;
}

/// The logits of the likeliest tokens as sums of what the parts add to them.
std::string table_of_logits(const Tensor& parts, const Tensor& lm_head, const Words& tokens) {
  const Tensor logits = linear(parts, lm_head);  // (3, V)
  const Tensor p = softmax(logits.sum(0), -1);
  const auto [values, indices] = topk(p, std::min<int64_t>(5, p.numel()));
  std::string out = "  next   embeddings  attention  feed-forward    logit     p\n";
  for (int64_t i = 0; i < values.numel(); ++i) {
    const int64_t id = indices[i].item<int64_t>();
    const std::vector<double> of = values_of(logits.select(1, id));
    out += fmt::format("  {}  {:>+10.2f} {:>+10.2f} {:>+13.2f}  = {:>+6.2f}  {:.2f}\n",
                       terminal::fit(tokens[static_cast<size_t>(id)], 5, false), of[0], of[1],
                       of[2], of[0] + of[1] + of[2], values[i].item<double>());
  }
  return out;
}

}  // namespace

std::string sparkline(const std::vector<double>& values, double low, double high, bool utf8) {
  static const std::array bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const double last = utf8 ? bars.size() - 1 : 9;
  std::string out;
  for (const double value : values) {
    const double part = high > low ? (value - low) / (high - low) : 0.5;
    const auto level = static_cast<size_t>(std::clamp(std::round(part * last), 0.0, last));
    out += utf8 ? bars[level] : std::to_string(level);
  }
  return out;
}

void explain_residual_stream(Lesson& lesson, const Words& names, const text::CharTokenizer& letters,
                             const Tensor& lm_head, const Added& added) {
  lesson.step("5", "Where is the residual stream?");
  const NoGradGuard no_grad;
  const Words tokens = shown_tokens(letters);
  const std::vector<int64_t> ids = some_beginning(names, letters);
  const auto [x, a, f] = added(tensor(ids));
  const Tensor parts = stack({x[-1], a[-1], f[-1]});  // (3, C)
  lesson.say(
      "The residual stream is the vector of {} numbers that each token has inside the model. No "
      "part of the model replaces it: each part reads it and adds something to it. This is the "
      "stream of the last token of '{}', where the model predicts what comes next. Each character "
      "is one number.",
      lm_head.size(1), letters.decode(std::span(ids).subspan(1)));
  lesson.lines(drawn_stream(parts, lm_head, tokens, lesson.canvas()));
  lesson.say(
      "The output layer only multiplies the stream by a matrix. So each logit is a sum, too, which "
      "shows how much each part speaks for or against a letter:");
  lesson.lines(table_of_logits(parts, lm_head, tokens));
  lesson.say(
      "With more layers there are more parts that add something. GPT-2 has 12 of attention and 12 "
      "of feed-forward, and 768 numbers. (It also normalises the stream before the output layer, "
      "so its logits are not simple sums.)");
}

}  // namespace gradus::lessons
