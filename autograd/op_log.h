// The results of ops in the order in which a program computes them.
//
//   autograd::OpLog log;
//   model(x);
//   for (const auto& [op, result, inputs] : log.entries())
//     fmt::print("{} {}\n", op, result.sizes());
#pragma once
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace gradus::autograd {

/// Keeps the result of every op that this thread calls until the end of the block, without the ops
/// of a backward. An op that is made of other ops is logged as these; views are logged, too.
class OpLog {
 public:
  struct Entry {
    std::string_view op;
    Tensor result;               // the tensor that the caller got
    std::vector<Tensor> inputs;  // in the op's order; a number is a tensor without dimensions
  };

  OpLog();
  ~OpLog();
  OpLog(const OpLog&) = delete;
  OpLog& operator=(const OpLog&) = delete;

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  friend void log_result(const char* op, const Tensor& y, const std::vector<Tensor>& inputs);
  std::vector<Entry> entries_;
  OpLog* const outer_;
};

// For the rest of the library, which uses these only if observers::active().

/// Whether this thread has an OpLog.
bool logs_ops();
/// Adds a result to each OpLog of this thread.
void log_result(const char* op, const Tensor& y, const std::vector<Tensor>& inputs);

}  // namespace gradus::autograd
