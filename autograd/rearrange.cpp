// Copies of a tensor's elements in another order.
#include <span>

#include "autograd/ops.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

/// x, or a part of it, without elements.
Tensor without_elements(const Tensor& x, const Shape& sizes) {
  return reshape(narrow(reshape(x, -1), 0, 0, 0), sizes);
}

/// The output_size of repeat_interleave, which PyTorch takes to save work, must be right.
void check_output_size(int64_t size, std::optional<int64_t> given) {
  check(!given || *given == size, "repeat_interleave: output_size is {}, but there are {} entries",
        given.value_or(0), size);
}

/// x repeated repeats[d] times along dimension d; errors name `op`.
///
/// Each dimension, seen as (outer, 1, size and inner), is expanded to (outer, repeats, size and
/// inner) and copied. The last one comes first, while the tensor is still small.
Tensor repeated(const char* op, const Tensor& x, const Shape& repeats) {
  Shape sizes = x.sizes();
  while (sizes.size() < repeats.size())
    sizes.insert(0, 1);
  Shape result = sizes;
  for (size_t d = 0; d < sizes.size(); ++d) {
    check(repeats[d] >= 0, "{}: numbers of repetitions are at least 0, got {}", op, repeats);
    check(!__builtin_mul_overflow(sizes[d], repeats[d], &result[d]),
          "{}: {} repeated {} times has more elements than can be counted", op, x.sizes(), repeats);
  }
  if (numel(op, result) == 0) return without_elements(x, result);
  Tensor y = reshape(x, sizes);
  bool copied = false;
  for (size_t d = sizes.size(); d-- > 0;) {
    if (repeats[d] == 1) continue;
    const OuterSizeInner block = outer_size_inner(sizes, d);
    const int64_t row = block.size * block.inner;
    const Tensor copies = expand(reshape(y, {block.outer, 1, row}), {block.outer, repeats[d], row});
    sizes[d] = result[d];
    y = reshape(contiguous(copies), sizes);
    copied = true;
  }
  return copied ? y : clone(y);
}

/// `length` entries of x along dimension d; nothing is recorded.
Tensor entries_of(const Tensor& x, size_t d, int64_t start, int64_t length) {
  Shape sizes = x.sizes();
  sizes[d] = length;
  return x.as_view(sizes, x.strides(), x.storage_offset() + start * x.strides()[d]);
}

/// Copies x to y, where entry i of dimension d goes to i + shifts[d], and from the end on to the
/// start. Dimensions before `first` are in place already. 0 <= shifts[d] < size.
void copy_rolled(const Tensor& y, const Tensor& x, const Shape& shifts, size_t first) {
  size_t d = first;
  while (d < shifts.size() && shifts[d] == 0)
    ++d;
  if (d == shifts.size()) return copy_elements(y, x);
  const int64_t shift = shifts[d];
  const int64_t rest = x.sizes()[d] - shift;
  copy_rolled(entries_of(y, d, shift, rest), entries_of(x, d, 0, rest), shifts, d + 1);
  copy_rolled(entries_of(y, d, 0, shift), entries_of(x, d, rest, shift), shifts, d + 1);
}

Tensor rolled(const Tensor& x, const Shape& shifts) {
  const Tensor y = empty(x.sizes(), x.dtype());
  if (x.numel() > 0) copy_rolled(y, x, shifts, 0);
  Shape back = shifts;
  for (size_t d = 0; d < back.size(); ++d)
    back[d] = shifts[d] == 0 ? 0 : x.sizes()[d] - shifts[d];
  return record("roll", y, {x, [back](const Tensor& dy) { return rolled(dy, back); }});
}

/// The entry that each copy is made of: i repeated counts[i] times. Errors name repeat_interleave.
Tensor repeated_ids(const Tensor& counts, std::optional<int64_t> output_size) {
  check(counts.dtype() == kInt64, "repeat_interleave: the repeats must be int64, got {}",
        counts.dtype());
  const Tensor n = as_contiguous(counts.detach());
  const std::span<const int64_t> list(n.data<int64_t>(), static_cast<size_t>(n.numel()));
  int64_t total = 0;
  for (const int64_t count : list) {
    check(count >= 0, "repeat_interleave: the repeats must be at least 0, got {}", count);
    check(!__builtin_add_overflow(total, count, &total),
          "repeat_interleave: the sum of the repeats is more than can be counted");
  }
  check_output_size(total, output_size);
  const Tensor ids = empty({total}, kInt64);
  int64_t* to = ids.data<int64_t>();
  for (size_t i = 0; i < list.size(); ++i)
    to = std::fill_n(to, list[i], static_cast<int64_t>(i));
  return ids;
}

}  // namespace

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

Tensor repeat(const Tensor& x, const Shape& repeats) {
  check(repeats.size() >= x.sizes().size(), "repeat: {} has fewer numbers than {} has dimensions",
        repeats, x.sizes());
  return repeated("repeat", x, repeats);
}

Tensor tile(const Tensor& x, const Shape& dims) {
  Shape repeats = dims;
  while (repeats.size() < x.sizes().size())
    repeats.insert(0, 1);
  return repeated("tile", x, repeats);
}

Tensor roll(const Tensor& x, const Shape& shifts, const Shape& dims) {
  check(!shifts.empty(), "roll: no shift is given");
  if (dims.empty() && shifts.size() == 1) return reshape(roll(flatten(x), shifts, 0), x.sizes());
  check(shifts.size() == dims.size(), "roll: {} shifts for {} dimensions, got {} and {}",
        shifts.size(), dims.size(), shifts, dims);
  check(x.dim() > 0, "roll: a tensor without dimensions has no dimension {}", dims[0]);
  Shape sums = Shape::filled(x.sizes().size(), 0);
  for (size_t i = 0; i < dims.size(); ++i) {
    const size_t d = wrap_dim("roll", dims[i], sums.size());
    const int64_t size = x.sizes()[d];
    if (x.numel() > 0) sums[d] = (sums[d] + shifts[i] % size + size) % size;
  }
  return rolled(x, sums);
}

Tensor repeat_interleave(const Tensor& x, int64_t repeats, std::optional<int64_t> dim,
                         std::optional<int64_t> output_size) {
  constexpr const char* op = "repeat_interleave";
  if (!dim) return repeat_interleave(flatten(x), repeats, 0, output_size);
  check(x.dim() > 0, "{}: a tensor without dimensions has no dimension {}", op, *dim);
  check_is_no_bfloat16(op, x.dtype());
  check(repeats >= 0, "{}: the repeats must be at least 0, got {}", op, repeats);
  const size_t d = wrap_dim(op, *dim, x.sizes().size());
  Shape sizes = x.sizes();
  check(!__builtin_mul_overflow(sizes[d], repeats, &sizes[d]),
        "{}: {} repeated {} times has more elements than can be counted", op, x.sizes(), repeats);
  check_output_size(sizes[d], output_size);
  if (numel(op, sizes) == 0) return without_elements(x, sizes);
  if (repeats == 1) return clone(x);
  const int64_t inner = outer_size_inner(x.sizes(), d).inner;
  const Tensor rows = reshape(x, {x.numel() / inner, 1, inner});
  return reshape(contiguous(expand(rows, {-1, repeats, -1})), sizes);
}

Tensor repeat_interleave(const Tensor& x, const Tensor& repeats, std::optional<int64_t> dim,
                         std::optional<int64_t> output_size) {
  if (!dim) return repeat_interleave(flatten(x), repeats, 0, output_size);
  check(x.dim() > 0, "repeat_interleave: a tensor without dimensions has no dimension {}", *dim);
  check_is_no_bfloat16("repeat_interleave", x.dtype());
  check(repeats.dim() <= 1,
        "repeat_interleave: the repeats must be one number or a vector of them, got {}",
        repeats.sizes());
  const size_t d = wrap_dim("repeat_interleave", *dim, x.sizes().size());
  const int64_t size = x.sizes()[d];
  check(repeats.numel() == 1 || repeats.numel() == size,
        "repeat_interleave: {} repeats for the {} entries of dimension {} of {}", repeats.numel(),
        size, d, x.sizes());
  const Tensor counts = repeats.dim() == 0 || repeats.numel() != size
                            ? expand(reshape(repeats.detach(), 1), size)
                            : repeats.detach();
  return index_select(x, *dim, repeated_ids(counts, output_size));
}

Tensor repeat_interleave(const Tensor& repeats, std::optional<int64_t> output_size) {
  check(repeats.dim() == 1, "repeat_interleave: the repeats must be a vector, got {}",
        repeats.sizes());
  return repeated_ids(repeats, output_size);
}

}  // namespace gradus
