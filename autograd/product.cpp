// Products of all elements, or along a dimension.
#include "tensor/kernels/product.h"

#include "autograd/reduce.h"

namespace gradus {
namespace {

using reduction::arrange;
using reduction::Arranged;

/// The product along dim, made of products of two halves. As a definition it is right also where x
/// is 0, in derivatives of any order.
Tensor product_of_halves(const Tensor& x, int64_t dim) {
  if (x.size(dim) == 0) return sum(x, dim) + 1;
  Tensor y = x;
  while (y.size(dim) > 1) {
    const int64_t half = y.size(dim) / 2;
    const Tensor halves = narrow(y, dim, 0, half) * narrow(y, dim, half, half);
    const bool has_rest = y.size(dim) % 2 == 1;
    y = has_rest ? cat({halves, narrow(y, dim, 2 * half, 1)}, dim) : halves;
  }
  return select(y, dim, 0);
}

// y = product of x_i:
//
//   dx_i = dy times the product of the other x_j
Tensor product_over(const Tensor& x, std::optional<int64_t> dim, bool keepdim) try {
  if (x.dtype() == kBool) return product_over(to(x, kInt64), dim, keepdim);
  const Arranged in = arrange("prod", x, dim ? Shape{*dim} : Shape{});
  const Shape sizes = in.sizes(keepdim);
  const Tensor y = empty(sizes, x.dtype());
  dispatch_number("prod", x.dtype(), [&]<class T>() {
    kernels::product(y.data<T>(), in.x.data<T>(), in.outer, in.size, in.inner);
  });
  if (!x.is_floating_point()) return y;
  return record_fused(
      "prod", y, {x},
      [dim, x = saved(x)](const Tensor& dy, const std::vector<bool>&) {
        const Arranged of_x = arrange("prod", x(), dim ? Shape{*dim} : Shape{});
        const Tensor dense_dy = contiguous(dy);
        const Tensor dx = empty(of_x.given, dy.dtype());
        dispatch_float("prod", dy.dtype(), [&]<class T>() {
          kernels::product_backward(dx.data<T>(), dense_dy.data<T>(), of_x.x.data<T>(), of_x.outer,
                                    of_x.size, of_x.inner);
        });
        return std::vector<Tensor>{dx};
      },
      [dim, sizes](const std::vector<Tensor>& inputs) {
        const Tensor& v = inputs[0];
        return reshape(dim && v.dim() > 0 ? product_of_halves(v, *dim)
                                          : product_of_halves(reshape(v, {v.numel()}), 0),
                       sizes);
      });
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

}  // namespace

Tensor prod(const Tensor& x, std::optional<DType> dtype) {
  return product_over(dtype ? to(x, *dtype) : x, {}, /*keepdim=*/false);
}
Tensor prod(const Tensor& x, int64_t dim, bool keepdim, std::optional<DType> dtype) {
  return product_over(dtype ? to(x, *dtype) : x, dim, keepdim);
}

}  // namespace gradus
