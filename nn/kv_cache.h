#pragma once
#include "autograd/ops.h"

namespace gradus::nn {

/// The keys and values of the tokens that an attention layer has read. With a cache, a forward
/// pass takes only the tokens that follow, and computes their keys and values alone:
///
///   const NoGradGuard no_grad;
///   std::vector<nn::KVCache> caches;                      // one for each block of the model
///   Tensor logits = model(prompt, nullptr, {}, &caches);  // (B, T) -> (B, T, V)
///   logits = model(next, nullptr, {}, &caches);           // (B, 1) -> (B, 1, V)
///
/// A smaller length forgets the last tokens, 0 all of them. A forward pass that throws leaves the
/// length as it was. A copy has tensors of its own, so that one text can be continued in two ways.
struct KVCache {
  Tensor k, v;         // (B, H, context_length, D); allocated by the first forward pass
  int64_t length = 0;  // the number of tokens in k and v

  KVCache() = default;
  KVCache(const KVCache& other) : k(copy_of(other.k)), v(copy_of(other.v)), length(other.length) {}
  KVCache(KVCache&&) = default;
  KVCache& operator=(KVCache other) noexcept {
    k = std::move(other.k);
    v = std::move(other.v);
    length = other.length;
    return *this;
  }
  ~KVCache() = default;

  /// Throws if T tokens more do not fit, or if the keys and values so far are not of this shape,
  /// sizes = (B, H, context_length, D), and dtype. The message begins with the layer.
  void check_fits(const char* layer, int64_t T, const Shape& sizes, DType dtype) const {
    check(length >= 0, "{}: the length of the cache is {}, expected 0 or more", layer, length);
    check(T <= sizes[2] - length, "{}: {} tokens after the {} in the cache, expected at most {}",
          layer, T, length, sizes[2]);
    if (length == 0) return;
    for (const Tensor& x : {k, v}) {
      check(x.defined(), "{}: the length of the cache is {}, and it has no keys or values", layer,
            length);
      check(x.sizes() == sizes && x.dtype() == dtype,
            "{}: the cache is {} {}, expected {} {}: it is of another model or another batch",
            layer, x.sizes(), x.dtype(), sizes, dtype);
    }
  }
  /// Writes the keys and values of T tokens, (B, H, T, D) each, after the others, and returns all:
  /// views (B, H, length + T, D). The length stays as it is.
  std::pair<Tensor, Tensor> write(const Tensor& new_k, const Tensor& new_v,
                                  int64_t context_length) {
    return {written(k, new_k, context_length), written(v, new_v, context_length)};
  }

 private:
  static Tensor copy_of(const Tensor& x) { return x.defined() ? x.clone() : x; }
  Tensor written(Tensor& all, const Tensor& rows, int64_t context_length) const {
    const auto [B, H, T, D] = rows.sizes<4>();
    const Shape sizes{B, H, context_length, D};
    if (!all.defined() || all.sizes() != sizes || all.dtype() != rows.dtype())
      all = empty(sizes, rows.dtype());
    all.narrow(2, length, T).copy_(rows);
    return all.narrow(2, 0, length + T);
  }
};

/// Returns forward(). If it throws, the `count` caches, which have one length, get it back.
template <class Forward>
Tensor with_lengths_kept_on_error(KVCache* caches, size_t count, const Forward& forward) {
  const int64_t length = count > 0 ? caches->length : 0;
  try {
    return forward();
  } catch (...) {
    for (size_t i = 0; i < count; ++i)
      caches[i].length = length;
    throw;
  }
}

}  // namespace gradus::nn
