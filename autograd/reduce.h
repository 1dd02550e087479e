// What the reductions share. This header is internal: reduce.cpp and statistics.cpp include it.
#pragma once
#include "autograd/ops.h"
#include "autograd/record.h"

namespace gradus::reduction {

/// x as a contiguous array (outer, size, inner), with the dimensions to reduce in the middle.
struct Arranged {
  Tensor x;
  int64_t outer = 1;
  int64_t size = 1;
  int64_t inner = 1;
  Shape given;    // x's sizes
  Shape kept;     // x's sizes, with 1 for the reduced dimensions
  Shape dropped;  // x's sizes without the reduced dimensions
  const Shape& sizes(bool keepdim) const { return keepdim ? kept : dropped; }
};

/// Arranges x for a reduction over `dim`, or over all dimensions if it is empty.
Arranged arrange(const char* op, const Tensor& x, const Shape& dim);
/// Throws if there is no element to reduce although there are results.
void check_not_empty(const char* op, const Arranged& in);

/// The op sum; errors name `op` instead.
Tensor total(const char* op, const Tensor& x, const Shape& dim, bool keepdim);

enum class Extremum { max, min };
/// The largest or smallest element over the dimensions `dim`.
Tensor extreme(OpName op, Extremum which, const Tensor& x, const Shape& dim, bool keepdim);

}  // namespace gradus::reduction
