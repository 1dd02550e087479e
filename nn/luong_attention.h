#pragma once
#include "nn/linear.h"
#include "nn/weighted_states.h"

namespace gradus::nn {

/// The options of LuongAttention.
struct LuongOptions {
  std::string score = "general";  // or "dot", "concat"
  int64_t window = 0;             // D of local-p attention, in words; 10 in the paper; 0: no window
};

/// Multiplicative attention of a decoder state s over encoder states h (Luong, Pham and Manning
/// 2015, section 3.1):
///
///   score = s^T h                    "dot"
///   score = s^T W_a h                "general"
///   score = v_a^T tanh(W_a [s; h])   "concat"
///
/// With a window, local-p attention (section 3.2): only words i with |i - p| <= D take part, and
/// their weights are multiplied by a Gaussian around p. S is the number of words:
///
///   p      = S sigmoid(v_p^T tanh(W_p s))
///   factor = exp(-(i - p)^2 / (2 sigma^2)),  sigma = D / 2
struct LuongAttention : Layer<LuongAttention> {
  const LuongOptions options;
  const Tensor W_a;  // general: (H, K), concat: (H, H + K)
  const Tensor v_a;  // concat: (1, H)
  const Tensor W_p;  // local-p: (H, H)
  const Tensor v_p;  // local-p: (1, H)

  LuongAttention(int64_t query_size, int64_t state_size, const LuongOptions& luong_options = {})
      : options(luong_options),
        W_a(matrix("W_a", options.score != "dot", query_size,
                   (options.score == "concat" ? query_size : 0) + state_size)),
        v_a(matrix("v_a", options.score == "concat", 1, query_size)),
        W_p(matrix("W_p", options.window != 0, query_size, query_size)),
        v_p(matrix("v_p", options.window != 0, 1, query_size)) {
    check(options.score == "dot" || options.score == "general" || options.score == "concat",
          "luong_attention: score is '{}', expected 'dot', 'general' or 'concat'", options.score);
    check(options.score != "dot" || query_size == state_size,
          "luong_attention: dot products need states of one size, the decoder's have {} and the "
          "encoder's {}",
          query_size, state_size);
    check(options.window >= 0, "luong_attention: window is {}, expected 0 or more", options.window);
    set_extra_repr(
        {{"", query_size}, {"", state_size}, {"score", options.score}, {"window", options.window}});
  }

  /// The part of the score that is the same for every query: h for "dot", W_a h for "general", and
  /// for "concat" the columns of W_a that are multiplied by h, times h.
  /// states (B, S, K) -> (B, S, K or H)
  Tensor keys(const Tensor& states) const {
    if (options.score == "dot") return states;
    return linear(states, options.score == "general" ? W_a : W_a.slice(1, W_a.size(0)));
  }
  /// query (B, T, H), keys (B, S, K or H) -> (B, T, S)
  Tensor scores(const Tensor& query, const Tensor& keys) const {
    // The keys are the left operand, so that the gradients that the queries add to the keys have
    // the layout of the keys.
    if (options.score != "concat") return matmul(keys, query.transpose(-2, -1)).transpose(-2, -1);
    // W_a [s; h] = W_s s + W_h h; the keys are W_h h.
    const Tensor W_s = W_a.slice(1, 0, W_a.size(0));                 // (H, H)
    const Tensor from_query = linear(query, W_s);                    // (B, T, H)
    const Tensor sum = from_query.unsqueeze(2) + keys.unsqueeze(1);  // (B, T, S, H)
    return linear(tanh(sum), v_a).squeeze(-1);                       // (B, T, S)
  }
  /// p of local-p attention in sentences of the given lengths (B, 1, 1): query (B, T, H) ->
  /// (B, T, 1)
  Tensor positions(const Tensor& query, const Tensor& lengths) const {
    return sigmoid(linear(tanh(linear(query, W_p)), v_p)) * lengths;
  }

  /// (context (B, T, K), weights (B, T, S)) of T decoder states: query (B, T, H), states (B, S, K).
  /// The mask (B, S), bool, is true for the words that take part. A caller that attends to the same
  /// states several times passes keys(states), else it is computed here.
  std::tuple<Tensor, Tensor> forward(const Tensor& query, const Tensor& states,
                                     const Tensor& mask = {},
                                     const Tensor& keys_of_states = {}) const {
    const Tensor projected = keys_of_states.defined() ? keys_of_states : keys(states);
    const Tensor s = scores(query, projected);  // (B, T, S)
    if (options.window == 0) return weighted_states(query, s, states, mask);

    const int64_t S = states.size(1);
    const Tensor takes_part = mask.defined() ? mask : ones({1, S}, kBool);
    const Tensor lengths = takes_part.sum(-1).view({-1, 1, 1});
    const Tensor p = positions(query, lengths.to(query.dtype()));  // (B, T, 1)
    const Tensor distance = arange(S, query.dtype()) - p;          // (B, T, S): i - p
    const Tensor outside = abs(distance.detach()) > options.window;
    const double sigma = static_cast<double>(options.window) / 2;
    const Tensor in_window = s.masked_fill(outside, -INFINITY);              // (B, T, S)
    const Tensor factors = exp(distance * distance / (-2 * sigma * sigma));  // (B, T, S)
    return weighted_states(query, in_window, states, mask, factors);
  }

 private:
  Tensor matrix(const char* name, bool needed, int64_t out, int64_t in) {
    if (!needed) return {};
    return register_parameter(name, uniform_init(checked_sizes("luong_attention", {out, in}), in));
  }
};

}  // namespace gradus::nn
