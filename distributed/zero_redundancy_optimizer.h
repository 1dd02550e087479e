// AdamW whose state is divided among the processes.
#pragma once
#include <memory>

#include "nn/optim.h"

namespace gradus::distributed {

/// AdamW of which each process keeps and computes only a part: of every parameter with n elements,
/// process r of P has the elements from n r / P to n (r + 1) / P (ZeRO stage 1; Rajbhandari et al.,
/// "ZeRO: memory optimizations toward training trillion parameter models", 2020). After a step the
/// processes send each other what they have computed. The parameters have the same bits as with
/// optim::AdamW.
///
///   DistributedDataParallel parallel(model);
///   ZeroRedundancyOptimizer optimizer(model.parameters(), {.lr = 3e-4});
///
/// The gradients must be the same in all processes, as DistributedDataParallel makes them. The
/// parameters must be contiguous.
class ZeroRedundancyOptimizer : public optim::Optimizer {
 public:
  explicit ZeroRedundancyOptimizer(const std::vector<Tensor>& parameters,
                                   const optim::AdamWOptions& options = {});
  explicit ZeroRedundancyOptimizer(
      const std::vector<optim::ParamGroup<optim::AdamWOptions>>& groups);

  /// All processes must call it.
  void step();
  /// The whole state, that of an optim::AdamW with the same parameters. The processes send each
  /// other their parts: all must call it, and each has memory for the whole as long as the result
  /// exists.
  NamedTensors state_dict() const override;
  /// Keeps the part of this process of such a state, whatever number of processes wrote it.
  void load_state_dict(const NamedTensors& state) override;
  /// The memory of the state that this process keeps.
  int64_t state_bytes() const;

 private:
  struct Parts;
  ZeroRedundancyOptimizer(const std::vector<optim::ParamGroup<optim::AdamWOptions>>& groups,
                          std::shared_ptr<Parts> parts);

  const std::shared_ptr<Parts> parts_;
};

}  // namespace gradus::distributed
