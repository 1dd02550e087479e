// Data-parallel training: every process has the whole model and a part of the batch.
#pragma once
#include <memory>

#include "nn/module.h"

namespace gradus::distributed {

/// The options of DistributedDataParallel.
struct DistributedDataParallelOptions {
  int64_t bucket_bytes = int64_t{4} << 20;  // of gradients that are sent together
};

/// Keeps a model the same in all processes. The constructor copies the parameters and buffers of
/// process 0 to the others. After each backward() the grad of every parameter is its average over
/// the processes; the gradients are sent while backward computes (distributed/gradient_reducer.h).
///
///   nn::Gpt model(config);
///   DistributedDataParallel parallel(model);
///   loss_of(model(part_of_batch)).backward();  // all processes
///   optimizer.step();                          // the same step everywhere
///
/// The loss must be the mean over the process's part, and the parts equally large. A parameter that
/// gets a gradient in no process keeps none. Throws if the processes have different models. The
/// model is used directly: this object only has hooks on its parameters, which its destructor
/// removes. All processes must call backward equally often.
class DistributedDataParallel {
 public:
  explicit DistributedDataParallel(const nn::Module& module,
                                   const DistributedDataParallelOptions& options = {});
  ~DistributedDataParallel();
  DistributedDataParallel(const DistributedDataParallel&) = delete;
  DistributedDataParallel& operator=(const DistributedDataParallel&) = delete;

  const nn::Module& module() const { return module_; }

  /// While it exists, backward averages nothing, as when gradients are first added over several
  /// parts of a batch. The next backward without it averages the sum.
  class NoSync {
   public:
    explicit NoSync(DistributedDataParallel& parallel)
        : parallel_(parallel), before_(parallel.averages_) {
      parallel_.averages_ = false;
    }
    ~NoSync() { parallel_.averages_ = before_; }
    NoSync(const NoSync&) = delete;
    NoSync& operator=(const NoSync&) = delete;

   private:
    DistributedDataParallel& parallel_;
    const bool before_;
  };
  [[nodiscard]] NoSync no_sync() { return NoSync(*this); }

 private:
  struct State;
  void on_gradient(size_t parameter, const Tensor& p);

  const nn::Module module_;
  const std::unique_ptr<State> state_;
  bool averages_ = true;
};

}  // namespace gradus::distributed
