#pragma once

#include <cstdint>

namespace gradus::kernels {

/// loss[i] = lse[i] - logits[i, target[i]] with lse[i] = log of the sum of exp(logits[i, :]), for the N rows of logits
/// (N, V). Both are 0 where target[i] is ignore_index; the other targets lie in 0..V. float, double.
template <class T>
void cross_entropy(T* loss, T* lse, const T* logits, const int64_t* target, int64_t N, int64_t V, int64_t ignore_index);

/// dlogits[i, v] = dloss[i] (exp(logits[i, v] - lse[i]) - [v = target[i]]), and 0 in the ignored rows.
template <class T> void cross_entropy_backward(T* dlogits, const T* dloss, const T* logits, const T* lse,
                                               const int64_t* target, int64_t N, int64_t V, int64_t ignore_index);

}  // namespace gradus::kernels
