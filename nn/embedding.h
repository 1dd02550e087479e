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
    print_sizes();
  }
  /// Shares an existing table.
  explicit Embedding(const Tensor& w) : weight(register_parameter("weight", w)) {
    check(w.dim() == 2, "embedding: the weight is {}, expected [rows, dim]", w.sizes());
    print_sizes();
  }
  /// The same with a table that is not trained, unless freeze is false.
  static Embedding from_pretrained(const Tensor& w, bool freeze = true) {
    Embedding layer(w);
    layer.weight.requires_grad_(!freeze);
    return layer;
  }

  Tensor forward(const Tensor& indices) const { return embedding(weight, indices); }

 private:
  void print_sizes() const { set_extra_repr({{"", weight.size(0)}, {"", weight.size(1)}}); }
};

}  // namespace gradus::nn
