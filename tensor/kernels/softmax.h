// Softmax, log-softmax and logsumexp over one dimension.
//
//   softmax      y_i = exp(x_i - m) / sum_j exp(x_j - m)        dx_i = y_i (dy_i - sum_j dy_j y_j)
//   log-softmax  y_i = x_i - m - log sum_j exp(x_j - m)         dx_i = dy_i - exp(y_i) sum_j dy_j
//   logsumexp    y   = m + log sum_j exp(x_j - m)
//
//   x    the logits: one row of them, over which i and j run
//   m    max_j x_j. It cancels in exact arithmetic and keeps exp from overflowing.
//   dy   the gradient of the loss with respect to y; dx the same for x
//
// Source: Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax
// functions", 2021. The gradients follow from dy_i/dx_j = y_i ([i = j] - y_j) for softmax and
// [i = j] - exp(y_j) for log-softmax.
#pragma once

#include <cstdint>

namespace gradus::kernels {

// The arrays are contiguous (outer, size, inner), and each of the outer * inner vectors along the
// middle dimension is a row of logits. float, double. A row of logits that is all -inf, or has +inf
// or NaN, gives a softmax of NaN, as in PyTorch. An output may be one of its inputs.

template <class T>
void softmax(T* y, const T* x, int64_t outer, int64_t size, int64_t inner);

/// y is the output of softmax.
template <class T>
void softmax_backward(T* dx, const T* dy, const T* y, int64_t outer, int64_t size, int64_t inner);

template <class T>
void log_softmax(T* y, const T* x, int64_t outer, int64_t size, int64_t inner);

/// y is the output of log_softmax.
template <class T>
void log_softmax_backward(T* dx, const T* dy, const T* y, int64_t outer, int64_t size,
                          int64_t inner);

/// y (outer, inner); -inf if size = 0 or every logit of the row is -inf.
template <class T>
void logsumexp(T* y, const T* x, int64_t outer, int64_t size, int64_t inner);

/// What a backward keeps of the softmax of each row, which is exp(x_j - m) / l: m = max_j x_j and
/// l = sum_j exp(x_j - m). They are kept apart because m + log l, the logsumexp, is rounded: where
/// the logits are large, the error of exp(x_j - logsumexp) can be larger than the softmax itself.
template <class T>
struct SoftmaxSums {
  T* m;
  T* l;
};

/// The formulas in plain loops, which the functions above are tested against.
void softmax_reference(double* y, const double* x, int64_t outer, int64_t size, int64_t inner);
void softmax_backward_reference(double* dx, const double* dy, const double* y, int64_t outer,
                                int64_t size, int64_t inner);
void log_softmax_reference(double* y, const double* x, int64_t outer, int64_t size, int64_t inner);
void log_softmax_backward_reference(double* dx, const double* dy, const double* y, int64_t outer,
                                    int64_t size, int64_t inner);
void logsumexp_reference(double* y, const double* x, int64_t outer, int64_t size, int64_t inner);

}  // namespace gradus::kernels
