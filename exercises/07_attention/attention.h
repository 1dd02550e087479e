// Scaled dot-product attention (Vaswani et al. 2017), forward and backward.
#include "exercises/exercise.h"

namespace mine {

struct Attention {
  Tensor weights;  // (..., T, S), each row sums to one
  Tensor y;        // (..., T, E)
};

/// weights = softmax(q k^T / sqrt(D)), y = weights v.   q (..., T, D), k (..., S, D), v (..., S, E)
Attention attention(const Tensor& q, const Tensor& k, const Tensor& v);

struct AttentionGradients {
  Tensor dq;  // (..., T, D)
  Tensor dk;  // (..., S, D)
  Tensor dv;  // (..., S, E)
};

/// The gradients of y for dy = d(loss)/dy, (..., T, E).
AttentionGradients attention_backward(const Tensor& dy, const Tensor& q, const Tensor& k,
                                      const Tensor& v);

}  // namespace mine
