#include "tests/fuzz/chooser.h"

#include <algorithm>
#include <cmath>

#include "autograd/ops.h"
#include "tensor/strided.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

// Rounding changes numbers by less than this, unless a program is badly conditioned.
constexpr double kMargin = 1e-3;
constexpr double kLargest = 100;  // of the numbers in a program that is not special

std::vector<double> numbers_of(const Tensor& x) {
  const NoGradGuard guard;
  const Tensor y = as_contiguous(x.to(kFloat64));
  return {y.data<double>(), y.data<double>() + y.numel()};
}

/// Whether a tiny change of a and b cannot change their order.
bool are_apart(double a, double b) {
  return !std::isfinite(a) || !std::isfinite(b) || std::abs(a - b) > kMargin;
}

bool are_separated(std::vector<double> numbers) {
  if (std::any_of(numbers.begin(), numbers.end(), [](double x) { return std::isnan(x); }))
    return false;
  std::sort(numbers.begin(), numbers.end());
  for (size_t i = 1; i < numbers.size(); ++i)
    if (!are_apart(numbers[i - 1], numbers[i])) return false;
  return true;
}

}  // namespace

Chooser::Chooser(uint64_t seed, bool large)
    : engine_(seed), large_(large), interpreter_(Settings{}, 0) {}

int64_t Chooser::integer(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(engine_);
}

double Chooser::number(double low, double high) {
  return std::round((low + (high - low) * real()) * 100) / 100;
}

int Chooser::any() {
  require(program.variables > 0);
  return static_cast<int>(integer(0, program.variables - 1));
}

int Chooser::of(DType dtype) {
  std::vector<int> found;
  for (int v = 0; v < program.variables; ++v)
    if (value(v).dtype() == dtype) found.push_back(v);
  return one_of(found);
}

int Chooser::partner(int x) {
  std::vector<int> found;
  for (int v = 0; v < program.variables; ++v) {
    if (value(v).dtype() != value(x).dtype()) continue;
    try {
      broadcast_shapes("program", value(v).sizes(), value(x).sizes());
      found.push_back(v);
    } catch (const Error&) {
    }
  }
  if (chance(0.6)) return one_of(found);
  std::vector<int64_t> sizes = value(x).sizes().vec();
  sizes.erase(sizes.begin(), sizes.begin() + integer(0, std::ssize(sizes)));
  for (int64_t& size : sizes)
    if (chance(0.25)) size = 1;
  const DType t = value(x).dtype();
  return leaf(t == kInt64 ? "integers" : t == kBool ? "mask" : "uniform", sizes);
}

int Chooser::like(int x) {
  std::vector<int> found;
  for (int v = 0; v < program.variables; ++v)
    if (value(v).dtype() == value(x).dtype() && value(v).sizes() == value(x).sizes())
      found.push_back(v);
  return one_of(found);
}

int64_t Chooser::dim(int x) {
  require(dims(x) > 0);
  return integer(-dims(x), dims(x) - 1);
}

std::vector<double> Chooser::some_dims(int x) {
  std::vector<double> list;
  for (int64_t d = 0; d < dims(x); ++d)
    if (chance(0.4)) list.push_back(static_cast<double>(chance(0.3) ? d - dims(x) : d));
  return list;
}

Shape Chooser::sizes() {
  Shape sizes;
  if (large_) {
    for (int64_t n = integer(2, 3); n > 0; --n)
      sizes.push_back(n == 3 ? 3 : integer(100, 280));
    return sizes;
  }
  const int64_t dims = integer(0, chance(0.1) ? 5 : 3);
  for (int64_t d = 0; d < dims; ++d)
    sizes.push_back(chance(0.02) ? 0 : integer(1, dims > 3 ? 2 : 4));
  return sizes;
}

int Chooser::leaf(const std::string& kind, const Shape& sizes, Options options) {
  const bool is_floating = kind != "index" && kind != "integers" && kind != "mask";
  const bool is_special = program.special && kind == "uniform" && chance(0.5);
  options.set("seed", {static_cast<double>(integer(1, 999))});
  options.set("sizes", to_list(sizes));
  if (is_floating && !options.has("grad") && chance(0.75)) options.set("grad", {1});
  Call call{{program.variables}, is_special ? "special" : kind, {}, options};
  execute(call);
  return call.results[0];
}

int Chooser::indices(const Shape& sizes, int64_t below) {
  require(below > 0);
  return leaf("index", sizes, {{"below", {static_cast<double>(below)}}});
}

void Chooser::require_range(int x, double low, double high) {
  if (program.special) return;
  for (const double value : numbers_of(value(x)))
    require(value >= low && value <= high);
}

void Chooser::require_magnitude(int x, double low) {
  if (program.special) return;
  for (const double value : numbers_of(value(x)))
    require(std::abs(value) >= low);
}

void Chooser::require_away_from(int x, double value, bool also_if_exact) {
  if (exact(x) && !also_if_exact) return;
  for (const double number : numbers_of(this->value(x)))
    require(are_apart(number, value));
}

void Chooser::require_separated(int x, bool also_if_exact) {
  if (!exact(x) || also_if_exact) require(are_separated(numbers_of(value(x))));
}

void Chooser::require_separated_magnitudes(int x) {
  const NoGradGuard guard;
  if (!exact(x)) require(are_separated(numbers_of(abs(value(x)))));
}

void Chooser::require_different(int x, int y) {
  if (exact(x) && exact(y)) return;
  const NoGradGuard guard;
  for (const double difference : numbers_of(value(x).to(kFloat64) - value(y).to(kFloat64)))
    require(are_apart(difference, 0));
}

void Chooser::require_integral(int x) {
  if (!value(x).is_floating_point()) return;
  require(exact(x));
  for (const double number : numbers_of(value(x)))
    require(std::isfinite(number) && std::abs(number) < 1e6);
}

void Chooser::require_spread(int x, const Shape& dims) {
  if (program.special) return;
  const NoGradGuard guard;
  const Tensor& values = value(x);
  for (const double spread : numbers_of(amax(values, dims) - amin(values, dims)))
    require(spread > 0.1);
}

void Chooser::call(const std::string& op, const std::vector<int>& arguments, const Options& options,
                   int results) {
  Call call{{}, op, arguments, options};
  for (int i = 0; i < results; ++i)
    call.results.push_back(program.variables + i);
  execute(call);
}

void Chooser::execute(const Call& call) {
  const int variables = program.variables + static_cast<int>(call.results.size());
  interpreter_.resize(variables);
  interpreter_.execute(call);
  program.calls.push_back(call);
  program.variables = variables;
  check_results(call);
}

void Chooser::check_results(const Call& call) {
  const Effect effect = is_leaf(call) ? Effect::moves : op_of(call).effect;
  bool is_exact = effect != Effect::rounds;
  for (const int argument : call.arguments)
    is_exact = is_exact && (exact(argument) || !value(argument).is_floating_point());
  exact_.resize(static_cast<size_t>(program.variables), is_exact);
  const std::vector<int> changed =
      effect == Effect::in_place ? std::vector{call.arguments[0]} : call.results;
  for (const int v : changed) {
    require(value(v).numel() <= (large_ ? 250'000 : 100));
    if (!program.special) require_range(v, -kLargest, kLargest);
  }
  if (effect == Effect::in_place)
    for (int v = 0; v < program.variables; ++v)
      if (value(v).impl().storage == value(changed[0]).impl().storage)
        exact_[static_cast<size_t>(v)] = false;
}

void Chooser::rewind(size_t calls) {
  const auto was_in_place = [](const Call& call) {
    return !is_leaf(call) && op_of(call).effect == Effect::in_place;
  };
  const auto first = program.calls.begin() + static_cast<std::ptrdiff_t>(calls);
  const bool must_repeat = std::any_of(first, program.calls.end(), was_in_place);
  program.calls.resize(calls);
  program.variables = 0;
  for (const Call& call : program.calls)
    program.variables += static_cast<int>(call.results.size());
  exact_.resize(static_cast<size_t>(program.variables));
  interpreter_.resize(program.variables);
  if (!must_repeat) return;
  program.variables = 0;
  exact_.clear();
  interpreter_ = Interpreter(Settings{}, 0);
  for (const Call& call : std::vector(std::exchange(program.calls, {})))
    execute(call);
}

void Chooser::try_op() {
  static const std::vector<const Op*> all = [] {
    std::vector<const Op*> list;
    for (const auto& [name, op] : op_list())
      list.push_back(&op);
    return list;
  }();
  const size_t before = program.calls.size();
  try {
    one_of(all)->propose(*this);
  } catch (const Rejected&) {
    rewind(before);
  } catch (const Error&) {
    rewind(before);
  }
}

void Chooser::start() {
  program.special = chance(0.1);
  program.second = chance(0.4);
  const std::vector<std::string> kinds = {"uniform", "uniform", "uniform", "positive", "steps"};
  for (int64_t n = integer(1, 3); n > 0; --n)
    leaf(one_of(kinds), sizes());
  if (chance(0.3)) leaf("integers", sizes());
  if (chance(0.2)) leaf("mask", sizes());
}

Program generate(uint64_t seed) {
  const bool large = seed % 20 == 0;
  Chooser choose(seed, large);
  choose.start();
  const auto wanted =
      choose.program.calls.size() + static_cast<size_t>(choose.integer(3, large ? 8 : 20));
  for (int tries = 0; tries < 200 && choose.program.calls.size() < wanted; ++tries)
    choose.try_op();
  return choose.program;
}

}  // namespace gradus::fuzz
