// Lesson 08: the GPT block. Layer norm, GELU, feed-forward and shortcuts around lesson 07's
// attention.
#include <limits>
#include <numbers>

#include "gradus.h"
#include "lessons/stages/block.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 8,
    .title = "The GPT block",
    .builds = "the block of GPT",
    .seconds = 2,
    .goals =
        {"normalise a layer's output by hand, and say over which axis and with which divisor",
         "say what GELU, the feed-forward part and the shortcuts are for, with a gradient that "
         "proves the last",
         "follow four words through a whole block, and count the parameters of GPT-2's"},
    .question =
        "attention mixes words. What else does one block of GPT need, so that twelve of them can "
        "be stacked and still be trained?",
    .golden = "05_gpt_block",
    .pitfalls = {"layernorm_"},
    .options = {"seed", "dropout", "all"},
    .exercises = {"gelu", "layer_norm", "rms_norm", "swiglu"},
};

/// Five small layers in a row. With shortcuts each adds its input to its output, where the shapes
/// allow it.
struct DeepNet : nn::Module {
  const bool shortcuts;
  const nn::ModuleList<nn::Sequential> layers;

  explicit DeepNet(bool with_shortcuts)
      : shortcuts(with_shortcuts), layers(register_module("layers", make_layers())) {}

  Tensor operator()(Tensor x) const {
    for (const nn::Sequential& layer : layers) {
      const Tensor y = layer(x);
      x = shortcuts && x.sizes() == y.sizes() ? x + y : y;
    }
    return x;
  }

 private:
  static nn::ModuleList<nn::Sequential> make_layers() {
    nn::ModuleList<nn::Sequential> list;
    for (const int64_t out : {3, 3, 3, 3, 1})
      list.push_back(nn::Sequential{nn::Linear(3, out), nn::GELU("tanh")});
    return list;
  }
};

/// (x - mean) / sqrt(var) over the last axis, with n - 1 in the variance: by hand.
Tensor normalised(const Tensor& x) { return (x - x.mean(-1, true)) / x.var(-1, true, true).sqrt(); }

/// Returns the layer output that it normalises.
Tensor layer_norm_part(Lesson& lesson) {
  lesson.step("4.2", "Layer norm by hand");
  lesson.say(
      "Two examples of 5 random numbers (seed {}) go through a layer from 5 to 6 numbers and ReLU, "
      "which turns what is negative into 0.",
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
      "Mean and variance of each row, then each row minus its mean, divided by the root of its "
      "variance:");
  lesson.show_from_book("layernorm/mean", out.mean(-1, true));
  lesson.show_from_book("layernorm/variance", out.var(-1, /*unbiased=*/true, true));
  lesson.show_from_book("layernorm/normalized", normalised(out));
  lesson.print("mean of the normalised rows", normalised(out).mean(-1, true));
  lesson.say(
      "These means are 0 but for rounding; on another machine the noise is another, so they are "
      "not compared.");
  lesson.ask("we multiply a row by 10 before normalising it. What happens to the result?",
             {"10 times as large", "nothing", "10 times as small"}, 1);
  lesson.print("the rows times 10, normalised", normalised(out * 10));

  lesson.step("4.2", "Layer norm as a layer");
  lesson.say(
      "nn::LayerNorm divides by n instead of n - 1, adds eps = 1e-5 under the root, and has two "
      "learned vectors: weight (at first ones) and bias (zeros). Of the layer's 6 outputs, as the "
      "notebook has it, and of the 5 inputs, as the book has it:");
  const auto variance = [](const Tensor& x) { return x.var(-1, /*unbiased=*/false, true); };
  const Tensor ln6 = nn::LayerNorm(6)(out);
  const Tensor ln5 = nn::LayerNorm(5)(batch_example);
  lesson.show_from_book("layernorm/notebook_ln6_of_layer_out", ln6, {.name = "of the 6 outputs"});
  lesson.show_from_book("layernorm/notebook_ln6_variance", variance(ln6), {.name = "its variance"});
  lesson.show_from_book("layernorm/book_ln5_of_batch_example", ln5, {.name = "of the 5 inputs"});
  lesson.show_from_book("layernorm/book_ln5_variance", variance(ln5), {.name = "its variance"});
  lesson.code("nn/layer_norm.h", "forward");
  lesson.often_asked("n or n - 1?",
                     "By hand n - 1, PyTorch's default for a variance; in the layer n, because "
                     "GPT-2 has it so. For 6 numbers that is 0.6159 against 0.6745 in the first "
                     "place, for GPT-2's 768 there is no difference to speak of.");
  lesson.often_asked("Why is the variance not exactly 1?",
                     "Because of eps: it keeps the root away from 0. When the variance itself is "
                     "small, eps shows: 0.9995.");
  return out;
}

void feed_forward_part(Lesson& lesson) {
  lesson.step("4.3", "GELU");
  lesson.say(
      "ReLU cuts off everything below 0. GELU is smooth: x times the share of a normal "
      "distribution below x. GPT-2 uses an approximation of it with tanh.");
  lesson.lines(
      "  GELU(x) = x Phi(x) = x/2 (1 + erf(x / sqrt(2)))\n"
      "          ~ x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))    (GPT-2)");
  const Tensor x = tensor({-3.0, -2.5, -2.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75,
                           1.0, 1.5, 2.0, 2.5, 3.0});
  lesson.ask("what is GELU of -0.75?", {"0", "a little below 0", "a little above 0"}, 1);
  lesson.detail("gelu/x", x);
  lesson.detail("gelu/tanh_form", gelu(x, "tanh"));
  lesson.detail("gelu/exact_erf", gelu(x));
  lesson.detail("gelu/relu", relu(x));
  lesson.print("side by side", stack({x, gelu(x, "tanh"), gelu(x), relu(x)}, 1),
               {.columns = {"x", "tanh", "exact", "relu"}});
  const Tensor by_formula =
      x / 2 * (1 + tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  lesson.equal("the formula with tanh gives the same", by_formula, gelu(x, "tanh"));
  const Tensor line = linspace(-3, 3, 100);
  lesson.lines(terminal::plot(
      values_of(line),
      {{"GELU", 'o', values_of(gelu(line, "tanh"))}, {"ReLU", '.', values_of(relu(line))}},
      lesson.canvas()));
  const Tensor fine = linspace(-0.8, -0.7, 10001);
  const Tensor values = gelu(fine, "tanh");
  const Tensor lowest = fine[values.argmin().item<int64_t>()].clone().requires_grad_();
  gelu(lowest, "tanh").backward();
  lesson.show_from_book("gelu/minimum_value", values.min(), {.name = "the lowest value of GELU"});
  lesson.say(
      "The lowest point is at x = {:.4f}; the slope there, by backward(), is {:.0e}, as good as 0. "
      "The two forms differ by at most {:.1e} between -3 and 3.",
      lowest.item<double>(), lowest.grad().item<double>(),
      (gelu(line) - gelu(line, "tanh")).abs().max().item<double>());
  lesson.often_asked(
      "Is GELU just a rounded ReLU?",
      "No: between -3 and 0 it is negative, so even a 'no' passes something on, and a gradient "
      "with it. With inputs between 0 and 1, as from rand, you would never see that side.");

  lesson.step("4.3", "Feed-forward: wider, GELU, back");
  lesson.say(
      "nn::FeedForward takes each word by itself: 768 numbers become 3072, GELU, and 768 again.");
  manual_seed(lesson.seed(123));
  const nn::FeedForward ff(768);
  lesson.code("nn/feed_forward.h", "FeedForward");
  lesson.show_from_book("feed_forward_768/output", ff(rand({2, 3, 768})));
  lesson.show_from_book("feed_forward_768/parameters", full({}, parameter_count(ff)),
                        {.name = "parameters of feed-forward"});
}

void shortcut_part(Lesson& lesson) {
  lesson.step("4.4", "Shortcuts: five layers without and with");
  lesson.say(
      "Layers 3-3-3-3-3-1, each a Linear and a GELU, input (1, 0, -1), target 0, loss (output - "
      "target)^2. The first time each layer sees only the output of the one before; the second "
      "time its input is also added to its output. (Not around the last: 3 numbers cannot be added "
      "to 1.) Same seed, same matrices:");
  lesson.code("DeepNet");
  Tensor gradients[2];
  for (const bool with : {false, true}) {
    manual_seed(lesson.seed(123));
    const DeepNet net(with);
    if (!with)
      for (const auto& [name, p] : net.named_parameters())
        lesson.detail("shortcut/param/" + name, p);
    const char* where = with ? "shortcut/with/" : "shortcut/without/";
    const Tensor output = net(tensor({{1.0, 0.0, -1.0}}));
    const Tensor loss = mse_loss(output, zeros({1, 1}));
    loss.backward();
    lesson.detail(fmt::format("{}output", where), output);
    lesson.detail(fmt::format("{}loss", where), loss);
    std::vector<Tensor> means;
    for (const auto& [name, p] : net.named_parameters())
      if (name.ends_with("weight")) {
        means.push_back(p.grad().abs().mean());
        lesson.detail(fmt::format("{}mean_abs_grad/{}", where, name), means.back());
      }
    gradients[with] = stack(means);
  }
  const Words names{"layer 0", "layer 1", "layer 2", "layer 3", "layer 4"};
  for (const bool with : {false, true}) {
    lesson.say("Mean absolute gradient of each layer's matrix, {} shortcuts: {}",
               with ? "with" : "without",
               fmt::format("{:.6g}", fmt::join(values_of(gradients[with]), ", ")));
    lesson.bars(names, gradients[with]);
  }
  lesson.say(
      "Without, the first layer's gradient is {:.0f} times as small as the last's: it would hardly "
      "learn. With shortcuts it is {:.0f} times: a sum passes a gradient on as it is, on both "
      "sides.",
      (gradients[0][4] / gradients[0][0]).item<double>(),
      (gradients[1][4] / gradients[1][0]).item<double>());
}

void tiny_block(Lesson& lesson) {
  lesson.step("4.5", "A tiny block, every stage");
  lesson.say(
      "4 words of 8 numbers, 2 heads, no dropout: small enough to follow. First norm, attention, "
      "shortcut; then norm, feed-forward, shortcut. Seed {}.",
      lesson.seed(123));
  manual_seed(lesson.seed(123));
  const Tensor x = rand({1, 4, 8});
  const nn::GptBlock tiny({.context_length = 4, .emb_dim = 8, .n_heads = 2, .drop_rate = 0.0});
  const BlockStages stages(tiny, x);
  lesson.show_from_book("tiny/input", x, {.name = "x"});
  lesson.code("lessons/stages/block.h", "BlockStages");
  lesson.say("The lengths (norms) of the numbers on the way:");
  lesson.lines(drawing_of_block(stages, lesson.canvas().utf8));
  const Words tokens{"1", "2", "3", "4"};
  const Tensor future = triu(ones({4, 4}), 1).to(kBool);
  for (int64_t h = 0; h < 2; ++h)
    lesson.heatmap(
        fmt::format("weights of head {}", h),
        stages.trace.weights[0][h].masked_fill(future, -std::numeric_limits<double>::infinity()),
        tokens, tokens);
  compare_stages(lesson, tiny, stages);
  lesson.show_from_book("tiny/output", stages.output);
  lesson.code("nn/gpt_block.h", "forward");
  lesson.equal("the block gives the same", tiny(x), stages.output);
  lesson.often_asked(
      "Where is the norm?",
      "Before attention and before feed-forward (pre-norm). The shortcut adds x as it was before "
      "the norm: so there is a way through the whole block on which nothing is normalised.");
}

void gpt2_block(Lesson& lesson) {
  lesson.step("4.5", "GPT-2's block: 768 numbers, 12 heads");
  manual_seed(lesson.seed(123));
  const Tensor input = rand({2, 4, 768});
  const nn::GptBlock block({.drop_rate = 0.1});
  lesson.show_from_book("block_768/input", input);
  lesson.say(
      "In training mode, with dropout 0.1 (three masks in a block), then in evaluation mode, "
      "without:");
  lesson.show_from_book("block_768/output_train" + lesson.mask_suffix(), block(input));
  block.eval();
  const Tensor output_eval = block(input);
  lesson.show_from_book("block_768/output_eval", output_eval);
  lesson.ask("which part of the block has more parameters?",
             {"attention", "feed-forward", "they have equally many"}, 1);
  lesson.show_from_book("attention_768/parameters", full({}, parameter_count(block.att)),
                        {.name = "parameters of attention"});
  lesson.show_from_book("feed_forward_768/parameters", full({}, parameter_count(block.ff)),
                        {.name = "parameters of feed-forward"});
  lesson.show_from_book("block_768/parameters", full({}, parameter_count(block)),
                        {.name = "parameters of the block"});
  lesson.often_asked(
      "Is attention not the biggest part?",
      "Feed-forward has twice its parameters: 2 * 768 * 3072 against 4 * 768 * 768.");
  lesson.often_asked("Shape in, shape out: does the block do nothing?",
                     fmt::format("The shape is the same so that blocks can be stacked. The numbers "
                                 "are others: the largest difference is {:.4f}.",
                                 (output_eval - input).abs().max().item<double>()));
}

/// Mistakes, made on purpose. `out` is the output that was normalised.
void what_if_part(Lesson& lesson, const Tensor& out) {
  lesson.step("what if", "... layer norm runs over the examples instead of the numbers of each?");
  const Tensor over_rows = (out - out.mean(0, true)) / (out.var(0, false, true) + 1e-5).sqrt();
  lesson.show_from_book("layernorm_over_rows", over_rows);
  lesson.say(
      "With two examples the rows become each other's negative: each example would depend on what "
      "else is in its batch.");
  lesson.step("what if", "... layer norm divided by n - 1?");
  const Tensor unbiased = (out - out.mean(-1, true)) / (out.var(-1, true, true) + 1e-5).sqrt();
  lesson.show_from_book("layernorm_unbiased", unbiased);
  lesson.step("what if", "... I call the same dropout layer twice?");
  const nn::Dropout drop(0.5);
  manual_seed(lesson.seed(123));
  lesson.print("first call", drop(ones(10)));
  lesson.print("second call", drop(ones(10)));
  lesson.say(
      "One object, but each call draws a new mask. The block uses one drop_shortcut for both of "
      "its shortcuts.");
}

void gpt_block(Lesson& lesson) {
  const Tensor out = layer_norm_part(lesson);
  feed_forward_part(lesson);
  shortcut_part(lesson);
  tiny_block(lesson);
  gpt2_block(lesson);
  what_if_part(lesson, out);
  lesson.try_next(
      {"./run lesson 8 --seed 1: is the first layer's gradient always so small without shortcuts?",
       "give DeepNet ten layers instead of five, without and with shortcuts",
       "put tiny.norm1 after the shortcut instead of before attention (post-norm, as in 2017), and "
       "compare the lengths",
       "stack twelve blocks: nn::Gpt does it"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, gpt_block); }
