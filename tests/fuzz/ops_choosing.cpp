// Rows of the ops of random programs: choices by a mask, conversions, and ops in place.
#include "autograd/ops.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

using X = const Tensors&;
using O = const Options&;

/// A bool tensor whose shape broadcasts to that of x, or x's own.
int mask_for(Chooser& choose, int x) {
  std::vector<int64_t> sizes = choose.value(x).sizes().vec();
  if (choose.chance(0.3) && !sizes.empty()) sizes.erase(sizes.begin());
  for (int64_t& size : sizes)
    if (choose.chance(0.2)) size = 1;
  return choose.mask(sizes);
}

Op triangle(const std::string& name, Tensor (*f)(const Tensor&, int64_t)) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int x = choose.any();
            choose.call(name, {x}, {{"diagonal", {static_cast<double>(choose.integer(-2, 2))}}});
          },
          [=](X x, O o) -> Tensors { return {f(x[0], o.integer("diagonal"))}; }};
}

/// x.add_(y) and its like.
Op with_tensor(const std::string& name, Tensor (*f)(const Tensor&, const Tensor&)) {
  return {name, Effect::in_place,
          [=](Chooser& choose) {
            const int x = choose.chance(0.8) ? choose.floating() : choose.of(kInt64);
            const int y = choose.partner(x);
            if (name == "div_") choose.require_magnitude(y, 0.1);
            choose.call(name, {x, y}, {}, 0);
          },
          [=](X x, O) -> Tensors {
            f(x[0], x[1]);
            return {};
          }};
}

/// x.add_(2) and its like.
Op with_number(const std::string& name, Tensor (*f)(const Tensor&, Scalar)) {
  return {name, Effect::in_place,
          [=](Chooser& choose) {
            const int x = choose.floating();
            choose.call(name, {x}, {{"value", {choose.number(0.5, 2)}}}, 0);
          },
          [=](X x, O o) -> Tensors {
            f(x[0], o.number("value"));
            return {};
          }};
}

}  // namespace

std::vector<Op> choosing_ops() {
  return {
      {"where", Effect::moves,
       [](Chooser& choose) {
         const int a = choose.any();
         const int b = choose.partner(a);
         choose.call("where", {mask_for(choose, a), a, b});
       },
       [](X x, O) -> Tensors { return {where(x[0], x[1], x[2])}; }},
      {"masked_fill", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.call("masked_fill", {x, mask_for(choose, x)},
                     {{"value", {static_cast<double>(choose.integer(0, 1))}}});
       },
       [](X x, O o) -> Tensors { return {masked_fill(x[0], x[1], o.integer("value"))}; }},
      {"masked_fill_tensor", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.call("masked_fill_tensor", {x, mask_for(choose, x), choose.uniform({})});
       },
       [](X x, O) -> Tensors { return {masked_fill(x[0], x[1], x[2])}; }},
      triangle("tril", tril),
      triangle("triu", triu),
      {"logical_not", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.require_away_from(x, 0);
         choose.call("logical_not", {x});
       },
       [](X x, O) -> Tensors { return {logical_not(x[0])}; }},
      {"to_int64", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.require_integral(x);
         choose.call("to_int64", {x});
       },
       [](X x, O) -> Tensors { return {x[0].to(kInt64)}; }},
      {"to_bool", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.require_away_from(x, 0);
         choose.call("to_bool", {x});
       },
       [](X x, O) -> Tensors { return {x[0].to(kBool)}; }},
      {"to_like", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.chance(0.5) ? choose.of(kInt64) : choose.of(kBool);
         choose.call("to_like", {x, choose.floating()});
       },
       [](X x, O) -> Tensors { return {x[0].to(x[1].dtype())}; }},
  };
}

std::vector<Op> in_place_ops() {
  return {
      with_tensor("add_", [](const Tensor& x, const Tensor& y) { return x.add_(y); }),
      with_tensor("sub_", [](const Tensor& x, const Tensor& y) { return x.sub_(y); }),
      with_tensor("mul_", [](const Tensor& x, const Tensor& y) { return x.mul_(y); }),
      with_tensor("div_", [](const Tensor& x, const Tensor& y) { return x.div_(y); }),
      with_tensor("copy_", [](const Tensor& x, const Tensor& y) { return x.copy_(y); }),
      with_number("add_scalar_", [](const Tensor& x, Scalar c) { return x.add_(c); }),
      with_number("mul_scalar_", [](const Tensor& x, Scalar c) { return x.mul_(c); }),
      with_number("fill_", [](const Tensor& x, Scalar c) { return x.fill_(c); }),
      {"masked_fill_", Effect::in_place,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.call("masked_fill_", {x, mask_for(choose, x)}, {{"value", {choose.number(-2, 2)}}},
                     0);
       },
       [](X x, O o) -> Tensors {
         x[0].masked_fill_(x[1], o.number("value"));
         return {};
       }},
  };
}

}  // namespace gradus::fuzz
