// Rows of the ops of random programs: reductions.
#include "autograd/ops.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

using X = const Tensors&;
using O = const Options&;

double flag(Chooser& choose) { return choose.chance(0.5) ? 1 : 0; }

Options dims_of(Chooser& choose, int x) {
  return {{"dim", choose.some_dims(x)}, {"keepdim", {flag(choose)}}};
}
Options dim_of(Chooser& choose, int x) {
  return {{"dim", {static_cast<double>(choose.dim(x))}}, {"keepdim", {flag(choose)}}};
}

using OverDims = Tensor (*)(const Tensor&, const Shape&, bool);

/// The largest or smallest numbers.
Op extremes(const std::string& name, OverDims f) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int x = choose.any();
            choose.require_separated(x);
            choose.call(name, {x}, dims_of(choose, x));
          },
          [=](X x, O o) -> Tensors { return {f(x[0], o.shape("dim"), o.flag("keepdim"))}; }};
}

using WithIndex = std::tuple<Tensor, Tensor> (*)(const Tensor&, int64_t, bool);

/// (values, indices)
Op with_index(const std::string& name, WithIndex f) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int x = choose.any();
            choose.require_separated(x);
            choose.call(name, {x}, dim_of(choose, x), 2);
          },
          [=](X x, O o) -> Tensors {
            const auto [values, indices] = f(x[0], o.integer("dim"), o.flag("keepdim"));
            return {values, indices};
          }};
}

Op index_only(const std::string& name, Tensor (*f)(const Tensor&, std::optional<int64_t>, bool)) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int x = choose.numbers();
            choose.require_separated(x);
            choose.call(name, {x}, choose.chance(0.3) ? Options{} : dim_of(choose, x));
          },
          [=](X x, O o) -> Tensors {
            if (!o.has("dim")) return {f(x[0], {}, false)};
            return {f(x[0], o.integer("dim"), o.flag("keepdim"))};
          }};
}

Op extreme_of_all(const std::string& name, Tensor (*f)(const Tensor&)) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int x = choose.any();
            choose.require_separated(x);
            choose.call(name, {x});
          },
          [=](X x, O) -> Tensors { return {f(x[0])}; }};
}

/// any or all, over some dimensions or over all.
Op truth(const std::string& name, Tensor (*f)(const Tensor&),
         Tensor (*along)(const Tensor&, const Shape&, bool)) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int x = choose.of(choose.chance(0.7) ? kBool : kInt64);
            choose.call(name, {x}, dims_of(choose, x));
          },
          [=](X x, O o) -> Tensors {
            const Shape dim = o.shape("dim");
            return {dim.empty() ? f(x[0]) : along(x[0], dim, o.flag("keepdim"))};
          }};
}

using Spread = Tensor (*)(const Tensor&, const Shape&, bool, bool);

Op spread(const std::string& name, Spread f) {
  return {name, Effect::rounds,
          [=](Chooser& choose) {
            const int x = choose.floating();
            Options o = dims_of(choose, x);
            o.set("unbiased", {flag(choose)});
            choose.require_spread(x, o.shape("dim"));
            choose.call(name, {x}, o);
          },
          [=](X x, O o) -> Tensors {
            return {f(x[0], o.shape("dim"), o.flag("unbiased"), o.flag("keepdim"))};
          }};
}

std::vector<Op> sums() {
  return {
      {"sum", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.call("sum", {x}, dims_of(choose, x));
       },
       [](X x, O o) -> Tensors { return {sum(x[0], o.shape("dim"), o.flag("keepdim"))}; }},
      {"mean", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.call("mean", {x}, dims_of(choose, x));
       },
       [](X x, O o) -> Tensors { return {mean(x[0], o.shape("dim"), o.flag("keepdim"))}; }},
      spread("var", [](const Tensor& x, const Shape& dim, bool unbiased,
                       bool keepdim) { return var(x, dim, unbiased, keepdim); }),
      spread("std", [](const Tensor& x, const Shape& dim, bool unbiased,
                       bool keepdim) { return std(x, dim, unbiased, keepdim); }),
      {"logsumexp", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         const Options o = dims_of(choose, x);
         choose.require(o.shape("dim").size() > 0 || choose.dims(x) == 0);
         choose.call("logsumexp", {x}, o);
       },
       [](X x, O o) -> Tensors { return {logsumexp(x[0], o.shape("dim"), o.flag("keepdim"))}; }},
      {"norm", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         Options o = dims_of(choose, x);
         o.set("p", {choose.one_of<double>({1, 2, 2, 3, 1.5, HUGE_VAL, -HUGE_VAL, 0})});
         choose.require_separated_magnitudes(x);
         choose.require_magnitude(x, 0.01);
         choose.call("norm", {x}, o);
       },
       [](X x, O o) -> Tensors {
         return {norm(x[0], o.number("p"), o.shape("dim"), o.flag("keepdim"))};
       }},
      truth("any", gradus::any, gradus::any),
      truth("all", gradus::all, gradus::all),
      {"cumsum", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.call("cumsum", {x}, {{"dim", {static_cast<double>(choose.dim(x))}}});
       },
       [](X x, O o) -> Tensors { return {cumsum(x[0], o.integer("dim"))}; }},
  };
}

}  // namespace

std::vector<Op> reduction_ops() {
  std::vector<Op> ops = {
      extremes("amax", amax),
      extremes("amin", amin),
      with_index("max_dim", [](const Tensor& x, int64_t d, bool keep) { return max(x, d, keep); }),
      with_index("min_dim", [](const Tensor& x, int64_t d, bool keep) { return min(x, d, keep); }),
      index_only("argmax", argmax),
      index_only("argmin", argmin),
      extreme_of_all("max_all", [](const Tensor& x) { return max(x); }),
      extreme_of_all("min_all", [](const Tensor& x) { return min(x); }),
      {"topk", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.numbers();
         // Which of equal numbers is taken is not defined.
         choose.require_separated(x, true);
         Options o = dim_of(choose, x);
         o.set("k", {static_cast<double>(choose.integer(0, choose.size(x, o.integer("dim"))))});
         o.set("largest", {flag(choose)});
         choose.call("topk", {x}, o, 2);
       },
       [](X x, O o) -> Tensors {
         const auto [values, indices] =
             topk(x[0], o.integer("k"), o.integer("dim"), o.flag("largest"));
         return {values, indices};
       }},
  };
  for (Op& op : sums())
    ops.push_back(std::move(op));
  return ops;
}

}  // namespace gradus::fuzz
