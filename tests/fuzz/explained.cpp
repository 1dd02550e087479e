#include "tests/fuzz/explained.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

/// A call of the shortest program, with the numbers of its arguments and of its results.
struct Site {
  const Program& program;
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
bool has_other_root(double x) { return x == -HUGE_VAL || (x == 0 && std::signbit(x)); }
bool is_finite_with_infinite_square(double x) {
  return std::isfinite(x) && x * x > std::numeric_limits<float>::max();
}

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
bool no_ids(const Site& site) { return pytorch_refuses(site) && site.arguments[1].numbers.empty(); }
/// Whether variable `v` is a view, or a copy, of another one.
bool is_made_of(const Program& program, int v, int other) {
  for (const Call& call : program.calls) {
    const bool makes_it = std::count(call.results.begin(), call.results.end(), v) > 0;
    if (makes_it && !is_leaf(call) && op_of(call).effect == Effect::moves)
      return call.arguments[0] == other || is_made_of(program, call.arguments[0], other);
  }
  return false;
}
bool reads_what_it_writes(const Site& site) {
  const std::vector<int>& arguments = site.call.arguments;
  return op_of(site.call).effect == Effect::in_place &&
         std::any_of(arguments.begin() + 1, arguments.end(),
                     [&](int v) { return is_made_of(site.program, v, arguments[0]); });
}
bool one_number(const Site& site) { return site.arguments[1].numbers.size() == 1; }
bool huge_of_both_signs(const Site& site) {
  return any_number(site.arguments, [](double x) { return is_huge(x) && x > 0; }) &&
         any_number(site.arguments, [](double x) { return is_huge(x) && x < 0; });
}
bool nan_only_in_pytorch(const Site& site) {
  return site.verdict.message.find(" and nan") != std::string::npos ||
         site.verdict.message.find(" and -nan") != std::string::npos;
}
bool nan_beside_0(const Site& site) {
  return site.verdict.message.find(" is 0 and nan") != std::string::npos ||
         site.verdict.message.find(" is 0 and -nan") != std::string::npos;
}
bool infinite_in_float32(const Site& site) {
  return site.verdict.variant.ends_with("float32") && any_number(site.arguments, is_infinite);
}
bool not_finite(const Site& site) { return any_number(site.arguments, is_not_finite); }
bool rare(const Site& site) { return any_number(site.arguments, is_rare); }
bool has_nan(const Site& site) { return any_number(site.arguments, is_nan); }
bool nan_only_in_pytorch_at_nan(const Site& site) {
  return nan_only_in_pytorch(site) && has_nan(site);
}
bool huge_or_infinite(const Site& site) {
  return any_number(site.arguments, is_huge) || any_number(site.arguments, is_infinite);
}
bool no_deviation(const Site& site) { return any_number(site.results, is_zero_or_not_finite); }
/// The power, or its derivative that differs, has an exponent for which PyTorch takes a root, and
/// one of the two numbers is not finite.
bool root_of_edge(const Site& site) {
  const std::string& message = site.verdict.message;
  int derivatives = 0;
  if (message.starts_with("gradient")) derivatives = 1;
  if (message.starts_with("second derivative")) derivatives = 2;
  bool takes_root = false;
  for (int k = 0; k <= derivatives; ++k)
    takes_root |= std::abs(site.call.options.number("value") - k) == 0.5;
  const bool is_finite =
      message.find("inf") == std::string::npos && message.find("nan") == std::string::npos;
  return takes_root && !is_finite && any_number(site.arguments, has_other_root);
}
bool squared_in_second_derivative(const Site& site) {
  return site.verdict.variant.ends_with("float32") &&
         site.verdict.message.starts_with("second derivative") &&
         any_number(site.arguments, is_finite_with_infinite_square);
}
/// Gradus in float32 is compared with Gradus in float64, too.
bool infinite_square_in_pytorch(const Site& site) {
  return squared_in_second_derivative(site) && nan_only_in_pytorch(site);
}
bool of_two_numbers(const Site& site) {
  return site.arguments[0].numbers.size() == 2 * site.results[0].numbers.size();
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

constexpr const char* kNothingChosen = "no element is chosen: the result is empty";
constexpr const char* kNotChosen = "what is not chosen has the gradient 0; PyTorch gives 0 * NaN";
constexpr const char* kOfOneNumber =
    "the variance of one number is NaN or 0, and has no derivative";

const Known kKnown[] = {
    // PyTorch refuses what Gradus computes. For ops in place the results are compared with those of
    // the same ops on copies.
    {"", refused_write, "modified by an inplace operation",
     "Gradus keeps less for backward, or a copy, so this write in place disturbs nothing"},
    {"", refused_write, "refer to a single memory location",
     "PyTorch refuses to write from one view of an element to another one of it"},
    {"", refused_write, "returns multiple views",
     "PyTorch refuses to change the tensor after it was cut into several views"},
    {"max_dim", nothing_to_choose, "non-zero size", kNothingChosen},
    {"min_dim", nothing_to_choose, "non-zero size", kNothingChosen},
    {"amax", nothing_to_choose, "non-zero size", kNothingChosen},
    {"amin", nothing_to_choose, "non-zero size", kNothingChosen},
    {"argmax", nothing_to_choose, "non-zero size", kNothingChosen},
    {"argmin", nothing_to_choose, "non-zero size", kNothingChosen},
    {"embedding", no_ids, "cannot reshape tensor of 0 elements",
     "PyTorch has no second derivative of an embedding without ids"},
    // Writes in place.
    {"", reads_what_it_writes, " apart",
     "Gradus reads all of the other argument first; PyTorch reads what it has written already"},
    // Values, in programs with infinities, NaN and huge numbers.
    {"gelu", infinite_in_float32, "nan", "gelu(inf) is inf; PyTorch's float32 kernel gives NaN"},
    {"gelu", squared_in_second_derivative, "nan",
     "gelu''(1e30) is 0; PyTorch multiplies 0 and 2 - x^2, which is infinite in float32"},
    {"elu", nan_only_in_pytorch_at_nan, "gradient",
     "at NaN the gradient is dy, as for PyTorch's single numbers; its vectors give NaN"},
    {"elu", nan_only_in_pytorch, "second derivative",
     "the second derivative is 0 from 0 on; PyTorch multiplies it by infinity"},
    {"", infinite_square_in_pytorch, "second derivative",
     "the square of a huge number is infinite in float32; PyTorch multiplies it by 0"},
    {"attention", not_finite, "nan", "hidden keys never matter; PyTorch multiplies 0 and infinity"},
    {"attention", any, " is 0 and nan", "hidden keys have the gradient 0; PyTorch gives 0 * NaN"},
    {"layer_norm", one_number, "gradient",
     "a number minus the mean of that number is 0; PyTorch rounds both apart"},
    {"layer_norm", rare, "", "PyTorch's mean and variance of infinite or huge numbers overflow"},
    {"sum", huge_of_both_signs, " apart", "what is left of huge numbers that cancel is rounding"},
    {"mean", huge_of_both_signs, " apart", "what is left of huge numbers that cancel is rounding"},
    {"amax", nan_beside_0, "gradient", kNotChosen},
    {"amin", nan_beside_0, "gradient", kNotChosen},
    {"amax", has_nan, "nan", "a NaN is the largest number; PyTorch divides 0 ties by 0"},
    {"amin", has_nan, "nan", "a NaN is the smallest number; PyTorch divides 0 ties by 0"},
    {"var", no_deviation, "second derivative", kOfOneNumber},
    {"var", no_deviation, "gradient", kOfOneNumber},
    {"std", no_deviation, "second derivative", kOfOneNumber},
    {"std", no_deviation, "gradient", kOfOneNumber},
    {"std", of_two_numbers, "second derivative",
     "the standard deviation of two numbers has the second derivative 0; the rest is rounding"},
    {"norm", huge_or_infinite, "inf",
     "Gradus scales the numbers, so that their powers do not overflow"},
    {"pow_scalar", root_of_edge, "",
     "pow(-inf, 0.5) and pow(-0, -0.5) are inf, pow(-inf, -0.5) is 0; PyTorch takes roots"},
    {"pow", edge_of_power, "derivative", "0, infinity or NaN as base or exponent"},
};

bool explains(const Known& known, const Program& program, const Site& site) {
  const bool is_op = *known.op == '\0' || site.call.op == known.op;
  const bool is_refusal = pytorch_refuses(site);
  const bool may_differ = program.special || is_refusal || reads_what_it_writes(site);
  return is_op && may_differ && known.circumstance(site) &&
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
    const Site site = {shortest, call, verdict, numbers_of(call.arguments, outcome),
                       numbers_of(call.results, outcome)};
    for (const Known& known : kKnown)
      if (explains(known, shortest, site)) return known.why;
  }
  return "";
}

}  // namespace gradus::fuzz
