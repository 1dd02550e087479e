#pragma once

#include <cstdint>

#include "tensor/kernels/attention.h"
#include "tensor/kernels/isa.h"

namespace gradus::kernels {

constexpr int64_t kAttentionQueries = 128;  // of one block, in panels of two vectors
constexpr int64_t kAttentionKeys = 64;      // of one block

/// Everything that the backward reads and writes besides its Attention.
template <class T>
struct AttentionGradients {
  Rows<T> dq, dk, dv;
  Rows<const T> dy, y;
  const T* lse;
};

// attention_queries: y and lse of the queries begin ... end - 1, at most kAttentionQueries, of head
// b. attention_keys: dk and dv of the keys begin ... end - 1 of head b, and their share of dq, to
// dq. Both use a buffer of attention_buffer numbers; keys is 0, or the most keys of attention_keys.
GRADUS_DECLARE_PER_ISA(template <class T>
                       int64_t attention_buffer(const Attention<T>& a, int64_t keys);
                       template <class T>
                       void attention_queries(Rows<T> y, T* lse, const Attention<T>& a, int64_t b,
                                              int64_t begin, int64_t end, T* buffer);
                       template <class T>
                       void attention_keys(const AttentionGradients<T>& g, const Attention<T>& a,
                                           int64_t b, int64_t begin, int64_t end, T* buffer);)

}  // namespace gradus::kernels
