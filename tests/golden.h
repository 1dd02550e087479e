// The golden tensors of the lessons, and comparisons with them, for tests.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "lessons/kit/golden_tensors.h"
#include "nn/module.h"

namespace gradus::testing {

/// The tensor of this name, as "01_simplified_self_attention/inputs".
inline Tensor golden(const std::string& name) {
  const auto found = lessons::golden::tensors().find(name);
  check(found != lessons::golden::tensors().end(), "golden: there is no '{}'", name);
  return found->second;
}

/// Whether x has the shape of `expected` and its numbers within the tolerance; infinities must
/// agree.
inline ::testing::AssertionResult near(const Tensor& x, const Tensor& expected,
                                       double tolerance = 2e-6) {
  if (x.sizes() != expected.sizes() || x.dtype() != expected.dtype())
    return ::testing::AssertionFailure()
           << "got " << x.sizes() << ", expected " << expected.sizes();
  const Tensor a = x.detach().to(kFloat64).contiguous().view(-1);
  const Tensor b = expected.to(kFloat64).contiguous().view(-1);
  for (int64_t i = 0; i < a.numel(); ++i) {
    const double p = a.data<double>()[i];
    const double q = b.data<double>()[i];
    if (p != q && !(std::abs(p - q) <= tolerance))
      return ::testing::AssertionFailure() << "element " << i << " is " << p << ", expected " << q;
  }
  return ::testing::AssertionSuccess();
}
/// The same against the golden tensor of this name.
inline ::testing::AssertionResult near(const Tensor& x, const std::string& name,
                                       double tolerance = 2e-6) {
  return near(x, golden(name), tolerance) << " (" << name << ")";
}

/// The golden name of a parameter: older ones for LayerNorm and the feed-forward layers.
inline std::string golden_name(std::string name) {
  static const std::map<std::string, std::string> names = {
      {"norm1.weight", "norm1.scale"}, {"norm1.bias", "norm1.shift"},
      {"norm2.weight", "norm2.scale"}, {"norm2.bias", "norm2.shift"},
      {"ff.layers.0", "ff.fc1"},       {"ff.layers.2", "ff.fc2"}};
  for (const auto& [ours, theirs] : names)
    if (const size_t at = name.find(ours); at != name.npos) name.replace(at, ours.size(), theirs);
  return name;
}

inline void expect_parameters(const nn::Module& module, const std::string& prefix) {
  for (const auto& [name, p] : module.named_parameters())
    EXPECT_TRUE(equal(p.detach(), golden(prefix + golden_name(name)))) << name;
}

inline void expect_gradients(const nn::Module& module, const Tensor& loss,
                             const std::string& prefix) {
  module.zero_grad();
  loss.backward();
  for (const auto& [name, p] : module.named_parameters())
    EXPECT_TRUE(near(p.grad(), prefix + golden_name(name)));
}

/// The message of the Error that f throws.
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace gradus::testing
