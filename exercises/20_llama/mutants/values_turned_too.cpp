// caught by forward.the_attention_half
#include "exercises/20_llama/llama.h"

namespace mine {
namespace {

/// (B, T, heads D) -> (B, heads, T, D)
Tensor split_heads(const Tensor& x, int64_t heads) {
  const auto [B, T, all] = x.sizes<3>();
  return x.view({B, T, heads, all / heads}).transpose(1, 2);
}

Tensor attention(const Tensor& x, const LlamaBlock& block, const LlamaConfig& config) {
  const Tensor q =
      rope(split_heads(linear(x, block.wq), config.heads), 0, config.base);  // (B, H, T, D)
  const Tensor k =
      rope(split_heads(linear(x, block.wk), config.kv_heads), 0, config.base);  // (B, G, T, D)
  const Tensor v =
      rope(split_heads(linear(x, block.wv), config.kv_heads), 0, config.base);  // (B, G, T, D)
  const Tensor context = grouped_query_attention(q, k, v);                      // (B, H, T, D)
  return linear(context.transpose(1, 2).reshape(x.sizes()), block.wo);          // (B, T, C)
}

}  // namespace

Tensor llama_block(const Tensor& x, const LlamaBlock& block, const LlamaConfig& config) {
  const Tensor h = x + attention(rms_norm(x, block.attention_norm, config.eps), block, config);
  return h + swiglu(rms_norm(h, block.feed_forward_norm, config.eps), block.w1, block.w2, block.w3);
}

Tensor llama(const Tensor& tokens, const Llama& model) {
  Tensor x = embedding(model.embedding, tokens);  // (B, T, C)
  for (const LlamaBlock& block : model.blocks)
    x = llama_block(x, block, model.config);
  return linear(rms_norm(x, model.norm, model.config.eps), model.classifier);  // (B, T, V)
}

std::vector<int64_t> greedy(std::vector<int64_t> tokens, int64_t count, const Llama& model) {
  const NoGradGuard no_grad;
  for (int64_t i = 0; i < count; ++i) {
    const Tensor logits = llama(tensor(tokens).unsqueeze(0), model);  // (1, T, V)
    tokens.push_back(logits[0][-1].argmax().item<int64_t>());
  }
  return tokens;
}

}  // namespace mine
