// The same model in plain loops over numbers, one token after the other: slow, and without a tensor
// op in it.
#pragma once
#include <cmath>

#include "exercises/20_llama/weights.h"

namespace gradus::by_loops {

using Row = std::vector<double>;

inline Row row(const Tensor& x, int64_t i = 0) {
  const Tensor numbers = (x.dim() > 1 ? x[i] : x).detach().to(kFloat64).contiguous();
  return {numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel()};
}

inline Row times(const Tensor& matrix, const Row& x) {
  Row y;
  for (int64_t i = 0; i < matrix.size(0); ++i) {
    const Row weights = row(matrix, i);
    y.push_back(0);
    for (size_t j = 0; j < x.size(); ++j)
      y.back() += weights[j] * x[j];
  }
  return y;
}

inline Row norm(Row x, const Tensor& weight, double eps) {
  double squares = 0;
  for (const double value : x)
    squares += value * value;
  const Row scale = row(weight);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = x[i] / std::sqrt(squares / static_cast<double>(scale.size()) + eps) * scale[i];
  return x;
}

inline void turn(Row& x, size_t D, double position, double base) {
  for (size_t i = 0; i < x.size(); i += 2) {
    const double angle =
        position / std::pow(base, static_cast<double>(i % D) / static_cast<double>(D));
    const double even = x[i];
    const double odd = x[i + 1];
    x[i] = even * std::cos(angle) - odd * std::sin(angle);
    x[i + 1] = even * std::sin(angle) + odd * std::cos(angle);
  }
}

/// One block for one token, the keys and values of those before it at hand.
struct Block {
  const LlamaBlock& w;
  const LlamaConfig& config;
  std::vector<Row> keys = {}, values = {};

  Row operator()(Row x) {
    const auto H = static_cast<size_t>(config.heads);
    const auto share = H / static_cast<size_t>(config.kv_heads);
    const size_t D = x.size() / H;
    const auto position = static_cast<double>(keys.size());
    const Row in = norm(x, w.attention_norm, config.eps);
    Row q = times(w.wq, in);
    Row k = times(w.wk, in);
    Row context(x.size());
    turn(q, D, position, config.base);
    turn(k, D, position, config.base);
    keys.push_back(k);
    values.push_back(times(w.wv, in));
    for (size_t h = 0; h < H; ++h) {
      const size_t from = h * D;
      const size_t shared = h / share * D;  // its offset in keys and values
      Row weights;
      double sum = 0;
      for (const Row& key : keys) {
        double score = 0;
        for (size_t i = 0; i < D; ++i)
          score += q[from + i] * key[shared + i];
        weights.push_back(std::exp(score / std::sqrt(static_cast<double>(D))));
        sum += weights.back();
      }
      for (size_t s = 0; s < keys.size(); ++s)
        for (size_t i = 0; i < D; ++i)
          context[from + i] += weights[s] / sum * values[s][shared + i];
    }
    const Row attended = times(w.wo, context);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] += attended[i];

    const Row middle = norm(x, w.feed_forward_norm, config.eps);
    Row gate = times(w.w1, middle);
    Row up = times(w.w3, middle);
    for (size_t i = 0; i < gate.size(); ++i)
      gate[i] *= up[i] / (1 + std::exp(-gate[i]));
    const Row down = times(w.w2, gate);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] += down[i];
    return x;
  }
};

/// What a block makes of each text.   x (B, T, C) -> (B, T, C)
inline Tensor block(const Tensor& x, const LlamaBlock& w, const LlamaConfig& config) {
  const Tensor y = empty(x.sizes(), kFloat64);
  double* to = y.data_ptr<double>();
  for (int64_t b = 0; b < x.size(0); ++b) {
    Block of_text{w, config};
    for (int64_t t = 0; t < x.size(1); ++t) {
      const Row step = of_text(row(x[b], t));
      to = std::copy(step.begin(), step.end(), to);
    }
  }
  return y;
}

/// The logits of each step of one text.   T tokens -> (T, V)
inline Tensor llama(const std::vector<int64_t>& tokens, const Llama& model) {
  std::vector<Block> blocks;
  for (const LlamaBlock& w : model.blocks)
    blocks.push_back({w, model.config});
  const Tensor y = empty({std::ssize(tokens), model.classifier.size(0)}, kFloat64);
  double* to = y.data_ptr<double>();
  for (const int64_t token : tokens) {
    Row x = row(model.embedding, token);
    for (Block& each : blocks)
      x = each(x);
    const Row logits = times(model.classifier, norm(x, model.norm, model.config.eps));
    to = std::copy(logits.begin(), logits.end(), to);
  }
  return y;
}

}  // namespace gradus::by_loops
