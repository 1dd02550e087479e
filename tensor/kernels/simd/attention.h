// The parts of attention that are compiled per instruction set: one block of queries or of keys.
#pragma once

#include <cstdint>

#include "tensor/kernels/attention.h"
#include "tensor/kernels/isa.h"

namespace gradus::kernels {

constexpr int64_t kAttentionQueries = 128;      // of one block; a multiple of a panel
constexpr int64_t kMostAttentionQueries = 512;  // of one block, in the forward
constexpr int64_t kAttentionKeys = 64;          // of one block

/// The queries, or the keys, begin ... end - 1 of one head.
struct HeadRange {
  int64_t head;
  int64_t begin;
  int64_t end;
};

// attention_forward_block: y, m and l of a block of at most `queries` queries.
// attention_backward_block: dk and dv of a range of keys, and the contribution of these keys to the
// dq of all queries. `memory` holds ..._scratch_size numbers, where `keys` is the largest number of
// keys in a range.
GRADUS_DECLARE_PER_ISA(
    template <class T>
    int64_t attention_forward_scratch_size(const Attention<T>& attention, int64_t queries);
    template <class T>
    int64_t attention_backward_scratch_size(const Attention<T>& attention, int64_t keys);
    template <class T> void attention_forward_block(Heads<T> y, const SoftmaxSums<T>& sums,
                                                    const Attention<T>& attention,
                                                    const HeadRange& queries, T* memory);
    template <class T>
    void attention_backward_block(const AttentionGradients<T>& gradients,
                                  const Attention<T>& attention, const HeadRange& keys, T* memory);)

}  // namespace gradus::kernels
