// The gradient of a batch as the sum over its micro-batches, whichever process computes which.
//
//   micro-batch     0   1   2   3   4   5   6   7
//                    \ /     \ /     \ /     \ /
//   1 process: all    +       +       +       +
//   2 processes:        \   /           \   /
//   this much each        +               +
//                           \           /
//   between processes             +
//
// The sums form one binary tree over the micro-batches. A process computes a subtree, and what is
// left is the tree over the processes of all_reduce (distributed/collectives.h). So 1, 2, 4, ...
// processes compute the same sums in the same order: gradient accumulation and data-parallel
// training give the same bits.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "distributed/gradient_reducer.h"

namespace gradus::distributed {

class GradientSum {
 public:
  /// Throws unless the number of processes is a power of two and divides that of the micro-batches.
  /// Without a group, this process computes all of them.
  GradientSum(const std::vector<Tensor>& parameters, int64_t micro_batches,
              int64_t bucket_bytes = int64_t{4} << 20);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  /// The micro-batches of this process: begin() ... end() - 1.
  int64_t begin() const { return begin_; }
  int64_t end() const { return end_; }

  /// Calls backward_of(i) for each of them, which must run one backward. Then the grad of each
  /// parameter is the sum of the gradients of all micro-batches of all processes; what it was
  /// before is lost. While the last backward runs, the sums that are complete are sent already.
  void compute(const std::function<void(int64_t i)>& backward_of);

 private:
  void count_sums(int64_t begin, int64_t end);
  void on_gradient(size_t parameter, const Tensor& gradient);
  Tensor summed(size_t parameter, Tensor gradient, int64_t count) const;
  void put_on_stack(int64_t sums);
  std::vector<Tensor> sums_of_all_processes();

  const std::vector<Tensor> parameters_;
  int64_t begin_ = 0;
  int64_t end_ = 0;
  std::vector<int64_t> sums_after_;         // of each micro-batch: the nodes that it completes
  std::vector<std::vector<Tensor>> stack_;  // the sums that wait for their right half
  std::optional<GradientReducer> reducer_;
  std::vector<unsigned> hooks_;
  std::vector<bool> is_sent_;  // of each parameter
  bool is_last_ = false;       // the backward of the last micro-batch runs
};

}  // namespace gradus::distributed
