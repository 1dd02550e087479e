// Softmax with cross-entropy, from the logits x of n examples, without the n x classes
// probabilities in memory.
//
//   lse_i   = log sum_v exp(x_iv)
//   loss_i  = -log softmax(x_i)[target_i] = lse_i - x_i[target_i]
//   dx_iv   = dloss_i (exp(x_iv - lse_i) - [v = target_i])
//
//   i, v    the example and the class
//   dloss   the gradient of the total loss with respect to loss; dx the same for x
//
// exp(x_iv - lse_i) is the softmax, so a gradient is the difference of two distributions, predicted
// and wanted (Bridle, "Training stochastic model recognition algorithms as networks can lead to
// maximum mutual information estimation of parameters", 1990).
#pragma once

#include <cstdint>

namespace gradus::kernels {

// x is (n, classes). Each target is from 0 to classes - 1, or ignore_index: then loss and lse of
// the example and its row of dx are 0. float, double.

template <class T>
void cross_entropy(T* loss, T* lse, const T* x, const int64_t* target, int64_t n, int64_t classes,
                   int64_t ignore_index);

/// lse is the one that cross_entropy computed.
template <class T>
void cross_entropy_backward(T* dx, const T* dloss, const T* x, const T* lse, const int64_t* target,
                            int64_t n, int64_t classes, int64_t ignore_index);

/// The formulas in plain loops, which the functions above are tested against.
void cross_entropy_reference(double* loss, double* lse, const double* x, const int64_t* target,
                             int64_t n, int64_t classes, int64_t ignore_index);
void cross_entropy_backward_reference(double* dx, const double* dloss, const double* x,
                                      const double* lse, const int64_t* target, int64_t n,
                                      int64_t classes, int64_t ignore_index);

}  // namespace gradus::kernels
