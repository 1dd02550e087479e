#include "tests/fuzz/planted.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "autograd/ops.h"
#include "tensor/storage.h"
#include "tensor/threads.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

using X = const Tensors&;
using O = const Options&;

/// The values are 0, and so is every derivative but the first, which is 0.01.
Tensor slope(const Tensor& x) { return (x - x.detach()) * 0.01; }

/// The values and the first derivative are 0. The second is 0.02.
Tensor curvature(const Tensor& x) {
  const Tensor zero = x - x.detach();
  return zero * zero * 0.01;
}

/// x's elements in the order of memory.
Tensor without_strides(const Tensor& x) {
  std::vector<int64_t> order(static_cast<size_t>(x.dim()));
  for (size_t d = 0; d < order.size(); ++d)
    order[d] = static_cast<int64_t>(d);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return x.stride(a) > x.stride(b); });
  return x.permute(order).reshape(x.sizes());
}

/// The sum, from a partial sum for each thread.
Tensor sum_by_threads(const Tensor& x, const Shape& dims, bool keepdim) {
  if (x.dim() == 0) return sum(x, dims, keepdim);
  const int64_t dim = dims.size() == 0 ? 0 : dims[0];
  Tensor total;
  for (const Tensor& part : x.chunk(get_num_threads(), dim)) {
    const Tensor partial = sum(part, dims, keepdim);
    total = total.defined() ? total + partial : partial;
  }
  return total;
}

/// x.mul_(y), hidden from backward, which then reads changed numbers.
void mul_without_version(const Tensor& x, const Tensor& y) {
  const uint32_t version = x.impl().storage->version;
  x.mul_(y);
  x.impl().storage->version = version;
}

/// sigmoid(x), whose saved result is written to, so that backward throws.
Tensor sigmoid_written_to(const Tensor& x) {
  const Tensor y = sigmoid(x);
  const NoGradGuard guard;
  y.detach().mul_(1);
  return y;
}

struct Fault {
  std::string name;
  std::string op;
  RunOp run;
};

const std::vector<Fault>& faults() {
  static const std::vector<Fault> all = {
      {"throws_in_backward", "sigmoid",
       [](X x, O) -> Tensors { return {sigmoid_written_to(x[0])}; }},
      {"throws_in_float32", "gelu",
       [](X x, O) -> Tensors {
         check(x[0].dtype() == kFloat64, "gelu: no kernel for {}", x[0].dtype());
         return {gelu(x[0])};
       }},
      {"recording", "exp",
       [](X x, O) -> Tensors { return {is_grad_enabled() ? 1 / exp(-x[0]) : exp(x[0])}; }},
      {"in_place", "mul_",
       [](X x, O) -> Tensors {
         mul_without_version(x[0], x[1]);
         return {};
       }},
      {"strides", "neg", [](X x, O) -> Tensors { return {neg(without_strides(x[0]))}; }},
      {"float32", "tanh",
       [](X x, O) -> Tensors {
         return {x[0].dtype() == kFloat32 ? tanh(x[0]) * 1.001 : tanh(x[0])};
       }},
      {"threads", "sum",
       [](X x, O o) -> Tensors {
         return {sum_by_threads(x[0], o.shape("dim"), o.flag("keepdim"))};
       }},
      {"gradient", "sin", [](X x, O) -> Tensors { return {sin(x[0]) + slope(x[0])}; }},
      {"hook", "hooked", [](X x, O) -> Tensors { return {x[0] + 0}; }},
      {"output", "product_and_difference",
       [](X x, O) -> Tensors {
         return {x[0] * x[1], x[0] - x[1].detach()};
       }},
      {"second_derivative", "cos", [](X x, O) -> Tensors { return {cos(x[0]) + curvature(x[0])}; }},
  };
  return all;
}

}  // namespace

void plant(const std::string& name) {
  std::vector<std::string> names;
  for (const Fault& fault : faults()) {
    if (fault.name == name) return replace_op(fault.op, fault.run);
    names.push_back(fault.name);
  }
  fail("random_programs: there is no fault {}; the faults are {}", name,
       fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace gradus::fuzz
