// gradcheck that says what is wrong, not only that something is.
#pragma once
#include "check/diagnosis.h"
#include "check/gradcheck.h"

namespace gradus {

/// A tensor's gradient by backward beside the one by central differences.
struct GradientDifference {
  std::string name;
  Difference difference;
  int64_t kinks =
      0;  // elements left out because f has a corner there (relu at 0): no difference is right
};

/// d(u . f())/dx by central differences, for a cotangent u of f's shape. By two step sizes, h and h
/// / 2: together they are exact up to h^4, and where they contradict each other f has a kink, which
/// `kinks` (bool) marks.
Tensor numeric_gradient(const std::function<Tensor()>& f, const Tensor& x, const Tensor& u,
                        Tensor* kinks = nullptr);

/// A random cotangent for y, the same in every run: numbers between 0.5 and 1.5 of either sign.
Tensor random_cotangent(const Tensor& y);

/// A gradient beside the one by differences; y is the result that was differentiated.
GradientDifference compare_gradient(const std::string& name, const Tensor& yours,
                                    const Tensor& right, const Tensor& kinks, const Tensor& y);

/// The gradients of f() by every tensor in `by` (float64) for a random cotangent, each with the
/// mistake that explains its difference. Throws if f cannot be checked: not deterministic, not
/// float64, nothing recorded.
std::vector<GradientDifference> compare_gradients(const std::function<Tensor()>& f,
                                                  const std::vector<Checked>& by);

/// The same; throws Error if one is wrong. Its first line names the tensor and the mistake.
void expect_gradients(const std::function<Tensor()>& f, const std::vector<Checked>& by);

/// The first two lines of a report about a wrong gradient: the mistake, then the worst element.
std::string to_string(const GradientDifference& wrong);

}  // namespace gradus
