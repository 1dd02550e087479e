#pragma once
#include "nn/bahdanau_attention.h"

namespace gradus::nn {

struct LuongOptions {
  std::string score = "general";  // or "dot", "concat"
  int64_t window = 0;             // D of local-p attention; 0 looks at all words
};

/// Multiplicative attention (Luong, Pham and Manning 2015): the score of a decoder state s and an
/// encoder state h is
///   dot      s^T h
///   general  s^T W_a h
///   concat   v_a^T tanh(W_a [s; h])
/// Local-p looks only at words within D of a position p = S sigmoid(v_p^T tanh(W_p s)), S the
/// length of the sentence, and multiplies the weight of word i by exp(-(i - p)^2 / (2 sigma^2)),
/// sigma = D / 2.
struct LuongAttention : Module {
  const LuongOptions options;
  const Tensor W_a;  // general: (H, K), concat: (H, H + K)
  const Tensor v_a;  // concat: (1, H)
  const Tensor W_p;  // local-p: (H, H)
  const Tensor v_p;  // local-p: (1, H)

  LuongAttention(int64_t query_size, int64_t state_size, const LuongOptions& o = {})
      : options(o),
        W_a(matrix("W_a", o.score != "dot", query_size,
                   (o.score == "concat" ? query_size : 0) + state_size)),
        v_a(matrix("v_a", o.score == "concat", 1, query_size)),
        W_p(matrix("W_p", o.window != 0, query_size, query_size)),
        v_p(matrix("v_p", o.window != 0, 1, query_size)) {
    check(o.score == "dot" || o.score == "general" || o.score == "concat",
          "luong_attention: score is '{}', expected 'dot', 'general' or 'concat'", o.score);
    check(o.score != "dot" || query_size == state_size,
          "luong_attention: dot products need states of one size, the decoder's have {} and the "
          "encoder's {}",
          query_size, state_size);
    check(o.window >= 0, "luong_attention: window is {}, expected 0 or more", o.window);
  }

  /// The encoder states' share of the scores, the same for every query: h, W_a h, or the right part
  /// of W_a by h. states (B, S, K) -> (B, S, K or H)
  Tensor keys(const Tensor& states) const {
    if (options.score == "dot") return states;
    return linear(states, options.score == "general" ? W_a : W_a.slice(1, W_a.size(0)));
  }
  /// query (B, T, H), keys (B, S, K or H) -> (B, T, S)
  Tensor scores(const Tensor& query, const Tensor& keys) const {
    if (options.score !=
        "concat")  // the keys first: what every query adds to their gradient lies as they do
      return matmul(keys, query.transpose(-2, -1)).transpose(-2, -1);
    const Tensor left = linear(query, W_a.slice(1, 0, W_a.size(0)));              // (B, T, H)
    return linear(tanh(left.unsqueeze(2) + keys.unsqueeze(1)), v_a).squeeze(-1);  // (B, T, S)
  }
  /// p of local-p for sentences of the given lengths (B, 1, 1): query (B, T, H) -> (B, T, 1)
  Tensor positions(const Tensor& query, const Tensor& lengths) const {
    return sigmoid(linear(tanh(linear(query, W_p)), v_p)) * lengths;
  }

  /// (context, weights) of T decoder states: query (B, T, H), states (B, S, K) -> (B, T, K), (B, T,
  /// S). The mask (B, S) is bool, true: takes part. keys(states) is computed here unless it is
  /// given.
  std::tuple<Tensor, Tensor> forward(const Tensor& query, const Tensor& states,
                                     const Tensor& mask = {},
                                     const Tensor& keys_of_states = {}) const {
    const auto in_scope = scope();
    Tensor s = scores(query, keys_of_states.defined() ? keys_of_states : keys(states));
    Tensor near;  // (B, T, S)
    if (options.window > 0) {
      const Tensor lengths =
          (mask.defined() ? mask : ones({1, states.size(1)}, kBool)).sum(-1).view({-1, 1, 1});
      const Tensor distance = arange(states.size(1), query.dtype()) -
                              positions(query, lengths.to(query.dtype()));  // (B, T, S)
      const double sigma = static_cast<double>(options.window) / 2;
      s = s.masked_fill(abs(distance.detach()) > options.window, -INFINITY);
      near = exp(distance * distance / (-2 * sigma * sigma));
    }
    return weighted_states(query, s, states, mask, near);
  }
  template <class... T>
  auto operator()(const T&... x) const -> decltype(forward(x...)) {
    return forward(x...);
  }

 private:
  Tensor matrix(const char* name, bool needed, int64_t out, int64_t in) {
    return needed ? register_parameter(name, uniform_init({out, in}, in)) : Tensor();
  }
};

}  // namespace gradus::nn
