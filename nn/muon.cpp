#include <cmath>

#include "nn/optimizer_steps.h"

namespace gradus::optim {
namespace {

void check_options(const MuonOptions& options) {
  const auto [a, b, c] = options.ns_coefficients;
  check(options.weight_decay >= 0, "muon: weight_decay is {}, expected 0 or more",
        options.weight_decay);
  check(options.momentum >= 0 && options.momentum <= 1,
        "muon: momentum is {}, expected a number from 0 to 1", options.momentum);
  check(std::isfinite(a) && std::isfinite(b) && std::isfinite(c),
        "muon: ns_coefficients are {}, {} and {}, expected finite numbers", a, b, c);
  check(options.eps > 0, "muon: eps is {}, expected a number above 0", options.eps);
  check(options.ns_steps >= 0 && options.ns_steps < 100,
        "muon: ns_steps is {}, expected a number from 0 to 99", options.ns_steps);
  const std::string& f = options.adjust_lr_fn;
  check(f == "original" || f == "match_rms_adamw" || f == "spectral_unclamped",
        "muon: adjust_lr_fn is '{}', expected 'original', 'match_rms_adamw' or "
        "'spectral_unclamped'",
        printable(f));
}

std::vector<std::string> buffers_of_muon(const MuonOptions&) { return {"momentum_buffer"}; }

/// The factor of the learning rate for a matrix of these sizes.
double lr_factor(const MuonOptions& options, int64_t rows, int64_t columns) {
  const auto r = static_cast<double>(rows);
  const auto c = static_cast<double>(columns);
  if (options.adjust_lr_fn == "match_rms_adamw") return 0.2 * std::sqrt(std::max(r, c));
  return options.adjust_lr_fn == "original" ? std::sqrt(std::max(1.0, r / c)) : std::sqrt(r / c);
}

/// About the nearest matrix to u with orthonormal rows or columns. An iteration maps each singular
/// value s of X, which is at most 1 at the start, to a s + b s^3 + c s^5 and keeps the singular
/// vectors.
Tensor orthogonalized(const Tensor& u, const MuonOptions& options) {
  const auto [a, b, c] = options.ns_coefficients;
  const bool is_tall = u.size(0) > u.size(1);  // the smaller of X X^T and X^T X is computed
  const double length = std::max(norm(u, 2).item<double>(), options.eps);
  Tensor X = (is_tall ? u.t() : u) / length;  // (m, n), m <= n
  for (int64_t i = 0; i < options.ns_steps; ++i) {
    const Tensor A = matmul(X, X.t());  // (m, m)
    X = X * a + matmul(A * b + matmul(A, A) * c, X);
  }
  return is_tall ? X.t() : X;
}

}  // namespace

Muon::Muon(const std::vector<Tensor>& parameters, const MuonOptions& options)
    : Muon(std::vector<ParamGroup<MuonOptions>>{{parameters, options}}) {}
Muon::Muon(const std::vector<ParamGroup<MuonOptions>>& groups)
    : Optimizer("muon", groups_of(groups, buffers_of_muon)), options_(options_of(groups)) {
  for (const MuonOptions& options : options_)
    check_options(options);
  for (size_t i = 0; i < parameters().size(); ++i)
    check(parameters()[i].dim() == 2,
          "muon: parameter {} of shape {} is not a matrix; use another optimiser for it, such as "
          "AdamW",
          i, parameters()[i].sizes());
}

void Muon::step() {
  const NoGradGuard no_grad;
  for_each_tensor([&](size_t group, const Tensor& p, const Tensor& grad, State& state) {
    if (p.numel() == 0) return;
    const MuonOptions& options = options_[group];
    const double m = momentum(group);
    const Tensor& average = state.buffers[0];
    average.mul_(m).add_(grad * (1 - m));
    const Tensor u = options.nesterov ? average * m + grad * (1 - m) : average;
    const double step_size = lr(group) * lr_factor(options, p.size(0), p.size(1));
    const Tensor X = orthogonalized(u, options);
    p.mul_(1 - lr(group) * options.weight_decay);
    p.sub_(X * step_size);
  });
}

}  // namespace gradus::optim
