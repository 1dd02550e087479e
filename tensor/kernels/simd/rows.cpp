#include "tensor/kernels/simd/rows.h"

#include "tensor/kernels/simd/math.h"

namespace gradus::kernels::GRADUS_ISA {

template <class T>
LogSum<T> log_sum(const T* x, int64_t n) {
  const T largest = largest_of(x, n);
  return {largest, sum_of<T>(n, [=](int64_t i, int64_t left) {
            return exp_below(load_up_to(x + i, left, kNone<T>) - largest);
          })};
}

template <class T>
void softmax_row(T* y, const T* x, int64_t n) {
  const T largest = largest_of(x, n);
  const double sum = sum_of<T>(n, [=](int64_t i, int64_t left) {
    const Vector<T> e = exp_below(load_up_to(x + i, left, kNone<T>) - largest);
    store_up_to(y + i, e, left);
    return e;
  });
  const T scale = static_cast<T>(1 / sum);
  each<T>(n, [=](int64_t i, int64_t left) {
    store_up_to(y + i, load_up_to(y + i, left) * scale, left);
  });
}

template <class T>
void softmax_backward_row(T* dx, const T* dy, const T* y, int64_t n) {
  const T dot = static_cast<T>(sum_of<T>(n, [=](int64_t i, int64_t left) {
    return load_up_to(dy + i, left) * load_up_to(y + i, left);
  }));
  each<T>(n, [=](int64_t i, int64_t left) {
    store_up_to(dx + i, load_up_to(y + i, left) * (load_up_to(dy + i, left) - dot), left);
  });
}

template <class T>
void log_softmax_backward_row(T* dx, const T* dy, const T* y, int64_t n) {
  const T sum = static_cast<T>(
      sum_of<T>(n, [=](int64_t i, int64_t left) { return load_up_to(dy + i, left); }));
  each<T>(n, [=](int64_t i, int64_t left) {
    store_up_to(dx + i, load_up_to(dy + i, left) - exp_below(load_up_to(y + i, left)) * sum, left);
  });
}

template <class T>
void subtract_row(T* y, const T* x, T a, T b, int64_t n) {
  each<T>(n, [=](int64_t i, int64_t left) {
    store_up_to(y + i, load_up_to(x + i, left) - a - b, left);
  });
}

template <class T>
void scaled_softmax_row(T* dx, const T* x, T lse, T scale, int64_t n) {
  each<T>(n, [=](int64_t i, int64_t left) {
    store_up_to(dx + i, exp_below(load_up_to(x + i, left) - lse) * scale, left);
  });
}

template <class T>
void layer_norm_row(T* y, T* mean, T* rstd, const T* x, const T* weight, const T* bias, int64_t n,
                    double eps) {
  const auto count = static_cast<double>(n);
  const T m = static_cast<T>(
      sum_of<T, 4>(n, [=](int64_t i, int64_t left) { return load_up_to(x + i, left); }) / count);
  const double squares = sum_of<T>(n, [=](int64_t i, int64_t left) {
    const Vector<T> d = load_up_to(x + i, left, m) - m;
    return d * d;
  });
  const T r = static_cast<T>(1 / __builtin_sqrt(squares / count + eps));
  *mean = m;
  *rstd = r;
  each<T>(n, [=](int64_t i, int64_t left) {
    Vector<T> z = (load_up_to(x + i, left) - m) * r;
    if (weight) z = z * load_up_to(weight + i, left);
    if (bias) z = z + load_up_to(bias + i, left);
    store_up_to(y + i, z, left);
  });
}

template <class T>
void layer_norm_backward_row(T* dx, T* dweight, T* dbias, const T* dy, const T* x, T mean, T rstd,
                             const T* weight, int64_t n) {
  const auto weighted = [=](Vector<T> g, int64_t i, int64_t left) {
    return weight ? g * load_up_to(weight + i, left) : g;
  };
  const auto dz = [=](int64_t i, int64_t left) {
    return weighted(load_up_to(dy + i, left), i, left);
  };
  const auto z = [=](int64_t i, int64_t left) { return (load_up_to(x + i, left) - mean) * rstd; };
  T average_dz = 0;
  T average_dz_z = 0;
  if (dx) {
    const auto count = static_cast<double>(n);
    average_dz = static_cast<T>(sum_of<T>(n, dz) / count);
    average_dz_z = static_cast<T>(
        sum_of<T>(n, [=](int64_t i, int64_t left) { return dz(i, left) * z(i, left); }) / count);
  }
  each<T>(n, [=](int64_t i, int64_t left) {
    const Vector<T> g = load_up_to(dy + i, left);
    const Vector<T> v = z(i, left);
    if (dx)
      store_up_to(dx + i, (weighted(g, i, left) - average_dz - v * average_dz_z) * rstd, left);
    if (dweight) store_up_to(dweight + i, load_up_to(dweight + i, left) + g * v, left);
    if (dbias) store_up_to(dbias + i, load_up_to(dbias + i, left) + g, left);
  });
}

#define GRADUS_INSTANTIATE(T)                                                              \
  template LogSum<T> log_sum(const T*, int64_t);                                           \
  template void softmax_row(T*, const T*, int64_t);                                        \
  template void softmax_backward_row(T*, const T*, const T*, int64_t);                     \
  template void log_softmax_backward_row(T*, const T*, const T*, int64_t);                 \
  template void subtract_row(T*, const T*, T, T, int64_t);                                 \
  template void scaled_softmax_row(T*, const T*, T, T, int64_t);                           \
  template void layer_norm_row(T*, T*, T*, const T*, const T*, const T*, int64_t, double); \
  template void layer_norm_backward_row(T*, T*, T*, const T*, const T*, T, T, const T*, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
