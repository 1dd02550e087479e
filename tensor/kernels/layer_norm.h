#pragma once

#include <cstdint>

namespace gradus::kernels {

/// y = (x - mean) rstd weight + bias for each of the R rows of x (R, C), with rstd = 1 / sqrt(variance + eps) and the
/// variance over C, not C - 1. weight and bias (C) may be null; mean and rstd (R) are kept for the backward. float,
/// double.
template <class T>
void layer_norm(T* y, T* mean, T* rstd, const T* x, const T* weight, const T* bias, int64_t R, int64_t C, double eps);

/// Gradients of the inputs of layer_norm, written, not added; any output may be null, and so may weight.
/// With z = (x - mean) rstd and dz = dy weight: dx = rstd (dz - average of dz - z times the average of dz z),
/// dweight = sum of dy z over the rows, dbias = sum of dy over the rows.
template <class T> void layer_norm_backward(T* dx, T* dweight, T* dbias, const T* dy, const T* x, const T* mean,
                                            const T* rstd, const T* weight, int64_t R, int64_t C);

}  // namespace gradus::kernels
