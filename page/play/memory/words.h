// What the page says about one call: whether it copies, and why.
#pragma once
#include <string>

#include "page/json_values.h"
#include "page/play/kit/expression.h"

namespace gradus::page {

enum class StepKind {
  kGiven,      // exists at the start
  kView,       // another window on the same memory
  kBroadcast,  // an operand as an elementwise op reads it
  kSame,       // the very same tensor
  kCopy,       // the same numbers in new memory
  kComputed,   // other numbers in new memory
  kInPlace,    // other numbers in the same memory
};

/// "view", "copy", ...
std::string name_of(StepKind kind);
/// `is_new`: no tensor had this storage before the call.
StepKind kind_of(const Step& step, bool is_new);
/// Whether op reads the tensors element by element, broadcasting them.
bool is_elementwise(const std::string& op);
/// What happened in this call, and why.
std::string sentence_about(const Step& step, StepKind kind, const std::string& storage);
int64_t bytes_written(const Step& step, StepKind kind);

int64_t cells_in_storage(const Tensor& x);
/// All cells of x's storage.
Tensor whole_storage(const Tensor& x);

/// {op: {"file", "first_line", "source"}}: where the ops that are shown are defined.
Json sources_of_ops();

}  // namespace gradus::page
