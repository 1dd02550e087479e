// The gradients of broadcasting and of the matrix product.
#include "exercises/exercise.h"

namespace mine {

/// The gradient of a tensor with these sizes that was broadcast to the shape of dy: dy, summed over
/// the dimensions that broadcasting added or repeated. dy (...) -> sizes
Tensor unbroadcast(const Tensor& dy, const Shape& sizes);

struct MatmulGradients {
  Tensor da;  // the shape of a
  Tensor db;  // the shape of b
};

/// The gradients of y = matmul(a, b) for dy = d(loss)/dy. The dimensions before the last two are
/// broadcast. a (..., N, K), b (..., K, M), dy (..., N, M)
MatmulGradients matmul_backward(const Tensor& dy, const Tensor& a, const Tensor& b);

}  // namespace mine
