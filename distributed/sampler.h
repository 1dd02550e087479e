// Which examples of a data set each process trains on.
#pragma once
#include "tensor/tensor.h"

namespace gradus::distributed {

/// The options of DistributedSampler.
struct DistributedSamplerOptions {
  bool shuffle = true;  // a new order in each epoch, the same in all processes
  uint64_t seed = 0;
};

/// The batches of a data set, and this process's part of each: the examples that one process would
/// take, divided among all in the order of their ranks.
///
///   DistributedSampler sampler(examples, batch_size);
///   for (int64_t epoch = 0; epoch < epochs; ++epoch) {
///     sampler.set_epoch(epoch);
///     for (int64_t i = 0; i < sampler.batches(); ++i) train(inputs[sampler.batch(i)]);
///   }
class DistributedSampler {
 public:
  /// Throws unless the processes can share a batch equally.
  DistributedSampler(int64_t size, int64_t batch_size,
                     const DistributedSamplerOptions& options = {});
  /// Chooses the order. The generator of the process is not used.
  void set_epoch(int64_t epoch);
  /// The number of full batches in an epoch; what is left over is not used.
  int64_t batches() const { return size_ / batch_size_; }
  /// The indices of this process's examples in batch i: (batch_size / processes) int64.
  Tensor batch(int64_t i) const;

 private:
  const int64_t size_;
  const int64_t batch_size_;
  const DistributedSamplerOptions options_;
  Tensor order_;  // (size)
};

}  // namespace gradus::distributed
