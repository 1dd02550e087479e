// What all ops in place share.
#pragma once
#include "autograd/anomaly.h"
#include "autograd/profile.h"
#include "autograd/saved.h"
#include "tensor/observers.h"

namespace gradus::in_place {

/// Whether a write to x must be recorded; throws if x cannot be written.
bool recorded_write(const char* op, const Tensor& x, bool source_needs_grad);

/// x as it was before the write, in a handle of its own: the node that x takes over may save it,
/// and would otherwise own itself through x.
Tensor before_write(const Tensor& x);

/// Replaces x's node by that of y, which is the history of x's new value. A retained gradient is
/// then the gradient of the new value; hooks still get the gradient of the value that x had when
/// they were registered. Both as in PyTorch.
void take_node(const Tensor& x, const Tensor& y);

/// Calls write_elements, which writes to x, for the tools that watch the program.
template <class F>
[[gnu::noinline]] void observed_write(const char* op, const Tensor& x, const F& write_elements) {
  {
    const autograd::ProfiledCall call(op, autograd::ProfiledCall::Kind::Forward);
    write_elements();
  }
  if (autograd::checks_nan() && !RunningBackward::is_active()) autograd::check_result(op, x, {});
}
/// Calls write_elements, which writes to x.
template <class F>
void write(const char* op, const Tensor& x, const F& write_elements) {
  ++x.impl().storage->version;
  if (observers::active()) [[unlikely]]
    observed_write(op, x, write_elements);
  else
    write_elements();
}

/// x = x + y, not recorded, for gradients: no two elements of x share memory.
void add(const Tensor& x, const Tensor& y);

}  // namespace gradus::in_place
