#include "tests/fuzz/explained.h"

#include <algorithm>
#include <cmath>

#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

/// A call of the shortest program, with the numbers of its arguments and of its results.
struct Site {
  const Call& call;
  const Verdict& verdict;
  std::vector<Result> arguments;
  std::vector<Result> results;
};

bool any_number(const std::vector<Result>& tensors, bool (*holds)(double)) {
  return std::any_of(tensors.begin(), tensors.end(), [&](const Result& x) {
    return std::any_of(x.numbers.begin(), x.numbers.end(), holds);
  });
}

bool is_nan(double x) { return std::isnan(x); }
bool is_infinite(double x) { return std::isinf(x); }
bool is_huge(double x) { return std::isfinite(x) && std::abs(x) > 1e10; }
bool is_not_finite(double x) { return !std::isfinite(x); }
bool is_rare(double x) { return !std::isfinite(x) || is_huge(x); }
bool is_zero_or_not_finite(double x) { return x == 0 || !std::isfinite(x); }

bool pytorch_refuses(const Site& site) {
  return site.verdict.message.starts_with("only the second throws");
}

// Circumstances.
bool refused_write(const Site& site) {
  return pytorch_refuses(site) && op_of(site.call).effect == Effect::in_place;
}
bool any(const Site&) { return true; }
bool nothing_to_choose(const Site& site) {
  return pytorch_refuses(site) && site.arguments[0].numbers.empty();
}
bool infinite_in_float32(const Site& site) {
  return site.verdict.variant.ends_with("float32") && any_number(site.arguments, is_infinite);
}
bool not_finite(const Site& site) { return any_number(site.arguments, is_not_finite); }
bool rare(const Site& site) { return any_number(site.arguments, is_rare); }
bool has_nan(const Site& site) { return any_number(site.arguments, is_nan); }
bool huge_or_infinite(const Site& site) {
  return any_number(site.arguments, is_huge) || any_number(site.arguments, is_infinite);
}
bool no_deviation(const Site& site) { return any_number(site.results, is_zero_or_not_finite); }
bool root_of_edge(const Site& site) {
  return std::abs(site.call.options.number("value")) == 0.5 &&
         any_number(site.arguments, is_zero_or_not_finite);
}
bool edge_of_power(const Site& site) { return any_number(site.arguments, is_zero_or_not_finite); }

/// A difference from PyTorch: an op of the shortest program, or any, and the circumstance of its
/// call; a part of the message; the explanation.
struct Known {
  const char* op;
  bool (*circumstance)(const Site& site);
  const char* message;
  const char* why;
};

const Known kKnown[] = {
    // PyTorch refuses what Gradus computes. For ops in place the results are compared with those of
    // the same ops on copies.
    {"", refused_write, "modified by an inplace operation",
     "Gradus keeps less for backward, or a copy, so this write in place disturbs nothing"},
    {"", refused_write, "refer to a single memory location",
     "PyTorch refuses to write from one view of an element to another one of it"},
    {"", refused_write, "returns multiple views",
     "PyTorch refuses to change the tensor after it was cut into several views"},
    {"max_dim", nothing_to_choose, "non-zero size", "no element is chosen: the result is empty"},
    {"min_dim", nothing_to_choose, "non-zero size", "no element is chosen: the result is empty"},
    // Values, in programs with infinities, NaN and huge numbers.
    {"gelu", infinite_in_float32, "nan", "gelu(inf) is inf; PyTorch's float32 kernel gives NaN"},
    {"attention", not_finite, "nan", "hidden keys never matter; PyTorch multiplies 0 and infinity"},
    {"attention", any, " is 0 and nan", "hidden keys have the gradient 0; PyTorch gives 0 * NaN"},
    {"layer_norm", rare, "", "PyTorch's mean and variance of infinite or huge numbers overflow"},
    {"amax", has_nan, "nan", "a NaN is the largest number; PyTorch divides 0 ties by 0"},
    {"amin", has_nan, "nan", "a NaN is the smallest number; PyTorch divides 0 ties by 0"},
    {"var", no_deviation, "second derivative",
     "the variance of one number is NaN or has no derivative"},
    {"std", no_deviation, "second derivative", "the deviation of one number is NaN or 0"},
    {"norm", huge_or_infinite, "inf",
     "Gradus scales the numbers, so that their powers do not overflow"},
    {"pow_scalar", root_of_edge, "inf",
     "pow(-inf, 0.5) and pow(-0, -0.5) are inf; PyTorch takes roots"},
    {"pow", edge_of_power, "derivative", "0, infinity or NaN as base or exponent"},
};

bool explains(const Known& known, const Program& program, const Site& site) {
  const bool is_op = *known.op == '\0' || site.call.op == known.op;
  const bool is_refusal = pytorch_refuses(site);
  return is_op && (program.special || is_refusal) && known.circumstance(site) &&
         site.verdict.message.find(known.message) != std::string::npos;
}

std::vector<Result> numbers_of(const std::vector<int>& variables, const Outcome& outcome) {
  std::vector<Result> found;
  for (const int v : variables)
    for (const Result& result : outcome.results)
      if (result.name == "v" + std::to_string(v)) found.push_back(result);
  return found;
}

}  // namespace

std::string explanation(const Program& shortest, const Verdict& verdict) {
  if (!verdict.variant.starts_with("Gradus and PyTorch")) return "";
  const Outcome outcome = run(shortest, {});
  for (const Call& call : shortest.calls) {
    if (is_leaf(call)) continue;
    const Site site = {call, verdict, numbers_of(call.arguments, outcome),
                       numbers_of(call.results, outcome)};
    for (const Known& known : kKnown)
      if (explains(known, shortest, site)) return known.why;
  }
  return "";
}

}  // namespace gradus::fuzz
