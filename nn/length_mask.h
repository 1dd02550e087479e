#pragma once
#include "autograd/ops.h"

namespace gradus::nn {

/// Which of T places hold a word of sentences that end after `lengths` words: (B) int64 of 1 ... T -> (B, T) bool.
inline Tensor length_mask(const char* op, const Tensor& lengths, int64_t B, int64_t T) {
  check(lengths.dtype() == kInt64 && lengths.sizes() == Shape{B}, "{}: lengths is {} {}, expected [{}] int64", op,
        lengths.sizes(), lengths.dtype(), B);
  const bool fit = logical_and(lengths >= 1, lengths <= T).sum().item<int64_t>() == B;
  check(fit, "{}: lengths is {}, expected numbers from 1 to {}", op, lengths, T);
  return arange(T) < lengths.unsqueeze(1);
}

}  // namespace gradus::nn
