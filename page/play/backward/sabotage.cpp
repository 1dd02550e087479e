#include "page/play/backward/sabotage.h"

#include <algorithm>
#include <charconv>

#include "autograd/graph.h"
#include "check/gradients.h"
#include "page/play/backward/rules.h"
#include "page/rule_texts.h"

namespace gradus::page {
namespace {

bool has_matrix(const Shape& sizes) {
  return sizes.size() >= 2 && sizes[sizes.size() - 1] > 1 && sizes[sizes.size() - 2] > 1;
}

/// Whether the rule repeats dy, so that exchanging dimensions changes nothing.
bool gives_equal_elements(std::string_view op) { return op == "sum" || op == "mean"; }

/// The first entry of dy along each dimension that broadcasting has added or repeated.
Tensor first_entries(const Tensor& dy, const Shape& sizes) {
  Tensor dx = dy;
  while (dx.sizes().size() > sizes.size())
    dx = dx.select(0, 0);
  for (size_t d = 0; d < sizes.size(); ++d)
    if (sizes[d] == 1 && dx.sizes()[d] != 1) dx = dx.narrow(static_cast<int64_t>(d), 0, 1);
  return dx;
}

/// dx as the mistake leaves it.
Tensor spoiled(Mistake mistake, const Tensor& dx, const Tensor& dy, const Shape& sizes) {
  switch (mistake) {
    case Mistake::kFactor2:
      return dx * 2;
    case Mistake::kSign:
      return -dx;
    case Mistake::kPassedOn:
      return dy;
    case Mistake::kTransposed:
      return sum_to(dx, sizes).transpose(-2, -1).reshape(sizes);
    case Mistake::kNoSum:
      return first_entries(dx, sizes);
  }
  return dx;
}

/// Wraps one of the rules of a node. An Input's rule may read the output or not.
Rule wrapped(Rule rule, Mistake mistake, const Shape& sizes) {
  const auto honest = std::make_shared<Rule>(std::move(rule));
  if (honest->reads_output())
    return Rule([=](const Tensor& dy, const Tensor& y) {
      return spoiled(mistake, honest->gradient(dy, y), dy, sizes);
    });
  return Rule([=](const Tensor& dy) {
    return spoiled(mistake, honest->gradient(dy, Tensor()), dy, sizes);
  });
}

void spoil(Node& node, size_t input, Mistake mistake) {
  Node::Edge& edge = node.edges.at(input);
  const Shape sizes = edge.input->shape;
  if (node.fused_backward == nullptr) {
    edge.rule = wrapped(std::move(edge.rule), mistake, sizes);
    return;
  }
  node.fused_backward->function = [honest = std::move(node.fused_backward->function), input,
                                   mistake,
                                   sizes](const Tensor& dy, const std::vector<bool>& needed) {
    std::vector<Tensor> dx = honest(dy, needed);
    if (needed.at(input)) dx.at(input) = spoiled(mistake, dx.at(input), dy, sizes);
    return dx;
  };
}

std::string message_of_gradcheck(const std::function<Tensor()>& f,
                                 const std::vector<NamedInput>& inputs) {
  try {
    gradcheck(f, inputs);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::vector<Verdict> diagnosis(const std::function<Tensor()>& f,
                               const std::vector<NamedInput>& inputs) {
  std::vector<Verdict> verdicts;
  for (const GradientDifference& each : compare_gradients(f, inputs)) {
    const bool ok = each.difference.wrong == 0;
    verdicts.push_back({.name = each.name, .ok = ok, .message = ok ? "" : to_string(each)});
  }
  return verdicts;
}

/// The leaves from which y was computed.
std::vector<NamedInput> used_leaves(const Subject& subject, const Tensor& y) {
  std::vector<NamedInput> used;
  const auto reached = autograd::reachable_nodes({y});
  for (const NamedInput& leaf : subject.leaves)
    if (reached.count(autograd::node_id(leaf.x)) > 0) used.push_back(leaf);
  return used;
}

/// The call of an expression that made a node, and the node's place among those of the call.
struct Origin {
  const Step* step = nullptr;
  size_t place = 0;  // in the order of creation, without the nodes of the call's inputs
};

/// The nodes that the call with this result has made.
std::vector<Node*> own_nodes(const Tensor& result, const std::vector<Tensor>& inputs) {
  std::vector<Node*> before;
  for (const Tensor& x : inputs)
    if (needs_grad(x))
      for (Node* node : nodes_of(x))
        before.push_back(node);
  std::vector<Node*> own;
  for (Node* node : nodes_of(result))
    if (std::find(before.begin(), before.end(), node) == before.end()) own.push_back(node);
  return own;
}

Origin origin_of(const Forward& forward, const Node* node) {
  for (const Step& step : forward.steps) {
    if (!needs_grad(step.result)) continue;
    const std::vector<Node*> own = own_nodes(step.result, step.inputs);
    const auto found = std::find(own.begin(), own.end(), node);
    if (found != own.end()) return {&step, static_cast<size_t>(found - own.begin())};
  }
  return {};
}

/// Checks the call alone, as a function of copies of its inputs.
void check_alone(const Forward& forward, const Sabotage& sabotage, Verdicts& verdicts) {
  const Node* node = nodes_of(forward.loss).at(sabotage.node);
  const Origin origin = origin_of(forward, node);
  if (origin.step == nullptr) return;
  std::vector<Tensor> copies;
  std::vector<NamedInput> inputs;
  for (size_t i = 0; i < origin.step->inputs.size(); ++i) {
    const Tensor& x = origin.step->inputs[i];
    copies.push_back(x.detach().clone());
    if (!needs_grad(x)) continue;
    const auto known = forward.known.find(autograd::node_id(x));
    const std::string text = known == forward.known.end() ? "" : known->second.text + ", ";
    inputs.push_back({fmt::format("{}input {}", text, i), copies.back()});
  }
  const auto f = [&] {
    const Tensor y = origin.step->again(copies);
    if (needs_grad(y))
      spoil(*own_nodes(y, copies).at(origin.place), sabotage.input, sabotage.mistake);
    return y;
  };
  verdicts.op = origin.step->op;
  verdicts.inputs = diagnosis(f, inputs);
}

}  // namespace

const std::vector<Mistake>& mistakes() {
  static const std::vector<Mistake> all = {Mistake::kFactor2, Mistake::kSign, Mistake::kPassedOn,
                                           Mistake::kTransposed, Mistake::kNoSum};
  return all;
}

std::string name_of(Mistake mistake) {
  switch (mistake) {
    case Mistake::kFactor2:
      return "factor2";
    case Mistake::kSign:
      return "sign";
    case Mistake::kPassedOn:
      return "passed_on";
    case Mistake::kTransposed:
      return "transposed";
    case Mistake::kNoSum:
      return "no_sum";
  }
  return "";
}

Mistake mistake_named(const std::string& name) {
  for (const Mistake mistake : mistakes())
    if (name_of(mistake) == name) return mistake;
  fail("sabotage: '{}' is not a mistake that this page knows", name);
}

std::string in_words(Mistake mistake) {
  switch (mistake) {
    case Mistake::kFactor2:
      return "factor 2";
    case Mistake::kSign:
      return "wrong sign";
    case Mistake::kPassedOn:
      return "derivative forgotten";
    case Mistake::kTransposed:
      return "transposed";
    case Mistake::kNoSum:
      return "sum missing";
  }
  return "";
}

std::vector<Node*> nodes_of(const Tensor& y) {
  std::map<uint64_t, Node*> reached;
  std::vector<Node*> to_visit{y.node().get()};
  while (!to_visit.empty()) {
    Node* node = to_visit.back();
    to_visit.pop_back();
    if (!reached.emplace(node->id, node).second) continue;
    for (const Node::Edge& edge : node->edges)
      if (edge.input) to_visit.push_back(edge.input.get());
  }
  std::vector<Node*> nodes;
  for (const auto& [id, node] : reached)
    nodes.push_back(node);
  return nodes;
}

bool is_possible(Mistake mistake, const Node& node, size_t input) {
  if (input >= node.edges.size() || !node.edges[input].input) return false;
  const Shape& sizes = node.edges[input].input->shape;
  const bool is_broadcast = broadcasts(node.name) && sizes != node.shape;
  switch (mistake) {
    case Mistake::kFactor2:
    case Mistake::kSign:
      return true;
    case Mistake::kPassedOn:
      return (sizes == node.shape || is_broadcast) && !passes_on(node.name, input);
    case Mistake::kTransposed:
      return has_matrix(sizes) && !gives_equal_elements(node.name);
    case Mistake::kNoSum:
      return is_broadcast;
  }
  return false;
}

std::string key_of(const Sabotage& sabotage) {
  return fmt::format("{}.{}.{}", sabotage.node, sabotage.input, name_of(sabotage.mistake));
}

Sabotage sabotage_of_key(const std::string& key) {
  const size_t first = key.find('.');
  const size_t second = key.find('.', first + 1);
  check(first != std::string::npos && second != std::string::npos,
        "sabotage: expected NODE.INPUT.MISTAKE, got '{}'", key);
  Sabotage sabotage{.mistake = mistake_named(key.substr(second + 1))};
  const auto read = [&](size_t from, size_t to, size_t& value) {
    const auto [end, error] = std::from_chars(key.data() + from, key.data() + to, value);
    check(error == std::errc{} && end == key.data() + to,
          "sabotage: expected NODE.INPUT.MISTAKE, got '{}'", key);
  };
  read(0, first, sabotage.node);
  read(first + 1, second, sabotage.input);
  return sabotage;
}

void apply(const Sabotage& sabotage, const Tensor& y) {
  const std::vector<Node*> nodes = nodes_of(y);
  check(sabotage.node < nodes.size(), "sabotage: the graph has {} nodes, there is no node {}",
        nodes.size(), sabotage.node);
  Node& node = *nodes[sabotage.node];
  check(is_possible(sabotage.mistake, node, sabotage.input),
        "sabotage: '{}' changes nothing at input {} of {}", in_words(sabotage.mistake),
        sabotage.input, node.name);
  spoil(node, sabotage.input, sabotage.mistake);
}

Verdicts check_with(const Subject& subject, const std::optional<Sabotage>& sabotage) {
  const Forward forward = subject.forward();
  const auto f = [&] {
    const Tensor y = subject.loss();
    if (sabotage && needs_grad(y)) apply(*sabotage, y);
    return y;
  };
  const std::vector<NamedInput> leaves = used_leaves(subject, forward.loss);
  Verdicts verdicts{.gradcheck = message_of_gradcheck(f, leaves), .leaves = diagnosis(f, leaves)};
  if (sabotage) check_alone(forward, *sabotage, verdicts);
  return verdicts;
}

}  // namespace gradus::page
