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

/// Tensors as the argument of index: tensor k is for the dimension at[k], a mask also for the next
/// ones.
std::vector<std::optional<Tensor>> index_list(const Tensors& tensors, const Shape& at) {
  std::vector<std::optional<Tensor>> list;
  int64_t next = 0;
  for (size_t k = 0; k < tensors.size(); ++k) {
    for (; next < at[k]; ++next)
      list.emplace_back();
    list.emplace_back(tensors[k]);
    next += tensors[k].dtype() == kBool ? tensors[k].dim() : 1;
  }
  return list;
}
std::vector<std::optional<Tensor>> index_list(X x, O o) {
  const Shape at = o.shape("at");
  const auto first = x.begin() + 1;
  return index_list(Tensors(first, first + std::ssize(at)), at);
}

/// Adds a mask or indices of x to the arguments, and their dimensions to the options.
void choose_indices(Chooser& choose, int x, bool by_mask, std::vector<int>& arguments,
                    Options& options) {
  const Shape sizes = choose.value(x).sizes();
  const int64_t dims = choose.dims(x);
  choose.require(dims > 0);
  std::vector<double> at;
  if (by_mask) {
    const int64_t first = choose.integer(0, dims - 1);
    const int64_t last = choose.integer(first + 1, std::min(first + 2, dims));
    arguments.push_back(choose.mask(Shape(sizes.begin() + first, sizes.begin() + last)));
    at.push_back(static_cast<double>(first));
  } else {
    const int64_t rows = choose.integer(1, 3);
    const int64_t columns = choose.integer(1, 3);
    const std::vector<Shape> shapes = {{columns}, {rows, columns}, {rows, 1}, {1}};
    for (int64_t d = 0; d < dims; ++d) {
      if (choose.chance(0.4) || choose.size(x, d) == 0) continue;
      arguments.push_back(choose.indices(choose.one_of(shapes), choose.size(x, d)));
      at.push_back(static_cast<double>(d));
    }
    choose.require(!at.empty());
  }
  options.set("at", at);
}

/// Arguments of index_put: x, a mask or indices, and values that broadcast to their place. Which of
/// several values for one element is written last depends on strides in PyTorch, so that indices
/// are used with accumulate only.
void propose_put(Chooser& choose, const std::string& op, int results) {
  const int x = choose.floating();
  const bool accumulate = choose.chance(0.5);
  std::vector<int> arguments = {x};
  Options options = {{"accumulate", {accumulate ? 1.0 : 0.0}}};
  choose_indices(choose, x, !accumulate, arguments, options);
  Tensors tensors;
  for (size_t k = 1; k < arguments.size(); ++k)
    tensors.push_back(choose.value(arguments[k]));
  const auto list = index_list(tensors, options.shape("at"));
  std::vector<int64_t> sizes = index(choose.value(x).detach(), list).sizes().vec();
  if (choose.chance(0.3) && !sizes.empty()) sizes.erase(sizes.begin());
  for (int64_t& size : sizes)
    if (choose.chance(0.3)) size = 1;
  arguments.push_back(choose.uniform(sizes));
  choose.call(op, arguments, options, results);
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
      {"index", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         std::vector<int> arguments = {x};
         Options options;
         choose_indices(choose, x, choose.chance(0.4), arguments, options);
         choose.call("index", arguments, options);
       },
       [](X x, O o) -> Tensors { return {index(x[0], index_list(x, o))}; }},
      {"index_put", Effect::rounds, [](Chooser& choose) { propose_put(choose, "index_put", 1); },
       [](X x, O o) -> Tensors {
         return {index_put(x[0], index_list(x, o), x.back(), o.flag("accumulate"))};
       }},
      {"masked_select", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.call("masked_select", {x, mask_for(choose, x)});
       },
       [](X x, O) -> Tensors { return {masked_select(x[0], x[1])}; }},
      {"nonzero", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.require_away_from(x, 0);
         choose.call("nonzero", {x});
       },
       [](X x, O) -> Tensors { return {nonzero(x[0])}; }},
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
      {"index_put_", Effect::in_place,
       [](Chooser& choose) { propose_put(choose, "index_put_", 0); },
       [](X x, O o) -> Tensors {
         x[0].index_put_(index_list(x, o), x.back(), o.flag("accumulate"));
         return {};
       }},
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
