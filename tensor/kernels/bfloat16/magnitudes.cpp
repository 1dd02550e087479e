// The largest and the smallest magnitude of a matrix.
#include "tensor/kernels/bfloat16/pack.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

/// Magnitudes of floats, as their bits: these are in the order of the numbers.
struct Lanes {
  __m512i largest = _mm512_setzero_si512();
  __m512i smallest = _mm512_set1_epi32(-1);  // nonzero, minus 1: a zero is larger than all others

  void add(__m512i bits) {
    const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
    largest = _mm512_max_epu32(largest, magnitude);
    smallest = _mm512_min_epu32(smallest, _mm512_sub_epi32(magnitude, _mm512_set1_epi32(1)));
  }
};

/// Adds `count` numbers that follow one another.
GRADUS_INLINE void add_numbers(Lanes& lanes, const float* x, int64_t count) {
  for (int64_t i = 0; i < count; i += kLane)
    lanes.add(_mm512_maskz_loadu_epi32(first(count - i), x + i));
}

}  // namespace

Magnitudes bf16_magnitudes(const Matrix<const float>& x, int64_t rows, int64_t columns) {
  Lanes lanes;
  for (int64_t i = 0; i < rows; ++i) {
    const float* const row = x.data + i * x.row_stride;
    if (x.col_stride == 1) {
      add_numbers(lanes, row, columns);
      continue;
    }
    for (int64_t j = 0; j < columns; ++j)
      add_numbers(lanes, row + j * x.col_stride, 1);
  }
  alignas(64) uint32_t largest[kLane];
  alignas(64) uint32_t smallest[kLane];
  _mm512_store_si512(largest, lanes.largest);
  _mm512_store_si512(smallest, lanes.smallest);
  for (int i = 1; i < kLane; ++i) {
    if (largest[i] > largest[0]) largest[0] = largest[i];
    if (smallest[i] < smallest[0]) smallest[0] = smallest[i];
  }
  return {.largest = largest[0], .smallest = smallest[0] + 1};
}

}  // namespace gradus::kernels::GRADUS_ISA
