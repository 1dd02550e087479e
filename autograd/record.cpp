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

void observe_outputs(const char* name, const std::vector<Tensor>& outputs,
                     const std::vector<Tensor>& inputs) {
  std::vector<Input> without_rules;
  for (const Tensor& x : inputs)
    without_rules.push_back({x, {}});
  for (const Tensor& y : outputs)
    observe(name, y, without_rules);
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

void record_outputs(OpName name, const std::vector<Tensor>& outputs,
                    const std::vector<bool>& has_gradient, const std::vector<Tensor>& inputs,
                    BackwardOfOutputs backward) {
  if (observers::active()) [[unlikely]]
    observe_outputs(name, outputs, inputs);
  const auto first = std::find(has_gradient.begin(), has_gradient.end(), true);
  if (first == has_gradient.end() || std::none_of(inputs.begin(), inputs.end(), is_recorded))
    return;
  const auto op = make_ref<Node>(static_cast<const char*>(name),
                                 outputs[static_cast<size_t>(first - has_gradient.begin())]);
  for (const Tensor& x : inputs)
    op->edges.push_back({.input = needs_grad(x) ? x.node() : nullptr, .rule = {}});
  op->make_extras().outputs = std::make_unique<Outputs>();
  op->outputs()->backward = std::move(backward);
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::unique_ptr<Node>& node = op->outputs()->nodes.emplace_back();
    if (!has_gradient[i]) continue;
    node = std::make_unique<Node>(name, outputs[i]);
    node->make_extras().op = op.get();
    node->extras->output_index = i;
    node->edges.push_back({.input = Ref<Node>::uncounted(op.get()), .rule = {}});
    set_node(outputs[i], Ref<Node>(node.get()));
  }
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
