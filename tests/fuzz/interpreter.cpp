#include "tests/fuzz/interpreter.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "autograd/engine.h"
#include "autograd/ops.h"
#include "tensor/strided.h"
#include "tensor/threads.h"
#include "tests/fuzz/op_list.h"

namespace gradus::fuzz {
namespace {

double leaf_number(const std::string& kind, int64_t k, int64_t below) {
  const double u = static_cast<double>(k) / static_cast<double>(kHashes);
  const double rare[] = {0., -0., HUGE_VAL, -HUGE_VAL, std::nan(""), 1e30, -1e30, 1.};
  if (kind == "uniform") return u * 4 - 2;
  if (kind == "positive") return u * 1.8 + 0.2;
  if (kind == "steps") return std::floor(u * 9) / 2 - 2;
  if (kind == "special") return k % 3 == 0 ? rare[k / 3 % 8] : u * 4 - 2;
  if (kind == "integers") return static_cast<double>(k % 11 - 5);
  if (kind == "index") return static_cast<double>(k % below);
  if (kind == "mask") return static_cast<double>(k % 3 != 0);
  fail("program: there is no leaf '{}'", kind);
}

/// x's numbers in a tensor that is not contiguous: with gaps in the last dimension, with the
/// dimensions reversed in memory, or with gaps between the rows.
Tensor strided(const Tensor& x, int64_t layout) {
  if (x.dim() == 0) return full({3}, 7, x.dtype()).select(0, 1).copy_(x);
  Shape sizes = x.sizes();
  if (layout == 0) {
    sizes[sizes.size() - 1] = 2 * sizes.back() + 1;
    return full(sizes, 7, x.dtype()).slice(-1, 1, nullopt, 2).copy_(x);
  }
  std::reverse(sizes.begin(), sizes.end());
  Shape order;
  for (int64_t d = x.dim() - 1; d >= 0; --d)
    order.push_back(d);
  if (layout == 1) return empty(sizes, x.dtype()).permute(order).copy_(x);
  const Tensor wide =
      full({x.size(0), 3, x.numel() / std::max<int64_t>(1, x.size(0))}, 7, x.dtype());
  return wide.select(1, 1).view(x.sizes()).copy_(x);
}

Tensor fixed_numbers(const Shape& sizes, int64_t seed, DType t) {
  std::vector<double> numbers(static_cast<size_t>(numel("program", sizes)));
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = leaf_number("uniform", hash(seed, static_cast<int64_t>(i)), 0);
  return tensor(numbers, kFloat64).view(sizes).to(t);
}

Result result_of(const std::string& name, const Tensor& x) {
  const NoGradGuard guard;
  Result result{name, x.dtype(), x.sizes(), {}};
  const Tensor numbers = as_contiguous(x.to(kFloat64));
  result.numbers.assign(numbers.data<double>(), numbers.data<double>() + numbers.numel());
  return result;
}

/// The variables whose gradients are computed: floating-point numbers that no call uses. An op in
/// place does not use its first argument.
std::vector<int> outputs_of(const Program& program, Interpreter& interpreter) {
  std::set<int> used;
  for (const Call& call : program.calls) {
    const int first = op_list().count(call.op) && op_of(call).effect == Effect::in_place ? 1 : 0;
    if (!call.arguments.empty()) used.insert(call.arguments.begin() + first, call.arguments.end());
  }
  std::vector<int> outputs;
  for (int v = 0; v < program.variables; ++v)
    if (!used.count(v) && interpreter.value(v).defined() && interpreter.value(v).requires_grad())
      outputs.push_back(v);
  return outputs;
}

void add_gradients(const Program& program, Interpreter& interpreter, Outcome& outcome) {
  Tensors outputs;
  Tensors directions;
  for (const int v : outputs_of(program, interpreter)) {
    const Tensor& y = interpreter.value(v);
    outputs.push_back(y);
    directions.push_back(fixed_numbers(y.sizes(), 5000 + v, y.dtype()));
  }
  Tensors leaves;
  std::vector<std::string> names;
  for (const Call& call : program.calls)
    if (is_leaf(call) && call.options.flag("grad")) {
      leaves.push_back(interpreter.value(call.results[0]));
      names.push_back(fmt::format("v{}", call.results[0]));
    }
  const auto add = [&](const char* what, const Tensors& gradients) {
    for (size_t i = 0; i < leaves.size(); ++i) {
      const Tensor& g = gradients[i];
      outcome.results.push_back(
          result_of(what + names[i], g.defined() ? g : zeros_like(leaves[i])));
    }
  };
  if (!program.second) {
    if (!outputs.empty()) autograd::backward(outputs, directions);
    Tensors gradients;
    for (const Tensor& leaf : leaves)
      gradients.push_back(leaf.grad());
    return add("gradient of ", gradients);
  }
  // Where nothing depends on a leaf the gradient is 0: an undefined tensor.
  const Tensors first = outputs.empty() || leaves.empty()
                            ? Tensors(leaves.size())
                            : autograd::grad(outputs, leaves, directions, {}, true, true);
  add("gradient of ", first);
  outputs.clear();
  directions.clear();
  for (size_t i = 0; i < leaves.size(); ++i)
    if (first[i].defined() && first[i].requires_grad()) {
      outputs.push_back(first[i]);
      directions.push_back(
          fixed_numbers(first[i].sizes(), 7000 + static_cast<int64_t>(i), first[i].dtype()));
    }
  const Tensors second = outputs.empty()
                             ? Tensors(leaves.size())
                             : autograd::grad(outputs, leaves, directions, {}, false, true);
  add("second derivative of ", second);
}

}  // namespace

Tensor Interpreter::leaf(const Call& call) const {
  const NoGradGuard guard;
  const Shape sizes = call.options.shape("sizes");
  const int64_t seed = call.options.integer("seed");
  std::vector<double> numbers(static_cast<size_t>(numel("program", sizes)));
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] =
        leaf_number(call.op, hash(seed, static_cast<int64_t>(i)), call.options.integer("below"));
  DType dtype = settings_.dtype;
  if (call.op == "index" || call.op == "integers") dtype = kInt64;
  if (call.op == "mask") dtype = kBool;
  // Rounded to float32, so that the numbers are the same in both dtypes.
  Tensor x = tensor(numbers, kFloat32).view(sizes).to(dtype).clone();
  if (settings_.strided) x = strided(x, seed % 3);
  return x.requires_grad_(call.options.flag("grad"));
}

Tensor Interpreter::with_noise(const Tensor& x) {
  if (!x.is_floating_point()) return x;
  ++noises_;
  const Tensor random = fixed_numbers(x.sizes(), settings_.noise_seed + noises_, x.dtype());
  return x * (random.mul(settings_.noise / 2) + 1);
}

void Interpreter::prepare_write(int variable) {
  const auto memory = value(variable).impl().storage;
  const auto users = std::count_if(values_.begin(), values_.end(), [&](const Tensor& x) {
    return x.defined() && x.impl().storage == memory;
  });
  shares_ = shares_ || users > 1;
  if (settings_.out_of_place) value(variable) = value(variable).clone();
}

void Interpreter::execute(const Call& call) {
  if (is_leaf(call)) {
    value(call.results[0]) = leaf(call);
    return;
  }
  const Op& op = op_of(call);
  if (op.effect == Effect::in_place) prepare_write(call.arguments[0]);
  Tensors arguments;
  for (const int argument : call.arguments)
    arguments.push_back(value(argument));
  const Tensors results = op.run(arguments, call.options);
  check(results.size() == call.results.size(), "program: {} has {} results", call.op,
        results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const bool noisy = settings_.noise != 0 && op.effect == Effect::rounds;
    value(call.results[i]) = noisy ? with_noise(results[i]) : results[i];
  }
}

Outcome run(const Program& program, const Settings& settings) {
  const AutoGradMode mode(settings.recording);
  set_num_threads(settings.threads);
  Outcome outcome;
  Interpreter interpreter(settings, program.variables);
  try {
    for (const Call& call : program.calls)
      interpreter.execute(call);
    for (int v = 0; v < program.variables; ++v)
      if (interpreter.value(v).defined())
        outcome.results.push_back(result_of(fmt::format("v{}", v), interpreter.value(v)));
    outcome.in_backward = true;
    outcome.shares = interpreter.shares();
    if (settings.recording) add_gradients(program, interpreter, outcome);
  } catch (const Error& error) {
    outcome.error = error.what();
  } catch (const std::exception& error) {
    outcome.error = fmt::format("an exception that is no gradus::Error: {}", error.what());
  }
  return outcome;
}

}  // namespace gradus::fuzz
