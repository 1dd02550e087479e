// The functions with which the checks of an exercise are written. A check is TEST(stage, name) { }.
// The stages come in the order
//   shape, forward, gradient, invariants, numerics, budget
// and the grader stops at the first check that fails. These functions throw an Error whose message
// says what is wrong, and add notes ("worst 2.2e-16") to the report. check/expect.h has more.
//
// TEST looks like GoogleTest's, but it is not: there must be no option and no environment variable
// that leaves a check out.
#pragma once
#include "autograd/graph.h"
#include "check/expect.h"
#include "check/gradients.h"
#include "exercises/exercise.h"

#define TEST(stage, name)                                          \
  void check_##stage##_##name();                                   \
  [[maybe_unused]] const bool is_added_##stage##_##name =          \
      gradus::add_check(#stage "." #name, check_##stage##_##name); \
  void check_##stage##_##name()

namespace gradus {

/// Adds a check to those that the program runs. TEST does this.
bool add_check(const std::string& name, void (*run)());

/// Normally distributed float64 numbers, the same in every run. Another seed gives other numbers.
Tensor example(const Shape& sizes, uint64_t seed = 1);

/// Checks the shape of y, which the messages call `what`.
void expect_shape(const std::string& what, const Tensor& y, const Shape& sizes);

/// Checks the shape of f(), for a function that reduces each row and is given an input without
/// rows. If f throws, the message says the usual reason.
void expect_shape_without_rows(const std::string& what, const std::function<Tensor()>& f,
                               const Shape& sizes);

/// A mistake that many make, in words, and the wrong result that it gives.
struct KnownMistake {
  std::string words;
  Tensor result;
};

/// Checks every element. The message shows the worst one, and the mistake that explains it: one of
/// `known`, or a common one.
void expect_close(const std::string& what, const Tensor& yours, const Tensor& right,
                  const Tolerance& tolerance = {}, const std::vector<KnownMistake>& known = {});

/// Compares the gradients of f() with respect to each tensor with central differences, for a random
/// cotangent. Unlike expect_gradients of check/expect.h, it also notes the tensors that are right.
void expect_right_gradients(const std::function<Tensor()>& f, const std::vector<NamedInput>& by);

/// Compares `yours`, a gradient with respect to x computed by hand for the cotangent u of f(), with
/// central differences. If it is wrong, the message names the known mistake that gives it.
void expect_right_gradient(const std::string& name, const Tensor& yours,
                           const std::function<Tensor()>& f, const Tensor& x, const Tensor& u,
                           const std::vector<KnownMistake>& known = {});

/// Checks that no number is NaN or infinite.
void expect_finite(const std::string& what, const Tensor& y);

/// Checks that the graph of y has no op of these names: the exercise is to write such an op, not to
/// call it.
void expect_not_called(const Tensor& y, const std::vector<std::string>& ops);

/// Adds a note to the line of this check in the report.
void note(const std::string& text);

/// Says that this check cannot run, and why: a file is missing. The check then returns. It does not
/// count as passed, and the verdict on a right answer says which check did not run.
void missing(const std::string& why);

}  // namespace gradus
