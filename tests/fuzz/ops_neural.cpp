// Rows of the ops of random programs: products, indices and ops of neural networks.
#include "autograd/ops.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

using X = const Tensors&;
using O = const Options&;

Tensor or_none(const Tensors& x, size_t i) { return i < x.size() ? x[i] : Tensor(); }

/// A right side for matmul: a vector, a matrix or a batch.
int right_side(Chooser& choose, int a) {
  const int64_t K = choose.size(a, -1);
  if (choose.chance(0.2)) return choose.uniform({K});
  const int64_t N = choose.integer(1, 4);
  if (choose.dims(a) < 3 || choose.chance(0.4)) return choose.uniform({K, N});
  std::vector<int64_t> sizes = choose.value(a).sizes().vec();
  sizes.end()[-2] = K;
  sizes.end()[-1] = N;
  if (choose.chance(0.3)) sizes[0] = 1;
  return choose.uniform(sizes);
}

std::vector<Op> products() {
  return {
      {"matmul", Effect::rounds,
       [](Chooser& choose) {
         const int a = choose.floating();
         choose.require(choose.dims(a) > 0);
         choose.call("matmul", {a, right_side(choose, a)});
       },
       [](X x, O) -> Tensors { return {matmul(x[0], x[1])}; }},
      {"outer", Effect::rounds,
       [](Chooser& choose) {
         const int a = choose.floating();
         choose.require(choose.dims(a) == 1);
         choose.call("outer", {a, choose.uniform({choose.integer(1, 4)})});
       },
       [](X x, O) -> Tensors { return {outer(x[0], x[1])}; }},
      {"linear", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.require(choose.dims(x) > 0);
         const int64_t outputs = choose.integer(1, 4);
         std::vector<int> arguments = {x, choose.uniform({outputs, choose.size(x, -1)})};
         if (choose.chance(0.7)) arguments.push_back(choose.uniform({outputs}));
         choose.call("linear", arguments);
       },
       [](X x, O) -> Tensors { return {linear(x[0], x[1], or_none(x, 2))}; }},
      {"attention", Effect::rounds,
       [](Chooser& choose) {
         const int64_t D = choose.integer(1, 4);
         const int64_t S = choose.integer(1, 4);
         const bool batched = choose.chance(0.6);
         const auto sizes = [&](int64_t rows, int64_t columns) {
           return batched ? Shape{2, 1, rows, columns} : Shape{rows, columns};
         };
         const int64_t L = choose.integer(1, 4);
         std::vector<int> arguments = {choose.uniform(sizes(L, D)), choose.uniform(sizes(S, D)),
                                       choose.uniform(sizes(S, choose.integer(1, 4)))};
         Options o = {{"causal", {0}}};
         if (choose.chance(0.3)) {
           o.set("causal", {1});
         } else if (choose.chance(0.5)) {
           arguments.push_back(choose.chance(0.5) ? choose.mask({L, S}) : choose.uniform({L, S}));
         }
         if (choose.chance(0.3)) o.set("scale", {choose.number(0.2, 2)});
         choose.call("attention", arguments, o);
       },
       [](X x, O o) -> Tensors {
         const auto scale = o.has("scale") ? std::optional(o.number("scale")) : std::nullopt;
         return {scaled_dot_product_attention(x[0], x[1], x[2], or_none(x, 3), 0, o.flag("causal"),
                                              scale)};
       }},
  };
}

std::vector<Op> indexing() {
  return {
      {"index_select", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         const int64_t dim = choose.dim(x);
         const int index = choose.indices({choose.integer(0, 4)}, choose.size(x, dim));
         choose.call("index_select", {x, index}, with_dim(dim));
       },
       [](X x, O o) -> Tensors { return {index_select(x[0], o.integer("dim"), x[1])}; }},
      {"gather", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         const int64_t dim = choose.dim(x);
         Shape sizes = choose.value(x).sizes();
         sizes[static_cast<size_t>(dim < 0 ? dim + choose.dims(x) : dim)] = choose.integer(1, 4);
         choose.call("gather", {x, choose.indices(sizes, choose.size(x, dim))}, with_dim(dim));
       },
       [](X x, O o) -> Tensors { return {gather(x[0], o.integer("dim"), x[1])}; }},
      {"scatter_add", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         const int64_t dim = choose.dim(x);
         Shape sizes = choose.value(x).sizes();
         sizes[static_cast<size_t>(dim < 0 ? dim + choose.dims(x) : dim)] = choose.integer(1, 4);
         const int index = choose.indices(sizes, choose.size(x, dim));
         choose.call("scatter_add", {x, index, choose.uniform(sizes)}, with_dim(dim));
       },
       [](X x, O o) -> Tensors { return {scatter_add(x[0], o.integer("dim"), x[1], x[2])}; }},
      {"embedding", Effect::moves,
       [](Chooser& choose) {
         const int weight = choose.floating();
         choose.require(choose.dims(weight) == 2);
         const int index = choose.indices(choose.sizes(), choose.size(weight, 0));
         choose.call("embedding", {weight, index});
       },
       [](X x, O) -> Tensors { return {embedding(x[0], x[1])}; }},
      {"one_hot", Effect::moves,
       [](Chooser& choose) {
         const int index = choose.indices(choose.sizes(), 3);
         choose.call("one_hot", {index}, {{"classes", {choose.chance(0.5) ? 3. : 5.}}});
       },
       [](X x, O o) -> Tensors { return {one_hot(x[0], o.integer("classes"))}; }},
  };
}

Op along_dim(const std::string& name, Tensor (*f)(const Tensor&, int64_t)) {
  return {name, Effect::rounds,
          [=](Chooser& choose) {
            const int x = choose.floating();
            choose.call(name, {x}, with_dim(choose.dim(x)));
          },
          [=](X x, O o) -> Tensors { return {f(x[0], o.integer("dim"))}; }};
}

/// Logits or log-probabilities (N, V) and their targets (N).
void propose_loss(Chooser& choose, const std::string& name) {
  const int x = choose.floating();
  choose.require(choose.dims(x) == 2 && choose.size(x, 0) > 0);
  const int64_t V = choose.size(x, 1);
  std::vector<int> arguments = {x, choose.indices({choose.size(x, 0)}, V)};
  if (choose.chance(0.3)) arguments.push_back(choose.leaf("positive", {V}, {{"grad", {0}}}));
  // Without elements that count, the mean is 0 / 0.
  Options o = {{"reduction", {static_cast<double>(choose.integer(0, 2))}}};
  if (o.integer("reduction") != Reduction::Mean && choose.chance(0.3)) o.set("ignore", {0});
  if (name == "cross_entropy" && choose.chance(0.3)) o.set("smoothing", {0.1});
  choose.call(name, arguments, o);
}

std::vector<Op> networks() {
  return {
      along_dim("softmax", [](const Tensor& x, int64_t dim) { return softmax(x, dim); }),
      along_dim("log_softmax", [](const Tensor& x, int64_t dim) { return log_softmax(x, dim); }),
      {"layer_norm", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         choose.require(choose.dims(x) > 0);
         const int64_t dims = choose.integer(1, std::min<int64_t>(2, choose.dims(x)));
         const Shape& sizes = choose.value(x).sizes();
         const Shape shape(sizes.end() - dims, sizes.end());
         Shape over;
         for (int64_t d = 1; d <= dims; ++d)
           over.push_back(-d);
         choose.require_spread(x, over);
         std::vector<int> arguments = {x};
         if (choose.chance(0.7)) arguments.push_back(choose.uniform(shape));
         if (arguments.size() == 2 && choose.chance(0.7))
           arguments.push_back(choose.uniform(shape));
         choose.call("layer_norm", arguments, {{"dims", {static_cast<double>(dims)}}});
       },
       [](X x, O o) -> Tensors {
         const Shape& sizes = x[0].sizes();
         const Shape shape(sizes.end() - o.integer("dims"), sizes.end());
         return {layer_norm(x[0], shape, or_none(x, 1), or_none(x, 2))};
       }},
      {"cross_entropy", Effect::rounds,
       [](Chooser& choose) { propose_loss(choose, "cross_entropy"); },
       [](X x, O o) -> Tensors {
         return {cross_entropy(x[0], x[1], or_none(x, 2), o.integer("reduction"),
                               o.has("ignore") ? o.integer("ignore") : -100,
                               o.number("smoothing"))};
       }},
      {"nll_loss", Effect::rounds, [](Chooser& choose) { propose_loss(choose, "nll_loss"); },
       [](X x, O o) -> Tensors {
         return {nll_loss(x[0], x[1], or_none(x, 2), o.integer("reduction"),
                          o.has("ignore") ? o.integer("ignore") : -100)};
       }},
      {"mse_loss", Effect::rounds,
       [](Chooser& choose) {
         const int x = choose.floating();
         const int y =
             choose.chance(0.5) ? choose.like(x) : choose.uniform(choose.value(x).sizes());
         choose.call("mse_loss", {x, y},
                     {{"reduction", {static_cast<double>(choose.integer(0, 2))}}});
       },
       [](X x, O o) -> Tensors { return {mse_loss(x[0], x[1], o.integer("reduction"))}; }},
  };
}

}  // namespace

std::vector<Op> neural_ops() {
  std::vector<Op> ops = products();
  for (const std::vector<Op>& more : {indexing(), networks()})
    ops.insert(ops.end(), more.begin(), more.end());
  return ops;
}

}  // namespace gradus::fuzz
