// What the checks of an exercise are written with. A check is TEST(stage, name); the stages come in
// the order
//   shape, forward, gradient, invariants, numerics, budget
// and the grader stops at the first check that fails. The functions here throw Error with a
// sentence that says what is wrong, and leave notes ("worst 2.2e-16") for the report. Beside them
// stand those of check/expect.h.
#pragma once
#include <gtest/gtest.h>

#include "autograd/graph.h"
#include "check/expect.h"
#include "check/gradients.h"
#include "exercises/exercise.h"

namespace gradus {

/// float64 numbers of a normal distribution, the same in every run; another seed gives others.
Tensor example(const Shape& sizes, uint64_t seed = 1);

/// `what` has these sizes.
void expect_shape(const std::string& what, const Tensor& y, const Shape& sizes);

/// `what` is right, element by element; else the worst one is shown, and the mistake that explains
/// it.
void expect_close(const std::string& what, const Tensor& yours, const Tensor& right,
                  const Tolerance& tolerance = {});

/// The gradients of f() by each tensor are what central differences give, for a random cotangent.
/// Unlike the function for one's own layers this one notes the tensors that are right.
void expect_right_gradients(const std::function<Tensor()>& f, const std::vector<NamedInput>& by);

/// `yours`, a gradient computed by hand for the cotangent u of f(), is what central differences
/// give for x.
void expect_right_gradient(const std::string& name, const Tensor& yours,
                           const std::function<Tensor()>& f, const Tensor& x, const Tensor& u);

/// No number is nan or infinite.
void expect_finite(const std::string& what, const Tensor& y);

/// No op of these names was recorded on the way to y: the exercise is to write it, not to call it.
void expect_not_called(const Tensor& y, const std::vector<std::string>& ops);

/// Adds to the line of this check in the report.
void note(const std::string& text);

}  // namespace gradus
