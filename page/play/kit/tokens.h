// The words and signs of an expression.
#pragma once
#include <string_view>
#include <vector>

#include "page/play/kit/value.h"

namespace gradus::page {

struct Token {
  enum Kind { kNumber, kName, kSign, kEnd };
  Kind kind;
  std::string_view text;
  Place place;
};

/// The tokens of the text, closed by one of kind kEnd. Comments from // to the end of the line are
/// skipped. Throws an ExpressionError for a character that no expression has.
std::vector<Token> tokens_of(std::string_view text);

}  // namespace gradus::page
