#include "tensor/kernels/layer_norm.h"

#include <algorithm>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/rows.h"

namespace gradus::kernels {

template <class T>
void layer_norm(T* y, T* mean, T* rstd, const T* x, const T* weight, const T* bias, int64_t R, int64_t C, double eps) {
  parallel_for(R, grain_for(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      GRADUS_BEST(layer_norm_row(y + r * C, mean + r, rstd + r, x + r * C, weight, bias, C, eps));
    }
  });
}

template <class T> void layer_norm_backward(T* dx, T* dweight, T* dbias, const T* dy, const T* x, const T* mean,
                                            const T* rstd, const T* weight, int64_t R, int64_t C) {
  if (dx) {
    parallel_for(R, grain_for(C), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        GRADUS_BEST(layer_norm_backward_row(dx + r * C, dy + r * C, x + r * C, mean[r], rstd[r], weight, C));
      }
    });
  }
  if (!dweight && !dbias) return;
  // Threads share the columns, so that each sum over rows has one order.
  parallel_for((C + kNormColumns - 1) / kNormColumns, grain_for(kNormColumns * R), [&](int64_t begin, int64_t end) {
    for (int64_t c = begin * kNormColumns; c < std::min(end * kNormColumns, C); c += kNormColumns) {
      GRADUS_BEST(layer_norm_backward_columns(dweight ? dweight + c : nullptr, dbias ? dbias + c : nullptr, dy + c,
                                              x + c, mean, rstd, R, C, std::min(kNormColumns, C - c)));
    }
  });
}

#define GRADUS_INSTANTIATE(T)                                                                   \
  template void layer_norm(T*, T*, T*, const T*, const T*, const T*, int64_t, int64_t, double); \
  template void layer_norm_backward(T*, T*, T*, const T*, const T*, const T*, const T*, const T*, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
