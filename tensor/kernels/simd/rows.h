// Rows of numbers that lie side by side: their softmax, and their norm.
#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

/// The largest of a row of logits, and the sum of exp(x - largest).
template <class T>
struct LogSum {
  T largest;
  double sum;
};

// One row x of n numbers each; softmax.h and layer_norm.h have the formulas. float, double.
GRADUS_DECLARE_PER_ISA(
    template <class T> LogSum<T> log_sum(const T* x, int64_t n);
    template <class T> void softmax_row(T* y, const T* x, int64_t n);
    template <class T> void softmax_backward_row(T* dx, const T* dy, const T* y, int64_t n);
    template <class T> void log_softmax_backward_row(T* dx, const T* dy, const T* y, int64_t n);
    /// y = x - a - b
    template <class T> void subtract_row(T* y, const T* x, T a, T b, int64_t n);
    /// dx = scale exp(x - lse)
    template <class T> void scaled_softmax_row(T* dx, const T* x, T lse, T scale, int64_t n);
    /// Returns the row's mean and 1 / sqrt(variance + eps) through mean and rstd. weight and bias
    /// may be null.
    template <class T> void layer_norm_row(T* y, T* mean, T* rstd, const T* x, const T* weight,
                                           const T* bias, int64_t n, double eps);
    /// dweight += dy (x - mean) rstd and dbias += dy, beside the row's dx. Any output may be null.
    template <class T>
    void layer_norm_backward_row(T* dx, T* dweight, T* dbias, const T* dy, const T* x, T mean,
                                 T rstd, const T* weight, int64_t n);)

}  // namespace gradus::kernels
