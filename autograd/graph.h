// The graph as data, for pictures, lessons and tests.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "autograd/node.h"

namespace gradus::autograd {

/// A copy of the description of one node.
struct GraphNode {
  uint64_t id;  // creation order
  std::string name;
  std::string scope;
  Shape shape;
  DType dtype;
  std::vector<uint64_t> inputs;  // in the op's order, without those that need no gradients
};

/// Every node from y to its leaves, newest first.
std::vector<GraphNode> graph(const Tensor& y);
/// The id of x's node; 0 if x needs no gradient.
uint64_t node_id(const Tensor& x);
/// How many nodes are alive in the whole process. It shows leaks.
int64_t live_nodes();

/// The nodes from which the outputs were computed, their own included, that are not older than
/// `oldest`; by their ids.
std::map<uint64_t, const Node*> reachable_nodes(const std::vector<Tensor>& outputs,
                                                uint64_t oldest = 0);

}  // namespace gradus::autograd
