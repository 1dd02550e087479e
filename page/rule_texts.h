// The rules of the ops' gradients in words.
#pragma once
#include <string>

namespace gradus::page {

/// How the gradient dy of the result y of an op becomes those of its inputs, such as "da = dy b,
/// db = dy a" for mul; empty for an op that is not listed. The inputs are a and b, or x.
std::string rule_text(const std::string& op);

}  // namespace gradus::page
