// The choices of a random program: an op's row proposes a call with them.
#pragma once
#include <random>

#include "tests/fuzz/interpreter.h"

namespace gradus::fuzz {

/// Thrown when a proposed call is not wanted, such as log of a negative number.
struct Rejected {};

class Chooser {
 public:
  /// A large program has tensors that several threads share.
  Chooser(uint64_t seed, bool large);

  // Random numbers.
  int64_t integer(int64_t low, int64_t high);  // both included
  bool chance(double p) { return real() < p; }
  double number(double low, double high);  // with two decimals
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    if (list.empty()) throw Rejected{};
    return list[static_cast<size_t>(integer(0, std::ssize(list) - 1))];
  }

  std::mt19937_64& engine() { return engine_; }

  // Variables that exist.
  int any();
  int floating() { return of(kFloat64); }
  int numbers() { return chance(0.85) ? floating() : of(kInt64); }  // not bool
  int of(DType dtype);
  /// A variable of the same dtype whose shape broadcasts with that of x; perhaps a new leaf.
  int partner(int x);
  const Tensor& value(int variable) { return interpreter_.value(variable); }
  int64_t size(int x, int64_t dim) { return value(x).size(dim); }
  int64_t dims(int x) { return value(x).dim(); }
  /// A variable with the dtype and the shape of x; perhaps x.
  int like(int x);
  /// A dimension of x, perhaps counted from the end.
  int64_t dim(int x);
  /// Some dimensions of x, or none.
  std::vector<double> some_dims(int x);

  // New leaves.
  Shape sizes();
  int leaf(const std::string& kind, const Shape& sizes, Options options = {});
  int uniform(const Shape& sizes) { return leaf("uniform", sizes); }
  int indices(const Shape& sizes, int64_t below);
  int mask(const Shape& sizes) { return leaf("mask", sizes); }

  // Conditions: they reject the call if they do not hold.
  void require(bool ok) const {
    if (!ok) throw Rejected{};
  }
  /// All numbers of x are in the range; not required of special programs.
  void require_range(int x, double low, double high);
  /// The same for |x| >= low.
  void require_magnitude(int x, double low);
  /// Rounding does not change where the numbers of x are compared with a number, or among
  /// themselves, or with those of y.
  void require_away_from(int x, double value, bool also_if_exact = false);
  void require_separated(int x, bool also_if_exact = false);
  void require_separated_magnitudes(int x);
  void require_different(int x, int y);
  /// The numbers of x are integers without rounding.
  void require_integral(int x);
  /// The numbers of x along the dimensions are not all nearly equal.
  void require_spread(int x, const Shape& dims);

  /// Adds the call with so many results.
  void call(const std::string& op, const std::vector<int>& arguments, const Options& options = {},
            int results = 1);

  Program program;

 private:
  friend Program generate(uint64_t seed);
  double real() { return std::uniform_real_distribution<>(0, 1)(engine_); }
  bool exact(int x) const { return exact_[static_cast<size_t>(x)]; }
  void execute(const Call& call);
  void check_results(const Call& call);
  void try_op();
  void start();
  void rewind(size_t calls);

  std::mt19937_64 engine_;
  bool large_;
  Interpreter interpreter_;
  std::vector<bool> exact_;  // no rounding, so that ties are certain
};

/// The program of a seed.
Program generate(uint64_t seed);

}  // namespace gradus::fuzz
