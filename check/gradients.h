// A gradcheck that says what is wrong with a gradient, not only that it is wrong.
#pragma once
#include "check/diagnosis.h"
#include "check/gradcheck.h"
#include "check/numeric_gradient.h"

namespace gradus {

/// How the gradient of an input by backward differs from the one by central differences.
struct GradientDifference {
  std::string name;
  Difference difference;
  int64_t kinks = 0;  // elements left out since f has a kink there, such as relu at 0: a central
                      // difference is no derivative there
};

/// Compares `yours`, the gradient of the input `name`, with the numeric one; y is the result that
/// was differentiated.
GradientDifference compare_gradient(const std::string& name, const Tensor& yours,
                                    const Tensor& numeric, const Tensor& kinks, const Tensor& y);

/// Compares `yours`, a gradient of u . f() by hand with respect to the input, with the numeric one.
GradientDifference compare_gradient(const NamedInput& input, const Tensor& yours,
                                    const std::function<Tensor()>& f, const Tensor& u);

/// Compares the gradients of u . f() with respect to each input (float64), where u is a random
/// cotangent. Each difference comes with the mistake that explains it. Throws if f cannot be
/// checked: not deterministic, not float64, or without a graph.
std::vector<GradientDifference> compare_gradients(const std::function<Tensor()>& f,
                                                  const std::vector<NamedInput>& inputs);

/// The same, but throws an Error if a gradient is wrong. Its first line names the input and the
/// mistake.
void expect_gradients(const std::function<Tensor()>& f, const std::vector<NamedInput>& inputs);

/// Two lines about a wrong gradient: the mistake, and the worst element.
std::string to_string(const GradientDifference& wrong);

}  // namespace gradus
