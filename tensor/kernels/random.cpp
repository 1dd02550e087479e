// PyTorch's random numbers. Every rounding counts: this file and simd/normal.cpp are built with
// -ffp-contract=off, and where PyTorch rounds a * b + c once, they say fma.
#include "tensor/kernels/random.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "tensor/kernels/simd/normal.h"

namespace gradus {

void Generator::manual_seed(uint64_t seed) {
  state_[0] = static_cast<uint32_t>(seed);
  for (uint32_t j = 1; j < kBlock; ++j)
    state_[j] = 1812433253U * (state_[j - 1] ^ state_[j - 1] >> 30) + j;
  next_ = kBlock;
  cached_normal_.reset();
}

void Generator::refill() {
  // The recurrence of mt19937, 624 steps at once: three loops without a modulo, so that the
  // compiler can vectorise them.
  constexpr size_t kShift = 397;
  constexpr size_t kRest = kBlock - kShift;
  uint32_t* s = state_.data();
  const auto step = [](uint32_t current, uint32_t next, uint32_t far) {
    const uint32_t mixed = (current & 0x80000000U) | (next & 0x7FFFFFFFU);
    return far ^ mixed >> 1 ^ ((next & 1U) != 0 ? 0x9908B0DFU : 0U);
  };
  for (size_t i = 0; i < kRest; ++i)
    s[i] = step(s[i], s[i + 1], s[i + kShift]);
  for (size_t i = kRest; i < kBlock - 1; ++i)
    s[i] = step(s[i], s[i + 1], s[i - kRest]);
  s[kBlock - 1] = step(s[kBlock - 1], s[0], s[kShift - 1]);
  temper();
  next_ = 0;
}

/// Computes the words from the state.
void Generator::temper() {
  for (size_t i = 0; i < kBlock; ++i) {
    uint32_t y = state_[i];
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680U;
    y ^= y << 15 & 0xEFC60000U;
    words_[i] = y ^ y >> 18;
  }
}

std::array<int64_t, Generator::kStateSize> Generator::state() const {
  std::array<int64_t, kStateSize> state{};
  state[0] = static_cast<int64_t>(next_);
  state[1] = cached_normal_ ? 1 : 0;
  state[2] = std::bit_cast<int64_t>(cached_normal_.value_or(0));
  std::copy(state_.begin(), state_.end(), state.begin() + 3);
  return state;
}

bool Generator::set_state(const std::array<int64_t, kStateSize>& state) {
  const auto is_word = [](int64_t x) { return x >= 0 && x <= 0xFFFFFFFF; };
  const bool has_position = state[0] >= 0 && state[0] <= static_cast<int64_t>(kBlock);
  const bool has_cache = state[1] == 1;
  const double cached = std::bit_cast<double>(state[2]);
  if (!has_position || !(has_cache || state[1] == 0) || !std::isfinite(cached)) return false;
  if (!std::all_of(state.begin() + 3, state.end(), is_word)) return false;
  std::transform(state.begin() + 3, state.end(), state_.begin(),
                 [](int64_t x) { return static_cast<uint32_t>(x); });
  temper();
  next_ = static_cast<size_t>(state[0]);
  cached_normal_ = has_cache ? std::optional(cached) : std::nullopt;
  return true;
}

double Generator::normal() {
  if (cached_normal_) {
    const double value = *cached_normal_;
    cached_normal_.reset();
    return value;
  }
  // Box-Muller. The angle is drawn before the radius; fill_normal's blocks have the opposite order.
  const double angle = 2 * std::numbers::pi * uniform<double>();
  const double radius = std::sqrt(-2 * std::log(1 - uniform<double>()));
  cached_normal_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

}  // namespace gradus

namespace gradus::kernels {
namespace {

void fill_unit(Generator& g, float* out, int64_t n) {
  while (n > 0) {
    const std::span<const uint32_t> words = g.words(n);
    for (size_t i = 0; i < words.size(); ++i)
      out[i] = static_cast<float>(static_cast<int32_t>(words[i] & 0xFFFFFF));
    for (size_t i = 0; i < words.size(); ++i)
      out[i] *= 0x1p-24f;
    out += words.size();
    n -= static_cast<int64_t>(words.size());
  }
}

void fill_unit(Generator& g, double* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = g.uniform<double>();
}

}  // namespace

template <class T>
void fill_uniform(Generator& g, T* out, int64_t n, double low, double high) {
  const T from = static_cast<T>(low);
  const T to = static_cast<T>(high);
  fill_unit(g, out, n);
  if (from == 0 && to == 1) return;
  GRADUS_DISPATCH(stretch(out, n, from, to));
}

template <class T>
void fill_normal(Generator& g, T* out, int64_t n, double mean, double std) {
  if (n < 16) return fill_normal_pairs(g, out, n, mean, std);
  const T rounded_mean = static_cast<T>(mean);
  const T rounded_std = static_cast<T>(std);
  fill_unit(g, out, n);
  GRADUS_DISPATCH(normal_blocks(out, n, rounded_mean, rounded_std));
  if (n % 16 != 0) {
    // PyTorch draws the last 16 numbers again, also those that are already normal.
    fill_unit(g, out + n - 16, 16);
    GRADUS_DISPATCH(normal_blocks(out + n - 16, 16, rounded_mean, rounded_std));
  }
}

template <class T>
void fill_normal_pairs(Generator& g, T* out, int64_t n, double mean, double std) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = static_cast<T>(std::fma(g.normal(), std, mean));
}

template <class T>
void fill_exponential(Generator& g, T* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = static_cast<T>(-std::log(1 - g.uniform<double>()));
}

template <class T>
void fill_bernoulli(Generator& g, T* out, int64_t n, double p) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = static_cast<T>(g.uniform<double>() < p);
}

template <class T>
void fill_bernoulli_each(Generator& g, T* out, const T* p, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = static_cast<T>(g.uniform<T>() < p[i]);
}

template <class T>
void dropout_mask(Generator& g, T* mask, int64_t n, double p) {
  // A number is kept if u < 1 - p, where u = r / 2^53 for the low 53 bits r of two words. The
  // comparison is made in integers: r < ceil(2^53 (1 - p)).
  constexpr uint64_t kBits = (uint64_t{1} << 53) - 1;
  const double keep = 1 - p;
  const auto least_dropped = static_cast<uint64_t>(std::ceil(keep * 0x1p53));
  const T scale = 1 / static_cast<T>(keep);
  const auto kept = [=](uint64_t high, uint64_t low) {
    return ((high << 32 | low) & kBits) < least_dropped ? scale : T{0};
  };
  for (int64_t i = 0; i < n;) {
    const std::span<const uint32_t> words = g.words(2 * (n - i));
    const auto pairs = static_cast<int64_t>(words.size() / 2);
    const uint32_t* const word = words.data();
    T* const out = mask + i;
    for (int64_t k = 0; k < pairs; ++k)
      out[k] = kept(word[2 * k], word[2 * k + 1]);
    i += pairs;
    if (words.size() % 2 == 0) continue;
    const uint64_t high = words.back();
    mask[i++] = kept(high, g.word());
  }
}

template <class T>
void dropout_mask_mkl(Generator& g, T* mask, int64_t n, double p) {
  constexpr uint64_t kModulus = 0x7FFFFFFF;
  constexpr uint64_t kMultiplier = 1132489760;  // of MCG31m1
  const double keep = 1 - p;
  const T scale = 1 / static_cast<T>(keep);
  uint64_t x = g.word() % kModulus;
  if (x == 0) x = 1;
  for (int64_t i = 0; i < n; ++i) {
    mask[i] = static_cast<double>(x) / static_cast<double>(kModulus) < keep ? scale : T{0};
    x = x * kMultiplier % kModulus;
  }
}

void fill_randint(Generator& g, int64_t* out, int64_t n, int64_t low, int64_t high) {
  const uint64_t from = static_cast<uint64_t>(low);
  const uint64_t range = static_cast<uint64_t>(high) - from;  // may exceed 2^63
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t random = range >> 32 != 0 ? g.random64() : g.word();
    out[i] = static_cast<int64_t>(random % range + from);
  }
}

void fill_random(Generator& g, int64_t* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = static_cast<int64_t>(g.random64() & INT64_MAX);
}

void randperm(Generator& g, int64_t* out, int64_t n) {
  std::iota(out, out + n, int64_t{0});
  for (int64_t i = 0; i + 1 < n; ++i)
    std::swap(out[i], out[i + static_cast<int64_t>(g.word()) % (n - i)]);
}

namespace {

template <class T>
void draw_with_replacement(Generator& g, const T* p, int64_t categories, int64_t samples,
                           int64_t* out) {
  std::vector<T> cumulative(static_cast<size_t>(categories));
  std::partial_sum(p, p + categories, cumulative.begin());
  const T total = cumulative.back();
  for (T& value : cumulative)
    value /= total;
  cumulative.back() = 1;
  for (int64_t k = 0; k < samples; ++k) {
    // u = 0 would select the first category even if its weight is 0.
    const double u = std::max(g.uniform<double>(), 0x1p-54);
    out[k] = std::lower_bound(cumulative.begin(), cumulative.end(), u) - cumulative.begin();
  }
}

template <class T>
void draw_without_replacement(Generator& g, const T* p, int64_t categories, int64_t samples,
                              int64_t* out) {
  std::vector<T> quotients(static_cast<size_t>(categories));
  fill_exponential(g, quotients.data(), categories);
  std::vector<int64_t> drawable;
  for (int64_t i = 0; i < categories; ++i) {
    if (p[i] > 0) drawable.push_back(i);
  }
  for (const int64_t i : drawable)
    quotients[static_cast<size_t>(i)] = p[i] / quotients[static_cast<size_t>(i)];
  const auto larger = [&](int64_t a, int64_t b) {
    const T x = quotients[static_cast<size_t>(a)];
    const T y = quotients[static_cast<size_t>(b)];
    return x > y || (x == y && a < b);
  };
  std::partial_sort_copy(drawable.begin(), drawable.end(), out, out + samples, larger);
}

}  // namespace

template <class T>
void multinomial(Generator& g, const T* p, int64_t categories, int64_t samples, bool replacement,
                 int64_t* out) {
  if (replacement && samples != 1)
    draw_with_replacement(g, p, categories, samples, out);
  else
    draw_without_replacement(g, p, categories, samples, out);
}

#define GRADUS_INSTANTIATE(T)                                               \
  template void fill_uniform(Generator&, T*, int64_t, double, double);      \
  template void fill_normal(Generator&, T*, int64_t, double, double);       \
  template void fill_normal_pairs(Generator&, T*, int64_t, double, double); \
  template void fill_exponential(Generator&, T*, int64_t);                  \
  template void fill_bernoulli(Generator&, T*, int64_t, double);            \
  template void fill_bernoulli_each(Generator&, T*, const T*, int64_t);     \
  template void dropout_mask(Generator&, T*, int64_t, double);              \
  template void dropout_mask_mkl(Generator&, T*, int64_t, double);          \
  template void multinomial(Generator&, const T*, int64_t, int64_t, bool, int64_t*);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)
template void fill_bernoulli(Generator&, int64_t*, int64_t, double);
template void fill_bernoulli(Generator&, bool*, int64_t, double);

}  // namespace gradus::kernels
