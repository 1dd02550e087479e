#include "autograd/anomaly.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "tensor/strided.h"

namespace gradus::autograd {
namespace {

std::atomic<int> guards{0};
std::atomic<bool> check_nan_is_on{true};

/// The index of the first NaN of x, or nothing.
std::optional<Shape> first_nan(const Tensor& x) {
  if (!x.defined() || !x.is_floating_point()) return {};
  const Tensor row = as_contiguous(x);
  const int64_t found = dispatch_float("detect_anomaly", x.dtype(), [&]<class T>() {
    const T* begin = row.data<T>();
    return std::find_if(begin, begin + row.numel(), [](T v) { return std::isnan(v); }) - begin;
  });
  if (found == x.numel()) return {};
  Shape index = x.sizes();
  int64_t rest = found;
  for (size_t d = index.size(); d-- > 0;) {
    const int64_t size = index[d];
    index[d] = rest % size;
    rest /= size;
  }
  return index;
}

/// ", in the scope 'block0.attn'", or nothing if there is none.
std::string in_scope(const std::string& scope) {
  return scope.empty() ? "" : fmt::format(", in the scope '{}'", scope);
}

}  // namespace

DetectAnomalyGuard::DetectAnomalyGuard(bool check_nan)
    : previous_check_nan_(check_nan_is_on.exchange(check_nan)) {
  ++guards;
  ++observers::in_use;
}

DetectAnomalyGuard::~DetectAnomalyGuard() {
  check_nan_is_on = previous_check_nan_;
  --guards;
  --observers::in_use;
}

bool detects_anomalies() { return guards != 0; }
bool nan_check_is_on() { return guards != 0 && check_nan_is_on; }

void check_result(const char* op, const Tensor& y, std::span<const Input> inputs) {
  const std::optional<Shape> index = first_nan(y);
  if (!index) return;
  const std::string scope = in_scope(*Scope::current());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::optional<Shape> given = first_nan(inputs[i].x);
    if (given) fail("detect_anomaly: '{}' was given NaN: input {} at {}{}", op, i, *given, scope);
  }
  fail("detect_anomaly: the result of '{}' is NaN at {}{}", op, *index, scope);
}

void check_gradient(const Node& node, size_t i, const Tensor& dx) {
  const std::optional<Shape> index = first_nan(dx);
  if (index)
    fail("detect_anomaly: the backward of '{}' gives NaN for input {} at {}{}", node.name, i,
         *index, in_scope(*node.scope));
}

void check_given_gradient(const char* op, const Tensor& dy) {
  const std::optional<Shape> index = first_nan(dy);
  if (index) fail("detect_anomaly: the gradient given to {} is NaN at {}", op, *index);
}

Error with_node(const Error& error, const Node& node) {
  if (std::string_view(error.what()).starts_with("detect_anomaly")) return error;
  return Error(fmt::format("{}; thrown by the backward of '{}'{}", error.what(), node.name,
                           in_scope(*node.scope)));
}

}  // namespace gradus::autograd
