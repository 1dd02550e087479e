// Wrong arguments of layers: the message begins with the layer that the user called, not with the
// op or the inner layer that would notice it.
#include <gtest/gtest.h>

#include "gradus.h"
#include "tests/errors_support.h"

namespace gradus::errors_layers_test {
using namespace wrong_calls;
namespace {

TEST(ErrorsOfLayers, NegativeSizes) {
  expect_errors({
      {[] { nn::Linear(-1, 2); }, "linear: in is -1, expected 0 or more"},
      {[] { nn::Linear(2, -1); }, "linear: out is -1, expected 0 or more"},
      {[] { nn::Linear(kMost, 2); },
       "linear: a tensor of shape [2, 9223372036854775807] has more elements than can be counted"},
      {[] { nn::Embedding(-1, 2); }, "embedding: rows is -1, expected 0 or more"},
      {[] { nn::Embedding(zeros(3)); }, "embedding: the weight is [3], expected [rows, dim]"},
      {[] { nn::Embedding(2, -3); }, "embedding: dim is -3, expected 0 or more"},
      {[] { nn::LayerNorm(-4); }, "layer_norm: a shape has no negative sizes, got [-4]"},
      {[] { nn::SelfAttention(-1, 2); }, "self_attention: d_in is -1, expected 0 or more"},
      {[] { nn::SelfAttention(1, -2); }, "self_attention: d_out is -2, expected 0 or more"},
      {[] { nn::CausalAttention(1, -2, 4, 0.0); },
       "causal_attention: d_out is -2, expected 0 or more"},
      {[] { nn::CausalAttention(1, 2, -4, 0.0); },
       "causal_attention: max_tokens is -4, expected 0 or more"},
      {[] { nn::MultiHeadAttention(-1, 4, 4, 0.0, 2); },
       "multi_head_attention: d_in is -1, expected 0 or more"},
      {[] { nn::MultiHeadAttention(1, -4, 4, 0.0, 2); },
       "multi_head_attention: d_out is -4, expected 0 or more"},
      {[] { nn::MultiHeadAttention(1, 4, 4, 0.0, 3); },
       "multi_head_attention: d_out 4 does not split into 3 heads"},
      {[] { nn::MultiHeadAttention(1, 4, 4, 0.0, 0); },
       "multi_head_attention: d_out 4 does not split into 0 heads"},
      {[] { nn::MultiHeadAttentionWrapper(1, 4, 4, 0.0, -1); },
       "multi_head_attention: num_heads is -1, expected 1 or more"},
      {[] { nn::FeedForward(-1); }, "feed_forward: C is -1, expected 0 or more"},
      {[] { nn::BahdanauAttention(2, 3, -4); },
       "bahdanau_attention: attention_size is -4, expected 0 or more"},
      {[] { nn::LuongAttention(2, -3); },
       "luong_attention: a shape has no negative sizes, got [2, -3]"},
      {[] { nn::GRU(-1, 2); },
       "gru: input_size is -1, hidden_size is 2, num_layers is 1; expected positive numbers"},
  });
}

TEST(ErrorsOfLayers, Configurations) {
  expect_errors({
      {[] { nn::Gpt({.vocab_size = -1}); }, "gpt: vocab_size is -1, expected 0 or more"},
      {[] { nn::Gpt({.n_layers = -1}); }, "gpt: n_layers is -1, expected 0 or more"},
      {[] { nn::Gpt({.n_heads = 0}); }, "gpt: emb_dim 768 does not split into 0 heads"},
      {[] { nn::Gpt({.drop_rate = 2}); },
       "gpt: drop_rate is 2, expected a probability between 0 and 1"},
      {[] { nn::GptBlock({.emb_dim = 10, .n_heads = 3}); },
       "gpt_block: emb_dim 10 does not split into 3 heads"},
      {[] { nn::Transformer({.source_vocab_size = -2}); },
       "transformer: source_vocab_size is -2, expected 0 or more"},
      {[] { nn::Transformer({.ff_dim = -2}); }, "transformer: ff_dim is -2, expected 0 or more"},
      {[] { nn::TransformerBlock({.n_heads = 7}, true); },
       "transformer: emb_dim 512 does not split into 7 heads"},
      {[] { nn::Encoder({.hidden_size = 0}); }, "encoder: hidden_size is 0, expected 1 or more"},
      {[] { nn::Decoder({.emb_dim = -1}); }, "decoder: emb_dim is -1, expected 0 or more"},
  });
}

TEST(ErrorsOfLayers, AnAmbiguousSize) {
  expect_errors({
      {[] {
         zeros({0, 3}).view({0, -1});
       },
       "view: the -1 of [0, -1] may be any size, because the other sizes already give 0 elements"},
      {[] {
         zeros({0, 3}).reshape({-1, 0});
       },
       "reshape: the -1 of [-1, 0] may be any size, because the other sizes already give 0 "
       "elements"},
  });
}

}  // namespace
}  // namespace gradus::errors_layers_test
