// Padding: a tensor with more, or fewer, entries at the ends of its last dimensions.
#include "autograd/ops.h"
#include "tensor/kernels/elementwise.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

enum class PadMode { constant, reflect, replicate, circular };

PadMode pad_mode(const std::string& name) {
  if (name == "constant") return PadMode::constant;
  if (name == "reflect") return PadMode::reflect;
  if (name == "replicate") return PadMode::replicate;
  check(name == "circular",
        R"(pad: the mode is "constant", "reflect", "replicate" or "circular", got "{}")", name);
  return PadMode::circular;
}

/// The entries added before the first and after the last one of a dimension; negative numbers
/// remove entries.
struct PadEnds {
  int64_t before;
  int64_t after;
};

/// Of the d-th dimension of `dims`: a padding lists the ends of the last dimension first.
PadEnds ends_of(const Shape& padding, size_t d, size_t dims) {
  const size_t i = 2 * (dims - 1 - d);
  return i < padding.size() ? PadEnds{padding[i], padding[i + 1]} : PadEnds{0, 0};
}

/// The sizes of x with this padding.
Shape padded_sizes(const Tensor& x, const Shape& padding) {
  Shape sizes = x.sizes();
  for (size_t d = 0; d < sizes.size(); ++d) {
    const PadEnds ends = ends_of(padding, d, sizes.size());
    const int64_t size = sizes[d];
    const bool can_remove = ends.before >= -size && ends.after >= -size;
    const bool countable = can_remove && !__builtin_add_overflow(size, ends.before, &sizes[d]) &&
                           !__builtin_add_overflow(sizes[d], ends.after, &sizes[d]);
    check(countable && sizes[d] >= 0,
          "pad: {} and {} cannot be added to the {} entries of dimension {} of {}", ends.before,
          ends.after, size, d, x.sizes());
  }
  numel("pad", sizes);  // throws if there are too many elements
  return sizes;
}

/// The part of x that a padding leaves if its positive numbers count as 0.
Tensor cropped(const Tensor& x, const Shape& padding) {
  Tensor y = x;
  for (size_t d = 0; d < x.sizes().size(); ++d) {
    const PadEnds ends = ends_of(padding, d, x.sizes().size());
    const int64_t size = x.sizes()[d];
    const int64_t first = -std::min<int64_t>(ends.before, 0);
    const int64_t end = size + std::min<int64_t>(ends.after, 0);
    if (end - first < size) y = narrow(y, static_cast<int64_t>(d), first, end - first);
  }
  return y;
}

Shape negated(Shape padding) {
  for (int64_t& n : padding)
    n = -n;
  return padding;
}

// y is x in a frame of constants. So dx is dy without the frame, which is dy with the negative
// padding; what was cut off from x has the gradient 0.
Tensor pad_constant(const Tensor& x, const Shape& padding, const Tensor& value) {
  const Tensor y = empty(padded_sizes(x, padding), x.dtype());
  dispatch("pad", x.dtype(),
           [&]<class T>() { kernels::fill(y.data<T>(), y.numel(), *value.data<T>()); });
  const Tensor source = cropped(x.detach(), padding);
  copy_elements(cropped(y, negated(padding)), source);
  return record("pad", y, {x, [padding](const Tensor& dy) {
                             return pad_constant(dy, negated(padding), zeros({}, dy.dtype()));
                           }});
}

/// The entries of dimension d, which has `size`, that a padding shows in order.
Tensor shown_entries(PadMode mode, const PadEnds& ends, int64_t size) {
  // Entry i of the result is entry i - before of x, which may be outside.
  const Tensor i = arange(-ends.before, size + ends.after);
  if (mode == PadMode::replicate) return clamp(i, 0, size - 1);
  if (mode == PadMode::reflect) return (size - 1) - abs((size - 1) - abs(i));
  // The entries that are left after removing repeat without end.
  const int64_t first = -std::min<int64_t>(ends.before, 0);
  const int64_t left = size + std::min<int64_t>(ends.after, 0) - first;
  return where(i < first, i + left, where(i >= first + left, i - left, i));
}

void check_ends(PadMode mode, const PadEnds& ends, int64_t size, size_t d, const Shape& sizes) {
  check(size > 0 && size + ends.before + ends.after > 0,
        "pad: dimension {} of {} has no entries to pad with", d, sizes);
  if (mode == PadMode::replicate) return;
  const int64_t removed = std::min<int64_t>(ends.before, 0) + std::min<int64_t>(ends.after, 0);
  const int64_t most = mode == PadMode::reflect ? size - 1 : size + removed;
  check(ends.before <= most && ends.after <= most,
        "pad: {} and {} are more than the {} entries that mode {} can add to dimension {} of {}",
        ends.before, ends.after, most, mode == PadMode::reflect ? "reflect" : "circular", d, sizes);
}

}  // namespace

Tensor pad(const Tensor& x, const Shape& padding, const std::string& mode,
           std::optional<Scalar> value) {
  const PadMode how = pad_mode(mode);
  check_is_no_bfloat16("pad", x.dtype());
  check(padding.size() % 2 == 0, "pad: expected two numbers for each padded dimension, got {}",
        padding);
  const size_t dims = x.sizes().size();
  const size_t padded = padding.size() / 2;
  check(padded <= dims, "pad: {} has numbers for {} dimensions, x is {}", padding, padded,
        x.sizes());
  if (how == PadMode::constant)
    return pad_constant(x, padding, number_like("pad", value.value_or(0), x));
  check(!value || value->to_double() == 0, "pad: mode {} takes no value", mode);
  check(1 <= padded && padded <= 3 && (dims == padded + 1 || dims == padded + 2),
        "pad: mode {} pads the last 1, 2 or 3 dimensions of (C, ...) or (N, C, ...), got {} for x "
        "of shape {}",
        mode, padding, x.sizes());
  padded_sizes(x, padding);
  Tensor y = x;
  for (size_t d = dims - padded; d < dims; ++d) {
    const PadEnds ends = ends_of(padding, d, dims);
    check_ends(how, ends, x.sizes()[d], d, x.sizes());
    y = index_select(y, static_cast<int64_t>(d), shown_entries(how, ends, x.sizes()[d]));
  }
  return y;
}

}  // namespace gradus
