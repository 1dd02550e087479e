// Softmax and layer norm of one contiguous row of n numbers. softmax.h, cross_entropy.h and
// layer_norm.h have the formulas and their symbols. float, double.
#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace gradus::kernels {

/// largest = max_j x_j, and sum = sum_j exp(x_j - largest).
template <class T>
struct LogSum {
  T largest;
  double sum;
};

GRADUS_DECLARE_PER_ISA(
    template <class T> LogSum<T> log_sum(const T* x, int64_t n);
    template <class T> void softmax_row(T* y, const T* x, int64_t n);
    template <class T> void softmax_backward_row(T* dx, const T* dy, const T* y, int64_t n);
    template <class T> void log_softmax_backward_row(T* dx, const T* dy, const T* y, int64_t n);
    /// y = x - a - b
    template <class T> void subtract_row(T* y, const T* x, T a, T b, int64_t n);
    /// dx = scale exp(x - largest), or 0 below the smallest normal number
    template <class T> void scaled_exp_row(T* dx, const T* x, T largest, T scale, int64_t n);
    /// Sets y, and *mean and *rstd of the row. weight and bias may be null.
    template <class T> void layer_norm_row(T* y, double* mean, T* rstd, const T* x, const T* weight,
                                           const T* bias, int64_t n, double eps);
    /// Sets dx and adds the row's terms to dweight and dbias; any of the three may be null, and so
    /// may weight.
    template <class T>
    void layer_norm_backward_row(T* dx, T* dweight, T* dbias, const T* dy, const T* x, double mean,
                                 T rstd, const T* weight, int64_t n);)

}  // namespace gradus::kernels
