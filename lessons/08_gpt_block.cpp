// Lesson 08: the GPT block: layer norm, GELU, feed-forward and shortcuts around attention.
#include <cmath>
#include <limits>
#include <numbers>

#include "gradus.h"
#include "lessons/stages/block.h"
#include "lessons/stages/deep_net.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 8,
    .title = "The GPT block",
    .builds = "the block of GPT",
    .seconds = 2,
    .goals =
        {"normalise the output of a layer by hand, over the right axis and with the right divisor",
         "explain GELU, the feed-forward layer and shortcuts, and show with gradients what "
         "shortcuts do",
         "follow four words through a complete block, and count the parameters of GPT-2's block"},
    .question =
        "attention lets words exchange information. What else does a block of GPT need, so that "
        "twelve of them in a row can still be trained?",
    .golden = "05_gpt_block",
    .pitfalls = {"layernorm_"},
    .options = {"seed", "dropout", "all"},
    .exercises = {"gelu", "layer_norm", "rms_norm", "swiglu"},
};

/// (x - mean) / sqrt(variance) over the last axis. The variance has the divisor n - 1.
Tensor normalised(const Tensor& x) { return (x - x.mean(-1, true)) / x.var(-1, true, true).sqrt(); }

/// The examples of step 4.2, and what a layer makes of them.
struct LayerOutput {
  Tensor examples;  // (2, 5)
  Tensor out;       // (2, 6)
};

LayerOutput layer_norm_by_hand(Lesson& lesson) {
  lesson.step("4.2", "Layer norm by hand");
  lesson.say(
      "Two examples of 5 random numbers each (seed {}) go through a linear layer from 5 to 6 "
      "numbers and through ReLU, which replaces negative numbers by 0.",
      lesson.seed(123));
  manual_seed(lesson.seed(123));
  const Tensor batch_example = randn({2, 5});
  const nn::Linear layer(5, 6);
  const Tensor out = relu(layer(batch_example));
  lesson.show_from_book("layernorm/batch_example", batch_example);
  lesson.detail("layernorm/linear_weight", layer.weight);
  lesson.detail("layernorm/linear_bias", layer.bias);
  lesson.show_from_book("layernorm/layer_out", out);
  lesson.say(
      "From layer to layer numbers can grow or shrink. If each row is normalised, every layer gets "
      "inputs of the same size, and a deep network is easier to train. To normalise a row, "
      "subtract its mean, and divide by the square root of its variance:");
  lesson.show_from_book("layernorm/mean", out.mean(-1, true));
  lesson.show_from_book("layernorm/variance", out.var(-1, /*unbiased=*/true, true));
  lesson.code("normalised");
  lesson.show_from_book("layernorm/normalized", normalised(out));
  lesson.print("mean of the normalised rows", normalised(out).mean(-1, true));
  lesson.say(
      "These means are 0 apart from rounding errors. The errors depend on the machine, so they are "
      "not compared with the book's.");
  const Tensor times_10 = normalised(out * 10);
  const auto is_times = [&](double factor) {
    return allclose(times_10, normalised(out) * factor, 1e-4, 1e-4);
  };
  lesson.ask("what happens to the result if we multiply a row by 10 before normalising it?",
             {{"it is 10 times as large", is_times(10)},
              {"nothing", is_times(1)},
              {"it is a tenth", is_times(0.1)}});
  lesson.print("the rows times 10, normalised", times_10);
  return {batch_example, out};
}

void layer_norm_as_a_layer(Lesson& lesson, const LayerOutput& made) {
  lesson.step("4.2", "Layer norm as a layer");
  const auto& [batch_example, out] = made;
  lesson.say(
      "In nn::LayerNorm the variance has the divisor n instead of n - 1, eps = 1e-5 is added to "
      "it, and the result is multiplied by weight (ones at the start) and added to bias (zeros), "
      "which are both learned. It is applied to the layer's 6 outputs, as in the book's notebook, "
      "and to the 5 inputs, as in the printed book:");
  const auto variance = [](const Tensor& x) { return x.var(-1, /*unbiased=*/false, true); };
  const Tensor ln6 = nn::LayerNorm(6)(out);
  const Tensor ln5 = nn::LayerNorm(5)(batch_example);
  lesson.show_from_book("layernorm/notebook_ln6_of_layer_out", ln6, {.name = "of the 6 outputs"});
  lesson.show_from_book("layernorm/notebook_ln6_variance", variance(ln6), {.name = "its variance"});
  lesson.show_from_book("layernorm/book_ln5_of_batch_example", ln5, {.name = "of the 5 inputs"});
  lesson.show_from_book("layernorm/book_ln5_variance", variance(ln5), {.name = "its variance"});
  lesson.lines("  y = (x - mean) / sqrt(variance + eps) * weight + bias");
  lesson.code("nn/layer_norm.h", "forward");
  lesson.often_asked(
      "n or n - 1?",
      fmt::format("By hand n - 1, PyTorch's default for a variance; in the layer n, as in GPT-2. "
                  "With 6 numbers the first result is {:.4f} with n - 1 and {:.4f} with n. With "
                  "GPT-2's 768 numbers the results differ by a factor of {:.4f}.",
                  normalised(out)[0][0].item<double>(), ln6[0][0].item<double>(),
                  std::sqrt(768.0 / 767)));
  lesson.often_asked(
      "Why is the variance not exactly 1?",
      fmt::format("Because of eps, which prevents a division by 0. If the variance of a row is "
                  "small, eps makes a difference: the smallest of these is {:.4f}.",
                  variance(ln6).min().item<double>()));
}

void feed_forward_part(Lesson& lesson) {
  lesson.step("4.3", "GELU");
  lesson.say(
      "ReLU replaces everything below 0 by 0. GELU is smooth: it is x times Phi(x), the "
      "probability that a normally distributed number is below x. GPT-2 uses an approximation with "
      "tanh.");
  lesson.lines(
      "  GELU(x) = x Phi(x)\n"
      "          = x/2 (1 + erf(x / sqrt(2)))                      exact\n"
      "          ~ x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))   tanh");
  const Tensor x = tensor({-3.0, -2.5, -2.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75,
                           1.0, 1.5, 2.0, 2.5, 3.0});
  const double at = gelu(tensor(-0.75), "tanh").item<double>();
  lesson.ask("what is GELU of -0.75?",
             {{"0", at == 0}, {"a little below 0", at < 0}, {"a little above 0", at > 0}});
  lesson.detail("gelu/x", x);
  lesson.detail("gelu/tanh_form", gelu(x, "tanh"), {.name = "GELU of x with tanh"});
  lesson.detail("gelu/exact_erf", gelu(x), {.name = "GELU of x, exact"});
  lesson.detail("gelu/relu", relu(x), {.name = "ReLU of x"});
  lesson.print("both forms and ReLU", stack({x, gelu(x, "tanh"), gelu(x), relu(x)}, 1),
               {.columns = {"x", "tanh", "exact", "relu"}});
  const Tensor by_formula =
      x / 2 * (1 + tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  lesson.equal("the formula with tanh gives the same", by_formula, gelu(x, "tanh"));
  const Tensor line = linspace(-3, 3, 100);
  lesson.plot("GELU and ReLU", values_of(line),
              {{"GELU", 'o', values_of(gelu(line, "tanh"))}, {"ReLU", '.', values_of(relu(line))}});
  const Tensor fine = linspace(-0.8, -0.7, 10001, kFloat64);
  const Tensor values = gelu(fine, "tanh");
  const Tensor lowest = fine[values.argmin().item<int64_t>()].clone().requires_grad_();
  gelu(lowest, "tanh").backward();
  lesson.show_from_book("gelu/minimum_value", values.min().to(kFloat32),
                        {.name = "the lowest value of GELU"});
  lesson.say(
      "The lowest point is at x = {:.4f}, where the slope is almost 0: {:.0e} by backward(). "
      "Between -3 and 3 the approximation differs from the exact form by at most {:.1e}.",
      lowest.item<double>(), lowest.grad().item<double>(),
      (gelu(line) - gelu(line, "tanh")).abs().max().item<double>());
  lesson.often_asked(
      "Is GELU just a smooth ReLU?",
      "Not quite: it is negative below 0, and its slope is 0 only at the lowest point, while that "
      "of ReLU is 0 for every negative x. So most negative inputs still have a gradient, and the "
      "layer before can learn from them. With inputs between 0 and 1, as rand gives "
      "them, you would not see this side.");

  lesson.step("4.3", "Feed-forward: wider, GELU, back again");
  lesson.say(
      "nn::FeedForward works on each word separately: a linear layer from 768 to 3072 numbers, "
      "GELU, and a linear layer back to 768. GELU acts on each number separately, so a wider layer "
      "can compute more from a word. Back at 768 numbers, the result can be added to x.");
  manual_seed(lesson.seed(123));
  const nn::FeedForward ff(768);
  lesson.code("nn/feed_forward.h", "FeedForward");
  lesson.show_from_book("feed_forward_768/output", ff(rand({2, 3, 768})));
  lesson.show_from_book("feed_forward_768/parameters", full({}, parameter_count(ff)),
                        {.name = "parameters of the feed-forward layer"});
}

void shortcut_part(Lesson& lesson) {
  lesson.step("4.4", "Shortcuts: five layers without and with");
  lesson.say(
      "Five layers, each a Linear and a GELU, of sizes 3-3-3-3-3-1. The input is (1, 0, -1), the "
      "target 0 and the loss (output - target)^2. First without shortcuts. Then with shortcuts: "
      "each layer adds its input to its output, except the last one, since 3 numbers cannot be "
      "added to 1. Both networks have the same seed and so the same matrices.");
  lesson.code("lessons/stages/deep_net.h", "DeepNet");
  Tensor gradients[2];
  for (const bool with : {false, true}) {
    manual_seed(lesson.seed(123));
    const DeepNet net(with);
    const Tensor output = net(tensor({{1.0, 0.0, -1.0}}));
    const Tensor loss = mse_loss(output, zeros({1, 1}));
    loss.backward();
    gradients[with] = mean_gradients(net);
    compare_deep_net(lesson, net, output, loss);
  }
  const Words names{"layer 0", "layer 1", "layer 2", "layer 3", "layer 4"};
  for (const bool with : {false, true}) {
    lesson.say(
        "The mean absolute gradient of each layer's matrix, {} shortcuts: {}. As a share of the "
        "last layer's:",
        with ? "with" : "without",
        fmt::format("{:.6g}", fmt::join(values_of(gradients[with]), ", ")));
    lesson.bars(with ? "with shortcuts" : "without shortcuts", names,
                gradients[with] / gradients[with][4]);
  }
  lesson.say(
      "On its way back a gradient is multiplied by the matrix and by the slope of GELU of each "
      "layer, which mostly make it smaller here. So without shortcuts the gradient of the last "
      "layer is {:.0f} times that of the first, which would hardly learn. With shortcuts it is "
      "{:.0f} times: every gradient still goes through the last layer, which has no shortcut, but "
      "from there the sums x + y pass it on unchanged to x as well as to y, and it reaches the "
      "first layer without being multiplied again.",
      (gradients[0][4] / gradients[0][0]).item<double>(),
      (gradients[1][4] / gradients[1][0]).item<double>());
}

void tiny_block(Lesson& lesson) {
  lesson.step("4.5", "A tiny block, stage by stage");
  lesson.say(
      "4 words of 8 numbers, 2 heads and no dropout: small enough to follow every number. First "
      "layer norm, attention and a shortcut; then layer norm, feed-forward and a shortcut. Seed "
      "{}. (--all prints the tensors of all stages.)",
      lesson.seed(123));
  manual_seed(lesson.seed(123));
  const Tensor x = rand({1, 4, 8});
  const nn::GptBlock tiny({.context_length = 4, .emb_dim = 8, .n_heads = 2, .drop_rate = 0.0});
  const BlockStages stages(tiny, x);
  lesson.show_from_book("tiny/input", x, {.name = "x"});
  lesson.code("lessons/stages/block.h", "BlockStages");
  lesson.say("A drawing of the block, with the length (the norm) of x and of what is added to it:");
  lesson.lines(drawing_of_block(stages, lesson.canvas().utf8));
  const Words tokens{"1", "2", "3", "4"};
  const Tensor future = triu(ones({4, 4}), 1).to(kBool);
  for (int64_t h = 0; h < 2; ++h)
    lesson.heatmap(
        fmt::format("weights of head {}", h),
        stages.trace.weights[0][h].masked_fill(future, -std::numeric_limits<double>::infinity()),
        tokens, tokens);
  lesson.attention("the attention of the tiny block", stages.trace, tokens,
                   "Its input is not x but x after the layer norm.");
  compare_stages(lesson, tiny, stages);
  lesson.show_from_book("tiny/output", stages.output);
  lesson.code("nn/gpt_block.h", "forward");
  lesson.equal("the layer gives the same", tiny(x), stages.output);
  lesson.often_asked(
      "Where is the layer norm?",
      "Before attention and before feed-forward (this is called pre-norm). The shortcut adds x as "
      "it was before the norm. So x passes through the complete block without being normalised.");
}

void gpt2_block(Lesson& lesson) {
  lesson.step("4.5", "GPT-2's block: 768 numbers, 12 heads");
  manual_seed(lesson.seed(123));
  const Tensor input = rand({2, 4, 768});
  const nn::GptBlock block({.drop_rate = 0.1});
  lesson.show_from_book("block_768/input", input);
  lesson.say(
      "First in training mode, with dropout 0.1, which a block applies three times; then in "
      "evaluation mode, without dropout:");
  lesson.show_from_book("block_768/output_train" + lesson.mask_suffix(), block(input),
                        {.name = "output in training mode"});
  block.eval();
  const Tensor output_eval = block(input);
  lesson.show_from_book("block_768/output_eval", output_eval,
                        {.name = "output in evaluation mode"});
  const int64_t attention = parameter_count(block.att);
  const int64_t feed_forward = parameter_count(block.ff);
  lesson.ask("which part of the block has more parameters?",
             {{"attention", attention > feed_forward},
              {"feed-forward", attention < feed_forward},
              {"neither", attention == feed_forward}});
  lesson.show_from_book("attention_768/parameters", full({}, attention),
                        {.name = "parameters of attention"});
  lesson.show_from_book("feed_forward_768/parameters", full({}, feed_forward),
                        {.name = "parameters of the feed-forward layer"});
  lesson.show_from_book("block_768/parameters", full({}, parameter_count(block)),
                        {.name = "parameters of the block"});
  lesson.say("Feed-forward has 2 x 768 x 3072 weights, attention 4 x 768 x 768: half as many.");
  lesson.often_asked("The output has the shape of the input. Does the block do nothing?",
                     fmt::format("The shape is the same so that blocks can follow one another. The "
                                 "numbers differ: the largest difference is {:.4f}.",
                                 (output_eval - input).abs().max().item<double>()));
  lesson.say(
      "The question was what a block needs besides attention, so that twelve can be trained. Three "
      "things: feed-forward, with which each word computes something from what it has collected; "
      "layer norm, which gives attention and feed-forward numbers of the same size in every block; "
      "and shortcuts, through which gradients reach the first block.");
}

void gpt_block(Lesson& lesson) {
  const LayerOutput made = layer_norm_by_hand(lesson);
  layer_norm_as_a_layer(lesson, made);
  feed_forward_part(lesson);
  shortcut_part(lesson);
  tiny_block(lesson);
  gpt2_block(lesson);
  block_mistakes(lesson, made.out);
  lesson.try_next(
      {"./run lesson 8 --seed 1: is the first layer's gradient always so small without shortcuts?",
       "give DeepNet (lessons/stages/deep_net.h) ten layers instead of five",
       "in BlockStages, apply norm1 after the shortcut instead of before attention (post-norm)",
       "nn/gpt.h: twelve of these blocks are most of GPT-2",
       "lesson 09: the first model with such blocks, the Transformer of 2017"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, gpt_block); }
