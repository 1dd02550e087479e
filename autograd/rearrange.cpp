// Copies of a tensor's elements in another order.
#include "autograd/ops.h"
#include "tensor/strided.h"

namespace gradus {

// Reading backwards is a negative stride from the last entry.
Tensor flip(const Tensor& x, const Shape& dims) {
  Shape strides = x.strides();
  int64_t offset = x.storage_offset();
  std::array<bool, Shape::kMaxDims> reversed{};
  for (const int64_t given : dims) {
    const size_t d = wrap_dim("flip", given, x.sizes().size());
    check(!reversed[d], "flip: dimension {} is named twice in {}", d, dims);
    reversed[d] = true;
    if (x.dim() == 0 || x.numel() == 0) continue;
    offset += (x.sizes()[d] - 1) * strides[d];
    strides[d] = -strides[d];
  }
  const Tensor y = empty(x.sizes(), x.dtype());
  copy_elements(y, x.as_view(x.sizes(), strides, offset));
  return record("flip", y, {x, [dims](const Tensor& dy) { return flip(dy, dims); }});
}

// Each dimension, seen as (outer, 1, size and inner), is expanded to (outer, repeats, size and
// inner) and copied. The last one comes first, while the tensor is still small.
Tensor repeat(const Tensor& x, const Shape& repeats) {
  check(repeats.size() >= x.sizes().size(), "repeat: {} has fewer numbers than {} has dimensions",
        repeats, x.sizes());
  Shape sizes = x.sizes();
  while (sizes.size() < repeats.size())
    sizes.insert(0, 1);
  Shape repeated = sizes;
  for (size_t d = 0; d < sizes.size(); ++d) {
    check(repeats[d] >= 0, "repeat: numbers of repetitions are at least 0, got {}", repeats);
    check(!__builtin_mul_overflow(sizes[d], repeats[d], &repeated[d]),
          "repeat: {} repeated {} times has more elements than can be counted", x.sizes(), repeats);
  }
  if (numel("repeat", repeated) == 0) return reshape(narrow(reshape(x, -1), 0, 0, 0), repeated);
  Tensor y = reshape(x, sizes);
  bool copied = false;
  for (size_t d = sizes.size(); d-- > 0;) {
    if (repeats[d] == 1) continue;
    const OuterSizeInner block = outer_size_inner(sizes, d);
    const int64_t row = block.size * block.inner;
    const Tensor copies = expand(reshape(y, {block.outer, 1, row}), {block.outer, repeats[d], row});
    sizes[d] = repeated[d];
    y = reshape(contiguous(copies), sizes);
    copied = true;
  }
  return copied ? y : clone(y);
}

}  // namespace gradus
