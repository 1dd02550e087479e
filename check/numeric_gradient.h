// Derivatives by central differences, for functions of float64 tensors:
//   d(u . f)/dx_i = (u . f(x + h e_i) - u . f(x - h e_i)) / 2h + O(h^2)
// u is a cotangent: a tensor of f's shape whose dot product with f() makes one number of it.
#pragma once
#include <functional>

#include "tensor/random.h"
#include "tensor/tensor.h"

namespace gradus {

/// u . f(); nothing is recorded.
double dot_with_result(const Tensor& u, const std::function<Tensor()>& f);

/// Keeps a copy of x, and restores its elements at the end of the scope, also after an exception.
class RestoreTensor {
 public:
  explicit RestoreTensor(const Tensor& x) : x_(x), original_(x.detach().clone()) {}
  ~RestoreTensor();
  RestoreTensor(const RestoreTensor&) = delete;
  RestoreTensor& operator=(const RestoreTensor&) = delete;
  const Tensor& original() const { return original_; }

 private:
  const Tensor x_;
  const Tensor original_;
};

/// The values of u . f() at x_i + h and x_i - h.
struct CentralDifference {
  double plus;
  double minus;
  double h;

  double slope() const { return (plus - minus) / (2 * h); }
  /// The slope to the right of x_i minus the slope to its left. `middle` is u . f() at x_i.
  double bend(double middle) const { return (plus - 2 * middle + minus) / h; }
};

/// Moves element i of x (in row-major order) by h and -h, and restores it, also if f throws.
CentralDifference central_difference(const std::function<Tensor()>& f, const Tensor& x, int64_t i,
                                     double h, const Tensor& u);

/// d(u . f())/dx from central differences with the steps h = 1e-3 max(1, |x_i|) and h / 2, combined
/// so that the error is O(h^4) (Richardson extrapolation). Where the two disagree f has a kink,
/// such as relu at 0; `kinks` (bool) marks these elements.
Tensor numeric_gradient(const std::function<Tensor()>& f, const Tensor& x, const Tensor& u,
                        Tensor* kinks = nullptr);

/// A random cotangent for y: numbers with an absolute value from 0.5 to 1.5, since a very small one
/// could hide an error.
Tensor random_cotangent(const Tensor& y, Generator& random);
/// The same numbers in each call. Does not draw from the generator of the program.
Tensor random_cotangent(const Tensor& y);

}  // namespace gradus
