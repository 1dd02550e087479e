// What a list of indices means for a tensor x. Integers, Slice, None and Ellipsis make views. The
// tensors among them, if there are any, then select entries of the last view:
//
//   x.index({0, Slice(1), ids})  is  v = x.select(0, 0).slice(0, 1),  y[i, j] = v[i, ids[j]]
//
// A mask is a shorter form of the indices of its true elements. Index tensors broadcast together.
// The result has their dimensions in place of the indexed ones, or first if other dimensions are in
// between, as in NumPy:
// https://numpy.org/doc/stable/user/basics.indexing.html#combining-advanced-and-basic-indexing
#pragma once
#include <span>

#include "tensor/indexing.h"

namespace gradus {

/// A view that one index makes.
struct ViewStep {
  enum class Kind : uint8_t { select, slice, unsqueeze };

  Kind kind;
  int64_t dim;
  int64_t start = 0;  // or the selected index
  int64_t stop = 0;
  int64_t step = 1;

  Tensor of(const Tensor& x) const;
};

/// A tensor among the indices.
struct IndexTensor {
  Tensor tensor;  // int64 or bool
  size_t dim;     // the first dimension that it indexes, in the last view
  int64_t x_dim;  // the same dimension of x, for messages

  bool is_mask() const { return tensor.dtype() == kBool; }
  size_t dims() const { return is_mask() ? tensor.sizes().size() : 1; }
};

/// A list of indices, checked as far as that is possible without reading index tensors.
struct IndexList {
  std::vector<ViewStep> views;
  std::vector<IndexTensor> tensors;

  /// The last view.
  Tensor view_of(const Tensor& x) const;
};
IndexList read_indices(const char* op, const Tensor& x,
                       std::span<const indexing::TensorIndex> indices);
/// The same for a list with one tensor for each dimension. A tensor that is missing selects all of
/// its dimension.
IndexList read_indices(const char* op, const Tensor& x,
                       const std::vector<std::optional<Tensor>>& indices);

/// Entries of a tensor v.
struct Selection {
  Tensor ids;     // int64, contiguous: the number of each entry, counted in row-major order over
                  // the indexed dimensions. It is a tensor of its own and never changes.
  Shape sizes;    // of v
  Shape indexed;  // the indexed dimensions of v, in order
  bool distinct = false;  // no entry is selected twice

  /// Whether the indexed dimensions follow each other.
  bool is_adjacent() const { return indexed.back() - indexed.front() < std::ssize(indexed); }
  /// A list with one value for each dimension of the result. Those of the dimensions of v come from
  /// `of_v`, where the indexed ones are left out, and those of the dimensions of ids from `of_ids`.
  Shape in_result(const Shape& of_v, const Shape& of_ids) const;
  Shape result_sizes() const { return in_result(sizes, ids.sizes()); }
};
/// Reads the index tensors, of which there is at least one, and checks them. v is the last view of
/// x.
Selection select_entries(const char* op, const Tensor& x, const Tensor& v,
                         const std::vector<IndexTensor>& tensors);

/// The positions of the true elements in row-major order: int64, one dimension.
Tensor true_positions(const Tensor& mask);

}  // namespace gradus
