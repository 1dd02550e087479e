// The inner loops over the formulas of elementwise_ops.def. Signed integers wrap around on
// overflow: the build compiles this file with -fwrapv.
#include "tensor/kernels/simd/elementwise.h"

#include "tensor/kernels/simd/activations.h"
#include "tensor/kernels/simd/remainder.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

template <class T>
constexpr bool kIsFloat = static_cast<T>(0.5) != T(0);

// A formula that rounds more than once is compiled once, in a loop that also handles the tail. The
// compiler may fuse multiplications and additions differently in another copy, and then an
// element's bits would depend on its position. Other formulas have a faster loop over full vectors,
// and a second copy for the tail.
//
// F, the type of a formula, has no state.

/// The loop y = f(x) over contiguous vectors, where f rounds at most once.
template <class T, class F>
UnaryLoop<T> make_loop(F) {
  return [](T* y, const T* x, int64_t n) {
    int64_t i = 0;
    GRADUS_UNROLL_BY(2)
    for (; i + kWidth<T> <= n; i += kWidth<T>)
      store(y + i, F()(load(x + i)));
    if (i < n) store_part(y + i, F()(load_part(x + i, n - i)), n - i);
  };
}

/// The loop y = f(x) over contiguous vectors, for any f.
template <class T, class F>
UnaryLoop<T> make_rounding_loop(F) {
  return [](T* y, const T* x, int64_t n) {
    for (int64_t i = 0; i < n; i += kWidth<T>)
      store_up_to(y + i, F()(load_up_to(x + i, n - i)), n - i);
  };
}

/// The loop y = f(x), element by element.
template <class T, class F>
UnaryLoop<T> make_scalar_loop(F) {
  return [](T* y, const T* x, int64_t n) {
    for (int64_t i = 0; i < n; ++i)
      y[i] = F()(x[i]);
  };
}

/// The loop dx = f(dy, saved) over contiguous vectors.
template <class T, class F>
UnaryGradLoop<T> make_grad_loop(F) {
  return [](T* dx, const T* dy, const T* saved, int64_t n) {
    for (int64_t i = 0; i < n; i += kWidth<T>) {
      const Vector<T> result = F()(load_up_to(dy + i, n - i), load_up_to(saved + i, n - i));
      store_up_to(dx + i, result, n - i);
    }
  };
}

template <class T>
GRADUS_INLINE void put(T* y, Vector<T> v, int64_t left) {
  store_up_to(y, v, left);
}
/// Stores a comparison's mask (0 or -1) as bytes of 0 or 1.
template <class T>
GRADUS_INLINE void put(uint8_t* y, Integers<T> mask, int64_t left) {
  typedef int8_t Bytes __attribute__((vector_size(kWidth<T>), aligned(1), may_alias));
  if (left >= kWidth<T>) {
    *reinterpret_cast<Bytes*>(y) = __builtin_convertvector(mask & 1, Bytes);
  } else {
    for (int64_t i = 0; i < left; ++i)
      y[i] = mask[i] != 0;
  }
}

template <class T, class Y, class F>
GRADUS_INLINE void binary_scalars(Y* y, int64_t y_stride, const T* a, int64_t a_stride, const T* b,
                                  int64_t b_stride, int64_t n) {
  GRADUS_UNROLL_BY(2)
  for (int64_t i = 0; i < n; ++i)
    y[i * y_stride] = static_cast<Y>(F()(a[i * a_stride], b[i * b_stride]));
}
/// Strides 1, or 0 for a single number. That is copied to all elements of a vector, which is then
/// read in each step.
template <class T, class Y, class F>
GRADUS_INLINE void binary_vectors(Y* y, const T* a, int64_t a_stride, const T* b, int64_t b_stride,
                                  int64_t n) {
  T a_copies[kWidth<T>];
  T b_copies[kWidth<T>];
  if (a_stride == 0) {
    store(a_copies, broadcast(*a));
    a = a_copies;
  }
  if (b_stride == 0) {
    store(b_copies, broadcast(*b));
    b = b_copies;
  }
  int64_t i = 0;
  GRADUS_UNROLL_BY(2)
  for (; i + kWidth<T> <= n; i += kWidth<T>) {
    put<T>(y + i, F()(load(a), load(b)), kWidth<T>);
    a += a_stride * kWidth<T>;
    b += b_stride * kWidth<T>;
  }
  if (i < n) put<T>(y + i, F()(load_part(a, n - i), load_part(b, n - i)), n - i);
}

/// The loop y = f(a, b), element by element.
template <class T, class Y, class F>
BinaryLoop<T, Y> make_scalar_loop(F) {
  return [](Y* y, int64_t y_stride, const T* a, int64_t a_stride, const T* b, int64_t b_stride,
            int64_t n) { binary_scalars<T, Y, F>(y, y_stride, a, a_stride, b, b_stride, n); };
}
/// The loop y = f(a, b), over vectors where that pays.
template <class T, class Y, class F>
BinaryLoop<T, Y> make_binary_loop(F) {
  return [](Y* y, int64_t y_stride, const T* a, int64_t a_stride, const T* b, int64_t b_stride,
            int64_t n) {
    constexpr int64_t kFewElements = 16;
    const bool contiguous_or_repeated = y_stride == 1 && ((a_stride | b_stride) & ~int64_t{1}) == 0;
    if (contiguous_or_repeated && n >= kFewElements)
      binary_vectors<T, Y, F>(y, a, a_stride, b, b_stride, n);
    else
      binary_scalars<T, Y, F>(y, y_stride, a, a_stride, b, b_stride, n);
  };
}

}  // namespace

template <class T>
UnaryLoop<T> unary_loop(UnaryOp op) {
  using V = Vector<T>;
  switch (op) {
#define UNARY(name, ...) \
  case UnaryOp::name:    \
    return make_loop<T>([](V x) { return __VA_ARGS__; });
#define UNARY_FLOAT(name, ...)                                                                \
  case UnaryOp::name:                                                                         \
    if constexpr (kIsFloat<T>) return make_rounding_loop<T>([](V x) { return __VA_ARGS__; }); \
    break;
#define UNARY_SCALAR(name, ...)                                                             \
  case UnaryOp::name:                                                                       \
    if constexpr (kIsFloat<T>) return make_scalar_loop<T>([](T x) { return __VA_ARGS__; }); \
    break;
#include "tensor/kernels/elementwise_ops.def"
  }
  return nullptr;
}

template <class T>
UnaryGradLoop<T> unary_grad_loop(UnaryGrad op) {
  using V = Vector<T>;
  switch (op) {
#define UNARY_GRAD(name, saved, ...) \
  case UnaryGrad::name:              \
    return make_grad_loop<T>([](V dy, V saved) { return __VA_ARGS__; });
#include "tensor/kernels/elementwise_ops.def"
  }
  return nullptr;
}

/// f(a, b) of single numbers or vectors.
#define GRADUS_BINARY_FORMULA(...)          \
  [](auto a, auto b) {                      \
    using V [[maybe_unused]] = decltype(a); \
    return __VA_ARGS__;                     \
  }

template <class T>
BinaryLoop<T, T> binary_loop(BinaryOp op) {
  switch (op) {
#define BINARY(name, ...) \
  case BinaryOp::name:    \
    return make_binary_loop<T, T>(GRADUS_BINARY_FORMULA(__VA_ARGS__));
#define BINARY_FLOAT(name, ...)                                                                   \
  case BinaryOp::name:                                                                            \
    if constexpr (kIsFloat<T>) return make_binary_loop<T, T>(GRADUS_BINARY_FORMULA(__VA_ARGS__)); \
    break;
#define BINARY_SCALAR(name, ...) \
  case BinaryOp::name:           \
    return make_scalar_loop<T, T>(GRADUS_BINARY_FORMULA(__VA_ARGS__));
#define BINARY_INTEGER(name, ...)                                                                  \
  case BinaryOp::name:                                                                             \
    if constexpr (!kIsFloat<T>) return make_binary_loop<T, T>(GRADUS_BINARY_FORMULA(__VA_ARGS__)); \
    break;
#include "tensor/kernels/elementwise_ops.def"
  }
  return nullptr;
}

template <class T>
BinaryLoop<T, uint8_t> compare_loop(CompareOp op) {
  switch (op) {
#define COMPARE(name, ...) \
  case CompareOp::name:    \
    return make_binary_loop<T, uint8_t>(GRADUS_BINARY_FORMULA(__VA_ARGS__));
#include "tensor/kernels/elementwise_ops.def"
  }
  return nullptr;
}

// Vectorised by the compiler, which knows the instructions that turn bytes into masks.
template <class T>
void where_row(T* __restrict y, const uint8_t* __restrict condition, const T* a, int64_t a_stride,
               const T* b, int64_t b_stride, int64_t n) {
  const T first = *a;
  const T second = *b;
  if (a_stride == 0) {
    for (int64_t i = 0; i < n; ++i)
      y[i] = condition[i] ? first : b[i];
  } else if (b_stride == 0) {
    for (int64_t i = 0; i < n; ++i)
      y[i] = condition[i] ? a[i] : second;
  } else {
    for (int64_t i = 0; i < n; ++i)
      y[i] = condition[i] ? a[i] : b[i];
  }
}

template <class T>
void replace_nonfinite(T* y, const T* x, int64_t n, T nan, T posinf, T neginf) {
  constexpr T kMost = static_cast<T>(sizeof(T) == 4 ? __FLT_MAX__ : __DBL_MAX__);
  for (int64_t i = 0; i < n; i += kWidth<T>) {
    const Vector<T> v = load_up_to(x + i, n - i);
    const Vector<T> below = v < -kMost ? broadcast(neginf) : v;
    const Vector<T> numbers = v > kMost ? broadcast(posinf) : below;
    store_up_to(y + i, v != v ? broadcast(nan) : numbers, n - i);
  }
}

template <class T>
void reverse_row(T* __restrict y, const T* __restrict x, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    y[i] = x[n - 1 - i];
}

#define GRADUS_INSTANTIATE(T)                                                                 \
  template UnaryLoop<T> unary_loop(UnaryOp);                                                  \
  template BinaryLoop<T, T> binary_loop<T>(BinaryOp);                                         \
  template BinaryLoop<T, uint8_t> compare_loop(CompareOp);                                    \
  template void where_row(T*, const uint8_t*, const T*, int64_t, const T*, int64_t, int64_t); \
  template void reverse_row(T*, const T*, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(int64_t)
template UnaryGradLoop<float> unary_grad_loop(UnaryGrad);
template UnaryGradLoop<double> unary_grad_loop(UnaryGrad);
template void replace_nonfinite(float*, const float*, int64_t, float, float, float);
template void replace_nonfinite(double*, const double*, int64_t, double, double, double);
template BinaryLoop<uint8_t, uint8_t> compare_loop(CompareOp);
template void where_row(uint8_t*, const uint8_t*, const uint8_t*, int64_t, const uint8_t*, int64_t,
                        int64_t);
template void reverse_row(uint8_t*, const uint8_t*, int64_t);
template void reverse_row(uint16_t*, const uint16_t*, int64_t);

}  // namespace gradus::kernels::GRADUS_ISA
