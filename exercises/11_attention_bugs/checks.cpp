#include "exercises/checks.h"

#include "exercises/11_attention_bugs/attention_bugs.h"
#include "nn/multi_head_attention.h"

using namespace gradus;

namespace {

constexpr int64_t B = 3, T = 5, H = 2, D = 3, C = H * D;
const Tensor x = example({B, T, C}, 1);
const mine::Projections w{example({C, C}, 2), example({C, C}, 3), example({C, C}, 4),
                          example({C, C}, 5)};
const Tensor identity = eye(C, kFloat64);

mine::Attention attend() { return mine::attention(x, w, H); }

TEST(shape, of_weights_and_output) {
  const auto [weights, output] = attend();
  expect_shape("weights of x [3, 5, 6] with 2 heads", weights, {B, H, T, T});
  expect_shape("output of x [3, 5, 6] with 2 heads", output, {B, T, C});
}

TEST(shape, dimensions_of_size_one) {
  const auto one_text = mine::attention(example({1, T, C}), w, H);
  expect_shape("weights of x [1, 5, 6] with 2 heads", one_text.weights, {1, H, T, T});
  expect_shape("output of x [1, 5, 6] with 2 heads", one_text.output, {1, T, C});
  const auto one_token = mine::attention(example({B, 1, C}), w, H);
  expect_shape("weights of x [3, 1, 6] with 2 heads", one_token.weights, {B, H, 1, 1});
  expect_shape("output of x [3, 1, 6] with 2 heads", one_token.output, {B, 1, C});
  expect_shape("weights of x [3, 5, 6] with 1 head", mine::attention(x, w, 1).weights,
               {B, 1, T, T});
  expect_shape("output of x [3, 5, 6] with 6 heads of size 1", mine::attention(x, w, C).output,
               {B, T, C});
}

TEST(shape, no_texts) {
  const auto [weights, output] = mine::attention(example({0, T, C}), w, H);
  expect_shape("weights of x [0, 5, 6] with 2 heads", weights, {0, H, T, T});
  expect_shape("output of x [0, 5, 6] with 2 heads", output, {0, T, C});
}

TEST(forward, the_weights_of_a_token_sum_to_one) { expect_rows_sum_to_one(attend().weights); }

TEST(forward, a_token_sees_itself_and_earlier_ones) {
  const Tensor weights = attend().weights.detach();
  for (int64_t t = 0; t < T; ++t)
    for (int64_t s = 0; s < T; ++s) {
      const Tensor of_s = weights.select(2, t).select(2, s);  // (B, H)
      const double least = of_s.min().item<double>();
      const double most = of_s.max().item<double>();
      if (s > t)
        check(most == 0, "token {} gives token {}, which comes later, a weight of {:.3g}", t, s,
              most);
      else
        check(least > 0, "token {} gives token {} a weight of {:.3g}, though it may see it", t, s,
              least);
    }
}

TEST(forward, scores_are_divided_by_the_root_of_D) {
  // q = k = x. Of token 1, the first head is (a, a, a), all else is 0: its scores are 0 and 3 a^2 /
  // sqrt(3) = log 3.
  const double a = std::sqrt(std::log(3.0) / std::sqrt(3.0));
  const Tensor two = tensor({{{0.0, 0.0, 0.0, 0.0, 0.0, 0.0}, {a, a, a, 0.0, 0.0, 0.0}}}, kFloat64);
  const Tensor weights = mine::attention(two, {identity, identity, identity, identity}, H).weights;
  expect_close("weights of token 1, where q k^T / sqrt(D) is 0 and log 3",
               weights.select(1, 0).select(1, 1), tensor({{0.25, 0.75}}, kFloat64), {.rtol = 1e-6});
}

TEST(forward, row_t_is_the_query_of_token_t) {
  // Token 0 has the key (1, 0, 0) and token 1 (0, 1, 0). Token 1 asks for (a, 0, 0), token 0 for
  // nothing.
  const double a = std::log(3.0) * std::sqrt(3.0);
  const Tensor two = eye(2, C, kFloat64).unsqueeze(0);
  const Tensor ask = zeros({C, C}, kFloat64);
  ask[0][1].fill_(a);
  const Tensor weights = mine::attention(two, {ask, identity, identity, identity}, H).weights;
  expect_close("weights of token 1, whose query times the keys of 0 and 1 is log 3 and 0",
               weights.select(1, 0).select(1, 1), tensor({{0.75, 0.25}}, kFloat64), {.rtol = 1e-6});
}

TEST(forward, heads_are_side_by_side) {
  const auto [weights, output] = mine::attention(x, {w.query, w.key, identity, identity}, H);
  for (int64_t h = 0; h < H; ++h)
    expect_close(
        fmt::format("columns {} to {} of the output, which are head {}'s", h * D, h * D + D - 1, h),
        output.narrow(2, h * D, D), matmul(weights.select(1, h), x.narrow(2, h * D, D)));
}

TEST(forward, all_together) {
  const nn::MultiHeadAttention library(C, C, T, /*dropout_p=*/0, H);
  library.to(kFloat64);
  const NoGradGuard no_grad;
  library.W_query.weight.copy_(w.query);
  library.W_key.weight.copy_(w.key);
  library.W_value.weight.copy_(w.value);
  library.out_proj.weight.copy_(w.out);
  library.out_proj.bias.zero_();
  expect_close("output", attend().output, library(x));
}

TEST(gradient, of_x_and_the_matrices) {
  expect_right_gradients(
      [] { return attend().output; },
      {{"x", x}, {"query", w.query}, {"key", w.key}, {"value", w.value}, {"out", w.out}});
}

TEST(invariants, causal) {
  expect_causal([](const Tensor& tokens) { return mine::attention(tokens, w, H).output; }, x);
}

TEST(invariants, texts_do_not_see_each_other) {
  expect_permutation_equivariant(
      [](const Tensor& texts) { return mine::attention(texts, w, H).output; }, x, 0);
}

TEST(numerics, large_scores) {
  const Tensor weights = mine::attention(x.detach() * 1000, w, H).weights.detach();
  expect_close("weights of 1000 x above the diagonal", weights.triu(1),
               zeros({B, H, T, T}, kFloat64));
}

}  // namespace
