// Every loop is written once, over vectors: term(i, left) and body(i, left) get the index i of a
// vector's first element and the number of elements that are left from there, which is less than a
// full vector in the tail.
#include "tensor/kernels/simd/rows.h"

#include "tensor/kernels/simd/math.h"
#include "tensor/kernels/simd/reductions.h"

namespace gradus::kernels::GRADUS_ISA {

template <class T>
LogSum<T> log_sum(const T* x, int64_t n) {
  const T largest = largest_of(x, n);
  // sum_j exp(x_j - largest); exp(-inf) = 0 beyond the tail
  const double sum = sum_of<T>(n, [=](int64_t i, int64_t left) {
    return exp_or_zero(load_up_to(x + i, left, kNone<T>) - largest);
  });
  return {largest, sum};
}

template <class T>
void softmax_row(T* y, const T* x, int64_t n) {
  const T largest = largest_of(x, n);
  // y_i = exp(x_i - largest) and their sum, in one pass
  const double sum = sum_of<T>(n, [=](int64_t i, int64_t left) {
    const Vector<T> e = exp_below(load_up_to(x + i, left, kNone<T>) - largest);
    store_up_to(y + i, e, left);
    return e;
  });
  // y_i = y_i / sum
  const T scale = static_cast<T>(1 / sum);
  each<T>(n, [=](int64_t i, int64_t left) {
    store_up_to(y + i, load_up_to(y + i, left) * scale, left);
  });
}

template <class T>
void softmax_backward_row(T* dx, const T* dy, const T* y, int64_t n) {
  // sum_j dy_j y_j
  const T dot = static_cast<T>(sum_of<T>(n, [=](int64_t i, int64_t left) {
    return load_up_to(dy + i, left) * load_up_to(y + i, left);
  }));
  // dx_i = y_i (dy_i - sum_j dy_j y_j)
  each<T>(n, [=](int64_t i, int64_t left) {
    store_up_to(dx + i, load_up_to(y + i, left) * (load_up_to(dy + i, left) - dot), left);
  });
}

template <class T>
void log_softmax_backward_row(T* dx, const T* dy, const T* y, int64_t n) {
  // sum_j dy_j
  const T sum = static_cast<T>(
      sum_of<T>(n, [=](int64_t i, int64_t left) { return load_up_to(dy + i, left); }));
  // dx_i = dy_i - exp(y_i) sum_j dy_j
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
void scaled_exp_row(T* dx, const T* x, T largest, T scale, int64_t n) {
  // The difference below which the result would be less than the smallest normal number. Products
  // with such numbers, in the gradients of the layers before, take 40 times as long.
  constexpr double kSmallest = sizeof(T) == 4 ? __FLT_MIN__ : __DBL_MIN__;
  const T lowest = static_cast<T>(__builtin_log(kSmallest / __builtin_fabs(double{scale})));
  each<T>(n, [=](int64_t i, int64_t left) {
    const Vector<T> difference = load_up_to(x + i, left) - largest;
    const Vector<T> e = exp_or_zero(difference);
    store_up_to(dx + i, (difference < lowest ? Vector<T>{} : e) * scale, left);
  });
}

namespace {

/// The function (x - mean) rstd of a row of x. The mean is a number of T plus a rest, so that
/// x - mean has as many digits where x is large as elsewhere.
template <class T>
struct Normalize {
  T mean;
  T rstd;
  T shift;  // -rest * rstd

  Normalize(double exact_mean, T given_rstd)
      : mean(static_cast<T>(exact_mean)),
        rstd(given_rstd),
        shift(static_cast<T>(static_cast<double>(mean) - exact_mean) * given_rstd) {}
  [[gnu::always_inline]] Vector<T> operator()(Vector<T> x) const {
    return (x - mean) * rstd + shift;
  }
};

/// mean, and squares = sum_i (x_i - mean)^2.
struct Moments {
  double mean;
  double squares;
};

/// In double, for a row whose squares leave the range of float.
Moments moments_in_double(const float* x, int64_t n) {
  double mean = 0;
  for (int64_t i = 0; i < n; ++i)
    mean += static_cast<double>(x[i]) / static_cast<double>(n);
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double difference = static_cast<double>(x[i]) - mean;
    squares += difference * difference;
  }
  return {mean, squares};
}

/// sum_i (x_i - mean)^2. It is computed as sum_i (x_i - m)^2 - n (mean - m)^2, with m = mean
/// rounded to T.
template <class T>
GRADUS_INLINE double squares_around(const T* x, int64_t n, double mean) {
  const T m = static_cast<T>(mean);
  const double rest = mean - static_cast<double>(m);
  const double around_m = sum_of<T>(n, [=](int64_t i, int64_t left) {
    const Vector<T> difference = load_up_to(x + i, left, m) - m;
    return difference * difference;
  });
  return around_m - static_cast<double>(n) * rest * rest;
}

template <class T>
GRADUS_INLINE Moments moments(const T* x, int64_t n, double eps) {
  const auto count = static_cast<double>(n);
  double mean =
      sum_of<T, 4>(n, [=](int64_t i, int64_t left) { return load_up_to(x + i, left); }) / count;
  double squares = squares_around(x, n, mean);
  if (count * mean * mean > 64 * squares) {
    // The numbers are large compared with their differences, and sum_of has rounded the sums of 4.
    // The differences from m are summed without that error.
    const T m = static_cast<T>(mean);
    mean = static_cast<double>(m) + sum_of<T>(n, [=](int64_t i, int64_t left) {
                                      return load_up_to(x + i, left, m) - m;
                                    }) / count;
    squares = squares_around(x, n, mean);
  }
  if constexpr (sizeof(T) == sizeof(float)) {
    constexpr double kSmall = 1e-30;  // below, the squares lose digits
    const bool in_range = squares < __builtin_inf() && (squares > kSmall || eps > kSmall);
    if (!in_range) return moments_in_double(x, n);
  }
  return {mean, squares};
}

}  // namespace

template <class T>
void layer_norm_row(T* y, double* mean, T* rstd, const T* x, const T* weight, const T* bias,
                    int64_t n, double eps) {
  const Moments sums = moments(x, n, eps);
  // rstd = 1 / sqrt(var + eps)
  *rstd = static_cast<T>(1 / __builtin_sqrt(sums.squares / static_cast<double>(n) + eps));
  *mean = sums.mean;
  const Normalize<T> normalize(*mean, *rstd);
  // y_i = (x_i - mean) rstd weight_i + bias_i
  each<T>(n, [=](int64_t i, int64_t left) {
    Vector<T> z = normalize(load_up_to(x + i, left));
    if (weight) z = z * load_up_to(weight + i, left);
    if (bias) z = z + load_up_to(bias + i, left);
    store_up_to(y + i, z, left);
  });
}

template <class T>
void layer_norm_backward_row(T* dx, T* dweight, T* dbias, const T* dy, const T* x, double mean,
                             T rstd, const T* weight, int64_t n) {
  const Normalize<T> normalize(mean, rstd);
  // dz_i = dy_i weight_i
  const auto times_weight = [=](Vector<T> dy_i, int64_t i, int64_t left) {
    return weight ? dy_i * load_up_to(weight + i, left) : dy_i;
  };
  const auto dz = [=](int64_t i, int64_t left) {
    return times_weight(load_up_to(dy + i, left), i, left);
  };
  // z_i = (x_i - mean) rstd
  const auto z = [=](int64_t i, int64_t left) { return normalize(load_up_to(x + i, left)); };
  // sum_j dz_j / n and sum_j dz_j z_j / n, which only dx needs
  T mean_dz = 0;
  T mean_dz_z = 0;
  if (dx) {
    const auto count = static_cast<double>(n);
    mean_dz = static_cast<T>(sum_of<T>(n, dz) / count);
    mean_dz_z = static_cast<T>(
        sum_of<T>(n, [=](int64_t i, int64_t left) { return dz(i, left) * z(i, left); }) / count);
  }
  // dx_i = rstd (dz_i - mean_dz - z_i mean_dz_z), dweight_i += dy_i z_i, dbias_i += dy_i
  each<T>(n, [=](int64_t i, int64_t left) {
    const Vector<T> dy_i = load_up_to(dy + i, left);
    const Vector<T> z_i = z(i, left);
    if (dx) {
      const Vector<T> dz_i = times_weight(dy_i, i, left);
      store_up_to(dx + i, (dz_i - mean_dz - z_i * mean_dz_z) * rstd, left);
    }
    if (dweight) store_up_to(dweight + i, load_up_to(dweight + i, left) + dy_i * z_i, left);
    if (dbias) store_up_to(dbias + i, load_up_to(dbias + i, left) + dy_i, left);
  });
}

#define GRADUS_INSTANTIATE(T)                                                                   \
  template LogSum<T> log_sum(const T*, int64_t);                                                \
  template void softmax_row(T*, const T*, int64_t);                                             \
  template void softmax_backward_row(T*, const T*, const T*, int64_t);                          \
  template void log_softmax_backward_row(T*, const T*, const T*, int64_t);                      \
  template void subtract_row(T*, const T*, T, T, int64_t);                                      \
  template void scaled_exp_row(T*, const T*, T, T, int64_t);                                    \
  template void layer_norm_row(T*, double*, T*, const T*, const T*, const T*, int64_t, double); \
  template void layer_norm_backward_row(T*, T*, T*, const T*, const T*, double, T, const T*,    \
                                        int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
