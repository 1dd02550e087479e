// Softmax with cross-entropy, from the logits x of n examples, without the n x classes
// probabilities in memory.
//
//   m_i     = max_v x_iv
//   l_i     = sum_v exp(x_iv - m_i)
//   loss_i  = -log softmax(x_i)[target_i] = log l_i - (x_i[target_i] - m_i)
//   dx_iv   = dloss_i (exp(x_iv - m_i) / l_i - [v = target_i])
//
//   i, v    the example and the class
//   dloss   the gradient of the total loss with respect to loss; dx the same for x
//
// exp(x_iv - m_i) / l_i is the softmax, so a gradient is the difference of two distributions,
// predicted and wanted (Bridle, "Training stochastic model recognition algorithms as networks can
// lead to maximum mutual information estimation of parameters", 1990).
#pragma once

#include <cstdint>

#include "tensor/kernels/softmax.h"

namespace gradus::kernels {

// x is (n, classes). Each target is from 0 to classes - 1, or ignore_index: then the loss, m and l
// of the example and its row of dx are 0. float, double.

template <class T>
void cross_entropy(T* loss, const SoftmaxSums<T>& sums, const T* x, const int64_t* target,
                   int64_t n, int64_t classes, int64_t ignore_index);

/// `sums` are those that cross_entropy computed.
template <class T>
void cross_entropy_backward(T* dx, const T* dloss, const T* x, const SoftmaxSums<T>& sums,
                            const int64_t* target, int64_t n, int64_t classes,
                            int64_t ignore_index);

/// The formulas in plain loops, which the functions above are tested against.
void cross_entropy_reference(double* loss, const SoftmaxSums<double>& sums, const double* x,
                             const int64_t* target, int64_t n, int64_t classes,
                             int64_t ignore_index);
void cross_entropy_backward_reference(double* dx, const double* dloss, const double* x,
                                      const SoftmaxSums<double>& sums, const int64_t* target,
                                      int64_t n, int64_t classes, int64_t ignore_index);

}  // namespace gradus::kernels
