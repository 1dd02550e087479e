// How an op gets its node: it computes y and returns record(name, y, {input, rule}, ...).
//
//   return record("div", y,
//     {a, [b = saved(b)](const Tensor& dy) { return dy / b(); }},
//     {b, [b = saved(b)](const Tensor& dy, const Tensor& y) { return -dy * y / b(); }});
//
// The capture list of a rule shows which tensors the op saves for backward. A rule must not capture
// y, because y would then own itself and never be freed; it takes y as a second argument instead.
//
// Rules are written with ops, so they can be differentiated again. A rule may ignore broadcasting:
// the engine sums its gradient to the input's shape. The rule of an input that needs no gradient is
// dropped, together with the tensors that it saved.
#pragma once
#include <span>
#include <string>

#include "autograd/node.h"

namespace gradus {

/// The name of an op. Nodes keep only the pointer, so it must be a string literal: another string
/// does not compile.
class OpName {
 public:
  consteval OpName(const char* literal) : text_(literal) {}  // NOLINT: implicit
  /// For a string that is never freed.
  static OpName of_static(const std::string& text) {
    OpName name("");
    name.text_ = text.c_str();
    return name;
  }
  operator const char*() const { return text_; }  // NOLINT: implicit

 private:
  const char* text_;
};

/// An input of an op with its rule.
struct Input {
  const Tensor& x;
  Rule rule;
};

/// Whether an op on x is recorded.
inline bool is_recorded(const Tensor& x) { return is_grad_enabled() && needs_grad(x); }

/// Attaches a new node to y and returns y. If no input needs gradients, or under NoGradGuard, y is
/// returned unchanged.
Tensor record(OpName name, Tensor y, std::span<Input> inputs);
inline Tensor record(OpName name, Tensor y, Input input) {
  return record(name, std::move(y), {&input, 1});
}
Tensor record(OpName name, Tensor y, Input first, Input second);

/// The same with one function that computes the gradients of all inputs.
Tensor record(OpName name, Tensor y, const std::vector<Tensor>& inputs, BackwardFunction backward);

/// The same for an op with several outputs. Each output of which `has_gradient` is true gets a node
/// of its own (Outputs in node.h); they must be different tensors without a node, or the last node
/// wins.
void record_outputs(OpName name, const std::vector<Tensor>& outputs,
                    const std::vector<bool>& has_gradient, const std::vector<Tensor>& inputs,
                    BackwardOfOutputs backward);

/// The same for an op that fast kernels compute. `definition` is the same op written with ordinary
/// ops: it documents what the kernels compute, tests compare the kernels with it, and second
/// derivatives go through it.
Tensor record_fused(OpName name, Tensor y, const std::vector<Tensor>& inputs, BackwardFunction fast,
                    Definition definition);

}  // namespace gradus
