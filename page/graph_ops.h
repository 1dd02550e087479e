// The ops of a graph with what a page shows of each.
#pragma once
#include <string>
#include <vector>

#include "page/json_values.h"
#include "tensor/files.h"

namespace gradus::page {

/// One node of the graph.
struct Op {
  uint64_t id = 0;                  // larger than those of its inputs
  std::string op = {};              // "mul", or "leaf"
  std::string name = {};            // given by the caller; may be empty
  std::string scope = {};           // "blocks.0.attn"
  Shape shape = {};                 // of the result
  std::vector<size_t> inputs = {};  // places in the list
  Json value = nullptr;     // {"numbers"} of a few elements or {"norm", "mean"}; null if unknown
  Json gradient = nullptr;  // the same for d y.sum() / d this

  bool is_leaf() const { return inputs.empty(); }
  const std::string& label() const { return name.empty() ? op : name; }
};

/// Every node from y to its leaves, oldest first. The `named` tensors give names and values. The
/// gradients are computed here; they are unknown if the graph was freed by a backward or changed in
/// place. No tensor's grad changes.
std::vector<Op> graph_ops(const Tensor& y, const NamedTensors& named);

/// "1.5, -2" for a few numbers, "norm 3.1" for many, "" if they are unknown.
std::string short_text(const Json& numbers);

}  // namespace gradus::page
