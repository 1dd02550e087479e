#pragma once
#include "nn/linear.h"
#include "nn/weighted_states.h"

namespace gradus::nn {

/// Additive attention of a decoder state s over encoder states h (Bahdanau, Cho and Bengio 2015,
/// appendix A.1.2):
///
///   score   = v^T tanh(W_query s + W_key h)
///   weights = softmax of the scores over all encoder states
///   context = sum of weights * h
struct BahdanauAttention : Layer<BahdanauAttention> {
  const Linear W_query;  // (A, H)
  const Linear W_key;    // (A, K)
  const Linear v;        // (1, A)

  BahdanauAttention(int64_t query_size, int64_t state_size, int64_t attention_size)
      : W_query(register_module("W_query", Linear(size("query_size", query_size),
                                                  size("attention_size", attention_size), false))),
        W_key(register_module("W_key",
                              Linear(size("state_size", state_size), attention_size, false))),
        v(register_module("v", Linear(attention_size, 1, false))) {}

  /// W_key h, which is the same for every query: states (B, S, K) -> (B, S, A)
  Tensor keys(const Tensor& states) const { return W_key(states); }
  /// query (B, T, H), keys (B, S, A) -> (B, T, S)
  Tensor scores(const Tensor& query, const Tensor& keys) const {
    const Tensor sum = W_query(query).unsqueeze(2) + keys.unsqueeze(1);  // (B, T, S, A)
    return v(tanh(sum)).squeeze(-1);                                     // (B, T, S)
  }

  /// (context (B, T, K), weights (B, T, S)) of T decoder states: query (B, T, H), states (B, S, K).
  /// The mask (B, S), bool, is true for the words that take part. A caller that attends to the same
  /// states several times passes keys(states), else it is computed here.
  std::tuple<Tensor, Tensor> forward(const Tensor& query, const Tensor& states,
                                     const Tensor& mask = {},
                                     const Tensor& keys_of_states = {}) const {
    const Tensor projected = keys_of_states.defined() ? keys_of_states : keys(states);  // (B, S, A)
    return weighted_states(query, scores(query, projected), states, mask);
  }

 private:
  static int64_t size(const char* name, int64_t size) {
    return checked_size("bahdanau_attention", name, size);
  }
};

}  // namespace gradus::nn
