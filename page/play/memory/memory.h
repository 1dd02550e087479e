// The page "One memory, many tensors": every tensor of an expression as a window on a storage.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "page/json_values.h"
#include "page/report.h"

namespace gradus::page {

/// An expression that the page offers, and what to look at.
struct MemoryExample {
  std::string label, code;
};
const std::vector<MemoryExample>& memory_examples();

/// The tensors that every expression may use: x = arange(12) as [3, 4] and y = arange(4).
std::vector<std::pair<std::string, Tensor>> memory_tensors();

/// The cell of every element of x in its storage, in row-major order.
std::vector<int64_t> cells_of(const Tensor& x);

/// What happens in an expression: {"code", "storages": [{"name", "cells"}], "steps", "fault"}. A
/// step is a tensor, made by one call: {"text", "first", "last", "op", "kind", "say", "shape",
/// "strides", "offset", "contiguous", "storage", "cells", "at", "values", "memory", "bytes"}, and
/// for a copy "from", the window that was copied, in the order of its elements.
Json memory_result(const std::string& code);

/// The panel "play_memory": the result of the code, and those of all examples.
Json memory_panel(const std::string& code);

Report memory_report(const std::string& code);

}  // namespace gradus::page
