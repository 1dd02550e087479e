#pragma once
#include "nn/layer.h"

namespace gradus::nn {

/// In training each element becomes 0 with probability p, independently, else x / (1 - p), so that
/// the expected value stays x (Srivastava et al. 2014). In evaluation mode x is returned unchanged.
/// x (...) -> (...)
struct Dropout : Layer<Dropout> {
  const double p;  // typically 0.1; 0: off

  explicit Dropout(double probability = 0.5) : p(probability) {
    check(p >= 0 && p <= 1, "dropout: p is {}, expected a probability between 0 and 1", p);
    set_extra_repr({{"p", p}, {"inplace", false}});
  }
  /// p in training, else 0.
  double active_p() const { return is_training() ? p : 0; }

  Tensor forward(const Tensor& x) const { return dropout(x, p, is_training()); }
};

}  // namespace gradus::nn
