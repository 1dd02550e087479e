// From tensors to the elementwise loops of tensor/kernels: shapes, strides and dtypes in, raw
// pointers out.
#pragma once
#include "tensor/factories.h"
#include "tensor/kernels/arithmetic.h"
#include "tensor/kernels/elementwise.h"
#include "tensor/kernels/strided_loop.h"
#include "tensor/tensor.h"

namespace gradus {

/// How the elements of x lie, or what the last few dimensions hold, each as a point.
inline kernels::Layout layout(const Tensor& x, size_t last = 0) {
  return {x.sizes().size() - last, x.sizes().data(), x.strides().data()};
}
/// The loops over `sizes`, each tensor broadcast to them.
template <class... Tensors>
kernels::StridedLoop<sizeof...(Tensors)> strided_loop(const Shape& sizes,
                                                      const Tensors&... tensors) {
  if ((... && (tensors.is_contiguous() && tensors.sizes() == sizes)))  // the usual case: one loop
    return kernels::StridedLoop<sizeof...(Tensors)>((tensors.numel(), ...), 1);
  return kernels::strided_loop<sizeof...(Tensors)>(sizes.size(), sizes.data(),
                                                   {layout(tensors)...});
}

void check_same_dtype(const char* op, const Tensor& a, const Tensor& b);

/// y = f(x) into memory that is there.
template <class Y, class X, class F>
void map_into(const Tensor& y, const Tensor& x, const F& f) {
  kernels::map(y.data<Y>(), x.data<X>(), strided_loop(y.sizes(), y, x), f);
}
/// y = f(a, b) into memory that is there.
template <class Y, class X, class F>
void zip_into(const Tensor& y, const Tensor& a, const Tensor& b, const F& f) {
  kernels::zip(y.data<Y>(), a.data<X>(), b.data<X>(), strided_loop(y.sizes(), y, a, b), f);
}

/// f of every element, for floating-point x.
template <class F>
Tensor map_float(const char* op, const Tensor& x, const F& f) {
  const Tensor y = empty(x.sizes(), x.dtype());
  dispatch_float(op, x.dtype(), [&]<class T>() { map_into<T, T>(y, x, f); });
  return y;
}
/// f of every element, for numbers.
template <class F>
Tensor map_number(const char* op, const Tensor& x, const F& f) {
  const Tensor y = empty(x.sizes(), x.dtype());
  dispatch_number(op, x.dtype(), [&]<class T>() { map_into<T, T>(y, x, f); });
  return y;
}
/// f of every pair, broadcasting, for floating-point tensors.
template <class F>
Tensor zip_float(const char* op, const Tensor& a, const Tensor& b, const F& f) {
  check_same_dtype(op, a, b);
  const Tensor y = empty(broadcast_shapes(op, a.sizes(), b.sizes()), a.dtype());
  dispatch_float(op, a.dtype(), [&]<class T>() { zip_into<T, T>(y, a, b, f); });
  return y;
}
/// The same for numbers.
template <class F>
Tensor zip_number(const char* op, const Tensor& a, const Tensor& b, const F& f) {
  check_same_dtype(op, a, b);
  const Tensor y = empty(broadcast_shapes(op, a.sizes(), b.sizes()), a.dtype());
  dispatch_number(op, a.dtype(), [&]<class T>() { zip_into<T, T>(y, a, b, f); });
  return y;
}

/// ids (int64) in row-major order, each from 0 to size - 1 or `allowed`. Else an Error such as
/// "embedding: index 7 at [1, 2] is outside the 5 rows of weight".
Tensor checked_ids(const char* op, const char* what, const Tensor& ids, int64_t size,
                   const char* of, std::optional<int64_t> allowed = {});
/// Copies the elements, broadcasting and converting the dtype.
void copy_elements(const Tensor& to, const Tensor& from);
/// x itself, or its elements in row-major order in memory of their own. Nothing is recorded.
Tensor as_contiguous(const Tensor& x);
/// Whether every element has memory of its own, so that it can be written: not so in an expanded
/// tensor.
bool may_write_in_place(const Tensor& x);

}  // namespace gradus
