#pragma once

// The programs of this folder are written for PyTorch's C++ frontend. They run in two ways:
//
//  - With Gradus: CMakeLists.txt copies them to the build folder and exchanges only the include and
//    the namespace. The test compares their rows with expected.tsv.
//  - With libtorch, unchanged. This creates expected.tsv again (Debian: libtorch-dev, here 1.13.1;
//    for calls_everyday.cpp, calls_functions.cpp, calls_losses.cpp, calls_rearrange.cpp and
//    calls_products.cpp 2.15, with -std=c++20):
//
//      cd tests/torch_compat
//      g++ -std=c++17 -I/usr/include/torch/csrc/api/include main.cpp calls_*.cpp nn_torch.cpp
//          -ltorch -ltorch_cpu -lc10 -o /tmp/torch_compat
//      /tmp/torch_compat > expected.tsv
//
// A row has a name, a dtype, a shape and values, separated by tabs. A dtype that ends in ! is
// compared bit for bit, as are int64 and bool; float32 and float64 are compared within a tolerance
// (main.cpp).

#include <torch/torch.h>

#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// scaled_dot_product_attention has its public name since PyTorch 2.0.
#if defined(TORCH_VERSION_MAJOR) && TORCH_VERSION_MAJOR < 2
namespace torch {
inline Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                           const Tensor& mask = {}, double dropout_p = 0.0,
                                           bool is_causal = false) {
  const auto optional_mask = mask.defined() ? c10::optional<Tensor>(mask) : c10::nullopt;
  return std::get<0>(
      _scaled_dot_product_attention(q, k, v, optional_mask, dropout_p, false, is_causal));
}
}  // namespace torch
#endif

/// Records the value of an expression as a row. Its name is the text of the expression, with #2,
/// #3 ... appended if a section records it again.
#define ROW(...) ROW_BY(record, #__VA_ARGS__, __VA_ARGS__)
/// Records a row that is compared bit for bit.
#define ROW_EXACT(...) ROW_BY(record_exact, #__VA_ARGS__, __VA_ARGS__)
/// An expression that throws becomes a row that differs, and the next calls still run.
#define ROW_BY(record_it, name, ...)               \
  do {                                             \
    try {                                          \
      record_it(name, (__VA_ARGS__));              \
    } catch (const std::exception& error_of_row) { \
      record_error(name, error_of_row);            \
    }                                              \
  } while (false)

/// Runs the calls of one section. The names of its rows begin with the name of the section.
void section(const std::string& name, void (*calls)());

void record_error(const std::string& name, const std::exception& error);
void record(const std::string& name, const torch::Tensor& x);
void record_exact(const std::string& name, const torch::Tensor& x);
void record(const std::string& name, const std::vector<torch::Tensor>& xs);
void record(const std::string& name, const std::tuple<torch::Tensor, torch::Tensor>& pair);
void record(const std::string& name, const std::vector<int64_t>& values);
void record_number(const std::string& name, const std::string& dtype, double value);

template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
void record(const std::string& name, T value) {
  const bool is_bool = std::is_same_v<T, bool>;
  record_number(name,
                is_bool                 ? "bool"
                : std::is_integral_v<T> ? "int64"
                                        : "float64",
                static_cast<double>(value));
}

constexpr double infinity = INFINITY, nan_value = NAN;

/// The numbers of sizes() or strides().
template <class Range>
std::vector<int64_t> list(const Range& range) {
  return std::vector<int64_t>(range.begin(), range.end());
}

/// Values between -1.5 and 1.6, exact in float32; up to 101 elements are all different. Another
/// `start` gives other values.
inline torch::Tensor sample(const std::vector<int64_t>& shape,
                            torch::TensorOptions options = torch::kFloat32, int64_t start = 11) {
  int64_t n = 1;
  for (const int64_t size : shape)
    n *= size;
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i)
    values.push_back(static_cast<double>((i * 37 + start) % 101) / 32.0 - 1.5);
  return torch::tensor(values, options).view(shape);
}

using NamedFunctions =
    std::vector<std::pair<std::string, std::function<torch::Tensor(const torch::Tensor&)>>>;

/// Records two derivatives of each function f at x = sample({2, 3}): dx, that of the sum of f(x)
/// times fixed weights, and that of the sum of dx * dx.
inline void record_derivatives(const NamedFunctions& functions) {
  for (const auto& [name, f] : functions) {
    const torch::Tensor x = sample({2, 3}, torch::kFloat64).requires_grad_();
    const torch::Tensor y = f(x);
    const torch::Tensor weights = sample(list(y.sizes()), torch::kFloat64, 5);
    const torch::Tensor dx = torch::autograd::grad({y}, {x}, {weights}, true, true)[0];
    record("first derivative of " + name, dx);
    const torch::Tensor ddx = torch::autograd::grad({(dx * dx).sum()}, {x})[0];
    record("second derivative of " + name, ddx);
  }
}
