#include "check/numeric_gradient.h"

#include <cmath>
#include <numeric>

#include "autograd/ops.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

/// Element i of x in row-major order.
double& element(const Tensor& x, int64_t i) {
  const Shape index = index_of(i, x.sizes());
  const int64_t offset =
      std::inner_product(index.begin(), index.end(), x.strides().begin(), int64_t{0});
  return x.data<double>()[offset];
}

/// Gives `number` its old value back at the end of the scope.
struct RestoreAtEnd {
  explicit RestoreAtEnd(double& target) : number(target), value(target) {}
  ~RestoreAtEnd() { number = value; }
  RestoreAtEnd(const RestoreAtEnd&) = delete;
  RestoreAtEnd& operator=(const RestoreAtEnd&) = delete;

  double& number;
  const double value;
};

/// Where f is smooth, the two slopes agree and the bend shrinks with h. At a kink, at least one of
/// the two is not so.
bool is_kink(const CentralDifference& wide, const CentralDifference& narrow, double middle) {
  const double scale = std::abs(wide.slope()) + std::abs(narrow.slope()) + 1e-3;
  const bool slopes_differ = std::abs(wide.slope() - narrow.slope()) > 1e-2 * scale;
  const double bend = std::abs(narrow.bend(middle));
  const bool bend_stays = bend > 1e-2 * scale && bend > 0.75 * std::abs(wide.bend(middle));
  return slopes_differ || bend_stays;
}

}  // namespace

RestoreTensor::~RestoreTensor() {
  if (x_.dtype() == original_.dtype()) copy_elements(x_, original_);
}

double dot_with_result(const Tensor& u, const std::function<Tensor()>& f) {
  const NoGradGuard no_grad;
  return sum(u.detach() * f().detach()).item<double>();
}

CentralDifference central_difference(const std::function<Tensor()>& f, const Tensor& x, int64_t i,
                                     double h, const Tensor& u) {
  RestoreAtEnd moved(element(x, i));
  moved.number = moved.value + h;
  const double plus = dot_with_result(u, f);
  moved.number = moved.value - h;
  const double minus = dot_with_result(u, f);
  return {.plus = plus, .minus = minus, .h = h};
}

Tensor numeric_gradient(const std::function<Tensor()>& f, const Tensor& x, const Tensor& u,
                        Tensor* kinks) {
  check(x.dtype() == kFloat64, "numeric_gradient: x is {}, differences need float64", x.dtype());
  const Tensor gradient = zeros(x.sizes(), kFloat64);
  const Tensor found_kinks = zeros(x.sizes(), kBool);
  const double middle = dot_with_result(u, f);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const double h = 1e-3 * std::max(1.0, std::abs(element(x, i)));
    const CentralDifference wide = central_difference(f, x, i, h, u);
    const CentralDifference narrow = central_difference(f, x, i, h / 2, u);
    // Richardson extrapolation: the errors of order h^2 cancel.
    gradient.data<double>()[i] = (4 * narrow.slope() - wide.slope()) / 3;
    found_kinks.data<bool>()[i] = is_kink(wide, narrow, middle);
  }
  if (kinks) *kinks = found_kinks;
  return gradient;
}

Tensor random_cotangent(const Tensor& y, Generator& random) {
  const Tensor u = empty(y.sizes(), kFloat64);
  for (int64_t i = 0; i < u.numel(); ++i) {
    const double value = random.uniform<double>() * 2 - 1;
    u.data<double>()[i] = value + (value < 0 ? -0.5 : 0.5);
  }
  return u;
}

Tensor random_cotangent(const Tensor& y) {
  Generator random(20170612);
  return random_cotangent(y, random);
}

}  // namespace gradus
