// Llama (Touvron et al. 2023), from the answers to rms_norm, swiglu, rope and
// grouped_query_attention.
#pragma once
#include "exercises/10_rope/rope.h"
#include "exercises/12_grouped_query_attention/grouped_query_attention.h"
#include "exercises/16_rms_norm/rms_norm.h"
#include "exercises/17_swiglu/swiglu.h"
#include "exercises/20_llama/weights.h"

namespace mine {

/// h = x + attention(rms_norm(x)), then h + swiglu(rms_norm(h)).   x (B, T, C) -> (B, T, C)
Tensor llama_block(const Tensor& x, const LlamaBlock& block, const LlamaConfig& config);

/// What every step says about the next token.   tokens (B, T) int64 -> (B, T, V)
Tensor llama(const Tensor& tokens, const Llama& model);

/// The tokens, followed by `count` more, each the most likely one after all before it.
std::vector<int64_t> greedy(std::vector<int64_t> tokens, int64_t count, const Llama& model);

}  // namespace mine
