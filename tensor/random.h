// Random numbers: the same seed gives the same tensor as in PyTorch, bit for bit. This header has
// the generator of the process and checks the arguments of each distribution; the numbers are
// computed in tensor/kernels/random.h.
//
// PyTorch's algorithms for the CPU, in its source tree:
//   the Mersenne Twister          aten/src/ATen/core/MT19937RNGEngine.h
//   uniform, normal, exponential  aten/src/ATen/core/DistributionsHelper.h
//   randint, vectorised normal    aten/src/ATen/native/cpu/DistributionTemplates.h
//   multinomial                   aten/src/ATen/native/cpu/MultinomialKernel.cpp
//   randperm                      aten/src/ATen/native/TensorFactories.cpp
//   dropout                       aten/src/ATen/native/Dropout.cpp
#pragma once
#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <numeric>

#include "tensor/dtype.h"
#include "tensor/kernels/fork.h"
#include "tensor/kernels/random.h"

namespace gradus {

/// The generator of all random ops. A thread that uses it must hold generator_mutex().
inline Generator& default_generator() {
  static Generator generator;
  return generator;
}
inline kernels::ForkSafeMutex& generator_mutex() {
  static kernels::ForkSafeMutex mutex;
  return mutex;
}
/// Holds the mutex while it exists; * gives the generator: fill_normal(*LockedGenerator(), ...).
struct LockedGenerator {
  const std::lock_guard<kernels::ForkSafeMutex> lock{generator_mutex()};
  Generator& operator*() const { return default_generator(); }
};

/// Seeds the generator of all random ops. Only the low 32 bits of the seed are used.
inline void manual_seed(uint64_t seed) { (*LockedGenerator()).manual_seed(seed); }

class Tensor;
/// The complete state of the generator, also a normal number that is computed but not yet returned.
/// Its form is that of Generator::state, not PyTorch's.   (627) int64
Tensor get_rng_state();
/// Restores such a state: the numbers that follow are the same again. Throws and changes nothing if
/// it is no state of a generator.
void set_rng_state(const Tensor& state);

/// Which dropout masks are drawn: those of Raschka's book, or those that older PyTorch packages for
/// Linux and Windows draw with MKL on Intel processors.
enum class DropoutStyle { book, mkl };
inline std::atomic<DropoutStyle> style_of_dropout{DropoutStyle::book};
/// Chooses the masks; by default the book's.
inline void set_dropout_style(DropoutStyle style) { style_of_dropout = style; }
/// The masks in use.
inline DropoutStyle dropout_style() { return style_of_dropout; }

// The functions below check their arguments and call the kernels of the same names. None of them
// locks the mutex.

using kernels::fill_exponential;
using kernels::fill_random;

/// Throws unless low <= high and high - low fits T.
template <class T>
void fill_uniform(Generator& g, T* out, int64_t n, double low, double high) {
  check(low <= high, "uniform_: from {} to {} - the bounds must be in order", low, high);
  check(std::isfinite(static_cast<T>(high) - static_cast<T>(low)),
        "uniform_: from {} to {} - the width does not fit the tensor's dtype", low, high);
  kernels::fill_uniform(g, out, n, low, high);
}

template <class T>
void check_normal(double mean, double std) {
  check(std >= 0, "normal_: std = {} - a standard deviation is not negative", std);
  check(fits<T>(mean) && fits<T>(std), "normal_: mean {} and std {} do not both fit into {}", mean,
        std, dtype_of<T>);
}
template <class T>
void fill_normal(Generator& g, T* out, int64_t n, double mean, double std) {
  check_normal<T>(mean, std);
  kernels::fill_normal(g, out, n, mean, std);
}
template <class T>
void fill_normal_pairs(Generator& g, T* out, int64_t n, double mean, double std) {
  check_normal<T>(mean, std);
  kernels::fill_normal_pairs(g, out, n, mean, std);
}

inline void check_probability(const char* op, double p) {
  check(p >= 0 && p <= 1, "{}: p = {} - a probability is between 0 and 1", op, p);
}
template <class T>
void fill_bernoulli(Generator& g, T* out, int64_t n, double p) {
  check_probability("bernoulli_", p);
  kernels::fill_bernoulli(g, out, n, p);
}
template <class T>
void fill_bernoulli_each(Generator& g, T* out, const T* p, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    check_probability("bernoulli", static_cast<double>(p[i]));
  kernels::fill_bernoulli_each(g, out, p, n);
}

/// Draws in the style of dropout_style(). Uses no random number if p is 0 or 1.
template <class T>
void dropout_mask(Generator& g, T* mask, int64_t n, double p) {
  check_probability("dropout", p);
  if (n == 0 || p == 0 || p == 1)
    std::fill_n(mask, n, static_cast<T>(1 - p));
  else if (dropout_style() == DropoutStyle::book)
    kernels::dropout_mask(g, mask, n, p);
  else
    kernels::dropout_mask_mkl(g, mask, n, p);
}

inline void fill_randint(Generator& g, int64_t* out, int64_t n, int64_t low, int64_t high) {
  check(low < high, "randint: from {} to {} - there is no integer in between", low, high);
  kernels::fill_randint(g, out, n, low, high);
}

inline void randperm(Generator& g, int64_t* out, int64_t n) {
  check(n >= 0, "randperm: n = {} - the number of elements cannot be negative", n);
  kernels::randperm(g, out, n);
}

/// Throws if a weight is negative or not finite, if they sum to 0, if samples < 1, or if fewer
/// weights are positive than there are samples to draw without replacement.
template <class T>
void multinomial(Generator& g, const T* p, int64_t categories, int64_t samples, bool replacement,
                 int64_t* out) {
  check(samples > 0, "multinomial: {} samples - at least one must be drawn", samples);
  for (int64_t i = 0; i < categories; ++i)
    check(p[i] >= 0 && std::isfinite(p[i]),
          "multinomial: weight {} at {} - a weight is finite and not negative", p[i], i);
  const int64_t possible = std::count_if(p, p + categories, [](T weight) { return weight > 0; });
  check(possible > 0, "multinomial: the {} weights sum to 0 - nothing can be drawn", categories);
  check(replacement || samples <= possible,
        "multinomial: {} samples without replacement - only {} weights are above 0", samples,
        possible);
  check(!replacement || samples == 1 || std::isfinite(std::accumulate(p, p + categories, T(0))),
        "multinomial: the {} weights are too large - their sum overflows", categories);
  kernels::multinomial(g, p, categories, samples, replacement, out);
}

}  // namespace gradus
