#include "tensor/kernels/simd/elementwise.h"

#include "tensor/kernels/simd/math.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// An input: n numbers, or one number for all.
template <class T, bool FIXED>
struct Operand {
  explicit Operand(const T* p) : numbers(p), number(FIXED ? broadcast(*p) : Vector<T>{}) {}
  [[gnu::always_inline]] Vector<T> at(int64_t i, int64_t left) const {
    return FIXED ? number : load_up_to(numbers + i, left);
  }
  const T* numbers;
  Vector<T> number;
};

template <class T>
GRADUS_INLINE void put(T* y, Vector<T> v, int64_t left) {
  store_up_to(y, v, left);
}
template <class T>
GRADUS_INLINE void put(bool* y, Integers<T> mask, int64_t left) {
  typedef int8_t Bytes __attribute__((vector_size(kWidth<T>), aligned(1), may_alias));
  if (left >= kWidth<T>) {
    *reinterpret_cast<Bytes*>(y) = __builtin_convertvector(mask & 1, Bytes);
  } else {
    for (int64_t i = 0; i < left; ++i)
      y[i] = mask[i] != 0;
  }
}

/// y = f(vectors...). f stands here once, also for the last few: the compiler might fuse and so
/// round a second copy of it in another way.
template <class T, class Y, class F, class... X>
GRADUS_INLINE void loop(Y* y, int64_t n, const F& f, const X&... x) {
  for (int64_t i = 0; i < n; i += kWidth<T>)
    put<T>(y + i, f(x.at(i, n - i)...), n - i);
}

/// The same with two inputs, of which one may be a single number (a step of 0).
template <class T, class Y, class F>
GRADUS_INLINE void loop_over_both(Y* y, const T* a, int64_t a_step, const T* b, int64_t b_step,
                                  int64_t n, const F& f) {
  if (a_step == 0) return loop<T>(y, n, f, Operand<T, true>(a), Operand<T, false>(b));
  if (b_step == 0) return loop<T>(y, n, f, Operand<T, false>(a), Operand<T, true>(b));
  loop<T>(y, n, f, Operand<T, false>(a), Operand<T, false>(b));
}

template <class T>
constexpr T kGeluScale = T(0.79788456080286536);
template <class T>
constexpr T kGeluCubic = T(0.044715);

/// gelu_tanh(x) = x / (1 + e^-v)
template <class T>
GRADUS_INLINE Vector<T> gelu_exponent(Vector<T> x) {
  return (x * x * (x * kGeluCubic<T>)+x) * (2 * kGeluScale<T>);
}

}  // namespace

template <class T>
void map_vectors(Map op, T* y, const T* x, int64_t n) {
  using V = Vector<T>;
  const auto run = [&](auto f) { loop<T>(y, n, f, Operand<T, false>(x)); };
  if (op == Map::neg) return run([](V v) { return -v; });
  if (op == Map::abs) return run([](V v) { return abs<T>(v); });
  if (op == Map::sqrt) return run([](V v) { return sqrt(v); });
  if (op == Map::relu) return run([](V v) { return v < T(0) ? V{} : v; });
  if (op == Map::exp) return run([](V v) { return exp(v); });
  if (op == Map::log) return run([](V v) { return log(v); });
  if (op == Map::tanh) return run([](V v) { return tanh(v); });
  if (op == Map::sigmoid) return run([](V v) { return sigmoid<T>(v); });
  if (op == Map::silu) return run([](V v) { return v * sigmoid<T>(v); });
  if (op == Map::gelu) return run([](V v) { return v * normal_cdf(v); });
  if (op == Map::gelu_tanh) return run([](V v) { return v * sigmoid<T>(gelu_exponent<T>(v)); });
  if (op == Map::normal_cdf) return run([](V v) { return normal_cdf(v); });
  if (op == Map::erf) return run([](V v) { return erf(v); });
}

template <class T>
void zip_vectors(Zip op, T* y, const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t n) {
  using V = Vector<T>;
  const auto run = [&](auto f) { loop_over_both(y, a, a_step, b, b_step, n, f); };
  if (op == Zip::add) return run([](V p, V q) { return p + q; });
  if (op == Zip::sub) return run([](V p, V q) { return p - q; });
  if (op == Zip::mul) return run([](V p, V q) { return p * q; });
  if (op == Zip::div) return run([](V p, V q) { return p / q; });
}

template <class T>
void zip_vectors(Compare op, bool* y, const T* a, int64_t a_step, const T* b, int64_t b_step,
                 int64_t n) {
  using V = Vector<T>;
  const auto run = [&](auto f) { loop_over_both(y, a, a_step, b, b_step, n, f); };
  if (op == Compare::eq) return run([](V p, V q) { return p == q; });
  if (op == Compare::ne) return run([](V p, V q) { return p != q; });
  if (op == Compare::lt) return run([](V p, V q) { return p < q; });
  if (op == Compare::le) return run([](V p, V q) { return p <= q; });
  if (op == Compare::gt) return run([](V p, V q) { return p > q; });
  if (op == Compare::ge) return run([](V p, V q) { return p >= q; });
}

template <class T>
void gradient_vectors(Gradient op, T* dx, const T* dy, const T* x, int64_t n) {
  using V = Vector<T>;
  const auto run = [&](auto f) { loop<T>(dx, n, f, Operand<T, false>(dy), Operand<T, false>(x)); };
  if (op == Gradient::relu) return run([](V g, V y) { return y > T(0) ? g : V{}; });
  if (op == Gradient::tanh) return run([](V g, V y) { return g * (T(1) - y * y); });
  if (op == Gradient::sigmoid) return run([](V g, V y) { return g * (y * (T(1) - y)); });
  if (op == Gradient::gelu)
    return run([](V g, V v) { return g * (normal_cdf(v) + v * normal_density<T>(v)); });
  if (op == Gradient::silu)
    return run([](V g, V v) {
      const V s = sigmoid<T>(v);
      return g * (s + v * s * (T(1) - s));
    });
  run([](V g, V v) {  // gelu_tanh
    const V s = sigmoid<T>(gelu_exponent<T>(v));
    const V slope = v * v * (6 * kGeluScale<T> * kGeluCubic<T>)+2 * kGeluScale<T>;
    return g * (s + v * s * (T(1) - s) * slope);
  });
}

// Vectorised by the compiler, which knows the instructions that turn bytes into masks.
template <class T>
void choose_vectors(T* __restrict y, const bool* __restrict condition, const T* a, int64_t a_step,
                    const T* b, int64_t b_step, int64_t n) {
  const T first = *a;
  const T second = *b;
  if (a_step == 0) {
    for (int64_t i = 0; i < n; ++i)
      y[i] = condition[i] ? first : b[i];
  } else if (b_step == 0) {
    for (int64_t i = 0; i < n; ++i)
      y[i] = condition[i] ? a[i] : second;
  } else {
    for (int64_t i = 0; i < n; ++i)
      y[i] = condition[i] ? a[i] : b[i];
  }
}

#define GRADUS_INSTANTIATE(T)                                                               \
  template void map_vectors(Map, T*, const T*, int64_t);                                    \
  template void zip_vectors(Zip, T*, const T*, int64_t, const T*, int64_t, int64_t);        \
  template void zip_vectors(Compare, bool*, const T*, int64_t, const T*, int64_t, int64_t); \
  template void gradient_vectors(Gradient, T*, const T*, const T*, int64_t);                \
  template void choose_vectors(T*, const bool*, const T*, int64_t, const T*, int64_t, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
