// Where the ops' rules (page/rule_texts.h) are in the library's source.
#pragma once
#include <string_view>

namespace gradus::page {

/// The definition of an op, for excerpt().
struct RuleSource {
  std::string_view op, file, start;
};
/// Throws Error if the op is not known.
const RuleSource& rule_source(std::string_view op);

/// The formula for one input of the op.
std::string_view formula_of(std::string_view op, size_t input);
/// Whether the rule of the input passes dy on unchanged.
bool passes_on(std::string_view op, size_t input);

}  // namespace gradus::page
