#include "autograd/selection.h"

#include "autograd/ops.h"
#include "tensor/kernels/index.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

using indexing::TensorIndex;

/// The number of dimensions of x that the index is for.
int64_t count_dims(const TensorIndex& index) {
  if (index.is_tensor()) return index.tensor().dtype() == kBool ? index.tensor().dim() : 1;
  return index.is_integer() || index.is_slice() ? 1 : 0;
}

/// Goes through the indices and collects the views and the tensors.
class IndexReader {
 public:
  IndexReader(const char* op, const Tensor& x) : op_(op), x_(x) {}

  void read(const TensorIndex& index, int64_t dims_of_ellipsis) {
    if (index.is_none())
      add_dimension();
    else if (index.is_ellipsis())
      skip(dims_of_ellipsis);
    else if (index.is_integer())
      read_integer(index.integer());
    else if (index.is_boolean())
      read_boolean(index.boolean());
    else if (index.is_slice())
      read_slice(index.slice());
    else
      read_tensor(index.tensor());
  }
  void skip(int64_t dims) {
    dim_ += dims;
    x_dim_ += dims;
  }
  void add_tensor(const Tensor& tensor) {
    check(tensor.dtype() == kInt64 || tensor.dtype() == kBool,
          "{}: an index tensor must be int64 or bool, got {}", op_, tensor.dtype());
    const IndexTensor added{tensor, static_cast<size_t>(dim_), x_dim_};
    list_.tensors.push_back(added);
    skip(static_cast<int64_t>(added.dims()));
  }
  IndexList take() { return std::move(list_); }

 private:
  void add_view(const ViewStep& view) { list_.views.push_back(view); }

  void add_dimension() {
    add_view({.kind = ViewStep::Kind::unsqueeze, .dim = dim_});
    ++dim_;
  }

  void read_integer(int64_t index) {
    const int64_t size = x_.size(x_dim_);
    check(-size <= index && index < size,
          "{}: index {} is outside the {} entries of dimension {} of {}", op_, index, size, x_dim_,
          x_.sizes());
    add_view({.kind = ViewStep::Kind::select, .dim = dim_, .start = index});
    ++x_dim_;
  }

  void read_slice(const indexing::Slice& slice) {
    check(slice.step() > 0, "{}: the step of a slice must be positive, got {}", op_, slice.step());
    const bool is_all = slice.start() == 0 && slice.stop() >= x_.size(x_dim_) && slice.step() == 1;
    if (!is_all)
      add_view({.kind = ViewStep::Kind::slice,
                .dim = dim_,
                .start = slice.start(),
                .stop = slice.stop(),
                .step = slice.step()});
    skip(1);
  }

  /// A new dimension with one entry if it is true, with none if it is false.
  void read_boolean(bool value) {
    const Tensor ids = value ? zeros(1, kInt64) : empty(0, kInt64);
    list_.tensors.push_back({ids, static_cast<size_t>(dim_), x_dim_});
    add_dimension();
  }

  void read_tensor(const Tensor& index) {
    if (index.dim() == 0 && index.dtype() == kInt64)
      read_integer(index.item<int64_t>());
    else if (index.dim() == 0 && index.dtype() == kBool)
      read_boolean(index.item<bool>());
    else
      add_tensor(index);
  }

  const char* op_;
  const Tensor& x_;
  int64_t dim_ = 0;    // the next dimension of the view
  int64_t x_dim_ = 0;  // the next dimension of x
  IndexList list_;
};

/// The entries that a mask selects.
Tensor read_mask(const char* op, const Tensor& x, const Tensor& v, const IndexTensor& index) {
  const Tensor& mask = index.tensor;
  for (size_t d = 0; d < mask.sizes().size(); ++d) {
    const int64_t x_dim = index.x_dim + static_cast<int64_t>(d);
    check(mask.sizes()[d] == v.sizes()[index.dim + d],
          "{}: the mask is {}, its size {} does not fit dimension {} of {}", op, mask.sizes(),
          mask.sizes()[d], x_dim, x.sizes());
  }
  return true_positions(mask);
}

/// The entries that an int64 tensor selects, perhaps counted from the end.
Tensor read_ids(const char* op, const Tensor& x, const Tensor& v, const IndexTensor& index) {
  const Tensor ids = as_contiguous(index.tensor);
  const int64_t size = v.sizes()[index.dim];
  const int64_t* const data = ids.data<int64_t>();
  const int64_t outside = kernels::find_outside_wrapped(data, ids.numel(), size);
  if (outside < ids.numel()) {
    fail("{}: index {} at {} is outside the {} entries of dimension {} of {}", op, data[outside],
         index_of(outside, ids.sizes()), size, index.x_dim, x.sizes());
  }
  return ids;
}

Shape broadcast_ids(const char* op, const Shape& a, const Shape& b) {
  const Shape& longer = a.size() > b.size() ? a : b;
  Shape filled = a.size() > b.size() ? b : a;
  while (filled.size() < longer.size())
    filled.insert(0, 1);
  for (size_t d = 0; d < longer.size(); ++d)
    check(longer[d] == filled[d] || longer[d] == 1 || filled[d] == 1,
          "{}: the index tensors of shapes {} and {} do not broadcast; the shape of a mask is the "
          "number of its true elements",
          op, a, b);
  return broadcast_shapes(op, a, b);
}

}  // namespace

Tensor ViewStep::of(const Tensor& x) const {
  switch (kind) {
    case Kind::select:
      return select(x, dim, start);
    case Kind::slice:
      return slice(x, dim, start, stop, step);
    default:
      return unsqueeze(x, dim);
  }
}

Tensor IndexList::view_of(const Tensor& x) const {
  Tensor v = x;
  for (const ViewStep& step : views)
    v = step.of(v);
  return v;
}

IndexList read_indices(const char* op, const Tensor& x,
                       std::span<const indexing::TensorIndex> indices) {
  check(!indices.empty(), "{}: the list of indices is empty", op);
  int64_t dims = 0;
  int64_t ellipses = 0;
  for (const TensorIndex& index : indices) {
    dims += count_dims(index);
    ellipses += index.is_ellipsis();
  }
  check(dims <= x.dim(), "{}: the indices are for {} dimensions, x is {}", op, dims, x.sizes());
  check(ellipses <= 1, "{}: at most one index may be Ellipsis, got {}", op, ellipses);
  IndexReader reader(op, x);
  for (const TensorIndex& index : indices)
    reader.read(index, x.dim() - dims);
  return reader.take();
}

IndexList read_indices(const char* op, const Tensor& x,
                       const std::vector<std::optional<Tensor>>& indices) {
  IndexReader reader(op, x);
  int64_t dims = 0;
  for (const std::optional<Tensor>& index : indices) {
    if (!index) {
      reader.skip(1);
      ++dims;
      continue;
    }
    check(index->dtype() != kBool || index->dim() > 0, "{}: a mask needs at least one dimension",
          op);
    dims += index->dtype() == kBool ? index->dim() : 1;
    reader.add_tensor(*index);
  }
  check(dims <= x.dim(), "{}: the indices are for {} dimensions, x is {}", op, dims, x.sizes());
  IndexList list = reader.take();
  check(!list.tensors.empty(), "{}: there is no tensor among the indices", op);
  return list;
}

Shape Selection::in_result(const Shape& of_v, const Shape& of_ids) const {
  Shape result;
  for (size_t d = 0; d < of_v.size(); ++d) {
    const bool is_indexed =
        std::find(indexed.begin(), indexed.end(), static_cast<int64_t>(d)) != indexed.end();
    if (!is_indexed) result.push_back(of_v[d]);
  }
  size_t place = is_adjacent() ? static_cast<size_t>(indexed.front()) : 0;
  for (const int64_t value : of_ids)
    result.insert(place++, value);
  return result;
}

Selection select_entries(const char* op, const Tensor& x, const Tensor& v,
                         const std::vector<IndexTensor>& tensors) {
  Selection selection;
  selection.sizes = v.sizes();
  selection.distinct = tensors.size() == 1 && tensors[0].is_mask();
  std::vector<Tensor> all_ids;
  Shape sizes;
  for (const IndexTensor& index : tensors) {
    all_ids.push_back(index.is_mask() ? read_mask(op, x, v, index) : read_ids(op, x, v, index));
    sizes = broadcast_ids(op, sizes, all_ids.back().sizes());
    for (size_t d = 0; d < index.dims(); ++d)
      selection.indexed.push_back(static_cast<int64_t>(index.dim + d));
  }
  if (selection.distinct) {
    selection.ids = all_ids[0];
    return selection;
  }
  selection.ids = empty(sizes, kInt64);
  for (size_t i = 0; i < tensors.size(); ++i) {
    int64_t size = 1;
    for (size_t d = 0; d < tensors[i].dims(); ++d)
      size *= v.sizes()[tensors[i].dim + d];
    kernels::append_ids(selection.ids.data<int64_t>(), all_ids[i].data<int64_t>(), size, i == 0,
                        strided_loop(sizes, selection.ids, all_ids[i]));
  }
  return selection;
}

Tensor true_positions(const Tensor& mask) {
  const Tensor in_order = as_contiguous(mask);
  const bool* const data = in_order.data<bool>();
  const std::vector<int64_t> counts = kernels::count_true(data, in_order.numel());
  const Tensor positions = empty(counts.back(), kInt64);
  kernels::find_true(positions.data<int64_t>(), data, in_order.numel(), counts);
  return positions;
}

}  // namespace gradus
