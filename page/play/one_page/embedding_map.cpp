#include "page/play/one_page/embedding_map.h"

#include "autograd/ops.h"
#include "tensor/factories.h"

namespace gradus::page::one_page {
namespace {

constexpr int kIterations = 500;

/// The eigenvector of the largest eigenvalue of a symmetric matrix (C, C), by power iteration. Its
/// largest component is positive, so that the picture does not flip.
Tensor first_eigenvector(const Tensor& matrix) {
  const int64_t C = matrix.size(0);
  Tensor v = arange(1, C + 1, matrix.dtype());  // (C): not orthogonal to it by accident
  for (int i = 0; i < kIterations; ++i) {
    v = matmul(matrix, v);
    v = v / v.norm();
  }
  const int64_t largest = abs(v).argmax().item<int64_t>();
  return v[largest].item<double>() < 0 ? -v : v;
}

Tensor centred(const Tensor& x) { return x - x.mean(0, true); }

}  // namespace

Tensor principal_axes(const Tensor& x) {
  const NoGradGuard no_grad;
  const Tensor rows = centred(x);
  const Tensor covariance = matmul(rows.transpose(0, 1), rows);  // (C, C), up to a factor
  const Tensor first = first_eigenvector(covariance);
  const Tensor eigenvalue = matmul(first, matmul(covariance, first));
  const Tensor second = first_eigenvector(covariance - outer(first, first) * eigenvalue);
  return stack({first, second}, 1);
}

Tensor projected(const Tensor& x, const Tensor& axes) {
  const NoGradGuard no_grad;
  return matmul(centred(x), axes);
}

}  // namespace gradus::page::one_page
