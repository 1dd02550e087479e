// GELU with a gradient written by hand: an op of your own.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), element by element (Hendrycks and Gimpel
/// 2016).
struct Gelu : autograd::Function<Gelu> {
  /// The value; ctx->save_for_backward({...}) keeps what backward needs.
  static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x);
  /// dy, the gradient of the result, in a list of one; the gradient of x in a list of one.
  static autograd::tensor_list backward(autograd::AutogradContext* ctx, autograd::tensor_list dy);
};

}  // namespace mine
