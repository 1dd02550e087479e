// The rules of the ops in words, and where they are in the library's source.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace gradus::page {

/// What an op's node does in backward: a formula for each input. y is the op's output and dy its
/// gradient. A rule that passes dy on leaves the sum over broadcast dimensions to the engine.
struct RuleInWords {
  std::string_view op;
  std::vector<std::string_view> formulas;
  std::string_view file, start;  // of the definition, for excerpt()
};

/// Throws Error if the op is not known.
const RuleInWords& rule_of(std::string_view op);
/// The formula for one input; the last one is for all further inputs, too.
std::string_view formula_of(std::string_view op, size_t input);

/// Whether the op broadcasts its inputs, so that their gradients must be summed.
bool broadcasts(std::string_view op);
/// Whether the rule of the input passes dy on unchanged.
bool passes_on(std::string_view op, size_t input);

}  // namespace gradus::page
