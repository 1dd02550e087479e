#pragma once
#include "nn/optim.h"

namespace gradus::optim {

/// The learning rates of an optimiser, which may be moved while a schedule refers to them, and its
/// momentum, which a schedule may change, too.
struct Optimizer::LearningRates {
  const char* optimizer;        // its name, for errors
  std::vector<double> lr;       // of each group
  std::vector<double> initial;  // those with which the groups were made
  // Of each group; for Adam and AdamW beta1. Nothing: the optimiser has no momentum.
  std::vector<std::optional<double>> momentum;
  bool changes_momentum = false;  // a schedule does

  /// See Optimizer::set_lr.
  void set(double new_lr);
};

}  // namespace gradus::optim
