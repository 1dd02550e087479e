#include <cmath>

#include "autograd/ops.h"
#include "tensor/checks.h"
#include "tensor/elementwise.h"
#include "tensor/kernels/layer_norm.h"
#include "tensor/kernels/softmax.h"
#include "tensor/random.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

/// An op along dim by its kernels: forward(y, x, outer, size, inner) and backward(dx, dy, y, outer,
/// size, inner), where x is (outer, size, inner) with dim in the middle.
template <class Forward, class Backward>
Tensor along_dim(OpName op, const Tensor& x, int64_t dim, const Forward& forward,
                 const Backward& backward, Definition definition) try {
  const OuterSizeInner shape = outer_size_inner(x.sizes(), wrap_dim(op, dim, x.sizes().size()));
  Tensor y = empty(x.sizes(), x.dtype());
  const Tensor in = as_contiguous(x);
  dispatch_float(op, x.dtype(), [&]<class T>() {
    if (y.numel() == 0) return;
    forward(y.data<T>(), in.data<T>(), shape.outer, shape.size, shape.inner);
  });
  if (!is_recorded(x)) return record(op, std::move(y), Input{x, {}});
  auto fast = [=, y = saved(y.detach())](const Tensor& dy, const std::vector<bool>& /*needed*/) {
    std::vector<Tensor> gradients(1);
    Tensor& dx = gradients[0];
    dx = empty(dy.sizes(), dy.dtype());
    const Tensor in_dy = as_contiguous(dy);
    dispatch_float(op, dy.dtype(), [&]<class T>() {
      if (dx.numel() == 0) return;
      backward(dx.data<T>(), in_dy.data<T>(), y().template data<T>(), shape.outer, shape.size,
               shape.inner);
    });
    return gradients;
  };
  return record_fused(op, std::move(y), {x}, fast, std::move(definition));
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

/// The largest elements of x along dim, as constants.
Tensor largest_along(const Tensor& x, int64_t dim) {
  return x.numel() == 0 ? zeros({}, x.dtype()) : amax(x.detach(), dim, true);
}

}  // namespace

// Softmax (Bridle 1990), over the elements of x along dim:
//
//   y_i  = exp(x_i - m) / sum_j exp(x_j - m)
//   dx_i = y_i (dy_i - sum_j dy_j y_j)
//
//   m    max_j x_j, which cancels and keeps exp from overflowing: it gets no gradient
//
// The gradient follows from dy_i/dx_j = y_i ([i = j] - y_j).
Tensor softmax(const Tensor& x, int64_t dim, std::optional<DType> dtype) {
  if (dtype) return softmax(to(x, *dtype), dim);
  return along_dim(
      "softmax", x, dim, [](auto... args) { kernels::softmax(args...); },
      [](auto... args) { kernels::softmax_backward(args...); },
      [dim](const std::vector<Tensor>& inputs) {
        const Tensor e = exp(inputs[0] - largest_along(inputs[0], dim));
        return e / sum(e, dim, true);
      });
}

// The logarithm of the softmax, without computing the softmax first, which may round to 0:
//
//   y_i  = x_i - log sum_j exp(x_j)
//   dx_i = dy_i - exp(y_i) sum_j dy_j
//
// The gradient follows from dy_i/dx_j = [i = j] - exp(y_j).
Tensor log_softmax(const Tensor& x, int64_t dim, std::optional<DType> dtype) {
  if (dtype) return log_softmax(to(x, *dtype), dim);
  return along_dim(
      "log_softmax", x, dim, [](auto... args) { kernels::log_softmax(args...); },
      [](auto... args) { kernels::log_softmax_backward(args...); },
      [dim](const std::vector<Tensor>& inputs) {
        // logsumexp(x) is rounded to x's size, that of the differences is not.
        const Tensor differences = inputs[0] - largest_along(inputs[0], dim);
        return differences - logsumexp(differences, dim, true);
      });
}

// Layer normalisation (Ba, Kiros and Hinton 2016), of each row x of n numbers:
//
//   mean = sum_i x_i / n     var = sum_i (x_i - mean)^2 / n     rstd = 1 / sqrt(var + eps)
//   z_i  = (x_i - mean) rstd
//   y_i  = z_i weight_i + bias_i
//
//   dz_i      = dy_i weight_i
//   dx_i      = rstd (dz_i - sum_j dz_j / n - z_i sum_j dz_j z_j / n)
//   dweight_i = sum of dy_i z_i over the rows
//   dbias_i   = sum of dy_i over the rows
//
//   rstd  the reciprocal of the standard deviation; it is saved for backward, and so is the mean
//   z     the normalized row

namespace {

void check_layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight,
                      const Tensor& bias) {
  const size_t leading = x.sizes().size() - std::min(x.sizes().size(), normalized_shape.size());
  const Shape last(x.sizes().begin() + leading, x.sizes().end());
  check(!normalized_shape.empty() && last == normalized_shape,
        "layer_norm: x is {}, its last dimensions are not the normalized shape {}", x.sizes(),
        normalized_shape);
  const bool weight_fits = !weight.defined() || weight.sizes() == normalized_shape;
  const bool bias_fits = !bias.defined() || bias.sizes() == normalized_shape;
  check(weight_fits && bias_fits,
        "layer_norm: x is {}, so weight and bias must be {}, got {} and {}", x.sizes(),
        normalized_shape, weight.defined() ? to_string(weight.sizes()) : "none",
        bias.defined() ? to_string(bias.sizes()) : "none");
  if (weight.defined()) check_same_dtype("layer_norm", x, weight);
  if (bias.defined()) check_same_dtype("layer_norm", x, bias);
}

template <class T>
T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

/// The gradients of x, weight and bias, from what the forward saved.
struct LayerNormBackward {
  Saved x;
  Saved weight;
  Tensor mean;
  Tensor rstd;
  Shape normalized_shape;

  std::vector<Tensor> operator()(const Tensor& dy, const std::vector<bool>& needed) const {
    const Tensor in_dy = as_contiguous(dy);
    const Tensor dx = empty(dy.sizes(), dy.dtype());
    const Tensor dweight = needed[1] ? empty(normalized_shape, dy.dtype()) : Tensor();
    const Tensor dbias = needed[2] ? empty(normalized_shape, dy.dtype()) : Tensor();
    dispatch_float("layer_norm", dy.dtype(), [&]<class T>() {
      kernels::layer_norm_backward<T>({.dx = dx.data<T>(),
                                       .dweight = data_or_null<T>(dweight),
                                       .dbias = data_or_null<T>(dbias),
                                       .dy = in_dy.data<T>(),
                                       .x = x().data<T>(),
                                       .mean = mean.data<double>(),
                                       .rstd = rstd.data<T>(),
                                       .weight = data_or_null<T>(weight()),
                                       .rows = mean.numel(),
                                       .size = numel("layer_norm", normalized_shape)});
    });
    return {dx, dweight, dbias};
  }
};

/// The formulas in ordinary ops, over the last `dims` dimensions of x. In double, because the
/// squares of a float may be infinite.
Tensor layer_norm_definition(const Tensor& x, size_t dims, const Tensor& weight, const Tensor& bias,
                             double eps) {
  Shape last;
  for (size_t d = 1; d <= dims; ++d)
    last.push_back(-static_cast<int64_t>(d));
  const Tensor in_double = to(x, kFloat64);
  const Tensor centered = in_double - mean(in_double, last, true);
  const Tensor var = mean(centered * centered, last, true);
  Tensor y = to(centered / sqrt(var + eps), x.dtype());
  if (weight.defined()) y = y * weight;
  if (bias.defined()) y = y + bias;
  return y;
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps) try {
  check_layer_norm(x, normalized_shape, weight, bias);
  const int64_t size = numel("layer_norm", normalized_shape);
  const int64_t rows = size == 0 ? 0 : x.numel() / size;
  const Tensor y = empty(x.sizes(), x.dtype());
  const Tensor row_mean = empty(rows, kFloat64);
  const Tensor rstd = empty(rows, x.dtype());
  const Tensor in = as_contiguous(x);
  const Tensor in_weight = weight.defined() ? as_contiguous(weight) : weight;
  const Tensor in_bias = bias.defined() ? as_contiguous(bias) : bias;
  dispatch_float("layer_norm", x.dtype(), [&]<class T>() {
    kernels::layer_norm<T>({.y = y.data<T>(),
                            .mean = row_mean.data<double>(),
                            .rstd = rstd.data<T>(),
                            .x = in.data<T>(),
                            .weight = data_or_null<T>(in_weight),
                            .bias = data_or_null<T>(in_bias),
                            .rows = rows,
                            .size = size,
                            .eps = eps});
  });
  const size_t dims = normalized_shape.size();
  return record_fused(
      "layer_norm", y, {x, weight, bias},
      LayerNormBackward{saved(in), saved(in_weight), row_mean, rstd, normalized_shape},
      [dims, eps](const std::vector<Tensor>& inputs) {
        return layer_norm_definition(inputs[0], dims, inputs[1], inputs[2], eps);
      });
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

// Dropout (Srivastava et al. 2014): y = x mask, where mask is 0 with probability p, else 1 / (1 -
// p), so that the expected value of y is x. dx = dy mask.
Tensor dropout(const Tensor& x, double p, bool train) {
  check(p >= 0 && p <= 1, "dropout: p is a probability between 0 and 1, got {}", p);
  check_floating_point("dropout", x.dtype());
  if (!train || p == 0) return x;
  const Tensor mask = empty(x.sizes(), x.dtype());
  dispatch_float("dropout", x.dtype(), [&]<class T>() {
    dropout_mask(*LockedGenerator(), mask.data<T>(), mask.numel(), p);
  });
  const Tensor y = binary("dropout", BinaryOp::mul, x, mask);
  return record("dropout", y, {x, [mask = saved(mask)](const Tensor& dy) { return dy * mask(); }});
}

}  // namespace gradus
