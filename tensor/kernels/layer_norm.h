#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/reduce.h"
#include "tensor/kernels/simd/rows.h"

namespace gradus::kernels {

/// y = (x - mean) rstd weight + bias for each of the R rows of x (R, C), with rstd = 1 /
/// sqrt(variance + eps) and the variance over C, not C - 1. weight and bias (C) may be null; mean
/// and rstd (R) are kept for the backward. float, double.
template <class T>
void layer_norm(T* y, T* mean, T* rstd, const T* x, const T* weight, const T* bias, int64_t R,
                int64_t C, double eps) {
  parallel_for(R, grain_for(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      GRADUS_DISPATCH(
          layer_norm_row(y + r * C, mean + r, rstd + r, x + r * C, weight, bias, C, eps));
    }
  });
}

/// Gradients of the inputs of layer_norm, written, not added; any output may be null, and so may
/// weight. With z = (x - mean) rstd and dz = dy weight: dx = rstd (dz - average of dz - z times the
/// average of dz z), dweight = sum of dy z over the rows, dbias = sum of dy over the rows.
template <class T>
void layer_norm_backward(T* dx, T* dweight, T* dbias, const T* dy, const T* x, const T* mean,
                         const T* rstd, const T* weight, int64_t R, int64_t C) {
  // dweight and dbias are summed over pieces of the rows, whose length depends on R only, then over
  // the pieces in double.
  const int64_t length = std::max<int64_t>(32, R / 1024);
  const int64_t pieces = (R + length - 1) / length;
  std::vector<T> weight_sums(static_cast<size_t>(dweight ? pieces * C : 0));
  std::vector<T> bias_sums(static_cast<size_t>(dbias ? pieces * C : 0));
  parallel_for(pieces, grain_for(C * length), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin * length; r < std::min(end * length, R); ++r) {
      const int64_t piece = r / length * C;
      const int64_t at = r * C;
      GRADUS_DISPATCH(layer_norm_backward_row(dx ? dx + at : nullptr,
                                              dweight ? weight_sums.data() + piece : nullptr,
                                              dbias ? bias_sums.data() + piece : nullptr, dy + at,
                                              x + at, mean[r], rstd[r], weight, C));
    }
  });
  if (dweight) sum(dweight, weight_sums.data(), 1, pieces, C);
  if (dbias) sum(dbias, bias_sums.data(), 1, pieces, C);
}

}  // namespace gradus::kernels
