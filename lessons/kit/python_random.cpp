#include "lessons/kit/python_random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>

#include "tensor/error.h"

namespace gradus::lessons {
namespace {

/// init_by_array of Matsumoto and Nishimura's mt19937ar.c (2002), as a seed sequence of the
/// standard library: the engine takes the numbers that generate() writes as its state.
struct InitByArray {
  using result_type = uint32_t;
  std::vector<uint32_t> key;

  template <class Iterator>
  void generate(Iterator state, Iterator end) const {
    const auto n = static_cast<size_t>(end - state);
    const auto mixed = [&](size_t i) { return state[i - 1] ^ state[i - 1] >> 30; };
    state[0] = 19650218;
    for (size_t i = 1; i < n; ++i)
      state[i] = 1812433253U * mixed(i) + static_cast<uint32_t>(i);
    size_t i = 1;
    const auto advance = [&] {
      if (++i < n) return;
      state[0] = state[n - 1];
      i = 1;
    };
    for (size_t k = 0; k < std::max(n, key.size()); ++k) {
      const size_t j = k % key.size();
      state[i] = (state[i] ^ mixed(i) * 1664525U) + key[j] + static_cast<uint32_t>(j);
      advance();
    }
    for (size_t k = 0; k < n - 1; ++k) {
      state[i] = (state[i] ^ mixed(i) * 1566083941U) - static_cast<uint32_t>(i);
      advance();
    }
    state[0] = 1U << 31;
  }
};

}  // namespace

PythonRandom::PythonRandom(int64_t seed) {
  // CPython seeds with the digits of |seed| in base 2^32.
  const uint64_t size = seed < 0 ? 0 - static_cast<uint64_t>(seed) : static_cast<uint64_t>(seed);
  InitByArray sequence{{static_cast<uint32_t>(size)}};
  if (size >> 32 != 0) sequence.key.push_back(static_cast<uint32_t>(size >> 32));
  engine_.seed(sequence);
}

uint32_t PythonRandom::getrandbits(int k) {
  check(k >= 1 && k <= 32, "getrandbits: k is {}, expected 1 to 32", k);
  return static_cast<uint32_t>(engine_()) >> (32 - k);
}

double PythonRandom::random() {
  const uint32_t high = getrandbits(27);
  const uint32_t low = getrandbits(26);
  return (high * 0x1p26 + low) / 0x1p53;
}

double PythonRandom::gauss(double mu, double sigma) {
  if (const auto kept = std::exchange(next_gauss_, std::nullopt)) return mu + *kept * sigma;
  const double angle = random() * (2 * std::numbers::pi);
  const double radius = std::sqrt(-2 * std::log(1 - random()));
  next_gauss_ = std::sin(angle) * radius;
  return mu + std::cos(angle) * radius * sigma;
}

uint32_t PythonRandom::randrange(uint32_t n) {
  check(n >= 1, "randrange: n is 0, expected at least 1");
  const int bits = static_cast<int>(std::bit_width(n));
  uint32_t drawn = getrandbits(bits);
  while (drawn >= n)
    drawn = getrandbits(bits);
  return drawn;
}

int64_t PythonRandom::choices(const std::vector<double>& weights) {
  std::vector<double> sums(weights.size());
  std::partial_sum(weights.begin(), weights.end(), sums.begin());
  const double total = sums.empty() ? 0 : sums.back();
  check(total > 0 && std::isfinite(total),
        "choices: the sum of the weights is {}, expected a positive number", total);
  const double at = random() * total;
  return std::upper_bound(sums.begin(), sums.end() - 1, at) - sums.begin();
}

}  // namespace gradus::lessons
