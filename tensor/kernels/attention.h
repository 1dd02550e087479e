// Scaled dot-product attention and its gradient, for each head:
//
//   S = scale * q k^T + mask       (L, S)     scores; -inf where query i does not see key j
//   m = rowmax(S)                  (L)
//   l = rowsum(exp(S - m))         (L)
//   P = exp(S - m) / l             (L, S)     weights: the softmax of each row of S
//   y = (P * Z) v                  (L, Dv)    Z: the dropout factors, 0 or kept_scale
//
// and with dy, the gradient of y:
//
//   delta = rowsum(dy * y)         (L)
//   dP = (dy v^T) * Z              (L, S)
//   dS = P * (dP - delta)          (L, S)     gradient of the softmax
//   dq = scale * dS k              (L, D)
//   dk = scale * dS^T q            (S, D)
//   dv = (P * Z)^T dy              (S, Dv)
//
// L queries, S keys and values; D numbers in a query or key, Dv in a value. delta is the sum of
// P * dP along each row of the usual softmax gradient: rowsum(P * Z * (dy v^T)) = rowsum(dy * y).
//
// The fast version never has an (L, S) matrix in memory. Sources: Vaswani et al., "Attention is all
// you need" (2017); Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018); Dao
// et al., "FlashAttention" (2022).
#pragma once

#include <cstdint>

#include "tensor/kernels/gemm.h"     // contains no code, so files of simd/ may include it
#include "tensor/kernels/softmax.h"  // the same

namespace gradus::kernels {

/// One matrix per head. Matrix h begins at data + offsets[h]; its rows are row_stride apart, and
/// the elements of a row are contiguous.
template <class T>
struct Heads {
  T* data;
  int64_t row_stride;
  const int64_t* offsets;
};

/// A mask, given in one of two ways, or none. Element (i, j) of head h is at
/// offsets[h] + i * row_stride + j * col_stride. A query that sees no key gets y = 0.
template <class T>
struct AttentionMask {
  const T* added = nullptr;       // is added to the scores
  const bool* visible = nullptr;  // true: query i sees key j
  const int64_t* offsets = nullptr;
  int64_t row_stride = 0;
  int64_t col_stride = 0;
};

template <class T>
struct AttentionDropout {
  // Bit (h * L + i) * S + j is 1 if weight (i, j) of head h is kept. Null: no dropout.
  const uint64_t* kept = nullptr;
  T kept_scale = 1;  // multiplies the weights that are kept
};

/// The inputs of attention.
template <class T>
struct Attention {
  Heads<const T> q;  // (L, D)
  Heads<const T> k;  // (S, D)
  Heads<const T> v;  // (S, Dv)
  int64_t heads;     // in all: batch size times heads per sequence
  int64_t L;
  int64_t S;
  int64_t D;
  int64_t Dv;
  T scale;
  bool causal = false;  // query i sees the keys 0 ... i only
  AttentionMask<T> mask = {};
  AttentionDropout<T> dropout = {};
  // Of all products, if T is float and L > 4. The backward needs that of its forward: weights from
  // scores of another precision would not have the sums l.
  MatmulPrecision precision = MatmulPrecision::highest;
};

/// The outputs of the backward (dq, dk, dv) and its inputs in addition to those of the forward.
template <class T>
struct AttentionGradients {
  Heads<T> dq;          // (L, D)
  Heads<T> dk;          // (S, D)
  Heads<T> dv;          // (S, Dv)
  Heads<const T> dy;    // (L, Dv)
  Heads<const T> y;     // (L, Dv), from the forward
  SoftmaxSums<T> sums;  // (heads, L), from the forward
};

/// y (L, Dv) per head, and m and l (heads, L), from which the backward computes P again. A query
/// that sees no key has m = 0 and l = infinity, so that its P is 0.
template <class T>
void attention_forward(Heads<T> y, const SoftmaxSums<T>& sums, const Attention<T>& attention);

/// dq, dk and dv.
template <class T>
void attention_backward(const AttentionGradients<T>& gradients, const Attention<T>& attention);

/// The forward and the backward in plain loops, one query at a time and in double. The fast version
/// is tested against them.
template <class T>
void attention_reference(Heads<T> y, const SoftmaxSums<T>& sums, const Attention<T>& attention);
template <class T>
void attention_backward_reference(const AttentionGradients<T>& gradients,
                                  const Attention<T>& attention);

}  // namespace gradus::kernels
