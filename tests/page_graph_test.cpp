// Graphs as panels: what is in the boxes, where they are, what opens.
#include <gtest/gtest.h>

#include <random>

#include "autograd/graph.h"
#include "autograd/op_log.h"
#include "autograd/ops.h"
#include "nn/gpt.h"
#include "nn/recurrent.h"
#include "page/graph_layout.h"
#include "page/rule_texts.h"
#include "page/show.h"
#include "tensor/random.h"
#include "tests/expect_error.h"
#include "tests/page_support.h"
#include "tests/temporary.h"

namespace gradus::page::page_graph_test {
namespace {

using Edges = std::vector<std::pair<size_t, size_t>>;

bool overlap(const Box& a, const Box& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

void expect_good(const Layout& plan, const Edges& edges) {
  for (size_t a = 0; a < plan.boxes.size(); ++a) {
    const Box& box = plan.boxes[a];
    EXPECT_GE(box.x, 0);
    EXPECT_GE(box.y, 0);
    EXPECT_LE(box.x + box.width, plan.width);
    EXPECT_LE(box.y + box.height, plan.height);
    for (size_t b = 0; b < a; ++b)
      EXPECT_FALSE(overlap(box, plan.boxes[b])) << a << " and " << b;
  }
  double top = plan.height;
  for (const Box& box : plan.boxes)
    top = std::min(top, box.y);
  for (const Line& line : plan.lines)
    for (const Point& point : line.points)
      top = std::min(top, point.y);
  EXPECT_LE(top, 15) << "the picture begins with empty space";
  ASSERT_EQ(plan.lines.size(), edges.size());
  for (size_t n = 0; n < edges.size(); ++n) {
    const Line& line = plan.lines[n];
    EXPECT_EQ(std::pair(line.from, line.to), edges[n]);
    EXPECT_EQ(line.points.size() % 2, 0U);
    for (size_t i = 1; i < line.points.size(); ++i)
      EXPECT_LE(line.points[i - 1].x, line.points[i].x) << "a line goes back to the left";
    EXPECT_LT(line.points.front().x, line.points.back().x);
  }
}

/// No horizontal part of a line passes through a box.
void expect_lines_pass_boxes(const Layout& plan) {
  for (const Line& line : plan.lines)
    for (size_t i = 1; i + 1 < line.points.size(); i += 2)
      for (const Box& box : plan.boxes) {
        const Point& a = line.points[i];
        const Point& b = line.points[i + 1];
        const bool crosses =
            a.x < box.x + box.width && box.x < b.x && box.y < a.y && a.y < box.y + box.height;
        EXPECT_FALSE(crosses);
      }
}

TEST(PageLayout, ADiamond) {
  const Edges edges = {{0, 1}, {0, 2}, {1, 3}, {2, 3}, {0, 3}};
  const Layout plan = layout(std::vector<Box>(4, {.width = 50, .height = 30}), edges);
  expect_good(plan, edges);
  EXPECT_LT(plan.boxes[0].x, plan.boxes[1].x);
  EXPECT_EQ(plan.boxes[1].x, plan.boxes[2].x);
  EXPECT_EQ(plan.lines[4].points.size(), 4U);  // it passes the layer of 1 and 2
  expect_lines_pass_boxes(plan);
}

TEST(PageLayout, RandomGraphs) {
  std::mt19937 random(7);
  for (int run = 0; run < 30; ++run) {
    const size_t count = 1 + random() % 40;
    std::vector<Box> boxes;
    Edges edges;
    for (size_t b = 0; b < count; ++b) {
      boxes.push_back({.width = 20.0 + static_cast<double>(random() % 100),
                       .height = 20.0 + static_cast<double>(random() % 60)});
      for (size_t from = 0; from < b; ++from)
        if (random() % count < 2) edges.emplace_back(from, b);
    }
    const Layout plan = layout(boxes, edges);
    expect_good(plan, edges);
    expect_lines_pass_boxes(plan);
  }
}

TEST(PageLayout, ACycleIsAnErrorAndNothingIsEmpty) {
  expect_error(
      [] {
        layout(std::vector<Box>(2, {.width = 9, .height = 9}), {{0, 1}, {1, 0}});
      },
      "layout: the graph has a cycle");
  EXPECT_EQ(layout({}, {}).boxes.size(), 0U);
}

json graph_of(const Tensor& y, const NamedTensors& named = {}) {
  Report report = new_report();
  report.graph("g", y, named);
  return last_panel(report);
}

const json& node_of(const json& view, const std::string& label) {
  for (const json& node : view["nodes"])
    if (node["label"] == label) return node;
  throw Error("no node " + label);
}

TEST(PageGraph, HasNamesValuesRulesAndGradients) {
  const Tensor a = tensor({2.0, 3.0}).requires_grad_();
  const Tensor b = tensor({-1.0, 0.5}).requires_grad_();
  const Tensor c = a * b;
  const Tensor y = (c + a).sum();
  const json panel = graph_of(y, {{"a", a}, {"b", b}, {"c", c}});
  ASSERT_EQ(panel["views"].size(), 1U);
  const json& view = panel["views"][0];
  EXPECT_EQ(view["title"], "all operations");
  EXPECT_EQ(view["nodes"].size(), 5U);
  EXPECT_EQ(view["edges"].size(), 5U);

  const json& product = node_of(view, "c");
  EXPECT_EQ(product["op"], "mul");
  EXPECT_EQ(product["rule"], "da = dy * b; db = dy * a; summed over broadcast dimensions");
  EXPECT_EQ(product["value"]["numbers"], json({-2, 1.5}));
  EXPECT_EQ(product["gradient"]["numbers"], json({1, 1}));
  EXPECT_EQ(product["lines"], json({"c", "mul", "[2]", "-2, 1.5", "grad 1, 1"}));
  EXPECT_EQ(node_of(view, "a")["kind"], "leaf");
  EXPECT_EQ(node_of(view, "a")["gradient"]["numbers"], json({0, 1.5}));  // b + 1
  EXPECT_EQ(node_of(view, "add")["gradient"]["numbers"], json({1, 1}));
  EXPECT_EQ(node_of(view, "y")["value"]["numbers"], json({1.5 - 2 + 5}));
  EXPECT_FALSE(a.grad().defined());  // nothing was added to a grad
}

TEST(PageGraph, AnOpLogGivesTheValuesOfAllOps) {
  const Tensor x = tensor({1.0, 2.0}).requires_grad_();
  const autograd::OpLog log;
  const Tensor y = (x * 3).exp().sum();
  NamedTensors values;
  for (const auto& entry : log.entries())
    values.emplace_back("", entry.result);
  const json view = graph_of(y, values)["views"][0];
  EXPECT_EQ(node_of(view, "mul")["value"]["numbers"], json({3, 6}));
  EXPECT_EQ(node_of(view, "exp")["value"]["numbers"], json({20.086, 403.43}));
}

TEST(PageGraph, AFreedGraphHasNoGradients) {
  const Tensor x = tensor({1.0, 2.0}).requires_grad_();
  const Tensor y = (x * x).sum();
  y.backward();
  const json view = graph_of(y)["views"][0];
  EXPECT_FALSE(node_of(view, "mul").contains("gradient"));
  EXPECT_EQ(x.grad()[1].item<double>(), 4);
}

TEST(PageGraph, ModulesOpenOneLevelAfterTheOther) {
  manual_seed(1);
  const nn::Gpt model({.vocab_size = 11,
                       .context_length = 8,
                       .emb_dim = 8,
                       .n_heads = 2,
                       .n_layers = 3,
                       .drop_rate = 0});
  const Tensor loss = model(randint(11, {1, 5})).pow(2).mean();
  const json views = graph_of(loss)["views"];
  EXPECT_EQ(views[0]["title"], "modules");
  const json& blocks = node_of(views[0], "trf_blocks");
  EXPECT_EQ(blocks["kind"], "module");
  const json& three = views[blocks["opens"].get<size_t>()];
  EXPECT_EQ(three["parent"], 0);
  EXPECT_EQ(three["title"], "trf_blocks");
  const json& block = views[node_of(three, "1")["opens"].get<size_t>()];
  EXPECT_EQ(block["title"], "trf_blocks.1");
  const json& attention = views[node_of(block, "att")["opens"].get<size_t>()];
  EXPECT_EQ(attention["title"], "trf_blocks.1.att");
  EXPECT_GT(node_of(attention, "W_query")["count"], 1);
  EXPECT_EQ(node_of(block, "add")["kind"], "op");  // the shortcut
  int outside = 0;
  for (const json& node : block["nodes"])
    outside += node["kind"] == "outside" ? 1 : 0;
  EXPECT_EQ(outside, 3);  // from block 0; to the first norm of block 2 and to its shortcut

  for (const json& view : views) {
    Layout plan{.boxes = {}, .lines = {}, .width = view["width"], .height = view["height"]};
    Edges edges;
    for (const json& node : view["nodes"])
      plan.boxes.push_back(
          {.width = node["width"], .height = node["height"], .x = node["x"], .y = node["y"]});
    for (size_t a = 0; a < plan.boxes.size(); ++a)
      for (size_t b = 0; b < a; ++b)
        EXPECT_FALSE(overlap(plan.boxes[a], plan.boxes[b])) << view["title"];
    for (const json& edge : view["edges"])
      EXPECT_LT(plan.boxes[edge["from"].get<size_t>()].x, plan.boxes[edge["to"].get<size_t>()].x);
  }
}

TEST(PageGraph, TheGradientsAreThoseOfBackward) {
  manual_seed(2);
  const nn::Gpt model({.vocab_size = 11,
                       .context_length = 8,
                       .emb_dim = 8,
                       .n_heads = 2,
                       .n_layers = 1,
                       .drop_rate = 0});
  const Tensor loss = model(randint(11, {1, 5})).pow(2).mean();
  NamedTensors named = model.named_parameters();
  const json views = graph_of(loss, named)["views"];
  loss.backward();
  const json& flat = views.back();
  for (const auto& [name, p] : named) {
    if (p.numel() <= 4) continue;
    const double norm = node_of(flat, name)["gradient"]["norm"];
    EXPECT_NEAR(norm, p.grad().norm().item<double>(), 1e-4 * norm + 1e-9) << name;
  }
}

TEST(PageGraph, EveryOpOfAModelHasARuleInWords) {
  manual_seed(3);
  const nn::Gpt model({.vocab_size = 11,
                       .context_length = 8,
                       .emb_dim = 8,
                       .n_heads = 2,
                       .n_layers = 1,
                       .drop_rate = 0.1});
  const Tensor ids = randint(11, {1, 5});
  std::vector<nn::AttentionTrace> traces;
  for (const Tensor& logits : {model(ids), model(ids, &traces)})
    for (const autograd::GraphNode& node : autograd::graph(cross_entropy(logits[0], ids[0])))
      EXPECT_TRUE(node.name == "leaf" || rule_text(node.name) != "") << node.name;
  EXPECT_EQ(rule_text("an op of one's own"), "");
}

TEST(PageGraph, LongGraphsKeepThePageSmall) {
  manual_seed(4);
  Tensor x = tensor({0.5, -0.5}).requires_grad_();
  Tensor h = x;
  for (int step = 0; step < 2000; ++step)
    h = (h * 1.001).tanh() + x;
  const auto file = temporary_path("long.html");
  show_graph(h.sum(), file.string());
  EXPECT_LT(std::filesystem::file_size(file), 1'000'000U);
  const json panel = graph_of(h.sum());
  EXPECT_EQ(panel["count"], 6002);
  EXPECT_LE(panel["views"][0]["nodes"].size(), 101U);
  EXPECT_TRUE(node_of(panel["views"][0], "earlier operations").contains("opens"));
}

TEST(PageGraph, CallsOfOneModuleAreBoxesOfTheirOwn) {
  manual_seed(5);
  struct Net : nn::Layer<Net> {
    const nn::Linear step = register_module("step", nn::Linear(3, 3));
    Tensor forward(const Tensor& x) const { return step(tanh(step(x))); }
  };
  const json view = graph_of(Net()(randn({2, 3})).sum())["views"][0];
  int calls = 0;
  for (const json& node : view["nodes"])
    calls += node["label"] == "step" ? 1 : 0;
  EXPECT_EQ(calls, 2);
}

TEST(PageGraph, WrongCalls) {
  expect_error([] { graph_of(tensor({1.0})); },
               "graph: y has no graph, because no tensor that it was computed from needs "
               "gradients");
  expect_error([] { graph_of(Tensor()); }, "graph: y is undefined, it was never given a value");
  const Tensor x = tensor({1.0}).requires_grad_();
  expect_error(
      [&] {
        graph_of(x * 2, {{"w", Tensor()}});
      },
      "graph: 'w' is undefined, it was never given a value");
}

}  // namespace
}  // namespace gradus::page::page_graph_test
