#include "lessons/stages/block.h"

#include <cmath>

namespace gradus::lessons {

std::string drawing_of_block(const BlockStages& s, bool utf8) {
  const std::string bar = utf8 ? "│" : "|";
  const std::string branch = utf8 ? "├────────────┐" : "|------------.";
  const std::string join = utf8 ? "+ ←──────────┘" : "+ <----------'";
  std::string out;
  const auto line = [&](const std::string& text, const std::string& what = "",
                        const Tensor& x = {}) {
    if (what.empty())
      out += "  " + text + "\n";
    else
      out += fmt::format("  {}{:<7} {:.3f}\n", terminal::fit(text, 40, false), what,
                         x.norm().item<double>());
  };
  line("x", "length", s.x);
  line(branch);
  line(bar + "        LayerNorm");
  line(bar + "        attention, 2 heads", "adds", s.attention);
  line(join, "length", s.after_attention);
  line(branch);
  line(bar + "        LayerNorm");
  line(bar + "        Linear 8-32, GELU, Linear 32-8", "adds", s.feed_forward);
  line(join, "length", s.output);
  line("output");
  return out;
}

void compare_stages(Lesson& lesson, const nn::GptBlock& tiny, const BlockStages& s) {
  lesson.detail("tiny/param/att.out_proj.bias", tiny.att.out_proj.bias);
  for (const auto& [name, p] : tiny.ff.named_parameters())
    if (name.ends_with("bias"))
      lesson.detail(name == "layers.0.bias" ? "tiny/param/ff.fc1.bias" : "tiny/param/ff.fc2.bias",
                    p);
  lesson.detail("tiny/param/norm1.scale", tiny.norm1.weight);
  lesson.detail("tiny/param/norm1.shift", tiny.norm1.bias);
  lesson.detail("tiny/param/norm2.scale", tiny.norm2.weight);
  lesson.detail("tiny/param/norm2.shift", tiny.norm2.bias);
  lesson.detail("tiny/norm1", s.norm1, {.name = "x after the first layer norm"});
  for (const auto& [name, split] :
       {std::pair{"queries", s.trace.q}, {"keys", s.trace.k}, {"values", s.trace.v}}) {
    const Tensor viewed = split.transpose(1, 2);
    lesson.detail(fmt::format("tiny/att/{}", name), viewed.reshape({1, 4, 8}),
                  {.name = fmt::format("{} of both heads", name)});
    lesson.detail(fmt::format("tiny/att/{}_viewed", name), viewed,
                  {.name = fmt::format("{} after view", name)});
    lesson.detail(fmt::format("tiny/att/{}_split", name), split,
                  {.name = fmt::format("{} after transpose", name)});
  }
  lesson.detail("tiny/att/attn_scores", s.trace.scores, {.name = "attention scores"});
  lesson.detail("tiny/att/masked_scores", s.trace.masked_scores, {.name = "masked scores"});
  lesson.detail("tiny/att/attn_weights", s.trace.weights, {.name = "attention weights"});
  lesson.detail("tiny/att/context_per_head", s.trace.context, {.name = "context of each head"});
  lesson.detail("tiny/att/context_concatenated", s.trace.merged, {.name = "contexts side by side"});
  lesson.detail("tiny/att/context_vecs", s.trace.output, {.name = "output of attention"});
  lesson.detail("tiny/attention", s.attention, {.name = "what attention adds"});
  lesson.detail("tiny/after_attention", s.after_attention, {.name = "x after attention"});
  lesson.detail("tiny/norm2", s.norm2, {.name = "x after the second layer norm"});
  lesson.detail("tiny/feed_forward", s.feed_forward, {.name = "what feed-forward adds"});
  lesson.detail("tiny/loss_mean_square", (s.output * s.output).mean(),
                {.name = "mean square of the output"});
}

void block_mistakes(Lesson& lesson, const Tensor& out) {
  lesson.step("what if", "... each column is normalised instead of each row?");
  const Tensor over_rows = (out - out.mean(0, true)) / (out.var(0, false, true) + 1e-5).sqrt();
  lesson.show_from_book("layernorm_over_rows", over_rows);
  lesson.say(
      "Then each example depends on the other examples in its batch. With only two examples, one "
      "row is the negative of the other.");
  lesson.step("what if", "... the divisor in layer norm is n - 1?");
  const Tensor unbiased = (out - out.mean(-1, true)) / (out.var(-1, true, true) + 1e-5).sqrt();
  lesson.show_from_book("layernorm_unbiased", unbiased);
  lesson.say(
      "All numbers are smaller by the factor sqrt(5/6) = {:.4f}, and eps makes them a little "
      "smaller than those by hand. GPT-2's weights expect the divisor n.",
      std::sqrt(5.0 / 6));
  lesson.step("what if", "... I call the same dropout layer twice?");
  const nn::Dropout drop(0.5);
  manual_seed(lesson.seed(123));
  lesson.print("first call", drop(ones(10)));
  lesson.print("second call", drop(ones(10)));
  lesson.say(
      "It is one layer, but each call draws a new mask. The block uses its layer drop_shortcut for "
      "both of its shortcuts.");
}

}  // namespace gradus::lessons
