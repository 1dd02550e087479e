// What a Llama is made of, as the functions of this exercise take it.
#pragma once
#include "exercises/exercise.h"

namespace gradus {

struct LlamaConfig {
  int64_t heads = 0;           // H, of the queries
  int64_t kv_heads = 0;        // G, of the keys and values
  int64_t context_length = 0;  // the most tokens that it was trained on
  double eps = 1e-5;           // of rms_norm
  double base = 10000;         // of rope
};

/// One block. Matrices have the layout of nn::Linear, a row for each output; D = C / H.
struct LlamaBlock {
  Tensor attention_norm;     // (C)
  Tensor wq, wk, wv, wo;     // (C, C), (G D, C), (G D, C), (C, C)
  Tensor feed_forward_norm;  // (C)
  Tensor w1, w2, w3;         // (F, C), (C, F), (F, C)
};

struct Llama {
  LlamaConfig config;
  Tensor embedding;  // (V, C)
  std::vector<LlamaBlock> blocks;
  Tensor norm;        // (C)
  Tensor classifier;  // (V, C), often the embedding itself
};

}  // namespace gradus
