#pragma once

namespace gradus::grader {

/// What is checked, in this order.
inline constexpr const char* kStages[] = {"shape",      "forward",  "gradient",
                                          "invariants", "numerics", "budget"};

}  // namespace gradus::grader
