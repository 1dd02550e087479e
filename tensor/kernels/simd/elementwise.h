// The elementwise ops that have loops over vectors.
#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

/// y = f(x). relu and abs keep NaN, gelu_tanh is gelu's approximation, normal_cdf is what gelu multiplies x by.
enum class Map { neg, abs, sqrt, relu, exp, log, tanh, sigmoid, silu, gelu, gelu_tanh, normal_cdf, erf };

/// y = f(a, b). For the gradients a is dy, and b is what they are made from: y for relu, tanh and sigmoid, else x.
enum class Zip {
  add,
  sub,
  mul,
  div,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  relu_backward,
  tanh_backward,
  sigmoid_backward,
  silu_backward,
  gelu_backward,
  gelu_tanh_backward
};

// n numbers side by side; a step of 0 (not both) makes one number stand for all. y may be one of the inputs, except in
// choose_vectors. An element's bits do not depend on where it lies among the n. float, double; Y is T, or bool for a
// comparison.
GRADUS_SIMD(template <class T> void map_vectors(Map op, T* y, const T* x, int64_t n); template <class Y, class T>
            void zip_vectors(Zip op, Y* y, const T* a, int64_t a_step, const T* b, int64_t b_step, int64_t n);
            template <class T> void choose_vectors(T* y, const bool* condition, const T* a, int64_t a_step, const T* b,
                                                   int64_t b_step, int64_t n);)

}  // namespace gradus::kernels
