#pragma once
#include "autograd/ops.h"

namespace gradus::nn {

/// The mask of B sequences that are padded to S steps: true for the first lengths[b] steps.
/// lengths (B) int64, each from 1 to S -> (B, S) bool. `op` is named in errors.
inline Tensor length_mask(const char* op, const Tensor& lengths, int64_t B, int64_t S) {
  check(lengths.dtype() == kInt64 && lengths.sizes() == Shape{B},
        "{}: lengths is {} {}, expected [{}] int64", op, lengths.sizes(), lengths.dtype(), B);
  const int64_t valid = logical_and(lengths >= 1, lengths <= S).sum().item<int64_t>();
  check(valid == B, "{}: lengths is {}, expected numbers from 1 to {}", op, lengths, S);
  return arange(S) < lengths.unsqueeze(1);
}

}  // namespace gradus::nn
