// Lion, an optimiser that only uses signs (Chen et al. 2023).
#pragma once
#include "exercises/exercise.h"
#include "nn/optim.h"

namespace mine {

struct LionOptions {
  double lr = 1e-4;
  std::tuple<double, double> betas = {0.9, 0.99};
  double weight_decay = 0;
};

/// c = beta1 m + (1 - beta1) grad;  p = (1 - lr weight_decay) p - lr sign(c);  m = beta2 m + (1 -
/// beta2) grad
class Lion : public optim::Optimizer {
 public:
  explicit Lion(const std::vector<Tensor>& parameters, const LionOptions& options = {});
  void step();

 private:
  LionOptions options_;
  std::vector<Tensor> momentum_;  // m of each parameter
};

}  // namespace mine
