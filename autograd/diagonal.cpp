// Diagonals. A diagonal is a view, one stride of which is the sum of two. Its gradient is zeros
// with dy on the diagonal (diagonal_backward), whose gradient is a diagonal again.
#include "autograd/reduce.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

/// The entries [i, i + offset] of two dimensions, which are replaced by i, the last dimension.
struct DiagonalOf {
  size_t row_dim;
  size_t column_dim;
  int64_t offset;

  /// The first entry is in this row and this column.
  int64_t first_row() const { return offset < 0 ? -offset : 0; }
  int64_t first_column() const { return std::max<int64_t>(offset, 0); }

  /// The view of x; nothing is recorded.
  Tensor view_of(const Tensor& x) const {
    const int64_t rows = x.sizes()[row_dim];
    const int64_t columns = x.sizes()[column_dim];
    // Of an offset outside the matrix, only its sign counts: -offset could overflow.
    const bool is_inside = -rows < offset && offset < columns;
    const int64_t length =
        is_inside ? std::min(rows - first_row(), columns - first_column()) : int64_t{0};
    int64_t start = x.storage_offset();
    if (length > 0)
      start += first_row() * x.strides()[row_dim] + first_column() * x.strides()[column_dim];
    Shape sizes = x.sizes();
    Shape strides = x.strides();
    const int64_t step = strides[row_dim] + strides[column_dim];
    for (const size_t d : {std::max(row_dim, column_dim), std::min(row_dim, column_dim)}) {
      sizes.erase(d);
      strides.erase(d);
    }
    sizes.push_back(length);
    strides.push_back(length > 1 ? step : 1);
    return x.as_view(sizes, strides, start);
  }
};

Tensor with_diagonal(OpName op, const Tensor& dy, const Shape& sizes, const DiagonalOf& diagonal);

Tensor diagonal_view(const Tensor& x, const DiagonalOf& diagonal) {
  return record("diagonal", diagonal.view_of(x),
                {x,
                 {[sizes = x.sizes(), diagonal](const Tensor& dy) {
                    return with_diagonal("diagonal_backward", dy, sizes, diagonal);
                  },
                  [diagonal](const Tensor& dx, const Tensor& dy, const Tensor&) {
                    diagonal.view_of(dx).add_(dy);
                  }}});
}

/// Zeros of the given sizes with dy on the diagonal.
Tensor with_diagonal(OpName op, const Tensor& dy, const Shape& sizes, const DiagonalOf& diagonal) {
  const Tensor dx = zeros(sizes, dy.dtype());
  copy_elements(diagonal.view_of(dx), dy);
  return record(op, dx,
                {dy, [diagonal](const Tensor& ddx) { return diagonal_view(ddx, diagonal); }});
}

}  // namespace

Tensor diagonal(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2) {
  check(x.dim() >= 2, "diagonal: expected at least two dimensions, got {}", x.sizes());
  const size_t rows = wrap_dim("diagonal", dim1, x.sizes().size());
  const size_t columns = wrap_dim("diagonal", dim2, x.sizes().size());
  check(rows != columns, "diagonal: dim1 and dim2 are the same dimension {} of {}", rows,
        x.sizes());
  return diagonal_view(x, {rows, columns, offset});
}

Tensor diag(const Tensor& x, int64_t diagonal) {
  check(x.dim() == 1 || x.dim() == 2, "diag: expected a vector or a matrix, got {}", x.sizes());
  const DiagonalOf entries{0, 1, diagonal};
  if (x.dim() == 2) return clone(diagonal_view(x, entries));
  check_is_no_bfloat16("diag", x.dtype());
  constexpr int64_t kFarthest = int64_t{1} << 58;
  check(-kFarthest < diagonal && diagonal < kFarthest,
        "diag: a matrix with a diagonal {} from the main one is more than memory can hold",
        diagonal);
  const int64_t size = x.numel() + std::abs(diagonal);
  numel("diag", {size, size});  // throws if there are too many elements
  return with_diagonal("diag", x, {size, size}, entries);
}

Tensor trace(const Tensor& x) {
  check(x.dim() == 2, "trace: expected a matrix, got {}", x.sizes());
  check_number("trace", x.dtype());
  return reduction::total("trace", diagonal_view(x, {0, 1, 0}), {}, /*keepdim=*/false);
}

}  // namespace gradus
