#include "exercises/20_llama/llama.h"

namespace mine {

Tensor llama_block(const Tensor& x, const LlamaBlock& block, const LlamaConfig& config) {
  // x (B, T, C) -> (B, T, C)
  todo("llama_block: attention, then feed-forward");
}

Tensor llama(const Tensor& tokens, const Llama& model) {
  // tokens (B, T) -> (B, T, V)
  todo("llama: from tokens to logits");
}

std::vector<int64_t> greedy(std::vector<int64_t> tokens, int64_t count, const Llama& model) {
  // the tokens and `count` more
  todo("greedy: the most likely token, again and again");
}

}  // namespace mine
