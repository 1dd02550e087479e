#pragma once

#include <cstdint>

namespace gradus::kernels {

// x is contiguous (A, R, C) and reduced over R; outputs are (A, C). The order of the additions
// depends on the sizes only.

/// y = sum of x over R, 0 if R = 0. (S, T): (float, float), (double, double), (int64, int64),
/// (int64, bool).
template <class S, class T>
void sum(S* y, const T* x, int64_t A, int64_t R, int64_t C);

/// Sum of the squares of n numbers. float, double.
template <class T>
double sum_of_squares(const T* x, int64_t n);

/// y = mean of x over R, and m2 = sum of (x - mean)^2, in two passes. NaN if R = 0. float, double.
template <class T>
void mean_and_m2(T* mean, T* m2, const T* x, int64_t A, int64_t R, int64_t C);

/// y = largest (smallest) of x over R, index = its place in R: the first among equals. A NaN beats
/// every number, the first NaN the others. R > 0; index may be null. float, double, int64, bool.
template <class T>
void extreme(T* y, int64_t* index, const T* x, int64_t A, int64_t R, int64_t C, bool largest);

/// y (A, R, C): y[r] = x[0] + ... + x[r]. float, double, int64.
template <class T>
void cumsum(T* y, const T* x, int64_t A, int64_t R, int64_t C);

}  // namespace gradus::kernels
