#include "autograd/record.h"

#include <algorithm>

#include "autograd/anomaly.h"
#include "autograd/op_log.h"
#include "autograd/profile.h"
#include "tensor/observers.h"

namespace gradus {
namespace {

/// For the tools that watch a program. The ops that a backward calls belong to that backward.
[[gnu::noinline]] void observe(const char* name, const Tensor& y, std::span<const Input> inputs) {
  if (RunningBackward::is_active()) return;
  autograd::profile_result(name, y);
  if (autograd::logs_ops()) {
    std::vector<Tensor> tensors;
    for (const Input& input : inputs)
      tensors.push_back(input.x);
    autograd::log_result(name, y, tensors);
  }
  if (autograd::nan_check_is_on()) autograd::check_result(name, y, inputs);
}

}  // namespace

Tensor record(OpName name, Tensor y, std::span<Input> inputs) {
  if (observers::active()) [[unlikely]]
    observe(name, y, inputs);
  const auto input_is_recorded = [](const Input& input) { return is_recorded(input.x); };
  if (std::none_of(inputs.begin(), inputs.end(), input_is_recorded)) return y;
  auto node = make_ref<Node>(static_cast<const char*>(name), y);
  node->edges.reserve(inputs.size());
  bool reads_output = false;
  for (Input& input : inputs) {
    Node::Edge& edge = node->edges.emplace_back();
    if (!needs_grad(input.x)) continue;
    reads_output |= input.rule && input.rule.reads_output();
    edge.input = input.x.node();
    edge.rule = std::move(input.rule);
  }
  if (reads_output) node->saved_output = saved(y.detach());
  set_node(y, std::move(node));
  return y;
}

Tensor record(OpName name, Tensor y, Input first, Input second) {
  const bool nothing_to_do = !is_recorded(first.x) && !is_recorded(second.x);
  if (nothing_to_do && !observers::active()) return y;
  Input inputs[] = {std::move(first), std::move(second)};
  return record(name, std::move(y), inputs);
}

Tensor record(OpName name, Tensor y, const std::vector<Tensor>& inputs, BackwardFunction backward) {
  return record_fused(name, std::move(y), inputs, std::move(backward), nullptr);
}

Tensor record_fused(OpName name, Tensor y, const std::vector<Tensor>& inputs, BackwardFunction fast,
                    Definition definition) {
  std::vector<Input> without_rules;
  for (const Tensor& x : inputs)
    without_rules.push_back({x, {}});
  y = record(name, std::move(y), without_rules);
  if (!y.node()) return y;
  auto fused = std::make_unique<FusedBackward>(FusedBackward{
      .function = std::move(fast), .definition = std::move(definition), .inputs = {}});
  if (fused->definition)
    for (const Tensor& x : inputs)
      fused->inputs.push_back(saved(x));
  y.node()->fused_backward = std::move(fused);
  return y;
}

}  // namespace gradus
