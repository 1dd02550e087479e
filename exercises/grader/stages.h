// The stages of the checks.
#pragma once

namespace gradus::grader {

/// The stages in the order in which they run.
inline constexpr const char* kStages[] = {"shape",      "forward",  "gradient",
                                          "invariants", "numerics", "budget"};

}  // namespace gradus::grader
