// Indexing with lists of indices. selection.h says what a list means.
//
// Reading and adding are each other's gradients:
//
//   y = index(v):            y[i] = v[ids[i]]          dv = index_backward(dy)
//   dv = index_backward(dy): dv[ids[i]] += dy[i]       ddy = index(ddv)
//
// Writing, v[ids[i]] = values[i], gives 0 to v's old elements there and index(dv) to the values. If
// an entry is selected twice, the last value is written and each gets the gradient, as in PyTorch.
#include "autograd/entries.h"
#include "autograd/in_place.h"
#include "autograd/ops.h"
#include "tensor/checks.h"
#include "tensor/kernels/index.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

using indexing::TensorIndex;
using OptionalTensors = std::vector<std::optional<Tensor>>;

Tensor index_backward(const Tensor& dy, const Selection& selection);

Tensor index_entries(OpName op, const Tensor& v, const Selection& selection) {
  return record(op, read_entries(op, v, selection),
                {v,
                 {[selection](const Tensor& dy) { return index_backward(dy, selection); },
                  [selection](const Tensor& dv, const Tensor& dy, const Tensor&) {
                    add_entries("index", dv, selection, dy);
                  }}});
}

Tensor index_backward(const Tensor& dy, const Selection& selection) {
  const Tensor dv = zeros(selection.sizes, dy.dtype());
  add_entries("index", dv, selection, dy);
  return record("index_backward", dv, {dy, [selection](const Tensor& ddv) {
                                         return index_entries("index", ddv, selection);
                                       }});
}

Tensor index_list(const char* op, const Tensor& x, const IndexList& list) {
  const Tensor v = list.view_of(x);
  if (!list.tensors.empty())
    return index_entries("index", v, select_entries(op, x, v, list.tensors));
  return v.is_same(x) ? alias(x) : v;
}

/// The part of a tensor x that is written: of a view, all or some entries.
struct Part {
  Part(const char* op, const Tensor& x, const IndexList& list)
      : views{.views = list.views, .tensors = {}} {
    const Tensor v = views.view_of(x.detach());
    sizes = v.sizes();
    if (list.tensors.empty()) return;
    selection = select_entries(op, x, v, list.tensors);
    sizes = selection->result_sizes();
  }

  Tensor of(const Tensor& x) const {
    const Tensor v = views.view_of(x);
    return selection ? index_entries("index", v, *selection) : v;
  }
  /// Writes to x's memory; nothing is recorded.
  void write(const char* op, const Tensor& x, const Tensor& values, bool accumulate) const {
    const Tensor v = views.view_of(x.detach());
    if (!selection)
      copy_elements(v, values);
    else if (accumulate)
      add_entries(op, v, *selection, values);
    else
      put_entries(op, v, *selection, values);
  }
  void check_values(const char* op, const Tensor& x, const Tensor& values) const {
    if (selection) check_same_dtype(op, x, values);
    check(broadcasts_to(values.sizes(), sizes),
          "{}: the values of shape {} do not broadcast to {}, the shape of the indexed part of {}",
          op, values.sizes(), sizes, x.sizes());
  }

  IndexList views;
  std::optional<Selection> selection;
  Shape sizes;
};

std::span<const TensorIndex> spanned(std::initializer_list<TensorIndex> indices) {
  return {indices.begin(), indices.size()};
}

Tensor put(const Tensor& x, const Part& part, const Tensor& values, bool accumulate);

/// y, which is x with the values in the part of it, gets its history.
Tensor record_put(OpName op, const Tensor& y, const Tensor& x, const Part& part,
                  const Tensor& values, bool accumulate) {
  return record(
      op, y,
      {x,
       [part, accumulate](const Tensor& dy) {
         return accumulate ? dy : put(dy, part, zeros({}, dy.dtype()), false);
       }},
      {values, [part, from = values.dtype()](const Tensor& dy) { return to(part.of(dy), from); }});
}

Tensor put(const Tensor& x, const Part& part, const Tensor& values, bool accumulate) {
  const Tensor y = empty_like(x);
  copy_elements(y, x);
  part.write("index_put", y, values, accumulate);
  return record_put("index_put", y, x, part, values, accumulate);
}

Tensor put_in_place(const Tensor& x, const IndexList& list, const Tensor& values, bool accumulate) {
  constexpr const char* op = "index_put_";
  const bool is_recorded = in_place::recorded_write(op, x, needs_grad(values));
  const Part part(op, x, list);
  part.check_values(op, x, values);
  const bool shares_memory = values.impl().storage == x.impl().storage;
  const Tensor source = shares_memory ? values.detach().clone() : values;
  in_place::write(op, x, [&] { part.write(op, x, source, accumulate); });
  if (is_recorded) {
    const Tensor old_x = in_place::before_write(x);
    in_place::take_node(x, record_put("index_put_", x.detach(), old_x, part, values, accumulate));
  }
  return x;
}

/// The values of an assignment x[...] = values: like x's other in-place ops, but additional leading
/// dimensions of size 1 are left out.
Tensor assign(const Tensor& x, std::span<const TensorIndex> indices, const Tensor& values) {
  Shape sizes = values.sizes();
  while (!sizes.empty() && sizes[0] == 1)
    sizes.erase(0);
  const IndexList list = read_indices("index_put_", x, indices);
  const bool is_shorter = sizes.size() < values.sizes().size();
  return put_in_place(x, list, is_shorter ? values.reshape(sizes) : values, /*accumulate=*/false);
}

}  // namespace

Tensor index(const Tensor& x, const OptionalTensors& indices) try {
  return index_list("index", x, read_indices("index", x, indices));
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

Tensor index_put(const Tensor& x, const OptionalTensors& indices, const Tensor& values,
                 bool accumulate) try {
  const Part part("index_put", x, read_indices("index_put", x, indices));
  part.check_values("index_put", x, values);
  return put(x, part, values, accumulate);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

Tensor index_put_(const Tensor& x, const OptionalTensors& indices, const Tensor& values,
                  bool accumulate) try {
  return put_in_place(x, read_indices("index_put_", x, indices), values, accumulate);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

Tensor nonzero(const Tensor& x) try {
  check_is_no_bfloat16("nonzero", x.dtype());
  const Tensor positions = true_positions(x.detach().to(kBool));
  const Tensor y = empty({positions.numel(), x.dim()}, kInt64);
  kernels::unravel(y.data<int64_t>(), positions.data<int64_t>(), positions.numel(),
                   {x.sizes().size(), x.sizes().data(), nullptr});
  return y;
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

Tensor masked_select(const Tensor& x, const Tensor& mask) try {
  check(mask.dtype() == kBool, "masked_select: the mask must be bool, got {}", mask.dtype());
  Shape sizes = broadcast_shapes("masked_select", x.sizes(), mask.sizes());
  if (sizes.empty()) sizes = {1};
  const Tensor v = expand(x, sizes);
  const IndexTensor index{expand(mask, sizes), 0, 0};
  return index_entries("masked_select", v, select_entries("masked_select", x, v, {index}));
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

Tensor Tensor::operator[](const Tensor& index) const try {
  const TensorIndex indices[] = {index};
  return index_list("operator[]", *this, read_indices("operator[]", *this, indices));
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

Tensor Tensor::index(std::initializer_list<TensorIndex> indices) const try {
  return index_list("index", *this, read_indices("index", *this, spanned(indices)));
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}
Tensor Tensor::index(const std::vector<TensorIndex>& indices) const try {
  return index_list("index", *this, read_indices("index", *this, std::span(indices)));
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}
Tensor Tensor::index(const OptionalTensors& indices) const { return gradus::index(*this, indices); }

Tensor Tensor::index_put(const OptionalTensors& indices, const Tensor& values,
                         bool accumulate) const {
  return gradus::index_put(*this, indices, values, accumulate);
}

Tensor Tensor::index_put_(std::initializer_list<TensorIndex> indices, const Tensor& value) const
    try {
  return assign(*this, spanned(indices), value);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}
Tensor Tensor::index_put_(std::initializer_list<TensorIndex> indices, Scalar value) const {
  return index_put_(indices, number_like("index_put_", value, *this));
}
Tensor Tensor::index_put_(const std::vector<TensorIndex>& indices, const Tensor& value) const try {
  return assign(*this, indices, value);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}
Tensor Tensor::index_put_(const std::vector<TensorIndex>& indices, Scalar value) const {
  return index_put_(indices, number_like("index_put_", value, *this));
}
Tensor Tensor::index_put_(const OptionalTensors& indices, const Tensor& values,
                          bool accumulate) const {
  return gradus::index_put_(*this, indices, values, accumulate);
}

Tensor Tensor::nonzero() const { return gradus::nonzero(*this); }
Tensor Tensor::masked_select(const Tensor& mask) const {
  return gradus::masked_select(*this, mask);
}

}  // namespace gradus
