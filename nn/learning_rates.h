#pragma once
#include "nn/optim.h"

namespace gradus::optim {

/// The learning rates of an optimiser, which may be moved while a schedule refers to them.
struct Optimizer::LearningRates {
  const char* optimizer;        // its name, for errors
  std::vector<double> lr;       // of each group
  std::vector<double> initial;  // those with which the groups were made

  /// See Optimizer::set_lr.
  void set(double new_lr);
};

}  // namespace gradus::optim
