// The ops that an expression may call, as methods and as functions.
#pragma once
#include <string_view>
#include <vector>

#include "page/play/kit/value.h"

namespace gradus::page {

/// One op: how it is called, and the call of the library.
struct Call {
  std::string_view name;
  std::string_view parameters;  // for messages; optional ones are in square brackets
  size_t fewest;                // of arguments, the tensor included
  size_t most;
  Tensor (*run)(const Arguments& a);
  bool makes_new = false;  // a function such as zeros, which is called on no tensor
};

/// nullptr if there is no such op.
const Call* find_call(std::string_view name);
/// The known op whose name is most similar, or "" if none is.
std::string_view similar_call(std::string_view name);
std::vector<std::string_view> call_names();

/// Calls the op after checking the number of arguments. What the library throws becomes an
/// ExpressionError with the same text, at the place of the call. `most_elements` limits the result.
Tensor run_call(const Call& call, const Arguments& arguments, int64_t most_elements);

}  // namespace gradus::page
