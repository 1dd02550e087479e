#include "tensor/kernels/simd/elementwise.h"

#include "tensor/kernels/simd/math.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// An input: n numbers, or one number for all.
template <class T, bool FIXED> struct Operand {
  explicit Operand(const T* p) : numbers(p), number(FIXED ? broadcast(*p) : Vector<T>{}) {}
  [[gnu::always_inline]] Vector<T> at(int64_t i, int64_t left) const {
    return FIXED ? number : load_up_to(numbers + i, left);
  }
  const T* numbers;
  Vector<T> number;
};

template <class T> GRADUS_INLINE void put(T* y, Vector<T> v, int64_t left) { store_up_to(y, v, left); }
template <class T> GRADUS_INLINE void put(bool* y, Whole<T> mask, int64_t left) {
  typedef int8_t Bytes __attribute__((vector_size(kWidth<T>), aligned(1), may_alias));
  if (left >= kWidth<T>) {
    *reinterpret_cast<Bytes*>(y) = __builtin_convertvector(mask & 1, Bytes);
  } else {
    for (int64_t i = 0; i < left; ++i) y[i] = mask[i] != 0;
  }
}

/// y = f(vectors...). f stands here once, also for the last few: the compiler might fuse and so round a second copy of
/// it in another way.
template <class T, class Y, class F, class... X> GRADUS_INLINE void loop(Y* y, int64_t n, const F& f, const X&... x) {
  for (int64_t i = 0; i < n; i += kWidth<T>) put<T>(y + i, f(x.at(i, n - i)...), n - i);
}

template <class T> constexpr T kGeluScale = T(0.79788456080286536);
template <class T> constexpr T kGeluCubic = T(0.044715);

/// gelu_tanh(x) = x / (1 + e^-v)
template <class T> GRADUS_INLINE Vector<T> gelu_exponent(Vector<T> x) {
  return (x * x * (x * kGeluCubic<T>)+x) * (2 * kGeluScale<T>);
}

}  // namespace

template <class T> void map_vectors(Map op, T* y, const T* x, int64_t n) {
  using V = Vector<T>;
  const auto run = [&](auto f) { loop<T>(y, n, f, Operand<T, false>(x)); };
  switch (op) {
    case Map::neg:
      return run([](V v) { return -v; });
    case Map::abs:
      return run([](V v) { return abs<T>(v); });
    case Map::sqrt:
      return run([](V v) { return sqrt(v); });
    case Map::relu:
      return run([](V v) { return v < T(0) ? V{} : v; });
    case Map::exp:
      return run([](V v) { return exp(v); });
    case Map::log:
      return run([](V v) { return log(v); });
    case Map::tanh:
      return run([](V v) { return tanh(v); });
    case Map::sigmoid:
      return run([](V v) { return sigmoid<T>(v); });
    case Map::silu:
      return run([](V v) { return v * sigmoid<T>(v); });
    case Map::gelu:
      return run([](V v) { return v * normal_cdf(v); });
    case Map::gelu_tanh:
      return run([](V v) { return v * sigmoid<T>(gelu_exponent<T>(v)); });
    case Map::normal_cdf:
      return run([](V v) { return normal_cdf(v); });
    case Map::erf:
      return run([](V v) { return erf(v); });
  }
}

template <class Y, class T>
void zip_vectors(Zip op, Y* y, const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t n) {
  using V = Vector<T>;
  const auto run = [&](auto f) {
    if (a_step == 0) return loop<T>(y, n, f, Operand<T, true>(a), Operand<T, false>(b));
    if (b_step == 0) return loop<T>(y, n, f, Operand<T, false>(a), Operand<T, true>(b));
    loop<T>(y, n, f, Operand<T, false>(a), Operand<T, false>(b));
  };
  if constexpr (sizeof(Y) == sizeof(bool)) {
    switch (op) {
      case Zip::eq:
        return run([](V p, V q) { return p == q; });
      case Zip::ne:
        return run([](V p, V q) { return p != q; });
      case Zip::lt:
        return run([](V p, V q) { return p < q; });
      case Zip::le:
        return run([](V p, V q) { return p <= q; });
      case Zip::gt:
        return run([](V p, V q) { return p > q; });
      default:
        return run([](V p, V q) { return p >= q; });
    }
  } else {
    switch (op) {
      case Zip::add:
        return run([](V p, V q) { return p + q; });
      case Zip::sub:
        return run([](V p, V q) { return p - q; });
      case Zip::mul:
        return run([](V p, V q) { return p * q; });
      case Zip::div:
        return run([](V p, V q) { return p / q; });
      case Zip::relu_backward:
        return run([](V dy, V v) { return v > T(0) ? dy : V{}; });
      case Zip::tanh_backward:
        return run([](V dy, V v) { return dy * (T(1) - v * v); });
      case Zip::sigmoid_backward:
        return run([](V dy, V v) { return dy * (v * (T(1) - v)); });
      case Zip::silu_backward:
        return run([](V dy, V x) {
          const V s = sigmoid<T>(x);
          return dy * (s + x * s * (T(1) - s));
        });
      case Zip::gelu_backward:
        return run([](V dy, V x) { return dy * (normal_cdf(x) + x * normal_density<T>(x)); });
      default:  // gelu_tanh_backward
        return run([](V dy, V x) {
          const V s = sigmoid<T>(gelu_exponent<T>(x)),
                  slope = x * x * (6 * kGeluScale<T> * kGeluCubic<T>)+2 * kGeluScale<T>;
          return dy * (s + x * s * (T(1) - s) * slope);
        });
    }
  }
}

// Vectorised by the compiler, which knows the instructions that turn bytes into masks.
template <class T> void choose_vectors(T* __restrict y, const bool* __restrict condition, const T* a, int64_t a_step,
                                       const T* b, int64_t b_step, int64_t n) {
  const T first = *a, second = *b;
  if (a_step == 0) {
    for (int64_t i = 0; i < n; ++i) y[i] = condition[i] ? first : b[i];
  } else if (b_step == 0) {
    for (int64_t i = 0; i < n; ++i) y[i] = condition[i] ? a[i] : second;
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = condition[i] ? a[i] : b[i];
  }
}

#define GRADUS_INSTANTIATE(T)                                                           \
  template void map_vectors(Map, T*, const T*, int64_t);                                \
  template void zip_vectors(Zip, T*, const T*, int64_t, const T*, int64_t, int64_t);    \
  template void zip_vectors(Zip, bool*, const T*, int64_t, const T*, int64_t, int64_t); \
  template void choose_vectors(T*, const bool*, const T*, int64_t, const T*, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
