#include <cmath>
#include <numeric>

#include "autograd/ops.h"
#include "nn/optim.h"
#include "tensor/kernels/reduce.h"
#include "tensor/strided.h"

namespace gradus::nn::utils {
namespace {

double norm_of(const Tensor& grad, double norm_type) {
  const Tensor values = as_contiguous(grad);
  if (norm_type == 2)
    return dispatch_float("clip_grad_norm_", values.dtype(), [&]<class T>() {
      return std::sqrt(kernels::sum_of_squares(values.data<T>(), values.numel()));
    });
  if (values.numel() == 0) return 0;
  return norm(values.to(kFloat64), norm_type).item<double>();
}

/// The norm of the norms of all gradients. It is NaN if one of the gradients has a NaN.
double total_norm(const std::vector<Tensor>& parameters, double norm_type) {
  std::vector<double> norms;
  for (const Tensor& p : parameters)
    if (p.grad().defined() && (p.grad().numel() > 0 || norm_type == 0))
      norms.push_back(norm_of(p.grad(), norm_type));
  if (norms.empty()) return 0;
  if (norm_type == 0) return static_cast<double>(norms.size());
  if (std::isinf(norm_type)) {
    const auto extreme = [&](double a, double b) {  // NaN, the larger or the smaller number
      if (std::isnan(a) || std::isnan(b)) return a + b;
      return norm_type > 0 ? std::max(a, b) : std::min(a, b);
    };
    return std::accumulate(norms.begin() + 1, norms.end(), norms[0], extreme);
  }
  double total = 0;
  for (const double norm : norms)
    total += std::pow(norm, norm_type);
  return std::pow(total, 1 / norm_type);
}

}  // namespace

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  check(max_norm >= 0, "clip_grad_norm_: max_norm is {}, expected 0 or more", max_norm);
  check(!std::isnan(norm_type), "clip_grad_norm_: norm_type is nan, expected a number");
  const NoGradGuard guard;
  const double total = total_norm(parameters, norm_type);
  check(!error_if_nonfinite || std::isfinite(total),
        "clip_grad_norm_: the norm of the gradients is {}, so they cannot be clipped; without "
        "error_if_nonfinite they are scaled all the same",
        total);
  const double factor = max_norm / (total + 1e-6);
  const bool is_small_enough = factor >= 1;  // false if the total is NaN: the gradients become NaN
  if (!is_small_enough)
    for (const Tensor& p : parameters)
      if (p.grad().defined()) p.grad().mul_(factor);
  return total;
}

double clip_grad_norm_(const Tensor& parameter, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  return clip_grad_norm_(std::vector<Tensor>{parameter}, max_norm, norm_type, error_if_nonfinite);
}

}  // namespace gradus::nn::utils
