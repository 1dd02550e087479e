// There are two ways to an entry. If v and the values are rows without gaps, a kernel copies or
// adds rows. Otherwise it goes through all elements with strides.
#include "autograd/entries.h"

#include "autograd/ops.h"
#include "tensor/kernels/index.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

/// v as (outer, size, inner), where `size` counts the entries of all indexed dimensions.
struct Rows {
  int64_t outer = 1;
  int64_t size = 1;
  int64_t inner = 1;
};
/// Nothing if v or `other`, which has the shape of the result, is not made of such rows.
std::optional<Rows> as_rows(const Tensor& v, const Selection& selection, const Tensor& other) {
  if (!v.is_contiguous() || !other.is_contiguous() || !selection.is_adjacent()) return {};
  if (other.sizes() != selection.result_sizes()) return {};
  Rows rows;
  for (size_t d = 0; d < v.sizes().size(); ++d) {
    const auto dim = static_cast<int64_t>(d);
    int64_t& part = dim < selection.indexed.front()  ? rows.outer
                    : dim > selection.indexed.back() ? rows.inner
                                                     : rows.size;
    part *= v.sizes()[d];
  }
  return rows;
}

/// The stride from one entry to the next if it is the same for all indexed dimensions together.
std::optional<int64_t> common_stride(const Tensor& v, const Shape& indexed) {
  int64_t stride = 1;
  int64_t entries = 0;  // of the dimensions so far; 0 if their stride is not known
  for (size_t i = indexed.size(); i-- > 0;) {
    const auto d = static_cast<size_t>(indexed[i]);
    if (v.sizes()[d] == 1) continue;
    if (entries == 0) {
      stride = v.strides()[d];
      entries = v.sizes()[d];
    } else {
      if (v.strides()[d] != stride * entries) return {};
      entries *= v.sizes()[d];
    }
  }
  return stride;
}

/// Where the entries are in v's memory.
Tensor offsets_in(const Tensor& v, const Selection& selection) {
  Shape sizes;
  Shape strides;
  for (const int64_t d : selection.indexed) {
    sizes.push_back(v.sizes()[static_cast<size_t>(d)]);
    strides.push_back(v.strides()[static_cast<size_t>(d)]);
  }
  const Tensor offsets = empty(selection.ids.sizes(), kInt64);
  kernels::offsets_of(offsets.data<int64_t>(), selection.ids.data<int64_t>(), offsets.numel(),
                      {sizes.size(), sizes.data(), strides.data()});
  return offsets;
}

/// Loops over the shape of the result: the ids, `other`, and v, whose stride is 0 along the
/// dimensions of the ids. An entry is at its id times `stride`.
struct EntryLoop {
  EntryLoop(const Tensor& v, const Selection& selection, const Tensor& other) : ids(selection.ids) {
    if (const auto common = common_stride(v, selection.indexed)) {
      stride = *common;
    } else {
      ids = offsets_in(v, selection);
    }
    const Shape sizes = selection.result_sizes();
    const Shape no_v = Shape::filled(v.sizes().size(), 0);
    const Shape no_ids = Shape::filled(ids.sizes().size(), 0);
    loop =
        strided_loop(sizes, ids.as_view(sizes, selection.in_result(no_v, ids.strides()), 0), other,
                     v.as_view(sizes, selection.in_result(v.strides(), no_ids), v.impl().offset));
  }

  Tensor ids;
  int64_t stride = 1;
  kernels::StridedLoop<3> loop;
};

}  // namespace

Tensor read_entries(const char* op, const Tensor& v, const Selection& selection) {
  const Tensor y = empty(selection.result_sizes(), v.dtype());
  if (y.numel() == 0) return y;
  dispatch(op, v.dtype(), [&]<class T>() {
    if (const auto rows = as_rows(v, selection, y)) {
      kernels::gather_rows(y.data<T>(), v.data<T>(), selection.ids.data<int64_t>(), rows->outer,
                           rows->size, selection.ids.numel(), rows->inner);
    } else {
      const EntryLoop at(v, selection, y);
      kernels::gather(y.data<T>(), v.data<T>(), at.ids.data<int64_t>(), at.stride, at.loop);
    }
  });
  return y;
}

void add_entries(const char* op, const Tensor& v, const Selection& selection,
                 const Tensor& values) {
  dispatch_number(op, v.dtype(), [&]<class T>() {
    if (numel(op, selection.result_sizes()) == 0) return;
    const int64_t* const ids = selection.ids.data<int64_t>();
    if (const auto rows = as_rows(v, selection, values)) {
      kernels::scatter_add_rows(v.data<T>(), values.data<T>(), ids, rows->outer, rows->size,
                                selection.ids.numel(), rows->inner, selection.distinct);
    } else {
      const EntryLoop at(v, selection, values);
      kernels::scatter_add(v.data<T>(), values.data<T>(), at.ids.data<int64_t>(), at.stride,
                           at.loop);
    }
  });
}

void put_entries(const char* op, const Tensor& v, const Selection& selection,
                 const Tensor& values) {
  dispatch(op, v.dtype(), [&]<class T>() {
    if (numel(op, selection.result_sizes()) == 0) return;
    const int64_t* const ids = selection.ids.data<int64_t>();
    if (const auto rows = as_rows(v, selection, values)) {
      kernels::put_rows(v.data<T>(), values.data<T>(), ids, rows->outer, rows->size,
                        selection.ids.numel(), rows->inner, selection.distinct);
    } else {
      const EntryLoop at(v, selection, values);
      kernels::put(v.data<T>(), values.data<T>(), at.ids.data<int64_t>(), at.stride, at.loop,
                   selection.distinct);
    }
  });
}

}  // namespace gradus
