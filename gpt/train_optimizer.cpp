#include "gpt/train_optimizer.h"

#include "distributed/zero_redundancy_optimizer.h"

namespace gradus::gpt {
namespace {

template <class O>
class Optimizing : public TrainOptimizer {
 public:
  explicit Optimizing(const std::vector<optim::ParamGroup<optim::AdamWOptions>>& groups)
      : optimizer_(groups) {}
  optim::Optimizer& get() override { return optimizer_; }
  void step() override { optimizer_.step(); }

 private:
  O optimizer_;
};

}  // namespace

std::unique_ptr<TrainOptimizer> make_optimizer(
    const std::vector<optim::ParamGroup<optim::AdamWOptions>>& groups, bool zero) {
  if (zero) return std::make_unique<Optimizing<distributed::ZeroRedundancyOptimizer>>(groups);
  return std::make_unique<Optimizing<optim::AdamW>>(groups);
}

}  // namespace gradus::gpt
