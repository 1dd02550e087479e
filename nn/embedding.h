#pragma once
#include "nn/layer.h"

namespace gradus::nn {

/// A table with one learned vector for each of `rows` token ids.
/// indices (...) int64 -> (..., dim)
struct Embedding : Layer<Embedding> {
  const Tensor weight;  // (rows, dim)

  Embedding(int64_t rows, int64_t dim)
      : weight(register_parameter(
            "weight", randn(checked_sizes("embedding", {checked_size("embedding", "rows", rows),
                                                        checked_size("embedding", "dim", dim)})))) {
  }

  Tensor forward(const Tensor& indices) const { return embedding(weight, indices); }
};

}  // namespace gradus::nn
