#include "page/graph_ops.h"

#include <cmath>
#include <map>

#include "autograd/engine.h"
#include "autograd/graph.h"
#include "autograd/ops.h"
#include "tensor/factories.h"

namespace gradus::page {
namespace {

constexpr size_t kFew = 4;                      // numbers that fit into a box
constexpr int64_t kMostGradients = 20'000'000;  // elements for which gradients are computed

Json summary(const Tensor& x) {
  const std::vector<double> values = elements(x);
  if (values.size() <= kFew) return {{"numbers", numbers(values)}};
  double sum = 0;
  double squares = 0;
  for (const double v : values) {
    sum += v;
    squares += v * v;
  }
  return {{"norm", number(std::sqrt(squares))},
          {"mean", number(sum / static_cast<double>(values.size()))}};
}

using Nodes = std::map<uint64_t, Ref<Node>>;

Nodes nodes_of(const Tensor& y) {
  Nodes nodes;
  std::vector<Ref<Node>> to_visit{y.node()};
  while (!to_visit.empty()) {
    const Ref<Node> node = to_visit.back();
    to_visit.pop_back();
    if (!nodes.emplace(node->id, node).second) continue;
    for (const Node::Edge& edge : node->edges)
      if (edge.input) to_visit.push_back(edge.input);
  }
  return nodes;
}

/// A tensor without memory of its own whose place in the graph is the node.
Tensor stand_in(const Ref<Node>& node) {
  const Tensor one = zeros({1}, node->dtype);
  const Tensor x = one.as_view(node->shape, Shape::filled(node->shape.size(), 0), 0);
  set_node(x, node);
  return x;
}

/// The gradient of y.sum() by every node; undefined where it is unknown.
std::vector<Tensor> gradients(const Tensor& y, const Nodes& nodes) {
  std::vector<Tensor> inputs;
  int64_t count = 0;
  for (const auto& [id, node] : nodes) {
    inputs.push_back(stand_in(node));
    count += numel("graph", node->shape);
  }
  const std::vector<Tensor> unknown(nodes.size());
  if (count > kMostGradients) return unknown;
  try {
    return autograd::grad({y}, inputs, {ones_like(y.detach())}, /*retain_graph=*/true,
                          /*create_graph=*/false, /*allow_unused=*/true);
  } catch (const Error&) {  // the graph was freed, or a saved tensor was changed in place
    return unknown;
  }
}

}  // namespace

std::vector<Op> graph_ops(const Tensor& y, const NamedTensors& named) {
  check(y.defined(), "graph: y is undefined, it was never given a value");
  check(needs_grad(y),
        "graph: y has no graph, because no tensor that it was computed from needs gradients");
  std::map<uint64_t, std::pair<std::string, Tensor>> names;
  for (const auto& [name, x] : named) {
    check(x.defined(), "graph: '{}' is undefined, it was never given a value", name);
    if (const uint64_t id = autograd::node_id(x)) names.emplace(id, std::pair{name, x});
  }
  names.emplace(autograd::node_id(y), std::pair{"y", y});
  const Nodes nodes = nodes_of(y);
  const std::vector<Tensor> grads = gradients(y, nodes);
  std::map<uint64_t, size_t> places;
  std::vector<Op> ops;
  for (const auto& [id, node] : nodes) {
    const size_t place = ops.size();
    places[id] = place;
    Op op{.id = id, .op = node->name, .scope = *node->scope, .shape = node->shape};
    for (const Node::Edge& edge : node->edges)
      if (edge.input) op.inputs.push_back(places.at(edge.input->id));
    if (const auto found = names.find(id); found != names.end()) {
      op.name = found->second.first;
      op.value = summary(found->second.second);
    }
    if (grads[place].defined()) op.gradient = summary(grads[place]);
    ops.push_back(std::move(op));
  }
  return ops;
}

std::string short_text(const Json& numbers) {
  if (numbers.is_null()) return "";
  if (!numbers.contains("numbers")) return "norm " + numbers["norm"].dump();
  std::string text;
  for (const Json& x : numbers["numbers"]) {
    const std::string digits =
        x.is_string() ? x.get<std::string>() : fmt::format("{:.4g}", x.get<double>());
    text += (text.empty() ? "" : ", ") + digits;
  }
  return text;
}

}  // namespace gradus::page
