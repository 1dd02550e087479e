// The random numbers of Python. A program that draws them in the same order as a Python program
// computes the same numbers, so the two can be compared line by line. Gradus's own generator
// (tensor/random.h) gives PyTorch's numbers instead.
#pragma once
#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace gradus::lessons {

/// The module `random` of CPython 3, number for number: MT19937 (Matsumoto and Nishimura 1998) with
/// CPython's seeding and distributions. A copy continues with the same numbers as the original.
class PythonRandom {
 public:
  /// random.seed(seed), for an int
  explicit PythonRandom(int64_t seed);
  /// random.getrandbits(k), for k from 1 to 32
  uint32_t getrandbits(int k);
  /// random.random(): in [0, 1), a multiple of 2^-53
  double random();
  /// random.gauss(mu, sigma), by Box and Muller: two uniform numbers give two normal ones, and the
  /// second is kept for the next call.
  double gauss(double mu, double sigma);
  /// random.randrange(n), for n from 1 to 2^32 - 1
  uint32_t randrange(uint32_t n);
  /// random.choices(range(n), weights)[0]: an index. Throws if the weights' sum is not positive and
  /// finite.
  int64_t choices(const std::vector<double>& weights);
  /// random.shuffle(list), for lists of fewer than 2^32 elements
  template <class T>
  void shuffle(std::vector<T>& list) {
    for (size_t i = list.size(); i > 1; --i)
      std::swap(list[i - 1], list[randrange(static_cast<uint32_t>(i))]);
  }

 private:
  std::mt19937 engine_;
  std::optional<double> next_gauss_;  // for sigma = 1
};

}  // namespace gradus::lessons
