// write_pages FOLDER: the pages of the browser's tests that no lesson has. Each has what a program
// may hand over: infinities, no elements, many elements, names that look like HTML.
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "gradus.h"
#include "page/report.h"
#include "page/show.h"

namespace {

using namespace gradus;

const std::string kHostile = "</script><img src=\"https://example.com/x.png\" onerror='alert(1)'>";

/// T tokens and H heads; the layer trains for `steps` steps, so that its heads differ.
nn::AttentionTrace trace_of(const nn::MultiHeadAttention& layer, const Tensor& x, int steps) {
  optim::SGD optimizer(layer.parameters(), {.lr = 0.5});
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    (layer(x) - x).pow(2).mean().backward();
    optimizer.step();
  }
  const NoGradGuard guard;
  nn::AttentionTrace trace;
  layer.forward(x, &trace);
  return trace;
}

void write_attention(const std::string& folder) {
  manual_seed(7);
  const page::Words words = {"the", "cat", "near", "the", "trees", "is", "small"};
  const nn::MultiHeadAttention layer(8, 8, 7, 0.0, 2);
  const Tensor x = randn({1, 7, 8});
  std::vector<page::AttentionStep> steps;
  steps.push_back({.step = 0, .trace = trace_of(layer, x, 0)});
  steps.push_back({.step = 50, .trace = trace_of(layer, x, 50)});
  page::Report report({.id = "attention",
                       .title = "Seven words, two heads",
                       .lede = "Look at the row of 'trees': what it attends to changes."});
  report.attention("attention of seven words", words, words, steps);
  report.tour({{.say = "Before training the weights of a row are nearly equal.",
                .select = {{"step", "0"}, {"query", "4"}, {"key", "1"}, {"head", "0"}}},
               {.say = "After 50 steps they are not.", .select = {{"step", "50"}}},
               {.say = "The other head has other weights.",
                .select = {{"head", "1"}},
                .panel = "attention of seven words"}});
  report.write(folder + "/attention.html");

  const nn::MultiHeadAttention wide(48, 48, 64, 0.0, 12);
  page::show(trace_of(wide, randn({1, 64, 48}), 5), folder + "/show_attention_64x12.html");
  const nn::MultiHeadAttention long_text(8, 8, 200, 0.0, 2);
  page::show(trace_of(long_text, randn({1, 200, 8}), 1), folder + "/show_attention_200x2.html");
}

void write_tensors(const std::string& folder) {
  manual_seed(11);
  Tensor special = randn({4, 5});
  special[0][0].fill_(NAN);
  special[1][2].fill_(INFINITY);
  special[3][4].fill_(-INFINITY);
  page::show(special, folder + "/show_special.html");
  page::show(full({2, 3}, NAN), folder + "/show_nan.html");
  page::show(randn({2, 3, 4, 5}).transpose(1, 3), folder + "/show_four_dimensions.html");
  page::show(tensor(3.5), folder + "/show_scalar.html");
  page::show(zeros({0, 3}), folder + "/show_empty.html");
  page::show(arange(12).view({3, 4}) > 5, folder + "/show_bool.html");
  page::show(arange(7), folder + "/show_int64.html");
  page::show(randn({300, 200}, kFloat64) * 1e-6, folder + "/show_large.html");
}

void write_models(const std::string& folder) {
  manual_seed(13);
  const nn::Gpt model({.vocab_size = 50,
                       .context_length = 8,
                       .emb_dim = 12,
                       .n_heads = 2,
                       .n_layers = 2,
                       .drop_rate = 0.0});
  const Tensor ids = randint(0, 50, {1, 8});
  const Tensor loss = nn::functional::cross_entropy(model(ids).view({8, 50}), ids.view({8}));
  const NamedTensors named = model.named_parameters();
  page::show_graph(loss, folder + "/show_graph_gpt.html", named);
  loss.backward();
  page::show(model, folder + "/show_module.html");

  const Tensor x = tensor({2.0, 3.0}).requires_grad_();
  const Tensor w = tensor({-1.0, 0.5}).requires_grad_();
  const Tensor y = (x * w).sum().tanh();
  y.backward({}, /*retain_graph=*/true);
  page::show_graph(y, folder + "/show_graph.html", {{"x", x}, {"w", w}});
}

void write_every_panel(const std::string& folder) {
  manual_seed(17);
  const page::Words words = {"one", kHostile,
                             "a very long word: Donaudampfschifffahrtsgesellschaft",
                             "\u05e9\u05dc\u05d5\u05dd", "&amp;"};
  page::Report report({.id = "every", .title = kHostile, .lede = kHostile});
  report.section("A section " + kHostile, kHostile);
  report.paragraph(kHostile);
  report.question("What is 2 + 2? " + kHostile, "4 " + kHostile);
  report.output("printed by the program\n" + kHostile);
  report.code("lessons/04_simplified_self_attention.cpp", 12,
              "int main() {\n  return a < b;  // " + kHostile + "\n}");
  report.check(true, "a check that holds " + kHostile);
  report.check(false, "a check that does not hold");
  report.tensor("x " + kHostile, randn({2, 5}), {.columns = words});
  const Tensor weights = softmax(randn({5, 5}), -1);
  report.heatmap("heat map " + kHostile, weights, {.rows = words, .columns = words});
  report.alignment("alignment " + kHostile, words, words, weights);
  report.curve("curve " + kHostile, {0, 1, 2, 3},
               {{"training", {4, 2, 1, 0.5}}, {kHostile, {4, 3, NAN, 2}}}, {.log_scale = true});
  report.bars("bars " + kHostile, words, tensor({1.0, -2.0, 0.0, 3.0, 0.25}));
  report.predictions("predictions " + kHostile, randn({2, 5}), words);
  report.tour({{.say = "First. " + kHostile}, {.say = "Second."}, {.say = "Third."}});
  report.write(folder + "/every_panel.html");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_pages FOLDER\n");
    return 2;
  }
  const std::string folder = argv[1];
  try {
    write_attention(folder);
    write_tensors(folder);
    write_models(folder);
    write_every_panel(folder);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "write_pages: %s\n", error.what());
    return 1;
  }
  return 0;
}
