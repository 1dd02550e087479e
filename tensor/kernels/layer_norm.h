// Layer normalisation of each row x of n numbers, and its gradients.
//
//   mean = sum_i x_i / n           var = sum_i (x_i - mean)^2 / n
//   rstd = 1 / sqrt(var + eps)
//   z_i  = (x_i - mean) rstd       y_i = z_i weight_i + bias_i
//
//   dz_i = dy_i weight_i
//   dx_i = rstd (dz_i - sum_j dz_j / n - z_i sum_j dz_j z_j / n)
//   dweight_i = sum of dy_i z_i over the rows
//   dbias_i   = sum of dy_i over the rows
//
//   z    the normalized row: its mean is 0 and its variance nearly 1
//   rstd the reciprocal of the standard deviation
//   dy   the gradient of the loss with respect to y; dx, dz, dweight, dbias likewise
//
// Source: Ba, Kiros and Hinton, "Layer Normalization", 2016.
#pragma once

#include <cstdint>

namespace gradus::kernels {

/// x and y are (rows, size). mean and rstd (rows) are kept for the backward; mean in double, since
/// where x is large, x - mean would lose the digits that a rounded mean lacks. weight and bias
/// (size) may be null: then they are 1 and 0.
template <class T>
struct LayerNorm {
  T* y;
  double* mean;
  T* rstd;
  const T* x;
  const T* weight;
  const T* bias;
  int64_t rows;
  int64_t size;
  double eps;
};

/// The gradients of x, weight and bias; any of the three may be null, and so may weight.
template <class T>
struct LayerNormBackward {
  T* dx;
  T* dweight;
  T* dbias;
  const T* dy;
  const T* x;
  const double* mean;
  const T* rstd;
  const T* weight;
  int64_t rows;
  int64_t size;
};

/// float, double.
template <class T>
void layer_norm(const LayerNorm<T>& call);

/// Replaces what dx, dweight and dbias contain. float, double.
template <class T>
void layer_norm_backward(const LayerNormBackward<T>& call);

/// The formulas in plain loops, which the functions above are tested against.
void layer_norm_reference(const LayerNorm<double>& call);
void layer_norm_backward_reference(const LayerNormBackward<double>& call);

}  // namespace gradus::kernels
