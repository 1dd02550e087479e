#include "exercises/checks.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "exercises/grader/report.h"
#include "tensor/random.h"

namespace gradus {

Tensor example(const Shape& sizes, uint64_t seed) {
  Generator random(seed);
  const Tensor x = empty(sizes, kFloat64);
  fill_normal(random, x.data<double>(), x.numel(), 0, 1);
  return x;
}

void note(const std::string& text) { grader::report::note(text); }
void missing(const std::string& why) { grader::report::missing(why); }

void todo(const std::string& what) {
  grader::report::todo(what);
  fail("to do: {}", what);
}

namespace {

/// The verdict shows the largest of these differences for each stage.
void note_difference(const Difference& difference) {
  if (difference.worst > 0) note(fmt::format("worst {:.1e}", difference.worst));
}

void note_right(const std::string& name, const Difference& difference) {
  note_difference(difference);
  note(name + " ok");
}

}  // namespace

void expect_shape(const std::string& what, const Tensor& y, const Shape& sizes) {
  check(y.defined(), "{} is an undefined Tensor: was the result ever computed and returned?", what);
  check(y.sizes() == sizes, "{} is {}, it must be {}", what, y.sizes(), sizes);
}

void expect_shape_without_rows(const std::string& what, const std::function<Tensor()>& f,
                               const Shape& sizes) {
  Tensor y;
  try {
    y = f();
  } catch (const Error& error) {
    fail(
        "{}: {}\n  Without rows a reduction over the whole tensor has no elements. Each row needs "
        "its own maximum and its own sum",
        what, error.what());
  }
  expect_shape(what, y, sizes);
}

void expect_close(const std::string& what, const Tensor& yours, const Tensor& right,
                  const Tolerance& tolerance, const std::vector<KnownMistake>& known) {
  expect_shape(what, yours, right.sizes());
  check(yours.dtype() == right.dtype(), "{} is {}, it must be {}", what, yours.dtype(),
        right.dtype());
  const Difference d = compare(yours, right, tolerance);
  if (d.wrong == 0) {
    constexpr double kWide = 1e-3;  // such a tolerance does not measure rounding errors
    if (tolerance.atol < kWide && tolerance.rtol < kWide) note_difference(d);
    return;
  }
  std::string guess = d.guess.empty() ? "wrong" : d.guess;
  for (const KnownMistake& mistake : known)
    if (compare(yours, mistake.result, tolerance).wrong == 0) guess = mistake.words;
  fail("{}",
       fmt::format("{}: {}\n  {}", what, guess, to_string(d)) + rows_to_string(d, yours, right));
}

void expect_right_gradients(const std::function<Tensor()>& f, const std::vector<NamedInput>& by) {
  const std::vector<GradientDifference> all = compare_gradients(f, by);
  for (const GradientDifference& each : all)
    if (each.difference.wrong == 0)
      note_right(each.name + (each.kinks ? fmt::format(", {} kinks left out", each.kinks) : ""),
                 each.difference);
  for (const GradientDifference& each : all)
    check(each.difference.wrong == 0, "{}", to_string(each));
}

void expect_right_gradient(const std::string& name, const Tensor& yours,
                           const std::function<Tensor()>& f, const Tensor& x, const Tensor& u,
                           const std::vector<KnownMistake>& known) {
  expect_shape("the gradient of " + name, yours, x.sizes());
  GradientDifference each = compare_gradient({name, x}, yours, f, u);
  if (each.difference.wrong > 0)
    for (const KnownMistake& mistake : known)
      if (compare(yours, mistake.result, {.rtol = 1e-6, .atol = 1e-8}).wrong == 0)
        each.difference.guess = mistake.words;
  check(each.difference.wrong == 0, "{}", to_string(each));
  note_right(name, each.difference);
}

void expect_finite(const std::string& what, const Tensor& y) {
  expect_shape(what, y, y.defined() ? y.sizes() : Shape{});
  const Tensor flat = y.detach().to(kFloat64).contiguous();
  for (int64_t i = 0; i < flat.numel(); ++i)
    check(std::isfinite(flat.data<double>()[i]), "{} is {} at {}", what, flat.data<double>()[i],
          index_of(i, y.sizes()));
}

void expect_not_called(const Tensor& y, const std::vector<std::string>& ops) {
  std::vector<const Node*> open{y.node().get()};
  std::set<const Node*> seen{nullptr};
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    check(std::find(ops.begin(), ops.end(), node->name) == ops.end(),
          "the library's {} was called: write it yourself, from smaller ops", node->name);
    for (const Node::Edge& edge : node->edges)
      open.push_back(edge.input.get());
  }
}

}  // namespace gradus
