// Describes tensors to the kernels as arrays with any strides.
#pragma once
#include "tensor/kernels/strided_loop.h"
#include "tensor/tensor.h"

namespace gradus {

/// x's sizes and strides, without the last `omit` dimensions.
inline kernels::Layout layout(const Tensor& x, size_t omit = 0) {
  return {x.sizes().size() - omit, x.sizes().data(), x.strides().data()};
}

/// The loops over `sizes`, to which each tensor is broadcast.
template <class... Tensors>
kernels::StridedLoop<sizeof...(Tensors)> strided_loop(const Shape& sizes,
                                                      const Tensors&... tensors) {
  const bool one_loop = (... && (tensors.is_contiguous() && tensors.sizes() == sizes));
  // All have the same number of elements; the fold expression returns that of the last one.
  if (one_loop) return kernels::StridedLoop<sizeof...(Tensors)>((tensors.numel(), ...), 1);
  return kernels::strided_loop<sizeof...(Tensors)>(sizes.size(), sizes.data(),
                                                   {layout(tensors)...});
}

/// Whether several elements of x share memory, as in an expanded tensor. Such a tensor cannot be
/// written in place.
bool has_internal_overlap(const Tensor& x);

/// Copies the elements, broadcasting and converting the dtype.
void copy_elements(const Tensor& to, const Tensor& from);

/// x itself if it is contiguous, otherwise a contiguous copy. Nothing is recorded.
Tensor as_contiguous(const Tensor& x);

}  // namespace gradus
