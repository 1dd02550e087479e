#pragma once

#include <cstdint>

namespace gradus::kernels {

/// `batch` matrices whose rows lie `row` apart, each row's numbers side by side; number b begins at
/// data + at[b].
template <class T>
struct Rows {
  T* data;
  int64_t row;
  const int64_t* at;
};

/// softmax(q k^T scale + mask) v for each of `batch` heads: L queries and S keys of D numbers, S
/// values of Dv numbers.
template <class T>
struct Attention {
  Rows<const T> q, k, v;
  int64_t batch, L, S, D, Dv;
  T scale;
  bool causal;  // query i sees keys 0 ... i
  // What is added to the scores, or which keys take part (or neither): element (b, i, j) is at
  // mask_at[b] + i * mask_row + j * mask_col. A query that sees nothing gets zeros.
  const T* added;
  const bool* visible;
  const int64_t* mask_at;
  int64_t mask_row, mask_col;
  // Dropout, or null: bit n of the whole (batch, L, S) says whether weight n is kept and multiplied
  // by kept_scale.
  const uint64_t* kept;
  T kept_scale;
};

/// y (batch, L, Dv), and lse (batch, L), the logarithm of the sum that the softmax divides by: with
/// it the backward finds every weight anew. The (L, S) weights are never in memory: blocks of keys
/// are taken one after the other, with a running maximum and sum for each query (Dao et al. 2022).
template <class T>
void attention(Rows<T> y, T* lse, const Attention<T>& a);

/// The gradients of q, k and v from that of y.
template <class T>
void attention_backward(Rows<T> dq, Rows<T> dk, Rows<T> dv, Rows<const T> dy, Rows<const T> y,
                        const T* lse, const Attention<T>& a);

}  // namespace gradus::kernels
