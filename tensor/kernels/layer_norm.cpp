#include "tensor/kernels/layer_norm.h"

#include <algorithm>
#include <vector>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/reduce.h"
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
  // dweight and dbias are summed over pieces of the rows, whose length depends on R only, then over the pieces in
  // double.
  const int64_t length = std::max<int64_t>(32, R / 1024), pieces = (R + length - 1) / length;
  std::vector<T> sums(static_cast<size_t>((dweight ? pieces * C : 0) + (dbias ? pieces * C : 0)));
  T *const weight_sums = dweight ? sums.data() : nullptr, *const bias_sums =
                                                              dbias ? sums.data() + sums.size() - pieces * C : nullptr;
  parallel_for(pieces, grain_for(C * length), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin * length; r < std::min(end * length, R); ++r) {
      const int64_t piece = r / length * C, at = r * C;
      GRADUS_BEST(layer_norm_backward_row(dx ? dx + at : nullptr, dweight ? weight_sums + piece : nullptr,
                                          dbias ? bias_sums + piece : nullptr, dy + at, x + at, mean[r], rstd[r],
                                          weight, C));
    }
  });
  if (dweight) sum(dweight, weight_sums, 1, pieces, C);
  if (dbias) sum(dbias, bias_sums, 1, pieces, C);
}

#define GRADUS_INSTANTIATE(T)                                                                   \
  template void layer_norm(T*, T*, T*, const T*, const T*, const T*, int64_t, int64_t, double); \
  template void layer_norm_backward(T*, T*, T*, const T*, const T*, const T*, const T*, const T*, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
