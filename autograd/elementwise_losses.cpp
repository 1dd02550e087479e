// Losses of each element of a prediction x and its target t, which have the same shape.
#include <cmath>

#include "autograd/loss_reduction.h"
#include "tensor/checks.h"

namespace gradus {
namespace {

void check_pair(const char* op, const Tensor& x, const Tensor& target) {
  check(x.sizes() == target.sizes(), "{}: the shapes differ, {} and {}; a loss does not broadcast",
        op, x.sizes(), target.sizes());
  check(x.is_floating_point(),
        "{}: expected floating-point tensors, got {}; convert them with .to(kFloat32)", op,
        x.dtype());
  check_is_no_bfloat16(op, x.dtype());
  check_same_dtype(op, x, target);
}

/// 0.5 e^2 where e <= width, and the straight line that continues it: width (e - 0.5 width).
Tensor parabola_then_line(const Tensor& e, double width) {
  const Tensor in_parabola = clamp(e, {}, width);
  return in_parabola * in_parabola * 0.5 + (e - in_parabola) * width;
}

/// log p, at least -100. p = 0 never reaches log, whose second derivative there is no number.
Tensor log_of(const Tensor& p) { return clamp(log(clamp(p, 1e-45)), -100); }

/// log(1 - p), and -100 for p = 1.
Tensor log_of_rest(const Tensor& p) {
  const Tensor is_one = p == 1;
  return masked_fill(log1p(-masked_fill(p, is_one, 0)), is_one, -100);
}

Tensor weighted(const char* op, const Tensor& losses, const Tensor& weight, int64_t reduction) {
  return reduced(op, weight.defined() ? losses * weight : losses, reduction);
}

}  // namespace

Tensor mse_loss(const Tensor& a, const Tensor& b, int64_t reduction) {
  check_pair("mse_loss", a, b);
  const Tensor difference = a - b;
  return reduced("mse_loss", difference * difference, reduction);
}

Tensor l1_loss(const Tensor& x, const Tensor& target, int64_t reduction) {
  check_pair("l1_loss", x, target);
  return reduced("l1_loss", abs(x - target), reduction);
}

Tensor huber_loss(const Tensor& x, const Tensor& target, int64_t reduction, double delta) {
  check_pair("huber_loss", x, target);
  check(delta > 0, "huber_loss: delta is {}, expected a number above 0", delta);
  return reduced("huber_loss", parabola_then_line(abs(x - target), delta), reduction);
}

Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, int64_t reduction, double beta) {
  check_pair("smooth_l1_loss", x, target);
  check(beta >= 0, "smooth_l1_loss: beta is {}, expected 0 or more", beta);
  const Tensor e = abs(x - target);
  return reduced("smooth_l1_loss", beta == 0 ? e : parabola_then_line(e, beta) / beta, reduction);
}

// loss = -(t log x + (1 - t) log(1 - x)), where no logarithm is below -100:
//
//   dx = dloss (x - t) / (x (1 - x)),  where the denominator is at least 1e-12
//   dt = dloss (log(1 - x) - log x)
Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, const Tensor& weight,
                            int64_t reduction) {
  check_pair("binary_cross_entropy", x, target);
  if (x.numel() > 0) {
    const Scalar least = amin(x.detach()).item();
    const Scalar most = amax(x.detach()).item();
    check(least.to_double() >= 0 && most.to_double() <= 1,
          "binary_cross_entropy: x is from {} to {}, expected probabilities between 0 and 1; for "
          "logits call binary_cross_entropy_with_logits",
          least.to_double(), most.to_double());
  }
  const Tensor p = x.detach();
  const Tensor t = target.detach();
  const Tensor losses = record(
      "binary_cross_entropy", -(t * log_of(p) + (1 - t) * log_of_rest(p)),
      {x, [x = saved(x), t = saved(target)](
              const Tensor& dy) { return dy * (x() - t()) / clamp(x() * (1 - x()), 1e-12); }},
      {target,
       [=, x = saved(x)](const Tensor& dy) { return dy * (log_of_rest(x()) - log_of(x())); }});
  return weighted("binary_cross_entropy", losses, weight, reduction);
}

// With x = sigmoid(logit), log x = -softplus(-logit) and log(1 - x) = -logit - softplus(-logit).
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        const Tensor& weight, const Tensor& pos_weight,
                                        int64_t reduction) {
  check_pair("binary_cross_entropy_with_logits", logits, target);
  const Tensor minus_log = softplus(-logits, 1, INFINITY);
  const Tensor of_target =
      pos_weight.defined() ? minus_log * ((pos_weight - 1) * target + 1) : minus_log;
  return weighted("binary_cross_entropy_with_logits", (1 - target) * logits + of_target, weight,
                  reduction);
}

Tensor kl_div(const Tensor& log_probs, const Tensor& target, int64_t reduction, bool log_target) {
  check_pair("kl_div", log_probs, target);
  if (log_target) return reduced("kl_div", exp(target) * (target - log_probs), reduction);
  const Tensor safe = masked_fill(target, target == 0, 1);  // 0 log 0 is 0
  return reduced("kl_div", target * log(safe) - target * log_probs, reduction);
}

Tensor cosine_similarity(const Tensor& a, const Tensor& b, int64_t dim, double eps) {
  check_same_dtype("cosine_similarity", a, b);
  check_floating_point("cosine_similarity", a.dtype());
  const Shape sizes = broadcast_shapes("cosine_similarity", a.sizes(), b.sizes());
  const auto along = static_cast<int64_t>(wrap_dim("cosine_similarity", dim, sizes.size()));
  const auto direction = [&](const Tensor& x) {
    const Tensor v = expand(x, sizes);
    return v / clamp(norm(v, 2, along, true), eps);
  };
  return sum(direction(a) * direction(b), along);
}

}  // namespace gradus
