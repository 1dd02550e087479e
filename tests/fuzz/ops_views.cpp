// Rows of the ops of random programs: views, and tensors made of parts.
#include <algorithm>
#include <numeric>

#include "autograd/ops.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

using X = const Tensors&;
using O = const Options&;

/// Sizes with as many elements as x; one may be -1.
std::vector<double> other_sizes(Chooser& choose, int x) {
  std::vector<double> sizes = to_list(choose.value(x).sizes());
  const auto at = [&](int64_t i) { return sizes.begin() + i; };
  for (int changes = 0; changes < 2; ++changes) {
    const int64_t n = std::ssize(sizes);
    if (n >= 2 && choose.chance(0.5)) {
      const int64_t i = choose.integer(0, n - 2);
      *at(i) *= *at(i + 1);
      sizes.erase(at(i + 1));
    } else if (n < 5) {
      sizes.insert(at(choose.integer(0, n)), 1);
    }
  }
  std::shuffle(sizes.begin(), sizes.end(), choose.engine());
  if (!sizes.empty() && choose.value(x).numel() > 0 && choose.chance(0.4))
    *at(choose.integer(0, std::ssize(sizes) - 1)) = -1;
  return sizes;
}

Op resized(const std::string& name, Tensor (*f)(const Tensor&, const Shape&)) {
  return {name, Effect::moves,
          [=](Chooser& choose) {
            const int x = choose.any();
            choose.call(name, {x}, {{"sizes", other_sizes(choose, x)}});
          },
          [=](X x, O o) -> Tensors { return {f(x[0], o.shape("sizes"))}; }};
}

/// x as a view that needs no choice.
Op plain(const std::string& name, Tensor (*f)(const Tensor&)) {
  return {name, Effect::moves, [=](Chooser& choose) { choose.call(name, {choose.any()}); },
          [=](X x, O) -> Tensors { return {f(x[0])}; }};
}

std::vector<Op> shapes() {
  return {
      // Whether x can be viewed depends on its strides; a copy has the same numbers.
      resized("view",
              [](const Tensor& x, const Shape& sizes) {
                try {
                  return view(x, sizes);
                } catch (const Error&) {
                  return reshape(x, sizes);
                }
              }),
      resized("reshape", reshape),
      plain("t", t),
      plain("squeeze", squeeze),
      plain("contiguous", contiguous),
      plain("clone", clone),
      plain("detach", [](const Tensor& x) { return x.detach(); }),
      {"transpose", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         const double dim0 = static_cast<double>(choose.dim(x));
         const double dim1 = static_cast<double>(choose.dim(x));
         choose.call("transpose", {x}, {{"dim0", {dim0}}, {"dim1", {dim1}}});
       },
       [](X x, O o) -> Tensors { return {transpose(x[0], o.integer("dim0"), o.integer("dim1"))}; }},
      {"permute", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         std::vector<double> dims(static_cast<size_t>(choose.dims(x)));
         std::iota(dims.begin(), dims.end(), 0);
         std::shuffle(dims.begin(), dims.end(), choose.engine());
         choose.call("permute", {x}, {{"dims", dims}});
       },
       [](X x, O o) -> Tensors { return {permute(x[0], o.shape("dims"))}; }},
      {"unsqueeze", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.require(choose.dims(x) < 5);
         choose.call("unsqueeze", {x},
                     with_dim(choose.integer(-choose.dims(x) - 1, choose.dims(x))));
       },
       [](X x, O o) -> Tensors { return {unsqueeze(x[0], o.integer("dim"))}; }},
      {"squeeze_dim", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.call("squeeze_dim", {x}, with_dim(choose.dim(x)));
       },
       [](X x, O o) -> Tensors { return {squeeze(x[0], o.integer("dim"))}; }},
      {"expand", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         std::vector<double> sizes = to_list(choose.value(x).sizes());
         for (double& size : sizes)
           size = size == 1 && choose.chance(0.7) ? static_cast<double>(choose.integer(1, 3))
                  : choose.chance(0.2)            ? -1
                                                  : size;
         if (choose.chance(0.4)) sizes.insert(sizes.begin(), 2);
         choose.call("expand", {x}, {{"sizes", sizes}});
       },
       [](X x, O o) -> Tensors { return {expand(x[0], o.shape("sizes"))}; }},
      {"flatten", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         const double start = static_cast<double>(choose.dim(x));
         const double end = static_cast<double>(choose.dim(x));
         choose.call("flatten", {x}, {{"start", {start}}, {"end", {end}}});
       },
       [](X x, O o) -> Tensors { return {flatten(x[0], o.integer("start"), o.integer("end"))}; }},
  };
}

std::vector<Op> parts() {
  return {
      {"select", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         const int64_t dim = choose.dim(x);
         const int64_t size = choose.size(x, dim);
         choose.require(size > 0);
         Options o = with_dim(dim);
         o.set("index", {static_cast<double>(choose.integer(-size, size - 1))});
         choose.call("select", {x}, o);
       },
       [](X x, O o) -> Tensors { return {select(x[0], o.integer("dim"), o.integer("index"))}; }},
      {"narrow", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         const int64_t dim = choose.dim(x);
         const int64_t start = choose.integer(0, choose.size(x, dim));
         Options o = with_dim(dim);
         o.set("start", {static_cast<double>(start)});
         o.set("length", {static_cast<double>(choose.integer(0, choose.size(x, dim) - start))});
         choose.call("narrow", {x}, o);
       },
       [](X x, O o) -> Tensors {
         return {narrow(x[0], o.integer("dim"), o.integer("start"), o.integer("length"))};
       }},
      {"slice", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         Options o = with_dim(choose.dim(x));
         o.set("start", {static_cast<double>(choose.integer(-4, 3))});
         o.set("end", {static_cast<double>(choose.integer(-1, 6))});
         o.set("step", {static_cast<double>(choose.integer(1, 3))});
         choose.call("slice", {x}, o);
       },
       [](X x, O o) -> Tensors {
         return {slice(x[0], o.integer("dim"), o.integer("start"), o.integer("end"),
                       o.integer("step"))};
       }},
      {"chunk", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         Options o = with_dim(choose.dim(x));
         const int64_t chunks = choose.integer(1, 4);
         o.set("chunks", {static_cast<double>(chunks)});
         const auto count = std::ssize(chunk(choose.value(x), chunks, o.integer("dim")));
         choose.call("chunk", {x}, o, static_cast<int>(count));
       },
       [](X x, O o) -> Tensors { return chunk(x[0], o.integer("chunks"), o.integer("dim")); }},
      {"split", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         Options o = with_dim(choose.dim(x));
         const int64_t size = choose.integer(1, 3);
         o.set("size", {static_cast<double>(size)});
         const auto count = std::ssize(split(choose.value(x), size, o.integer("dim")));
         choose.require(count <= 6);
         choose.call("split", {x}, o, static_cast<int>(count));
       },
       [](X x, O o) -> Tensors { return split(x[0], o.integer("size"), o.integer("dim")); }},
      {"flip", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.call("flip", {x}, {{"dims", choose.some_dims(x)}});
       },
       [](X x, O o) -> Tensors { return {flip(x[0], o.shape("dims"))}; }},
      {"repeat", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.require(choose.dims(x) < 4);
         std::vector<double> repeats;
         for (int64_t d = 0; d < choose.dims(x) + choose.integer(0, 1); ++d)
           repeats.push_back(static_cast<double>(choose.integer(choose.chance(0.1) ? 0 : 1, 2)));
         choose.call("repeat", {x}, {{"repeats", repeats}});
       },
       [](X x, O o) -> Tensors { return {repeat(x[0], o.shape("repeats"))}; }},
      {"cat", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         std::vector<int> list = {x};
         while (std::ssize(list) < 3 && choose.chance(0.6))
           list.push_back(choose.of(choose.value(x).dtype()));
         choose.call("cat", list, with_dim(choose.dim(x)));
       },
       [](X x, O o) -> Tensors { return {cat(x, o.integer("dim"))}; }},
      {"stack", Effect::moves,
       [](Chooser& choose) {
         const int x = choose.any();
         choose.require(choose.dims(x) < 5);
         choose.call("stack", {x, choose.chance(0.4) ? x : choose.like(x), x},
                     with_dim(choose.integer(-choose.dims(x) - 1, choose.dims(x))));
       },
       [](X x, O o) -> Tensors { return {stack(x, o.integer("dim"))}; }},
  };
}

}  // namespace

std::vector<Op> view_ops() {
  std::vector<Op> ops = shapes();
  for (Op& op : parts())
    ops.push_back(std::move(op));
  return ops;
}

}  // namespace gradus::fuzz
