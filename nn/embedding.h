#pragma once
#include "nn/module.h"

namespace gradus::nn {

/// A table with a learned vector for each of `rows` words.   indices (...) int64 -> (..., dim)
struct Embedding : Module {
  const Tensor weight;  // (rows, dim)

  Embedding(int64_t rows, int64_t dim) : weight(register_parameter("weight", randn({rows, dim}))) {}

  Tensor forward(const Tensor& indices) const {
    const auto in_scope = scope();
    return embedding(weight, indices);
  }
  Tensor operator()(const Tensor& indices) const { return forward(indices); }
};

}  // namespace gradus::nn
