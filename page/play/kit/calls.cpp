#include "page/play/kit/calls.h"

#include <algorithm>

namespace gradus::page {
namespace {

using A = const Arguments&;

/// The numbers of a list in nested braces, in row-major order, and its sizes.
void read_list(const Value& value, size_t depth, Shape& sizes, std::vector<double>& numbers) {
  if (const auto* number = std::get_if<Number>(&value.data)) {
    if (depth != sizes.size())
      throw ExpressionError("tensor: all numbers must be equally deep in braces", value.place);
    numbers.push_back(number->value);
    return;
  }
  const auto* list = std::get_if<std::vector<Value>>(&value.data);
  if (list == nullptr)
    throw ExpressionError("tensor: here a number or a list is expected, not " + value.kind(),
                          value.place);
  const bool is_first = numbers.empty() && depth == sizes.size();
  if (is_first) sizes.push_back(std::ssize(*list));
  if (depth >= sizes.size() || sizes[depth] != std::ssize(*list))
    throw ExpressionError("tensor: the rows have different lengths", value.place);
  for (const Value& each : *list)
    read_list(each, depth + 1, sizes, numbers);
}

Tensor tensor_of_list(A a) {
  Shape sizes;
  std::vector<double> numbers;
  read_list(a[0], 0, sizes, numbers);
  return tensor(numbers, kFloat64).to(a.dtype()).view(sizes);
}

Tensor arange_of(A a) {
  if (a.size() == 1) return arange(a.scalar(0), a.dtype());
  if (a.size() == 2) return arange(a.scalar(0), a.scalar(1), a.dtype());
  return arange(a.scalar(0), a.scalar(1), a.scalar(2), a.dtype());
}

/// Two tensors, or a tensor and a number on one side.
template <class F>
Tensor binary(A a, const F& f) {
  if (a.is_tensor(0) && a.is_tensor(1)) return f(a.tensor(0), a.tensor(1));
  if (a.is_tensor(0)) return f(a.tensor(0), a.scalar(1));
  return f(a.scalar(0), a.tensor(1));
}

Shape dims_or_all(A a, size_t i) { return i < a.size() ? a.shape(i) : Shape{}; }

Tensor slice_of(A a) {
  std::optional<int64_t> end;
  if (a.size() > 3) end = a.integer(3);
  return slice(a.tensor(0), a.integer(1, 0), a.integer(2, 0), end, a.integer(4, 1));
}

Tensor add_in_place(A a) {
  return a.is_tensor(1) ? a.tensor(0).add_(a.tensor(1)) : a.tensor(0).add_(a.scalar(1));
}
Tensor mul_in_place(A a) {
  return a.is_tensor(1) ? a.tensor(0).mul_(a.tensor(1)) : a.tensor(0).mul_(a.scalar(1));
}

Tensor squeeze_of(A a) {
  return a.size() > 1 ? squeeze(a.tensor(0), a.integer(1)) : squeeze(a.tensor(0));
}

Tensor layer_norm_of(A a) {
  const Tensor& x = a.tensor(0);
  return layer_norm(x, a.shape(1), a.size() > 2 ? a.tensor(2) : Tensor(),
                    a.size() > 3 ? a.tensor(3) : Tensor());
}

// A lambda for a binary operator.
#define GRADUS_BINARY(op) \
  [](A a) { return binary(a, [](const auto& x, const auto& y) { return x op y; }); }

const Call kCalls[] = {
    // Views and copies.
    {"view", "sizes", 2, 2, [](A a) { return view(a.tensor(0), a.shape(1)); }},
    {"reshape", "sizes", 2, 2, [](A a) { return reshape(a.tensor(0), a.shape(1)); }},
    {"transpose", "dim0, dim1", 3, 3,
     [](A a) { return transpose(a.tensor(0), a.integer(1), a.integer(2)); }},
    {"t", "", 1, 1, [](A a) { return t(a.tensor(0)); }},
    {"permute", "dims", 2, 2, [](A a) { return permute(a.tensor(0), a.shape(1)); }},
    {"unsqueeze", "dim", 2, 2, [](A a) { return unsqueeze(a.tensor(0), a.integer(1)); }},
    {"squeeze", "[dim]", 1, 2, squeeze_of},
    {"expand", "sizes", 2, 2, [](A a) { return expand(a.tensor(0), a.shape(1)); }},
    {"flatten", "[start_dim, end_dim]", 1, 3,
     [](A a) { return flatten(a.tensor(0), a.integer(1, 0), a.integer(2, -1)); }},
    {"select", "dim, index", 3, 3,
     [](A a) { return select(a.tensor(0), a.integer(1), a.integer(2)); }},
    {"narrow", "dim, start, length", 4, 4,
     [](A a) { return narrow(a.tensor(0), a.integer(1), a.integer(2), a.integer(3)); }},
    {"slice", "[dim, start, end, step]", 1, 5, slice_of},
    {"contiguous", "", 1, 1, [](A a) { return contiguous(a.tensor(0)); }},
    {"clone", "", 1, 1, [](A a) { return clone(a.tensor(0)); }},
    {"detach", "", 1, 1, [](A a) { return a.tensor(0).detach(); }},
    {"cat", "tensors, [dim]", 1, 2, [](A a) { return cat(a.tensors(0), a.integer(1, 0)); }},
    {"stack", "tensors, [dim]", 1, 2, [](A a) { return stack(a.tensors(0), a.integer(1, 0)); }},
    // Element by element.
    {"add", "y", 2, 2, GRADUS_BINARY(+)},
    {"sub", "y", 2, 2, GRADUS_BINARY(-)},
    {"mul", "y", 2, 2, GRADUS_BINARY(*)},
    {"div", "y", 2, 2, GRADUS_BINARY(/)},
    {"pow", "exponent", 2, 2,
     [](A a) {
       return a.is_tensor(1) ? pow(a.tensor(0), a.tensor(1)) : pow(a.tensor(0), a.scalar(1));
     }},
    {"neg", "", 1, 1, [](A a) { return neg(a.tensor(0)); }},
    {"exp", "", 1, 1, [](A a) { return exp(a.tensor(0)); }},
    {"log", "", 1, 1, [](A a) { return log(a.tensor(0)); }},
    {"sqrt", "", 1, 1, [](A a) { return sqrt(a.tensor(0)); }},
    {"sin", "", 1, 1, [](A a) { return sin(a.tensor(0)); }},
    {"cos", "", 1, 1, [](A a) { return cos(a.tensor(0)); }},
    {"tanh", "", 1, 1, [](A a) { return tanh(a.tensor(0)); }},
    {"sigmoid", "", 1, 1, [](A a) { return sigmoid(a.tensor(0)); }},
    {"relu", "", 1, 1, [](A a) { return relu(a.tensor(0)); }},
    {"gelu", "", 1, 1, [](A a) { return gelu(a.tensor(0)); }},
    {"abs", "", 1, 1, [](A a) { return abs(a.tensor(0)); }},
    {"maximum", "y", 2, 2, [](A a) { return maximum(a.tensor(0), a.tensor(1)); }},
    {"tril", "[diagonal]", 1, 2, [](A a) { return tril(a.tensor(0), a.integer(1, 0)); }},
    // In place.
    {"fill_", "value", 2, 2, [](A a) { return a.tensor(0).fill_(a.scalar(1)); }},
    {"zero_", "", 1, 1, [](A a) { return a.tensor(0).zero_(); }},
    {"add_", "y", 2, 2, add_in_place},
    {"mul_", "y", 2, 2, mul_in_place},
    {"copy_", "source", 2, 2, [](A a) { return a.tensor(0).copy_(a.tensor(1)); }},
    // Reductions and products.
    {"sum", "[dim, keepdim]", 1, 3,
     [](A a) { return sum(a.tensor(0), dims_or_all(a, 1), a.boolean(2, false)); }},
    {"mean", "[dim, keepdim]", 1, 3,
     [](A a) { return mean(a.tensor(0), dims_or_all(a, 1), a.boolean(2, false)); }},
    {"amax", "[dim, keepdim]", 1, 3,
     [](A a) { return amax(a.tensor(0), dims_or_all(a, 1), a.boolean(2, false)); }},
    {"cumsum", "dim", 2, 2, [](A a) { return cumsum(a.tensor(0), a.integer(1)); }},
    {"matmul", "y", 2, 2, [](A a) { return matmul(a.tensor(0), a.tensor(1)); }},
    {"softmax", "dim", 2, 2, [](A a) { return softmax(a.tensor(0), a.integer(1)); }},
    {"log_softmax", "dim", 2, 2, [](A a) { return log_softmax(a.tensor(0), a.integer(1)); }},
    {"layer_norm", "sizes, [weight, bias]", 2, 4, layer_norm_of},
    {"mse_loss", "y", 2, 2, [](A a) { return mse_loss(a.tensor(0), a.tensor(1)); }},
    // New tensors.
    {"arange", "[start,] end, [step]", 1, 3, arange_of, true},
    {"zeros", "sizes", 1, 1, [](A a) { return zeros(a.shape(0), a.dtype()); }, true},
    {"ones", "sizes", 1, 1, [](A a) { return ones(a.shape(0), a.dtype()); }, true},
    {"full", "sizes, value", 2, 2, [](A a) { return full(a.shape(0), a.scalar(1), a.dtype()); },
     true},
    {"randn", "sizes", 1, 1, [](A a) { return randn(a.shape(0), a.dtype()); }, true},
    {"tensor", "numbers", 1, 1, tensor_of_list, true},
};
#undef GRADUS_BINARY

/// How many letters must be changed, added or removed to make b of a.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

/// Refuses a new tensor before its memory is allocated.
void check_new_size(const Call& call, const Arguments& a, int64_t most_elements) {
  if (!call.makes_new || call.name == "tensor") return;
  double elements = 0;
  if (call.name != "arange") {
    elements = static_cast<double>(numel(std::string(call.name).c_str(), a.shape(0)));
  } else {
    const double end = a.scalar(a.size() == 1 ? 0 : 1).to_double();
    const double start = a.size() == 1 ? 0 : a.scalar(0).to_double();
    const double step = a.size() == 3 ? a.scalar(2).to_double() : 1;
    elements = step == 0 ? 0 : (end - start) / step;
  }
  check(elements <= static_cast<double>(most_elements),
        "{}: {} elements are more than this page draws, which is {}", call.name, elements,
        most_elements);
}

}  // namespace

const Call* find_call(std::string_view name) {
  const auto* found = std::find_if(std::begin(kCalls), std::end(kCalls),
                                   [&](const Call& call) { return call.name == name; });
  return found == std::end(kCalls) ? nullptr : found;
}

std::string_view similar_call(std::string_view name) {
  std::string_view best;
  size_t distance = std::min<size_t>(2, name.size() / 2) + 1;
  for (const Call& call : kCalls) {
    const size_t d = edit_distance(name, call.name);
    if (d >= distance) continue;
    distance = d;
    best = call.name;
  }
  return best;
}

std::vector<std::string_view> call_names() {
  std::vector<std::string_view> names;
  for (const Call& call : kCalls)
    names.push_back(call.name);
  return names;
}

Tensor run_call(const Call& call, const Arguments& a, int64_t most_elements) {
  try {
    const bool fits = a.size() >= call.fewest && a.size() <= call.most;
    const size_t not_listed = call.makes_new ? 0 : 1;  // the tensor itself
    check(fits, "{0}({1}): {0} has {2} argument{3}", call.name, call.parameters,
          a.size() - std::min(a.size(), not_listed), a.size() == not_listed + 1 ? "" : "s");
    check_new_size(call, a, most_elements);
    const Tensor result = call.run(a);
    check(result.numel() <= most_elements,
          "{}: the result has {} elements, this page draws at most {}", call.name, result.numel(),
          most_elements);
    return result;
  } catch (const ExpressionError&) {
    throw;
  } catch (const Error& error) {
    throw ExpressionError(error.what(), a.place());
  }
}

}  // namespace gradus::page
