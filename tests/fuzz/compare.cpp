#include "tests/fuzz/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

/// How far results may differ: in units of the dtype's rounding error, of the size of the numbers
/// and of what rounding every intermediate result changes.
constexpr double kUnits = 200;
constexpr double kUnitsOfLarge = 2000;  // PyTorch's std of 40,000 numbers is off by 540
// A second derivative of a fused op is computed by its definition, whose intermediate results
// cancel where the op is flat, such as 1 - tanh(u)^2 in GELU, and are not in the program.
constexpr double kUnitsOfSecondDerivatives = 2000;

double largest(const std::vector<double>& numbers) {
  double most = 1;
  for (const double x : numbers)
    if (std::isfinite(x)) most = std::max(most, std::abs(x));
  return most;
}

/// For every result how much it changes when intermediate results are multiplied by 1 + noise,
/// divided by the noise.
std::vector<double> conditions(const Program& program, const Outcome& base) {
  constexpr double noise = 1e-8;
  std::vector<double> conditions(base.results.size());
  for (int64_t seed = 1; seed <= 3; ++seed) {
    const Outcome noisy = run(program, {.noise = noise, .noise_seed = seed * 1000});
    if (noisy.results.size() != base.results.size()) continue;
    for (size_t i = 0; i < conditions.size(); ++i)
      for (size_t j = 0; j < base.results[i].numbers.size(); ++j) {
        const double change = noisy.results[i].numbers[j] - base.results[i].numbers[j];
        if (std::isfinite(change))
          conditions[i] = std::max(conditions[i], std::abs(change) / noise);
      }
  }
  return conditions;
}

/// Compares two outcomes of a program. With a dtype's rounding error `epsilon`, floating-point
/// numbers may differ; without, all must be equal.
class Comparison {
 public:
  Comparison(const Program& program, const Outcome& base) : program_(program), base_(base) {
    for (const Result& result : base.results)
      if (result.numbers.size() > 1000) units_ = kUnitsOfLarge;
  }

  /// The first difference, or an empty text.
  std::string difference(const Outcome& a, const Outcome& b, double epsilon, bool dtypes = true) {
    if (a.results.size() != b.results.size())
      return fmt::format("{} and {} results", a.results.size(), b.results.size());
    for (size_t i = 0; i < a.results.size(); ++i) {
      const Result& p = a.results[i];
      const Result& q = b.results[i];
      if (p.name != q.name) return fmt::format("{} and {}", p.name, q.name);
      if (!(p.sizes == q.sizes))
        return fmt::format("{} has the shapes {} and {}", p.name, p.sizes, q.sizes);
      if (dtypes && p.dtype != q.dtype)
        return fmt::format("{} has the dtypes {} and {}", p.name, p.dtype, q.dtype);
      const std::string text = difference(i, p, q, epsilon);
      if (!text.empty()) return text;
    }
    return "";
  }

 private:
  std::string difference(size_t i, const Result& p, const Result& q, double epsilon) {
    const bool may_round = epsilon > 0 && is_floating_point(p.dtype);
    const double units = p.name.starts_with("second derivative")
                             ? std::max(units_, kUnitsOfSecondDerivatives)
                             : units_;
    double allowed = may_round ? units * epsilon * largest(p.numbers) : 0;
    bool knows_condition = !may_round;
    for (size_t j = 0; j < p.numbers.size(); ++j) {
      const double a = p.numbers[j];
      const double b = q.numbers[j];
      if (a == b || (std::isnan(a) && std::isnan(b))) continue;
      if (!knows_condition && !(std::abs(a - b) <= allowed)) {
        allowed += units * epsilon * condition(i);
        knows_condition = true;
      }
      if (!may_round || !(std::abs(a - b) <= allowed))
        return fmt::format("{} {}: number {} is {} and {}, {:.3g} apart ({:.3g} allowed)", p.name,
                           p.sizes, j, a, b, std::abs(a - b), allowed);
    }
    return "";
  }

  double condition(size_t i) {
    if (conditions_.empty()) conditions_ = conditions(program_, base_);
    return i < conditions_.size() ? conditions_[i] : 0;
  }

  const Program& program_;
  const Outcome& base_;
  std::vector<double> conditions_;
  double units_ = kUnits;
};

/// The same with only the values.
Outcome values_of(Outcome outcome) {
  const auto is_gradient = [](const Result& result) { return result.name[0] != 'v'; };
  std::erase_if(outcome.results, is_gradient);
  return outcome;
}

bool writes_in_place(const Program& program) {
  return std::any_of(program.calls.begin(), program.calls.end(), [](const Call& call) {
    return !is_leaf(call) && op_of(call).effect == Effect::in_place;
  });
}

constexpr double kEpsilon64 = 2.2e-16;
constexpr double kEpsilon32 = 1.2e-7;

class Checks {
 public:
  Checks(const Program& program, TorchProcess* torch) : program_(program), torch_(torch) {}

  Verdict run_all() {
    base_ = run(program_, {});
    float_ = run(program_, {.dtype = kFloat32});
    if (!base_.error.empty()) return refusal();
    const std::string changed_error = float_.error;
    if (!changed_error.empty())
      return {Verdict::differs, "float32 and float64", "only float32 throws: " + changed_error};
    for (const auto check : {&Checks::recording, &Checks::in_place, &Checks::layout,
                             &Checks::dtypes, &Checks::threads, &Checks::pytorch}) {
      Verdict verdict = (this->*check)();
      if (verdict.kind != Verdict::same) return verdict;
    }
    return {};
  }

 private:
  /// In backward a tensor that was changed in place is a reason to throw; nothing else is.
  Verdict refusal() const {
    const bool is_change = base_.in_backward && writes_in_place(program_) &&
                           base_.error.find("in place") != std::string::npos;
    return {is_change ? Verdict::refused : Verdict::differs, "an Error and none", base_.error};
  }

  Verdict compare(const char* variant, const Outcome& a, const Outcome& b, double epsilon,
                  bool dtypes = true) {
    if (!b.error.empty()) return {Verdict::differs, variant, "only the second throws: " + b.error};
    const std::string text = Comparison(program_, base_).difference(a, b, epsilon, dtypes);
    return {text.empty() ? Verdict::same : Verdict::differs, variant, text};
  }

  Verdict recording() {
    const Outcome silent = run(program_, {.recording = false});
    return compare("recording and not recording", values_of(base_), silent, 0);
  }
  Verdict in_place() {
    if (!writes_in_place(program_) || base_.shares) return {};
    return compare("in place and out of place", base_, run(program_, {.out_of_place = true}),
                   kEpsilon64);
  }
  Verdict layout() {
    // Which variables share memory, so that a write to one changes the other, may depend on
    // strides.
    if (writes_in_place(program_)) return {};
    return compare("contiguous and strided", base_, run(program_, {.strided = true}), kEpsilon64);
  }
  Verdict dtypes() {
    if (program_.special) return {};  // 1e30 squared is infinite in float32 only
    return compare("float64 and float32", base_, float_, kEpsilon32, false);
  }
  Verdict threads() {
    const Outcome shared = run(program_, {.threads = 3});
    Verdict verdict = compare("one thread and three", base_, shared, 0);
    if (verdict.kind != Verdict::same) return verdict;
    const Outcome floats = run(program_, {.dtype = kFloat32, .threads = 3});
    return compare("one thread and three in float32", float_, floats, 0);
  }
  Verdict pytorch() {
    if (!torch_) return {};
    const std::array<Outcome, 2> expected = torch_->run(program_);
    Verdict verdict = compare("Gradus and PyTorch", base_, expected[0], kEpsilon64);
    if (verdict.kind != Verdict::same) return verdict;
    return compare("Gradus and PyTorch in float32", float_, expected[1], kEpsilon32);
  }

  const Program& program_;
  TorchProcess* torch_;
  Outcome base_;
  Outcome float_;
};

}  // namespace

Verdict check_program(const Program& program, TorchProcess* torch) {
  return Checks(program, torch).run_all();
}

}  // namespace gradus::fuzz
