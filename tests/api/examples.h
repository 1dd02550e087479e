// The examples of docs/api.md: one line of code for each public name, and what it gives. They are
// compiled and run, so the page cannot promise what does not work.
#pragma once
#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

#include "gradus.h"

namespace gradus::api {

struct Example {
  std::string name;  // as headers.h spells it: "softmax", "nn::Linear", "Tensor::view"
  std::string code;
  std::function<std::string()> run;  // gives the value as text
};

struct Group {
  std::string title;
  std::vector<Example> examples;
};

/// The groups in the page's order. Each file examples_*.cpp defines some of them.
std::vector<Group> groups_of_tensors();
std::vector<Group> groups_of_ops();
std::vector<Group> groups_of_gradients();
std::vector<Group> groups_of_modules();

inline std::string shown(const Tensor& x) { return to_string(x); }
inline std::string shown(const Scalar& x) { return fmt::format("{}", x.toDouble()); }
inline std::string shown(bool x) { return x ? "true" : "false"; }
inline std::string shown(double x) { return fmt::format("{:.4g}", x); }
template <std::integral T>
std::string shown(T x) {
  return std::to_string(x);
}
inline std::string shown(const std::string& text) { return text; }
inline std::string shown(const char* text) { return text; }
inline std::string shown(const Shape& sizes) { return to_string(sizes); }
inline std::string shown(DType t) { return to_string(t); }
template <class T>
std::string shown(const std::vector<T>& list) {
  std::string text;
  for (const T& x : list)
    text += (text.empty() ? "" : ", ") + shown(x);
  return "{" + text + "}";
}
template <class A, class B>
std::string shown(const std::tuple<A, B>& pair) {
  return "(" + shown(std::get<0>(pair)) + ", " + shown(std::get<1>(pair)) + ")";
}

}  // namespace gradus::api

// What the examples are about; the page says so, too.
#define GRADUS_API_NAMES                                            \
  [[maybe_unused]] const Tensor x = tensor({1., 2., 3.});           \
  [[maybe_unused]] const Tensor m = tensor({{1., 2.}, {3., 4.}});   \
  [[maybe_unused]] const Tensor ids = tensor({2, 0});               \
  [[maybe_unused]] const Tensor mask = tensor({true, false, true}); \
  [[maybe_unused]] const Tensor w = tensor({1., 2., 3.}).requires_grad_();

/// An expression.
#define EXAMPLE(name, ...)                                                                \
  {                                                                                       \
    name, #__VA_ARGS__, [] { GRADUS_API_NAMES return gradus::api::shown((__VA_ARGS__)); } \
  }
/// Statements, and then an expression that shows what they did.
#define EXAMPLE_AFTER(name, value, ...)                                         \
  {                                                                             \
    name, #__VA_ARGS__ " " #value,                                              \
        [] { GRADUS_API_NAMES __VA_ARGS__ return gradus::api::shown((value)); } \
  }
