// Shared by the tests of layers: inputs, and PyTorch's results.
#pragma once
#include "tests/golden.h"

namespace gradus::testing {

/// The book's sentence of six words with three numbers each, (6, 3).
inline Tensor words() { return golden("01_simplified_self_attention/inputs"); }
/// The same sentence twice, (2, 6, 3).
inline Tensor two_texts() { return stack({words(), words()}); }

inline Tensor mean_square(const Tensor& y) { return (y * y).mean(); }

/// The number of parameters of a module.
inline int64_t count(const nn::Module& module) {
  int64_t n = 0;
  for (const Tensor& p : module.parameters())
    n += p.numel();
  return n;
}

/// A result of PyTorch's layers, from tests/torch_layers.tsv.
inline Tensor torch_layer(const std::string& name) {
  static const std::map<std::string, Tensor> all =
      lessons::golden::read_tensors(GRADUS_SOURCE_DIR "/tests/torch_layers.tsv");
  return all.at(name);
}

}  // namespace gradus::testing
