// Small C++ programs that a reader types, such as
//
//   auto y = x.transpose(0, 1).reshape({2, 6}); y * 2
//
// run by the library itself. A statement is an expression, `auto name = expression` or
// `name = expression`; statements are separated by semicolons. An expression has numbers, names,
// calls (x.exp() is exp(x)), indices x[i], the operators + - * / and lists in braces.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "page/play/kit/value.h"

namespace gradus::page {

/// One call that the library has carried out.
struct Step {
  Place place;     // its text
  std::string op;  // "reshape"; "mul" for the operator *
  std::vector<Tensor> inputs;
  Tensor result;
  /// The same call with other tensors.
  std::function<Tensor(const std::vector<Tensor>&)> again;
};

/// Sees each step directly after it.
using StepObserver = std::function<void(const Step&)>;

struct ExpressionOptions {
  DType dtype = kFloat32;       // of new tensors
  int64_t most_elements = 256;  // of a tensor
  size_t most_steps = 60;
  size_t longest_text = 2000;  // in bytes
};

/// What a program has computed, up to its end or its first fault.
struct Outcome {
  std::vector<std::pair<std::string, Tensor>> names;  // the variables in the order of their making
  Tensor result;                                      // of the last statement
  std::optional<ExpressionError> fault;
};

/// Runs the text. `given` are the variables that exist at its start.
Outcome run_expression(const std::string& text,
                       const std::vector<std::pair<std::string, Tensor>>& given,
                       const StepObserver& observer, const ExpressionOptions& options = {});

/// "column 12", or "line 2, column 3" in a text of several lines; columns count characters.
std::string place_in_words(const std::string& text, size_t byte);

}  // namespace gradus::page
