// Rows of the ops of random programs that users make: hooks, and Functions with several outputs.
#include "autograd/function.h"
#include "autograd/ops.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

using autograd::AutogradContext;
using autograd::tensor_list;
using X = const Tensors&;
using O = const Options&;

/// x y and x - y.
struct ProductAndDifference : autograd::Function<ProductAndDifference> {
  static tensor_list forward(AutogradContext* ctx, const Tensor& x, const Tensor& y) {
    ctx->save_for_backward({x, y});
    return {x * y, x - y};
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    const tensor_list saved = ctx->get_saved_variables();
    return {dy[0] * saved[1] + dy[1], dy[0] * saved[0] - dy[1]};
  }
};

/// x^2, and x + 1, which needs no gradient. The first may have none.
struct SquareAndSuccessor : autograd::Function<SquareAndSuccessor> {
  static tensor_list forward(AutogradContext* ctx, const Tensor& x) {
    ctx->set_materialize_grads(false);
    ctx->save_for_backward({x});
    const tensor_list y = {x * x, x + 1};
    ctx->mark_non_differentiable({y[1]});
    return y;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    if (!dy[0].defined()) return {Tensor()};
    return {dy[0] * ctx->get_saved_variables()[0] * 2};
  }
};

/// x * factor, in x's memory.
struct ScaleInPlace : autograd::Function<ScaleInPlace> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, double factor) {
    x.mul_(factor);
    ctx->mark_dirty({x});
    ctx->saved_data["factor"] = factor;
    return x;
  }
  static tensor_list backward(AutogradContext* ctx, tensor_list dy) {
    return {dy[0] * ctx->saved_data["factor"].toDouble(), Tensor()};
  }
};

/// x + 0, whose gradient goes through the hooks. If `removed`, the first of them does not.
Tensor hooked(const Tensor& x, double factor, bool removed) {
  const Tensor y = x + 0;
  if (!y.requires_grad()) return y;
  const auto first = y.register_hook([=](const Tensor& dy) { return dy * factor; });
  y.register_hook([](const Tensor& dy) { return dy + dy * dy; });
  if (removed) y.remove_hook(first);
  return y;
}

}  // namespace

std::vector<Op> autograd_ops() {
  return {
      {"hooked", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.require_range(x, -10, 10);
         choose.call(
             "hooked", {x},
             {{"factor", {choose.number(-1, 1)}}, {"removed", {choose.chance(0.3) ? 1. : 0.}}});
       },
       [](X x, O o) -> Tensors { return {hooked(x[0], o.number("factor"), o.flag("removed"))}; }},
      {"product_and_difference", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         const int y = choose.like(x);
         choose.require_range(x, -100, 100);
         choose.require_range(y, -100, 100);
         choose.call("product_and_difference", {x, y}, {}, 2);
       },
       [](X x, O) -> Tensors { return ProductAndDifference::apply(x[0], x[1]); }},
      {"square_and_successor", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.require_range(x, -100, 100);
         choose.call("square_and_successor", {x}, {}, 2);
       },
       [](X x, O) -> Tensors { return SquareAndSuccessor::apply(x[0]); }},
      {"scale_in_place_", Effect::in_place,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.call("scale_in_place_", {x}, {{"factor", {choose.number(-2, 2)}}}, 0);
       },
       [](X x, O o) -> Tensors {
         ScaleInPlace::apply(x[0], o.number("factor"));
         return {};
       }},
  };
}

}  // namespace gradus::fuzz
