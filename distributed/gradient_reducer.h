// Sums the gradients of parameters over all processes while backward computes the others.
//
//   backward     ... | dW3 | dW2 | dW1 |
//   messages         |   bucket 0  | bucket 1 |
//
// Gradients are put together in buckets. A bucket is sent as soon as it is full and those before it
// are sent: all processes then send the same ones in the same order. At first that is the reverse
// order of the parameters, which is about the order in which backward computes them; after the
// first backward it is the order in which they arrived in process 0 (Li et al., "PyTorch
// distributed: experiences on accelerating data parallel training", 2020).
#pragma once
#include <vector>

#include "distributed/group.h"
#include "nn/module.h"
#include "tensor/tensor.h"

namespace gradus::distributed {

/// The parameters of a module that require gradients.
std::vector<Tensor> trained_parameters(const nn::Module& module);

class GradientReducer {
 public:
  /// Parameters of a floating-point dtype. A bucket has at most bucket_bytes, or one parameter.
  GradientReducer(const std::vector<Tensor>& parameters, int64_t bucket_bytes);

  /// The gradient of a parameter is complete in this process. It is copied.
  void add(size_t parameter, const Tensor& gradient);
  /// Waits until the sums of all gradients are there, and returns them: undefined for a parameter
  /// that has a gradient in no process. A process without one adds 0.
  std::vector<Tensor> finish();
  /// Forgets the gradients, after a backward that failed.
  void reset();

 private:
  // In memory: the gradients, then for each of them 1, or 0 if this process has none.
  struct Bucket {
    std::vector<size_t> parameters;
    std::vector<int64_t> begins;
    int64_t numel = 0;
    Tensor memory;  // undefined before the first gradient arrives
    std::vector<bool> has_arrived;
    size_t arrived = 0;
    std::future<void> sum = {};
  };
  struct Place {
    size_t bucket;
    size_t index;
  };
  void make_buckets(const std::vector<size_t>& order);
  void order_by_arrival();
  void add_missing_gradients();
  Tensor part(const Bucket& bucket, size_t index) const;
  void allocate(Bucket& bucket) const;
  void send_full_buckets();
  void send(Bucket& bucket);

  const std::vector<Tensor> parameters_;
  const int64_t bucket_bytes_;
  std::vector<size_t> arrived_;  // the parameters, as their gradients arrive in the first backward
  bool is_ordered_ = false;      // by arrival
  std::vector<Bucket> buckets_;
  std::vector<Place> places_;  // of each parameter
  size_t sent_ = 0;            // buckets
};

}  // namespace gradus::distributed
