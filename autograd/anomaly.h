// Finds the op that produced the first NaN.
//
//   autograd::DetectAnomalyGuard detect_anomaly;
//   loss = model(x).sum();  // throws an Error that names the op, if a result is NaN
//   loss.backward();        // and here, if a gradient is
#pragma once
#include <span>

#include "autograd/record.h"
#include "tensor/observers.h"

namespace gradus::autograd {

/// Until the end of the block, every result of an op and every gradient is checked, in all threads.
/// The first that is NaN throws an Error with the name of the op, the index and the Scope in which
/// the op ran. With `check_nan` false nothing is checked. In both cases an Error thrown by backward
/// also says which op's backward it was and in which Scope the op ran. All of this is slow.
class DetectAnomalyGuard {
 public:
  explicit DetectAnomalyGuard(bool check_nan = true);
  ~DetectAnomalyGuard();
  DetectAnomalyGuard(const DetectAnomalyGuard&) = delete;
  DetectAnomalyGuard& operator=(const DetectAnomalyGuard&) = delete;

 private:
  bool previous_check_nan_;
};

// For the rest of the library.

/// Whether a DetectAnomalyGuard exists.
bool detects_anomalies();
bool nan_check_is_on();
/// Whether results and gradients are to be checked.
inline bool checks_nan() { return observers::active() && nan_check_is_on(); }

/// Throws if y, which the op has computed from the inputs, is NaN.
void check_result(const char* op, const Tensor& y, std::span<const Input> inputs);
/// Throws if dx, which the backward of the node has computed for input i, is NaN.
void check_gradient(const Node& node, size_t i, const Tensor& dx);
/// Throws if a gradient that was given to backward is NaN.
void check_given_gradient(const char* op, const Tensor& dy);
/// The error with the node's op and scope added to its message, unless it is one of the above.
Error with_node(const Error& error, const Node& node);

}  // namespace gradus::autograd
