#include "autograd/graph.h"

#include <algorithm>

namespace gradus::autograd {

std::map<uint64_t, const Node*> reachable_nodes(const std::vector<Tensor>& outputs,
                                                uint64_t oldest) {
  std::map<uint64_t, const Node*> reached;
  std::vector<const Node*> to_visit;
  for (const Tensor& y : outputs)
    to_visit.push_back(y.node().get());
  while (!to_visit.empty()) {
    const Node* node = to_visit.back();
    to_visit.pop_back();
    if (node->id < oldest || !reached.emplace(node->id, node).second) continue;
    for (const Node::Edge& edge : node->edges)
      if (edge.input) to_visit.push_back(edge.input.get());
  }
  return reached;
}

std::vector<GraphNode> graph(const Tensor& y) {
  std::vector<GraphNode> nodes;
  if (!needs_grad(y)) return nodes;
  for (const auto& [id, node] : reachable_nodes({y})) {
    std::vector<uint64_t> inputs;
    for (const Node::Edge& edge : node->edges)
      if (edge.input) inputs.push_back(edge.input->id);
    nodes.push_back({.id = id,
                     .name = node->name,
                     .scope = *node->scope,
                     .shape = node->shape,
                     .dtype = node->dtype,
                     .inputs = std::move(inputs)});
  }
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

uint64_t node_id(const Tensor& x) { return needs_grad(x) ? x.node()->id : 0; }

}  // namespace gradus::autograd
