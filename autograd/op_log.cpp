#include "autograd/op_log.h"

#include <utility>

#include "tensor/observers.h"

namespace gradus::autograd {
namespace {

thread_local OpLog* innermost_log = nullptr;

}  // namespace

OpLog::OpLog() : outer_(std::exchange(innermost_log, this)) { ++observers::in_use; }

OpLog::~OpLog() {
  --observers::in_use;
  innermost_log = outer_;
}

bool logs_ops() { return innermost_log != nullptr; }

void log_result(const char* op, const Tensor& y, const std::vector<Tensor>& inputs) {
  for (OpLog* log = innermost_log; log != nullptr; log = log->outer_)
    log->entries_.push_back({op, y, inputs});
}

}  // namespace gradus::autograd
