// Random numbers, equal to PyTorch's bit for bit.
//
// A "word" is one 32-bit output of the generator. Every fill_ function writes n numbers in order
// and documents how many words it uses, since all later numbers depend on that. The generator is
// the first argument, before the output, because it changes too.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

namespace gradus {

/// The Mersenne Twister mt19937 (Matsumoto and Nishimura, 1998) and PyTorch's cached normal number.
/// A copy is a saved state; assigning it back restores that state.
class Generator {
 public:
  /// The seed of a generator that was not seeded.
  static constexpr uint64_t kDefaultSeed = 67280421310721;

  explicit Generator(uint64_t seed = kDefaultSeed) { manual_seed(seed); }

  /// Restarts from the low 32 bits of seed (so -1 counts as 0xFFFFFFFF) and empties the cache.
  void manual_seed(uint64_t seed);

  uint32_t word() {
    if (next_ == kBlock) refill();
    return words_[next_++];
  }

  /// Two words, the first in the high half.
  uint64_t random64() {
    const uint64_t high = word();
    return high << 32 | word();
  }

  /// Between 1 and `most` (>= 1) of the words that word() would return next; valid until the next
  /// call.
  std::span<const uint32_t> words(int64_t most) {
    if (next_ == kBlock) refill();
    const size_t count = std::min(kBlock - next_, static_cast<size_t>(most));
    next_ += count;
    return {words_.data() + next_ - count, count};
  }

  /// Uniform in [0, 1): the low 24 bits of a word for float, the low 53 bits of two for double.
  template <class T>
  T uniform() {
    if constexpr (std::is_same_v<T, float>)
      return static_cast<float>(word() & 0xFFFFFF) * 0x1p-24f;
    else
      return static_cast<double>(random64() & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
  }

  /// A standard normal number. Two are computed from four words; the second is cached for the next
  /// call.
  double normal();

  static constexpr size_t kBlock = 624;
  /// The complete state as integers: the position in the block of words, whether a normal number is
  /// cached, its bits, then the state of the Mersenne Twister.
  static constexpr size_t kStateSize = 3 + kBlock;
  std::array<int64_t, kStateSize> state() const;
  /// Restores a state. Returns false, and changes nothing, if no generator can have it.
  bool set_state(const std::array<int64_t, kStateSize>& state);

 private:
  void refill();
  void temper();

  std::array<uint32_t, kBlock> state_{};
  std::array<uint32_t, kBlock> words_{};
  size_t next_ = kBlock;
  std::optional<double> cached_normal_;
};

}  // namespace gradus

namespace gradus::kernels {

// T is float or double. Bounds and probabilities are double, as in PyTorch, and are rounded to T
// only where PyTorch does so. The arguments are valid: tensor/random.h checks them.

/// Uniform in [low, high), low <= high and high - low finite in T. One word for each float, two for
/// each double.
template <class T>
void fill_uniform(Generator& g, T* out, int64_t n, double low, double high);

/// Normal. Fewer than 16 numbers are fill_normal_pairs. From 16 on: one word for each float (two
/// for each double), and those of 16 more numbers if n is no multiple of 16.
template <class T>
void fill_normal(Generator& g, T* out, int64_t n, double mean, double std);

/// Normal, by Generator::normal: PyTorch's algorithm for fewer than 16 numbers, or for a tensor
/// that is not contiguous.
template <class T>
void fill_normal_pairs(Generator& g, T* out, int64_t n, double mean, double std);

/// Exponential with rate 1: -log(1 - u), in double. Two words each.
template <class T>
void fill_exponential(Generator& g, T* out, int64_t n);

/// 1 with probability p, else 0; T may also be int64_t or bool. Two words each.
template <class T>
void fill_bernoulli(Generator& g, T* out, int64_t n, double p);

/// out[i] is 1 with probability p[i], else 0. One word for each float, two for each double.
template <class T>
void fill_bernoulli_each(Generator& g, T* out, const T* p, int64_t n);

/// The factors of dropout: 0 with probability p, else 1 / (1 - p), for 0 < p < 1. Two words each.
template <class T>
void dropout_mask(Generator& g, T* mask, int64_t n, double p);
/// The same from MKL's generator MCG31m1, which is seeded by one word.
template <class T>
void dropout_mask_mkl(Generator& g, T* mask, int64_t n, double p);

/// Integers in [low, high), low < high. One word each, two if high - low >= 2^32.
void fill_randint(Generator& g, int64_t* out, int64_t n, int64_t low, int64_t high);

/// Integers in [0, 2^63). Two words each.
void fill_random(Generator& g, int64_t* out, int64_t n);

/// A permutation of 0 ... n-1. Uses n - 1 words.
void randperm(Generator& g, int64_t* out, int64_t n);

/// Draws `samples` categories, each with probability proportional to its weight in p (categories).
/// Weights are finite, not negative, and one of them is positive. A category of weight 0 is never
/// drawn.
///
/// Without replacement, or for a single sample: those with the largest p / e, where e is
/// exponential, two words for each category; there are at least as many positive weights as
/// samples. With replacement: by binary search in the cumulative sum of p, two words for each
/// sample. (Before PyTorch 2.0, a single sample was drawn like several.)
template <class T>
void multinomial(Generator& g, const T* p, int64_t categories, int64_t samples, bool replacement,
                 int64_t* out);

}  // namespace gradus::kernels
