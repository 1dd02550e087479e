// Rows of the ops of random programs: diagonals, products, sorted elements, remainders.
#include <cmath>

#include "autograd/ops.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

using X = const Tensors&;
using O = const Options&;

/// programs_torch.py has the same list.
const std::vector<std::string> kEquations = {
    "ij->ji",   "ijk->k",    "ii->i",          "ijj->i",        "i,j->ij",
    "ij,ij->i", "ij,j->ij",  "ij,jk->ik",      "ij,kj",         "bij,bjk->bik",
    "bij,bij",  "i...,i",    "...ij,jk->...k", "ij,jk,kl->il",  "bhqd,bhkd->bhqk",
    "ii,ij->j", "ij,kl->jk", "i...->...",      "bn,anm,bm->ba", "ij,ij,ij->j"};

void propose_einsum(Chooser& choose) {
  const int64_t number = choose.integer(0, std::ssize(kEquations) - 1);
  const std::string& equation = kEquations[static_cast<size_t>(number)];
  std::map<char, int64_t> size_of;
  std::vector<int> arguments;
  Shape sizes;
  for (size_t i = 0; i <= equation.size(); ++i) {
    const char c = i < equation.size() ? equation[i] : '-';
    if (c == ',' || c == '-') {
      arguments.push_back(choose.uniform(sizes));
      sizes = {};
      if (c == '-') break;
    } else if (size_of.emplace(c, choose.integer(1, 4)).second || choose.chance(0.9) ||
               equation.find("ii") != std::string::npos ||
               equation.find("jj") != std::string::npos || c == '.') {
      if (c != '.' || sizes.empty() || equation[i - 1] != '.') sizes.push_back(size_of[c]);
    } else {
      sizes.push_back(1);  // broadcasts
    }
  }
  choose.call("einsum", arguments, {{"equation", {static_cast<double>(number)}}});
}

Op with_offset(const std::string& name, int64_t least, int64_t most,
               Tensor (*f)(const Tensor&, int64_t)) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int x = choose.any();
            choose.require(least <= choose.dims(x) && choose.dims(x) <= most);
            choose.call(name, {x}, {{"offset", {static_cast<double>(choose.integer(-2, 2))}}});
          },
          [=](X x, O o) -> Tensors { return {f(x[0], o.integer("offset"))}; }};
}

/// No quotient is close to an integer, where the remainder jumps, and none is large.
void require_no_jump(Chooser& choose, int a, int b) {
  const NoGradGuard no_grad;
  const Tensor quotient = choose.value(a) / choose.value(b);
  const Tensor distance = abs(quotient - round(quotient));
  choose.require(((distance > 1e-3) & (abs(quotient) < 100)).all().item<bool>());
}

Op division(const std::string& name, Tensor (*f)(const Tensor&, const Tensor&)) {
  return {name, Effect::rounds,
          [=](Chooser& choose) {
            choose.require(!choose.program.special);
            const int a = choose.numbers();
            const int b = choose.partner(a);
            if (choose.value(a).is_floating_point())
              require_no_jump(choose, a, b);
            else
              choose.require(choose.value(b).all().item<bool>());
            choose.call(name, {a, b});
          },
          [=](X x, O) -> Tensors { return {f(x[0], x[1])}; }};
}

/// isnan and its like. Overflow depends on the dtype, so only new leaves have infinities.
Op about_infinity(const std::string& name, Tensor (*f)(const Tensor&)) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int x = choose.program.special ? choose.uniform(choose.sizes()) : choose.any();
            choose.call(name, {x});
          },
          [=](X x, O) -> Tensors { return {f(x[0])}; }};
}

std::vector<Op> sorted_ops() {
  return {
      {"sort", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         // Which of equal numbers comes first is not defined in PyTorch.
         choose.require_separated(x, true);
         Options o = with_dim(choose.dim(x));
         o.set("descending", {choose.chance(0.5) ? 1. : 0.});
         choose.call("sort", {x}, o, 2);
       },
       [](X x, O o) -> Tensors {
         const auto [values, indices] = sort(x[0], o.integer("dim"), o.flag("descending"));
         return {values, indices};
       }},
      {"argsort", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.require_separated(x, true);
         choose.call("argsort", {x}, with_dim(choose.dim(x)));
       },
       [](X x, O o) -> Tensors { return {argsort(x[0], o.integer("dim"))}; }},
  };
}

std::vector<Op> sums_of_products() {
  return {
      {"prod", Effect::rounds,
       [](Chooser& choose) {
         choose.require(!choose.program.special);
         const int x = choose.any();
         Options o;
         if (choose.chance(0.7)) {
           o = with_dim(choose.dim(x));
           o.set("keepdim", {choose.chance(0.5) ? 1. : 0.});
         }
         choose.call("prod", {x}, o);
       },
       [](X x, O o) -> Tensors {
         if (!o.has("dim")) return {prod(x[0])};
         return {prod(x[0], o.integer("dim"), o.flag("keepdim"))};
       }},
      {"mm", Effect::rounds,
       [](Chooser& choose) {
         const int a = choose.floating();
         choose.require(choose.dims(a) == 2);
         const int b = choose.uniform({choose.size(a, 1), choose.integer(1, 4)});
         choose.call("mm", {a, b});
       },
       [](X x, O) -> Tensors { return {mm(x[0], x[1])}; }},
      {"bmm", Effect::rounds,
       [](Chooser& choose) {
         const int a = choose.floating();
         choose.require(choose.dims(a) == 3);
         const int b = choose.uniform({choose.size(a, 0), choose.size(a, 2), choose.integer(1, 4)});
         choose.call("bmm", {a, b});
       },
       [](X x, O) -> Tensors { return {bmm(x[0], x[1])}; }},
      {"einsum", Effect::rounds, propose_einsum,
       [](X x, O o) -> Tensors {
         return {einsum(kEquations.at(static_cast<size_t>(o.integer("equation"))), x)};
       }},
      {"trace", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.numbers();
         choose.require(choose.dims(x) == 2);
         choose.call("trace", {x});
       },
       [](X x, O) -> Tensors { return {trace(x[0])}; }},
  };
}

}  // namespace

std::vector<Op> product_ops() {
  std::vector<Op> ops = {
      with_offset("diag", 1, 2, diag),
      with_offset("diagonal", 2, 9,
                  [](const Tensor& x, int64_t offset) { return diagonal(x, offset, -1, 0); }),
      division("remainder", [](const Tensor& a, const Tensor& b) { return a % b; }),
      division("fmod", [](const Tensor& a, const Tensor& b) { return fmod(a, b); }),
      about_infinity("isnan", isnan),
      about_infinity("isinf", isinf),
      about_infinity("isfinite", isfinite),
      {"nan_to_num", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.program.special ? choose.uniform(choose.sizes()) : choose.floating();
         choose.call("nan_to_num", {x}, {{"values", {0.5, 2, -3}}});
       },
       [](X x, O) -> Tensors { return {nan_to_num(x[0], 0.5, 2, -3)}; }},
  };
  for (const std::vector<Op>& more : {sums_of_products(), sorted_ops()})
    ops.insert(ops.end(), more.begin(), more.end());
  return ops;
}

}  // namespace gradus::fuzz
