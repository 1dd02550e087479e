#include "nn/init.h"

#include <cmath>

namespace gradus::nn::init {
namespace {

struct Fans {
  double in;
  double out;
};

Fans fans_of(const char* op, const Tensor& x) {
  check(x.dim() >= 2, "{}: the tensor is {}, expected a weight with 2 or more dimensions", op,
        x.sizes());
  int64_t others = 1;
  for (int64_t d = 2; d < x.dim(); ++d)
    others *= x.size(d);
  return {static_cast<double>(x.size(1) * others), static_cast<double>(x.size(0) * others)};
}

double xavier_std(const char* op, const Tensor& x, double gain) {
  const Fans fans = fans_of(op, x);
  if (x.numel() == 0) return 0;
  return gain * std::sqrt(2.0 / (fans.in + fans.out));
}

double kaiming_std(const char* op, const Tensor& x, double slope, FanMode mode,
                   Nonlinearity nonlinearity) {
  const Fans fans = fans_of(op, x);
  if (x.numel() == 0) return 0;
  const double fan = mode == FanMode::FanIn ? fans.in : fans.out;
  return calculate_gain(nonlinearity, slope) / std::sqrt(fan);
}

}  // namespace

double calculate_gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::Tanh:
      return 5.0 / 3.0;
    case Nonlinearity::ReLU:
      return std::sqrt(2.0);
    case Nonlinearity::LeakyReLU:
      return std::sqrt(2.0 / (1 + slope * slope));
    case Nonlinearity::Linear:
    case Nonlinearity::Sigmoid:
      return 1;
  }
  fail("calculate_gain: {} is no Nonlinearity", static_cast<int>(nonlinearity));
}

Tensor uniform_(const Tensor& x, double low, double high) {
  const NoGradGuard no_grad;
  return x.uniform_(low, high);
}

Tensor normal_(const Tensor& x, double mean, double std) {
  const NoGradGuard no_grad;
  return x.normal_(mean, std);
}

Tensor constant_(const Tensor& x, Scalar value) {
  const NoGradGuard no_grad;
  return x.fill_(value);
}

Tensor ones_(const Tensor& x) { return constant_(x, 1); }

Tensor zeros_(const Tensor& x) { return constant_(x, 0); }

Tensor eye_(const Tensor& x) {
  check(x.dim() == 2, "eye_: the tensor is {}, expected a matrix", x.sizes());
  const NoGradGuard no_grad;
  return x.copy_(eye(x.size(0), x.size(1), x.dtype()));
}

Tensor xavier_uniform_(const Tensor& x, double gain) {
  const double bound = std::sqrt(3.0) * xavier_std("xavier_uniform_", x, gain);
  return uniform_(x, -bound, bound);
}

Tensor xavier_normal_(const Tensor& x, double gain) {
  return normal_(x, 0, xavier_std("xavier_normal_", x, gain));
}

Tensor kaiming_uniform_(const Tensor& x, double slope, FanMode mode, Nonlinearity nonlinearity) {
  const double bound =
      std::sqrt(3.0) * kaiming_std("kaiming_uniform_", x, slope, mode, nonlinearity);
  return uniform_(x, -bound, bound);
}

Tensor kaiming_normal_(const Tensor& x, double slope, FanMode mode, Nonlinearity nonlinearity) {
  return normal_(x, 0, kaiming_std("kaiming_normal_", x, slope, mode, nonlinearity));
}

}  // namespace gradus::nn::init
