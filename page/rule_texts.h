// The rules of the ops' gradients in words.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace gradus::page {

/// How the gradient dy of the result y of an op becomes that of each input, such as
/// {"da = dy * b", "db = dy * a"} for mul. The last one is for all further inputs, too; empty for
/// an op that is not listed. The engine sums the gradient of an input that was broadcast.
const std::vector<std::string_view>& rule_formulas(std::string_view op);
/// All of them in one line, or an empty text.
std::string rule_text(std::string_view op);

/// Whether the op broadcasts its inputs, so that their gradients must be summed.
bool broadcasts(std::string_view op);

}  // namespace gradus::page
