// std::fma for WebAssembly, which has no instruction for it. That of wasi-libc (musl) computes with
// integers; this one takes a third of the time, which counts because every normally distributed
// number needs one. Both round once and give the same bits.
//
// With u = a * b as two numbers without error (Dekker), c + u is rounded to odd before the last
// sum: S. Boldo and G. Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms
// using rounding to odd", IEEE Transactions on Computers 57 (2008).
#include <bit>
#include <cmath>
#include <cstdint>

namespace {

/// An unevaluated sum; |low| is at most half a unit in the last place of `high`.
struct TwoNumbers {
  double high;
  double low;
};

/// a + b without error (Knuth).
TwoNumbers exact_sum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

/// The upper and the lower half of the bits of x (Veltkamp).
TwoNumbers halves(double x) {
  const double scaled = x * 0x1.0000002p27;
  const double high = scaled - (scaled - x);
  return {high, x - high};
}

/// a * b without error (Dekker).
TwoNumbers exact_product(double a, double b) {
  const double product = a * b;
  const TwoNumbers x = halves(a);
  const TwoNumbers y = halves(b);
  const double error = ((x.high * y.high - product) + x.high * y.low + x.low * y.high);
  return {product, error + x.low * y.low};
}

/// a + b rounded to odd: if the sum is not exact, the one of its two neighbours whose last bit is
/// 1. Without a branch, since half of all branches would be predicted wrongly.
double sum_rounded_to_odd(double a, double b) {
  const TwoNumbers sum = exact_sum(a, b);
  const auto bits = std::bit_cast<uint64_t>(sum.high);
  const auto error_bits = std::bit_cast<uint64_t>(sum.low);
  const uint64_t is_inexact = sum.low != 0 ? 1 : 0;
  const uint64_t must_move = is_inexact & ~bits & 1;
  const uint64_t signs_differ = (bits ^ error_bits) >> 63;  // then the neighbour towards zero
  return std::bit_cast<double>(bits + must_move - 2 * (must_move & signs_differ));
}

unsigned exponent_bits(double x) {
  return static_cast<unsigned>(std::bit_cast<uint64_t>(x) >> 52 & 0x7FF);
}

/// From 2^-511 to 2^512: no product or error term of such numbers overflows or underflows.
bool is_tame(double x) { return exponent_bits(x) - 0x200u < 0x400u; }

}  // namespace

extern "C" double __real_fma(double a, double b, double c);

/// Linked with --wrap=fma.
extern "C" double __wrap_fma(double a, double b, double c) {
  const double product = a * b;
  if (a == 0 || b == 0) return product + c;
  const bool safe = is_tame(a) && is_tame(b) && (c == 0 || is_tame(c)) &&
                    exponent_bits(product) - 0x180u <= 0x480u;
  if (!safe) [[unlikely]]
    return __real_fma(a, b, c);
  const TwoNumbers u = exact_product(a, b);
  const TwoNumbers t = exact_sum(c, u.low);
  const TwoNumbers v = exact_sum(u.high, t.high);
  return v.high + sum_rounded_to_odd(t.low, v.low);
}
