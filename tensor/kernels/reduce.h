// Sums, means, extremes and running sums over one dimension.
#pragma once

#include <cstdint>

namespace gradus::kernels {

// x is contiguous (outer, size, inner) and reduced over its middle dimension; outputs are
// (outer, inner). The order of the additions depends on the sizes only.

/// y = sum of x; 0 if size = 0. (S, T): (float, float), (double, float), (double, double), (int64,
/// int64), (int64, bool).
template <class S, class T>
void sum(S* y, const T* x, int64_t outer, int64_t size, int64_t inner);

/// y = sum of (x - center)^2. center (inner) is the same for all outer indices. T: float, double.
template <class T>
void sum_of_squared_differences(double* y, const T* x, const double* center, int64_t outer,
                                int64_t size, int64_t inner);

/// Sum of the squares of n numbers. float, double.
template <class T>
double sum_of_squares(const T* x, int64_t n);

/// mean of x, and m2 = sum of (x - mean)^2, in two passes: the one-pass formula sum of x^2 -
/// size mean^2 cancels where the mean is large. NaN if size = 0. float, double.
template <class T>
void mean_and_m2(double* mean, double* m2, const T* x, int64_t outer, int64_t size, int64_t inner);

/// y = the largest (smallest) x, and index = its position along the middle dimension: the first
/// among equals. A NaN is chosen before any number, and the first NaN before later ones. size > 0;
/// index may be null. float, double, int64, bool.
template <class T>
void extreme(T* y, int64_t* index, const T* x, int64_t outer, int64_t size, int64_t inner,
             bool largest);

/// y = whether one of x (any), or whether all of x.
void any(bool* y, const bool* x, int64_t outer, int64_t size, int64_t inner);
void all(bool* y, const bool* x, int64_t outer, int64_t size, int64_t inner);

/// y (outer, size, inner): y[r] = x[0] + ... + x[r]. float, double, int64.
template <class T>
void cumsum(T* y, const T* x, int64_t outer, int64_t size, int64_t inner);

/// The sums in plain loops, which the functions above are tested against.
void sum_reference(double* y, const double* x, int64_t outer, int64_t size, int64_t inner);
void mean_and_m2_reference(double* mean, double* m2, const double* x, int64_t outer, int64_t size,
                           int64_t inner);

}  // namespace gradus::kernels
