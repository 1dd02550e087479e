#pragma once

#include <cstdint>

namespace gradus::kernels {

// All are (A, R, C) and contiguous; each of the A * C columns of R numbers is a row of logits. float, double.
// A column that is all -inf, or has +inf or NaN, gives NaN, as in PyTorch. An output may be one of its inputs.

/// y = exp(x) / sum of exp(x) over R.
template <class T> void softmax(T* y, const T* x, int64_t A, int64_t R, int64_t C);

/// y = x - log of the sum of exp(x) over R.
template <class T> void log_softmax(T* y, const T* x, int64_t A, int64_t R, int64_t C);

/// dx = y (dy - sum of dy y over R), with y from softmax.
template <class T> void softmax_backward(T* dx, const T* dy, const T* y, int64_t A, int64_t R, int64_t C);

/// dx = dy - exp(y) sum of dy over R, with y from log_softmax.
template <class T> void log_softmax_backward(T* dx, const T* dy, const T* y, int64_t A, int64_t R, int64_t C);

}  // namespace gradus::kernels
