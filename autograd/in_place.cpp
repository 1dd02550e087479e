// Ops that write in place. Without gradients they are one loop. While recording, the result is
// computed in new memory and copied, and the tensor takes over its node. This is correct only if
// nothing else in the graph refers to the tensor's memory.
#include "autograd/in_place.h"

#include <numeric>

#include "autograd/ops.h"
#include "tensor/checks.h"
#include "tensor/elementwise.h"
#include "tensor/random.h"
#include "tensor/strided.h"

namespace gradus {
namespace in_place {

bool recorded_write(const char* op, const Tensor& x, bool source_needs_grad) {
  check(!has_internal_overlap(x),
        "{}: several elements of the expanded tensor {} share memory; clone() it first", op,
        x.sizes());
  const Ref<TensorImpl>& base = x.impl().base;
  const bool base_needs_grad = base && base->node && base->node->requires_grad;
  const bool has_gradient = needs_grad(x) || base_needs_grad || source_needs_grad;
  if (!is_grad_enabled() || !has_gradient) return false;
  check(!needs_grad(x) || !x.is_leaf(),
        "{}: a leaf that requires gradients cannot be changed in place while recording; use the op "
        "that makes a new tensor, or NoGradGuard",
        op);
  check(!base,
        "{}: a view cannot be changed in place while recording; use the op that makes a new tensor",
        op);
  check(x.impl().storage->views == 0,
        "{}: a tensor that has views cannot be changed in place while recording; use the op that "
        "makes a new tensor",
        op);
  return true;
}

Tensor before_write(const Tensor& x) {
  const Tensor before = x.detach();
  set_node(before, x.node());
  return before;
}

void take_node(const Tensor& x, const Tensor& y) {
  const Ref<Node> old = std::exchange(x.impl().node, y.node());
  if (!old) return;
  if (old->hooks()) x.node()->make_extras().hooks = old->extras->hooks;
  if (!old->retains_grad) return;
  old->retains_grad = false;
  x.node()->retains_grad = true;
  x.node()->grad = std::move(old->grad);
}

}  // namespace in_place

namespace {

using in_place::before_write;
using in_place::recorded_write;
using in_place::take_node;
using in_place::write;

/// Replaces x's elements by those of y.
Tensor write(const char* op, const Tensor& x, const Tensor& y) {
  write(op, x, [&] { copy_elements(x, y); });
  return x;
}

/// Replaces x's elements and its node by those of y.
Tensor adopt(const char* op, const Tensor& x, const Tensor& y) {
  take_node(x, y);
  return write(op, x, y);
}

/// y, or a copy of y if the write to x would change elements of y that are read later.
Tensor unaliased(const Tensor& x, const Tensor& y) {
  if (y.impl().storage != x.impl().storage) return y;
  const bool same =
      y.impl().offset == x.impl().offset && y.sizes() == x.sizes() && y.strides() == x.strides();
  return same ? y : y.detach().clone();
}

void check_broadcast(const char* op, const Tensor& x, const Tensor& y) {
  check(broadcasts_to(y.sizes(), x.sizes()),
        "{}: {} does not broadcast to {}, which is written in place", op, y.sizes(), x.sizes());
}

/// x = f(x, y), not recorded.
void write_binary(const char* name, BinaryOp op, const Tensor& x, const Tensor& y) {
  write(name, x, [&] {
    if (y.impl().storage == x.impl().storage)
      binary_into(name, op, x, x, unaliased(x, y));
    else
      binary_into(name, op, x, x, y);
  });
}

/// x = f(x, y). `out_of_place` is the recorded op that computes it as a new tensor.
template <class Op>
Tensor update(const char* name, BinaryOp op, const Tensor& x, const Tensor& y,
              const Op& out_of_place) {
  check_broadcast(name, x, y);
  if (recorded_write(name, x, needs_grad(y))) return adopt(name, x, out_of_place(before_write(x)));
  check_same_dtype(name, x, y);
  write_binary(name, op, x, y);
  return x;
}

/// Throws if no other tensor has x's memory, so that what is assigned to the temporary x would be
/// lost.
void check_is_seen(const Tensor& x) {
  const TensorImpl& impl = x.impl();
  check(impl.base || impl.references > 1 || impl.storage->references > 1,
        "operator=: the left side is a copy of shape {} that nothing else refers to, so the value "
        "would be lost; write x.index_put_({{mask}}, value) for x[mask] = value",
        x.sizes());
}

/// The largest n such that a floating-point tensor of this dtype holds every integer up to n.
int64_t largest_of_all_integers(DType t) { return int64_t{1} << (t == kFloat32 ? 24 : 53); }

/// x = f(x, y), for int64 and bool, which have no gradient.
Tensor update_bits(const char* name, BitwiseOp op, const Tensor& x, const Tensor& y) {
  check_broadcast(name, x, y);
  check_same_dtype(name, x, y);
  recorded_write(name, x, false);
  write(name, x, [&] { bitwise_into(name, op, x, x, unaliased(x, y)); });
  return x;
}

/// Fills x with the numbers that fill(generator, t) writes to a contiguous tensor t. They are drawn
/// in the order of x's memory, as in PyTorch.
template <class Fill>
Tensor draw(const char* op, const Tensor& x, const Fill& fill) {
  check(!recorded_write(op, x, false), "{}: random numbers have no gradient; use NoGradGuard", op);
  Shape order = Shape::filled(x.sizes().size(), 0);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return x.stride(a) > x.stride(b); });
  const Tensor in_memory_order = permute(x.detach(), order);
  write(op, x, [&] {
    const Tensor drawn = empty(in_memory_order.sizes(), x.dtype());
    fill(*LockedGenerator(), drawn);
    copy_elements(in_memory_order, drawn);
  });
  return x;
}

}  // namespace

void in_place::add(const Tensor& x, const Tensor& y) { write_binary("add_", BinaryOp::add, x, y); }

Tensor Tensor::add_(const Tensor& y, Scalar alpha) const {
  if (alpha.to_double() != 1) return add_(y.mul(alpha));
  return update("add_", BinaryOp::add, *this, y, [&](const Tensor& x) { return x.add(y); });
}
Tensor Tensor::sub_(const Tensor& y, Scalar alpha) const {
  if (alpha.to_double() != 1) return sub_(y.mul(alpha));
  return update("sub_", BinaryOp::sub, *this, y, [&](const Tensor& x) { return x.sub(y); });
}
Tensor Tensor::mul_(const Tensor& y) const {
  return update("mul_", BinaryOp::mul, *this, y, [&](const Tensor& x) {
    const Tensor old_x = needs_grad(y) ? x.clone() : x;  // y's gradient needs it
    return old_x.mul(y);
  });
}
Tensor Tensor::div_(const Tensor& y) const {
  check_floating_point("div_", dtype());
  return update("div_", BinaryOp::div, *this, y, [&](const Tensor& x) { return x.div(y); });
}
Tensor Tensor::add_(Scalar y, Scalar alpha) const {
  return add_(number_like("add_", y, *this), alpha);
}
Tensor Tensor::sub_(Scalar y, Scalar alpha) const {
  return sub_(number_like("sub_", y, *this), alpha);
}
Tensor Tensor::mul_(Scalar y) const { return mul_(number_like("mul_", y, *this)); }
Tensor Tensor::div_(Scalar y) const { return div_(number_like("div_", y, *this)); }

Tensor Tensor::bitwise_and_(const Tensor& y) const {
  return update_bits("bitwise_and_", BitwiseOp::bitwise_and, *this, y);
}
Tensor Tensor::bitwise_or_(const Tensor& y) const {
  return update_bits("bitwise_or_", BitwiseOp::bitwise_or, *this, y);
}
Tensor Tensor::bitwise_xor_(const Tensor& y) const {
  return update_bits("bitwise_xor_", BitwiseOp::bitwise_xor, *this, y);
}
Tensor Tensor::bitwise_and_(Scalar y) const {
  return bitwise_and_(number_like("bitwise_and_", y, *this));
}
Tensor Tensor::bitwise_or_(Scalar y) const {
  return bitwise_or_(number_like("bitwise_or_", y, *this));
}
Tensor Tensor::bitwise_xor_(Scalar y) const {
  return bitwise_xor_(number_like("bitwise_xor_", y, *this));
}

Tensor Tensor::masked_fill_(const Tensor& mask, Scalar value) const {
  if (recorded_write("masked_fill_", *this, false))
    return adopt("masked_fill_", *this, before_write(*this).masked_fill(mask, value));
  return write("masked_fill_", *this, detach().masked_fill(mask, value));
}

Tensor Tensor::fill_(Scalar value) const {
  if (recorded_write("fill_", *this, false))
    return adopt("fill_", *this, before_write(*this).masked_fill(full({}, true), value));
  return write("fill_", *this, number_like("fill_", value, *this));
}
Tensor Tensor::zero_() const { return fill_(0); }

Tensor Tensor::copy_(const Tensor& source) const {
  check_broadcast("copy_", *this, source);
  if (!recorded_write("copy_", *this, needs_grad(source)))
    return write("copy_", *this, unaliased(*this, source));
  check(dtype() != kBFloat16,
        "copy_: the source requires gradients, and a bfloat16 tensor has none; copy its detach()");
  const Tensor old = before_write(*this);
  const Tensor y = empty_like(*this);
  copy_elements(y, source);
  return adopt(
      "copy_", *this,
      record("copy_", y, {old, [](const Tensor& dy) { return zeros_like(dy); }},
             {source, [from = source.dtype()](const Tensor& dy) { return gradus::to(dy, from); }}));
}

Tensor& Tensor::operator=(const Tensor& y) && {
  check_is_seen(*this);
  copy_(y);
  return *this;
}
Tensor& Tensor::operator=(Scalar value) && {
  check_is_seen(*this);
  fill_(value);
  return *this;
}

Tensor Tensor::uniform_(double from, double to) const {
  return draw("uniform_", *this, [&](Generator& g, const Tensor& x) {
    dispatch_float("uniform_", x.dtype(),
                   [&]<class T>() { fill_uniform(g, x.data<T>(), x.numel(), from, to); });
  });
}
Tensor Tensor::normal_(double mean, double std) const {
  return draw("normal_", *this, [&, contiguous = is_contiguous()](Generator& g, const Tensor& x) {
    dispatch_float("normal_", x.dtype(), [&]<class T>() {
      if (contiguous)
        fill_normal(g, x.data<T>(), x.numel(), mean, std);
      else
        fill_normal_pairs(g, x.data<T>(), x.numel(), mean, std);
    });
  });
}
Tensor Tensor::random_() const {
  if (dtype() != kInt64) {
    const int64_t largest = dtype() == kBool ? 1 : largest_of_all_integers(dtype());
    return random_(0, largest + 1);
  }
  return draw("random_", *this,
              [&](Generator& g, const Tensor& x) { fill_random(g, x.data<int64_t>(), x.numel()); });
}
Tensor Tensor::random_(int64_t from, int64_t to) const {
  check(from < to, "random_: from {} to {} - there is no integer in between", from, to);
  if (dtype() == kBool) {
    check(from >= 0 && to <= 2, "random_: a bool tensor holds 0 and 1, not all from {} to {}", from,
          to - 1);
  } else if (dtype() != kInt64) {
    const int64_t largest = largest_of_all_integers(dtype());
    check(from >= -largest && to - 1 <= largest,
          "random_: {} cannot hold every integer from {} to {}", dtype(), from, to - 1);
  }
  return draw("random_", *this, [&](Generator& g, const Tensor& x) {
    const Tensor numbers = empty(x.sizes(), kInt64);
    fill_randint(g, numbers.data<int64_t>(), numbers.numel(), from, to);
    copy_elements(x, numbers);
  });
}
Tensor Tensor::bernoulli_(double p) const {
  return draw("bernoulli_", *this, [&](Generator& g, const Tensor& x) {
    dispatch("bernoulli_", x.dtype(),
             [&]<class T>() { fill_bernoulli(g, x.data<T>(), x.numel(), p); });
  });
}

}  // namespace gradus
