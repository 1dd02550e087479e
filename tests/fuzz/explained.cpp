#include "tests/fuzz/explained.h"

#include <algorithm>

namespace gradus::fuzz {
namespace {

/// A difference: the op of the shortest program, a part of the message, and the explanation. An
/// empty op or message stands for any.
struct Known {
  const char* op;
  bool only_special;  // only with infinities, NaN and huge numbers
  const char* message;
  const char* why;
};

const Known kKnown[] = {
    // PyTorch refuses what Gradus computes. For ops in place the results are compared with those of
    // the same ops on copies.
    {"", false, "modified by an inplace operation",
     "Gradus keeps less for backward, or a copy, so this write in place disturbs nothing"},
    {"", false, "refer to a single memory location",
     "PyTorch refuses to write from one view of an element to another one of it"},
    {"max_dim", false, "non-zero size", "no element is chosen: the result is empty, too"},
    {"min_dim", false, "non-zero size", "no element is chosen: the result is empty, too"},
    // Values.
    {"gelu", true, "nan", "gelu(inf) is inf; PyTorch's float32 kernel gives NaN"},
    {"attention", true, "nan", "hidden keys never matter; PyTorch multiplies 0 and infinity"},
    {"layer_norm", true, "", "PyTorch's mean and variance of infinite or huge numbers overflow"},
    {"amax", true, "nan", "a NaN is the largest number; PyTorch divides 0 ties by 0"},
    {"amin", true, "nan", "a NaN is the smallest number; PyTorch divides 0 ties by 0"},
    {"var", true, "second derivative", "the variance of one number is NaN or has no derivative"},
    {"std", true, "second derivative", "the deviation of one number is NaN or 0"},
    {"norm", true, "inf", "Gradus scales the numbers, so that their powers do not overflow"},
    {"pow_scalar", true, "inf", "pow(-inf, 0.5) and pow(-0, -0.5) are inf; PyTorch takes roots"},
    {"pow", true, "derivative", "0, infinity or NaN as base or exponent"},
};

}  // namespace

std::string explanation(const Program& shortest, const Verdict& verdict) {
  if (verdict.variant.find("PyTorch") == std::string::npos) return "";
  for (const Known& known : kKnown) {
    const bool has_op = std::any_of(shortest.calls.begin(), shortest.calls.end(),
                                    [&](const Call& call) { return call.op == known.op; });
    const bool is_op = *known.op == '\0' || has_op;
    const bool is_message = verdict.message.find(known.message) != std::string::npos;
    if (is_op && is_message && (shortest.special || !known.only_special)) return known.why;
  }
  return "";
}

}  // namespace gradus::fuzz
