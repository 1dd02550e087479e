// The optimiser of a training run: AdamW, in this process or divided among all.
#pragma once
#include <memory>

#include "nn/optim.h"

namespace gradus::gpt {

/// One of the two, which give the same bits.
class TrainOptimizer {
 public:
  virtual ~TrainOptimizer() = default;
  virtual optim::Optimizer& get() = 0;
  virtual void step() = 0;
};

/// optim::AdamW, or distributed::ZeroRedundancyOptimizer.
std::unique_ptr<TrainOptimizer> make_optimizer(
    const std::vector<optim::ParamGroup<optim::AdamWOptions>>& groups, bool zero);

}  // namespace gradus::gpt
