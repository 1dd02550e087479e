// The elementwise ops that have loops over vectors.
#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

/// y = f(x). relu and abs keep NaN, gelu_tanh is gelu's approximation, normal_cdf is what gelu
/// multiplies x by.
enum class Map {
  neg,
  abs,
  sqrt,
  relu,
  exp,
  log,
  tanh,
  sigmoid,
  silu,
  gelu,
  gelu_tanh,
  normal_cdf,
  erf
};

/// y = f(a, b)
enum class Zip { add, sub, mul, div };
enum class Compare { eq, ne, lt, le, gt, ge };

/// dx = dy times the slope of the function of that name, made from its y for relu, tanh and
/// sigmoid, else from its x.
enum class Gradient { relu, tanh, sigmoid, silu, gelu, gelu_tanh };

// n numbers side by side; a step of 0 (not both) makes one number stand for all. y may be one of
// the inputs, except in choose_vectors. An element's bits do not depend on where it lies among the
// n. float, double.
GRADUS_DECLARE_PER_ISA(template <class T> void map_vectors(Map op, T* y, const T* x, int64_t n);
                       template <class T> void zip_vectors(Zip op, T* y, const T* a, int64_t a_step,
                                                           const T* b, int64_t b_step, int64_t n);
                       template <class T>
                       void zip_vectors(Compare op, bool* y, const T* a, int64_t a_step, const T* b,
                                        int64_t b_step, int64_t n);
                       template <class T> void gradient_vectors(Gradient op, T* dx, const T* dy,
                                                                const T* x, int64_t n);
                       template <class T>
                       void choose_vectors(T* y, const bool* condition, const T* a, int64_t a_step,
                                           const T* b, int64_t b_step, int64_t n);)

}  // namespace gradus::kernels
