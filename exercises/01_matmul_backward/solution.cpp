#include "exercises/01_matmul_backward/matmul_backward.h"

namespace mine {

Tensor unbroadcast(const Tensor& dy, const Shape& sizes) {
  Tensor sum = dy;
  while (sum.dim() > static_cast<int64_t>(sizes.size()))
    sum = sum.sum(0);  // broadcasting added this dimension
  for (int64_t i = 0; i < sum.dim(); ++i)
    if (sizes[static_cast<size_t>(i)] == 1) sum = sum.sum(i, /*keepdim=*/true);
  return sum;
}

MatmulGradients matmul_backward(const Tensor& dy, const Tensor& a, const Tensor& b) {
  const Tensor da = matmul(dy, b.transpose(-2, -1));  // (..., N, M) (..., M, K) -> (..., N, K)
  const Tensor db = matmul(a.transpose(-2, -1), dy);  // (..., K, N) (..., N, M) -> (..., K, M)
  return {unbroadcast(da, a.sizes()), unbroadcast(db, b.sizes())};
}

}  // namespace mine
