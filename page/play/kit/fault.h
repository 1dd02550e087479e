// Faults in expressions as JSON, for js/expression.js.
#pragma once
#include <string>

#include "page/json_values.h"
#include "page/play/kit/expression.h"

namespace gradus::page {

/// The number of characters of the text before the byte.
int64_t characters(const std::string& text, size_t byte);

/// {"message", "where", "first", "last"}: the sentence, "column 7", and the characters.
Json fault_json(const std::string& text, const ExpressionError& fault);

}  // namespace gradus::page
