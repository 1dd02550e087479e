#include "nn/gpt.h"

namespace gradus::nn {
namespace {

/// Makes the caches of `layers` blocks if there are none. Returns the number of tokens in them.
int64_t past_tokens(std::vector<KVCache>& caches, size_t layers) {
  check(layers > 0, "gpt: a model without blocks has no cache");
  if (caches.empty()) caches.resize(layers);
  check(caches.size() == layers, "gpt: {} caches, expected one for each of the {} blocks",
        caches.size(), layers);
  for (size_t i = 1; i < layers; ++i)
    check(caches[i].length == caches[0].length,
          "gpt: cache {} has {} tokens and cache 0 has {}, expected the same", i, caches[i].length,
          caches[0].length);
  check(caches[0].length >= 0, "gpt: the length of the caches is {}, expected 0 or more",
        caches[0].length);
  return caches[0].length;
}

}  // namespace

Tensor Gpt::run(const Tensor& ids, std::vector<AttentionTrace>* traces, const Tensor& mask,
                std::vector<KVCache>* caches, const Tensor& positions, bool with_head) const {
  const auto [B, T] = ids.sizes<2>();
  const int64_t past = caches ? past_tokens(*caches, trf_blocks.size()) : 0;
  check(T <= config.context_length - past, "gpt: {} tokens{}, expected at most {}", T,
        past > 0 ? fmt::format(" after the {} in the caches", past) : "", config.context_length);
  check(!positions.defined() || positions.sizes() == Shape{T} || positions.sizes() == ids.sizes(),
        "gpt: the positions are {}, expected [{}] or [{}, {}], one for each token",
        positions.defined() ? positions.sizes() : Shape{}, T, B, T);
  const Tensor at = positions.defined() ? positions : arange(past, past + T);  // (T) or (B, T)
  if (traces) traces->assign(trf_blocks.size(), {});
  const auto cache_of = [&](size_t i) { return caches ? &(*caches)[i] : nullptr; };
  return with_lengths_kept_on_error(cache_of(0), caches ? caches->size() : 0, [&] {
    Tensor x = drop_emb(tok_emb(ids) + pos_emb(at));  // (B, T, C)
    for (size_t i = 0; i < trf_blocks.size(); ++i)
      x = trf_blocks[i](x, traces ? &(*traces)[i] : nullptr, mask, cache_of(i));  // (B, T, C)
    x = final_norm(x);                                                            // (B, T, C)
    return with_head ? out_head(x) : x;                                           // (B, T, V)
  });
}

void init_gpt2_(const Gpt& model) {
  const NoGradGuard no_grad;
  constexpr double kStd = 0.02;
  const double residual_std = kStd / std::sqrt(2.0 * static_cast<double>(model.config.n_layers));
  const auto is_residual = [&](const Tensor& weight) {
    return std::any_of(model.trf_blocks.begin(), model.trf_blocks.end(), [&](const GptBlock& b) {
      return weight.is_same(b.att.out_proj.weight) || weight.is_same(b.ff.fc2.weight);
    });
  };
  for (const auto& [name, p] : model.named_parameters()) {
    const bool is_norm_weight = p.dim() == 1 && name.ends_with(".weight");
    if (p.dim() == 2)
      p.normal_(0, is_residual(p) ? residual_std : kStd);
    else
      p.fill_(is_norm_weight ? 1.0 : 0.0);
  }
}

}  // namespace gradus::nn
