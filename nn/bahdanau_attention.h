#pragma once
#include "nn/linear.h"

namespace gradus::nn {

/// (context, weights) of decoder states `query` (B, T, H) whose scores (B, T, S) are known: the
/// weights are softmax(scores) over the words of the mask (B, S), bool, times `factors` if given;
/// the context (B, T, K) is their sum of the encoder's states (B, S, K).
inline std::tuple<Tensor, Tensor> weighted_states(const Tensor& query, const Tensor& scores,
                                                  const Tensor& states, const Tensor& mask,
                                                  const Tensor& factors = {}) {
  check(query.dim() == 3 && states.dim() == 3,
        "attention: query {} and states {}, expected [B, T, H] and [B, S, K]", query.sizes(),
        states.sizes());
  if (mask.defined())
    check(mask.dtype() == kBool && mask.dim() == 2,
          "attention: the mask is {} {}, expected [B, S] bool: true takes part", mask.sizes(),
          mask.dtype());
  Tensor weights =
      mask.defined() ? masked_softmax(scores.masked_fill(logical_not(mask.unsqueeze(1)), -INFINITY))
                     : softmax(scores, -1);  // (B, T, S)
  if (factors.defined()) weights = weights * factors;
  return {matmul(weights, states), weights};
}

/// Additive attention: score = v^T tanh(W_query s + W_key h) of a decoder state s and each encoder
/// state h (Bahdanau, Cho and Bengio 2015, appendix A.1.2).
struct BahdanauAttention : Module {
  const Linear W_query, W_key;  // (A, H) and (A, K)
  const Linear v;               // (1, A)

  BahdanauAttention(int64_t query_size, int64_t state_size, int64_t attention_size)
      : W_query(register_module("W_query", Linear(query_size, attention_size, false))),
        W_key(register_module("W_key", Linear(state_size, attention_size, false))),
        v(register_module("v", Linear(attention_size, 1, false))) {}

  /// The encoder states' share of the scores, the same for every query.   states (B, S, K) -> (B,
  /// S, A)
  Tensor keys(const Tensor& states) const { return W_key(states); }
  /// query (B, T, H), keys (B, S, A) -> (B, T, S)
  Tensor scores(const Tensor& query, const Tensor& keys) const {
    const Tensor sum = W_query(query).unsqueeze(2) + keys.unsqueeze(1);  // (B, T, S, A)
    return v(tanh(sum)).squeeze(-1);                                     // (B, T, S)
  }

  /// (context, weights) of T decoder states: query (B, T, H), states (B, S, K) -> (B, T, K), (B, T,
  /// S). The mask (B, S) is bool, true: takes part. keys(states) is computed here unless it is
  /// given.
  std::tuple<Tensor, Tensor> forward(const Tensor& query, const Tensor& states,
                                     const Tensor& mask = {},
                                     const Tensor& keys_of_states = {}) const {
    const auto in_scope = scope();
    return weighted_states(query,
                           scores(query, keys_of_states.defined() ? keys_of_states : keys(states)),
                           states, mask);
  }
  template <class... T>
  auto operator()(const T&... x) const -> decltype(forward(x...)) {
    return forward(x...);
  }
};

}  // namespace gradus::nn
