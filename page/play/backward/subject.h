// What the page differentiates: an expression of a reader, or a layer of the library.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check/gradcheck.h"
#include "page/play/kit/expression.h"

namespace gradus::page {

/// An intermediate result: where its value and its text come from.
struct Known {
  Tensor value;
  std::string text;  // "x.matmul(w)", "W_query"
};

/// One forward pass.
struct Forward {
  Tensor loss;                      // a single number
  std::map<uint64_t, Known> known;  // by the ids of the nodes
  std::vector<Step> steps;          // of an expression
};

/// A function of named leaves (float64) that gives a single number.
struct Subject {
  std::string code;
  std::vector<NamedInput> leaves;
  std::string note = {};  // what the page has added to the code
  /// Computes it once; throws an ExpressionError if the code has a fault.
  std::function<Forward()> forward = {};
  /// The same, keeping nothing but the result.
  std::function<Tensor()> loss = {};
};

struct BackwardExample {
  std::string label, code;
};
const std::vector<BackwardExample>& backward_examples();

/// "gpt_block(x)" and "attention(x)" are layers of the library, every other text an expression of
/// the leaves x (3, 2), w (2, 2), b (2), a and c (single numbers).
Subject subject_of(const std::string& code);

}  // namespace gradus::page
