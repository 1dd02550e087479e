#pragma once
#include "nn/module.h"

namespace gradus::nn {

/// In training, each element by itself: 0 with probability p, else x / (1 - p) (Srivastava et al.
/// 2014). x (...) -> (...)
struct Dropout : Module {
  const double p;

  explicit Dropout(double probability = 0.5) : p(probability) {
    check(p >= 0 && p <= 1, "dropout: p is {}, expected a probability between 0 and 1", p);
  }
  /// p in training, else 0.
  double active_p() const { return is_training() ? p : 0; }

  Tensor forward(const Tensor& x) const {
    const auto in_scope = scope();
    return dropout(x, p, is_training());
  }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

}  // namespace gradus::nn
