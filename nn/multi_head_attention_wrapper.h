#pragma once
#include "nn/causal_attention.h"
#include "nn/containers.h"

namespace gradus::nn {

/// Several independent CausalAttention layers, whose outputs are concatenated.
/// x (B, T, d_in) -> (B, T, num_heads d_out)
struct MultiHeadAttentionWrapper : Layer<MultiHeadAttentionWrapper> {
  const ModuleList<CausalAttention> heads;

  MultiHeadAttentionWrapper(int64_t d_in, int64_t d_out, int64_t context_length, double dropout,
                            int64_t num_heads, bool qkv_bias = false)
      : heads(register_module(
            "heads", ModuleList<CausalAttention>(
                         checked_size("multi_head_attention", "num_heads", num_heads, 1), [&] {
                           return CausalAttention(d_in, d_out, context_length, dropout, qkv_bias);
                         }))) {}

  Tensor forward(const Tensor& x, AttentionTrace* trace = nullptr, const Tensor& mask = {}) const {
    std::vector<AttentionTrace> traces(heads.size());
    std::vector<Tensor> contexts;
    for (size_t h = 0; h < heads.size(); ++h)
      contexts.push_back(heads[h](x, trace ? &traces[h] : nullptr, mask));  // (B, T, d_out)
    const Tensor output = cat(contexts, -1);                                // (B, T, H d_out)
    if (trace) *trace = stacked(traces, output);
    return output;
  }

 private:
  /// The traces of the heads as one, with the head dimension in front of T.
  static AttentionTrace stacked(const std::vector<AttentionTrace>& traces, const Tensor& output) {
    AttentionTrace all;
    using Trace = AttentionTrace;
    for (const auto field : {&Trace::q, &Trace::k, &Trace::v, &Trace::scores, &Trace::masked_scores,
                             &Trace::weights, &Trace::dropped_weights, &Trace::context}) {
      std::vector<Tensor> of_heads;
      for (const AttentionTrace& head : traces)
        of_heads.push_back(head.*field);
      all.*field = stack(of_heads, -3);  // (B, H, T, D) or (B, H, T, T)
    }
    all.merged = output;
    all.output = output;
    return all;
  }
};

}  // namespace gradus::nn
