// LoRA: low-rank adaptation of a trained layer (Hu et al. 2021).
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// base(x) + alpha / rank * (x A^T) B^T, of which only A and B are learned.   x (..., in) -> (...,
/// out)
struct LoRA : nn::Module {
  const nn::Linear base;  // weight (out, in), bias (out) or undefined: frozen, and not registered
  const Tensor A;         // (rank, in), at first as a Linear's weight
  const Tensor B;         // (out, rank), at first zero
  const double scale;     // alpha / rank

  LoRA(const nn::Linear& layer, int64_t rank, double alpha);

  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }

  /// A Linear of its own that does what this layer does.
  nn::Linear merged() const;
};

}  // namespace mine
