// Activations with a parameter, and RMSNorm.
#include <limits>

#include "autograd/ops.h"
#include "tensor/checks.h"
#include "tensor/elementwise.h"

namespace gradus {

// y = log(1 + e^(beta x)) / beta, and x where beta x > threshold:
//
//   dx = dy sigmoid(beta x),  and dy where beta x > threshold
Tensor softplus(const Tensor& x, double beta, double threshold) {
  check(beta != 0, "softplus: beta is 0, but the result is divided by it");
  check_floating_point("softplus", x.dtype());
  const Tensor z = x.detach() * beta;
  const Tensor y = where(z > threshold, x.detach(), unary("softplus", UnaryOp::softplus, z) / beta);
  return record("softplus", y, {x, [=, x = saved(x)](const Tensor& dy) {
                                  const Tensor bx = x() * beta;
                                  return where(bx > threshold, dy, dy * sigmoid(bx));
                                }});
}

Tensor leaky_relu(const Tensor& x, Scalar negative_slope) {
  check_floating_point("leaky_relu", x.dtype());
  const Tensor slope = number_like("leaky_relu", negative_slope, x);
  return record(
      "leaky_relu", binary("leaky_relu", BinaryOp::leaky_relu, x, slope),
      {x, [=, x = saved(x)](const Tensor& dy) { return where(x() > 0, dy, dy * slope); }});
}

// x > 0, NaN:  y = scale x                                 dx = dy scale
// x <= 0:      y = alpha scale (e^(input_scale x) - 1)     dx = dy (y + alpha scale) input_scale
Tensor elu(const Tensor& x, double alpha, double scale, double input_scale) {
  check_floating_point("elu", x.dtype());
  // 0 where x > 0: no overflow of e^x reaches the gradient. And where x = 0, so that the second
  // derivative there is that of the upper side, as in PyTorch.
  const auto exponent = [=](const Tensor& v) { return where(v < 0, v * input_scale, 0); };
  const Tensor v = x.detach();
  return record("elu", where(v <= 0, expm1(exponent(v)) * (alpha * scale), v * scale),
                {x, [=, x = saved(x)](const Tensor& dy) {
                   const Tensor slope = exp(exponent(x())) * (alpha * scale * input_scale);
                   return where(x() <= 0, dy * slope, dy * scale);
                 }});
}

Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight,
                std::optional<double> eps) {
  const auto dims = static_cast<int64_t>(normalized_shape.size());
  check_floating_point("rms_norm", x.dtype());
  check(dims > 0, "rms_norm: normalized_shape is empty, expected the last sizes of {}", x.sizes());
  check(x.dim() >= dims &&
            std::equal(normalized_shape.begin(), normalized_shape.end(), x.sizes().end() - dims),
        "rms_norm: x is {}, which does not end with normalized_shape {}", x.sizes(),
        normalized_shape);
  check(!weight.defined() || weight.sizes() == normalized_shape,
        "rms_norm: normalized_shape is {}, so the weight must be too, got {}", normalized_shape,
        weight.defined() ? weight.sizes() : Shape{});
  if (weight.defined()) check_same_dtype("rms_norm", x, weight);
  Shape last;
  for (int64_t d = -dims; d < 0; ++d)
    last.push_back(d);
  const double smallest = x.dtype() == kFloat32 ? std::numeric_limits<float>::epsilon()
                                                : std::numeric_limits<double>::epsilon();
  const Tensor y = x * rsqrt(mean(x * x, last, true) + eps.value_or(smallest));
  return weight.defined() ? y * weight : y;
}

}  // namespace gradus
