// Properties of broadcasting.
#include "tests/fuzz/properties_support.h"

namespace gradus::fuzz {
namespace {

/// A shape that often broadcasts with the given one.
Index other_sizes(const Index& sizes) {
  if (pick(0, 4) == 0) return some_sizes();
  Index other = sizes;
  for (int64_t& size : other)
    if (coin()) size = 1;
  other.erase(other.begin(), other.begin() + pick(0, std::ssize(other)));
  if (pick(0, 4) == 0) other.insert(other.begin(), pick(1, 3));
  return other;
}

using Op = Tensor (*)(const Tensor&, const Tensor&);
struct Pair {
  Op op;
  double (*plain)(double, double);
};
const Pair kPairs[] = {
    {[](const Tensor& a, const Tensor& b) { return a + b; },
     [](double a, double b) { return a + b; }},
    {[](const Tensor& a, const Tensor& b) { return a - b; },
     [](double a, double b) { return a - b; }},
    {[](const Tensor& a, const Tensor& b) { return a * b; },
     [](double a, double b) { return a * b; }},
    {[](const Tensor& a, const Tensor& b) { return maximum(a, b); },
     [](double a, double b) { return std::max(a, b); }},
    {[](const Tensor& a, const Tensor& b) { return a < b; },
     [](double a, double b) { return a < b ? 1. : 0.; }},
    {[](const Tensor& a, const Tensor& b) { return a == b; },
     [](double a, double b) { return a == b ? 1. : 0.; }},
};

void binary_ops_are_loops_over_the_common_shape() {
  const Array<double> a = counted(some_sizes());
  const Array<double> b = counted(other_sizes(a.sizes), 3);
  const DType t = coin() ? kFloat64 : coin() ? kFloat32 : kInt64;
  const Tensor x = in_some_layout(tensor_of(a, t));
  const Tensor y = in_some_layout(tensor_of(b, t));
  const Pair& pair = kPairs[pick(0, std::ssize(kPairs) - 1)];
  Index sizes;
  if (!broadcast(a.sizes, b.sizes, sizes)) {
    RC_ASSERT(throws([&] { pair.op(x, y); }));
    return;
  }
  require_same(pair.op(x, y), Array<double>::make(sizes, [&](const Index& index) {
                 return pair.plain(a.broadcast_at(index), b.broadcast_at(index));
               }));
}

void where_is_a_loop_over_the_common_shape() {
  const Array<double> a = counted(some_sizes());
  const Array<double> b = counted(other_sizes(a.sizes), 100);
  Index both;
  Index sizes;
  if (!broadcast(a.sizes, b.sizes, both)) return;
  Array<double> mask = counted(other_sizes(both));
  for (double& value : mask.values)
    value = coin() ? 1 : 0;
  if (!broadcast(both, mask.sizes, sizes)) return;
  const Tensor result = where(in_some_layout(tensor_of(mask, kBool)), in_some_layout(tensor_of(a)),
                              in_some_layout(tensor_of(b)));
  require_same(result, Array<double>::make(sizes, [&](const Index& index) {
                 const bool first = mask.broadcast_at(index) != 0;
                 return first ? a.broadcast_at(index) : b.broadcast_at(index);
               }));
}

/// The gradient of a in a * b is dy b, summed over the elements that a's element was repeated to.
void gradients_are_summed_to_the_shape_of_the_input() {
  const Array<double> a = counted(some_sizes());
  const Array<double> b = counted(other_sizes(a.sizes), 3);
  Index sizes;
  if (!broadcast(a.sizes, b.sizes, sizes)) return;
  const Array<double> directions = counted(sizes);
  const Tensor x = in_some_layout(tensor_of(a)).requires_grad_();
  const Tensor product = x * in_some_layout(tensor_of(b));
  product.backward(in_some_layout(tensor_of(directions)));
  Array<double> positions = counted(a.sizes, 0);
  Array<double> expected = counted(a.sizes);
  std::fill(expected.values.begin(), expected.values.end(), 0);
  for_each_index(sizes, [&](const Index& index) {
    expected.values[static_cast<size_t>(positions.broadcast_at(index))] +=
        directions.at(index) * b.broadcast_at(index);
  });
  require_same(x.grad(), expected);
}

void writing_broadcasts_to_the_shape_that_is_written() {
  Array<double> a = counted(some_sizes());
  const Array<double> b = counted(other_sizes(a.sizes), 3);
  const Tensor x = in_some_layout(tensor_of(a));
  Index sizes;
  if (!broadcast(a.sizes, b.sizes, sizes) || sizes != a.sizes) {
    RC_ASSERT(throws([&] { x.add_(tensor_of(b)); }));
    RC_ASSERT(throws([&] { x.copy_(tensor_of(b)); }));
    require_same(x, a);
    return;
  }
  x.add_(in_some_layout(tensor_of(b)));
  require_same(x, Array<double>::make(sizes, [&](const Index& index) {
                 return a.at(index) + b.broadcast_at(index);
               }));
}

}  // namespace

bool broadcasting_holds() {
  bool all = check("binary ops are loops over the common shape",
                   binary_ops_are_loops_over_the_common_shape);
  all =
      check("where is a loop over the common shape", where_is_a_loop_over_the_common_shape) && all;
  all = check("gradients are summed to the shape of the input",
              gradients_are_summed_to_the_shape_of_the_input) &&
        all;
  return check("writing broadcasts to the shape that is written",
               writing_broadcasts_to_the_shape_that_is_written) &&
         all;
}

}  // namespace gradus::fuzz
