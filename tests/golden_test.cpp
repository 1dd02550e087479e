// Golden values that no layer gives: sampling from logits, and what the usual mistakes print.
#include "golden.h"

#include "gradus.h"

namespace gradus {
namespace {
using testing::golden;
using testing::near;

Tensor words() { return golden("01_simplified_self_attention/inputs"); }
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Golden, EmbeddingOfSixTokens) {
  manual_seed(123);
  const nn::Embedding layer(6, 3);
  EXPECT_TRUE(equal(layer.weight.detach(), golden("00_embedding/weight")));
  EXPECT_TRUE(equal(layer(tensor({3})).detach(), golden("00_embedding/lookup_3")));
  EXPECT_TRUE(equal(layer(tensor({2, 3, 5, 1})).detach(), golden("00_embedding/lookup_2_3_5_1")));
}

TEST(Golden, SamplingWithTemperature) {
  const Tensor logits = golden("08_sampling/logits");
  const auto counts_of = [](const Tensor& probas) {
    manual_seed(123);
    std::vector<int64_t> counts(9);
    for (int i = 0; i < 1000; ++i)
      ++counts[static_cast<size_t>(multinomial(probas, 1).item<int64_t>())];
    return counts;
  };
  const Tensor T1 = softmax(logits, 0);
  const Tensor cold = softmax(logits / 0.1, 0);
  const Tensor hot = softmax(logits / 5, 0);
  EXPECT_TRUE(near(T1, "08_sampling/probas_T1"));
  EXPECT_TRUE(near(cold, "08_sampling/probas_T0.1"));
  EXPECT_TRUE(near(hot, "08_sampling/probas_T5"));
  EXPECT_EQ(counts_of(T1), (std::vector<int64_t>{73, 0, 0, 582, 2, 0, 0, 343, 0}));
  EXPECT_EQ(counts_of(cold), (std::vector<int64_t>{0, 0, 0, 985, 0, 0, 0, 15, 0}));
  EXPECT_EQ(counts_of(hot), (std::vector<int64_t>{165, 75, 42, 239, 71, 46, 32, 227, 103}));
}

TEST(Golden, SamplingFromTheTopThree) {
  const Tensor logits = golden("08_sampling/logits");
  const auto [top, positions] = topk(logits, 3);
  EXPECT_TRUE(equal(top, golden("08_sampling/top3_logits")));
  EXPECT_TRUE(equal(positions, golden("08_sampling/top3_positions")));
  const Tensor masked = logits.masked_fill(logits < top[-1], -kInfinity);
  EXPECT_TRUE(equal(masked, golden("08_sampling/top3_masked_logits")));
  EXPECT_TRUE(near(softmax(masked, 0), "08_sampling/top3_probas"));
}

TEST(Golden, PitfallsWithoutWeights) {
  const Tensor x = words();
  const Tensor scores = matmul(x, x.t());
  const Tensor weights = softmax(scores, 0);
  EXPECT_TRUE(near(weights, "11_pitfalls/softmax_over_columns/attn_weights"));
  EXPECT_TRUE(near(matmul(weights, x), "11_pitfalls/softmax_over_columns/context_vecs"));
  EXPECT_TRUE(near(matmul(x.t(), x), "11_pitfalls/transposed_product/scores"));
}

TEST(Golden, PitfallsOfScaleAndMask) {
  const NoGradGuard no_grad;
  manual_seed(789);
  const nn::SelfAttention layer(3, 2);
  const Tensor x = words();
  const Tensor q = layer.W_query(x);
  const Tensor k = layer.W_key(x);
  const Tensor v = layer.W_value(x);
  const Tensor scores = matmul(q, k.t());
  const auto weights_of = [](const Tensor& s) { return softmax(s / std::sqrt(2.0), -1); };
  const auto hidden_from = [](int64_t diagonal) { return triu(ones({6, 6}, kBool), diagonal); };
  EXPECT_TRUE(near(matmul(softmax(scores, -1), v), "11_pitfalls/no_scaling/context_vecs"));
  EXPECT_TRUE(near(matmul(softmax(scores / 2, -1), v), "11_pitfalls/scale_by_d_k/context_vecs"));
  EXPECT_TRUE(near(weights_of(scores.t()), "11_pitfalls/query_and_key_exchanged/attn_weights"));
  EXPECT_TRUE(near(weights_of(scores).tril(), "11_pitfalls/mask_after_softmax/attn_weights"));
  EXPECT_TRUE(near(weights_of(scores.masked_fill(hidden_from(1), 0)),
                   "11_pitfalls/mask_with_zero/attn_weights"));
  EXPECT_TRUE(near(weights_of(scores), "11_pitfalls/mask_result_thrown_away/attn_weights"));
  const Tensor with_diagonal = weights_of(scores.masked_fill(hidden_from(0), -kInfinity));
  EXPECT_TRUE(allclose(with_diagonal, golden("11_pitfalls/mask_includes_diagonal/attn_weights"), 0,
                       2e-6, true));
  const Tensor past_hidden =
      weights_of(scores.masked_fill(tril(ones({6, 6}, kBool), -1), -kInfinity));
  EXPECT_TRUE(
      allclose(past_hidden, golden("11_pitfalls/mask_lower_triangle/attn_weights"), 0, 2e-6, true));
}

TEST(Golden, PitfallsOfHeads) {
  const NoGradGuard no_grad;
  manual_seed(123);
  const nn::MultiHeadAttention layer(6, 6, 3, 0.0, 2);
  const Tensor x = golden("04_multi_head_attention/lecture/inputs").unsqueeze(0);  // (1, T, C)
  const Tensor hidden = triu(ones({3, 3}, kBool), 1);
  const auto split = [](const Tensor& y) {
    return y.view({1, 3, 2, 3}).transpose(1, 2);
  };  // (B, H, T, D)
  const auto mixed = [](const Tensor& y) {
    return y.view({1, 2, 3, 3});
  };  // the same shape, wrongly
  const auto attend = [&](const Tensor& q, const Tensor& k, const Tensor& v, double scale,
                          bool masked) {
    Tensor scores = matmul(q, k.transpose(-2, -1));
    if (masked) scores = scores.masked_fill(hidden, -kInfinity);
    return matmul(softmax(scores / scale, -1), v);
  };
  const auto merge = [&](const Tensor& y) { return layer.out_proj(y.reshape({1, 3, 6}))[0]; };
  const Tensor q = layer.W_query(x);
  const Tensor k = layer.W_key(x);
  const Tensor v = layer.W_value(x);
  const Tensor right = attend(split(q), split(k), split(v), std::sqrt(3.0), true);
  EXPECT_TRUE(
      near(merge(attend(mixed(q), mixed(k), mixed(v), std::sqrt(3.0), true).transpose(1, 2)),
           "11_pitfalls/heads_view_without_transpose/context_vecs"));
  EXPECT_TRUE(near(merge(right), "11_pitfalls/heads_not_transposed_back/context_vecs"));
  EXPECT_TRUE(
      near(merge(attend(split(q), split(k), split(v), std::sqrt(6.0), true).transpose(1, 2)),
           "11_pitfalls/heads_scale_by_d_out/context_vecs"));
  EXPECT_TRUE(
      near(merge(attend(split(q), split(k), split(v), std::sqrt(3.0), false).transpose(1, 2)),
           "11_pitfalls/heads_no_mask/context_vecs"));
}

TEST(Golden, PitfallsOfLayerNorm) {
  const Tensor x = golden("05_gpt_block/layernorm/layer_out");
  const auto normalised = [&](int64_t dim, bool unbiased) {
    return (x - x.mean(dim, true)) / sqrt(x.var(dim, unbiased, true) + 1e-5);
  };
  EXPECT_TRUE(near(normalised(0, false), "11_pitfalls/layernorm_over_rows"));
  EXPECT_TRUE(near(normalised(-1, true), "11_pitfalls/layernorm_unbiased"));
}

}  // namespace
}  // namespace gradus
