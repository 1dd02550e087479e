#include "tensor/kernels/layer_norm.h"

#include <algorithm>
#include <cmath>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/reduce.h"

namespace gradus::kernels {

template <class T>
void layer_norm(T* y, T* mean, T* rstd, const T* x, const T* weight, const T* bias, int64_t R, int64_t C, double eps) {
  mean_and_m2(mean, rstd, x, R, C, 1);
  parallel_for(R, grain_for(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const double variance = static_cast<double>(rstd[r]) / static_cast<double>(C);
      rstd[r] = static_cast<T>(1 / std::sqrt(variance + eps));
      for (int64_t c = 0; c < C; ++c) {
        const T z = (x[r * C + c] - mean[r]) * rstd[r];
        y[r * C + c] = z * (weight ? weight[c] : T{1}) + (bias ? bias[c] : T{0});
      }
    }
  });
}

namespace {

template <class T> void backward_rows(T* dx, const T* dy, const T* x, const T* mean, const T* rstd, const T* weight,
                                      int64_t R, int64_t C) {
  parallel_for(R, grain_for(4 * C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T* const x_row = x + r * C;
      const T* const dy_row = dy + r * C;
      double sum_dz = 0, sum_dz_z = 0;
      for (int64_t c = 0; c < C; ++c) {
        const T dz = weight ? dy_row[c] * weight[c] : dy_row[c];
        const T z = (x_row[c] - mean[r]) * rstd[r];
        sum_dz += dz;
        sum_dz_z += static_cast<double>(dz) * static_cast<double>(z);
      }
      const T average_dz = static_cast<T>(sum_dz / static_cast<double>(C));
      const T average_dz_z = static_cast<T>(sum_dz_z / static_cast<double>(C));
      for (int64_t c = 0; c < C; ++c) {
        const T dz = weight ? dy_row[c] * weight[c] : dy_row[c];
        const T z = (x_row[c] - mean[r]) * rstd[r];
        dx[r * C + c] = rstd[r] * (dz - average_dz - z * average_dz_z);
      }
    }
  });
}

/// Threads share the columns, so that each sum over rows has one order.
template <class T> void backward_columns(T* dweight, T* dbias, const T* dy, const T* x, const T* mean, const T* rstd,
                                         int64_t R, int64_t C) {
  constexpr int64_t kWidth = 32;
  parallel_for((C + kWidth - 1) / kWidth, grain_for(2 * kWidth * R), [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t c0 = block * kWidth, width = std::min(kWidth, C - c0);
      double sum_dy_z[kWidth] = {}, sum_dy[kWidth] = {};
      for (int64_t r = 0; r < R; ++r) {
        for (int64_t i = 0; i < width; ++i) {
          const T g = dy[r * C + c0 + i];
          sum_dy_z[i] += static_cast<double>(g) * static_cast<double>((x[r * C + c0 + i] - mean[r]) * rstd[r]);
          sum_dy[i] += g;
        }
      }
      for (int64_t i = 0; i < width; ++i) {
        if (dweight) dweight[c0 + i] = static_cast<T>(sum_dy_z[i]);
        if (dbias) dbias[c0 + i] = static_cast<T>(sum_dy[i]);
      }
    }
  });
}

}  // namespace

template <class T> void layer_norm_backward(T* dx, T* dweight, T* dbias, const T* dy, const T* x, const T* mean,
                                            const T* rstd, const T* weight, int64_t R, int64_t C) {
  if (dx) backward_rows(dx, dy, x, mean, rstd, weight, R, C);
  if (dweight || dbias) backward_columns(dweight, dbias, dy, x, mean, rstd, R, C);
}

#define GRADUS_INSTANTIATE(T)                                                                   \
  template void layer_norm(T*, T*, T*, const T*, const T*, const T*, int64_t, int64_t, double); \
  template void layer_norm_backward(T*, T*, T*, const T*, const T*, const T*, const T*, const T*, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
