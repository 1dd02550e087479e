// Bahdanau's and Luong's attention over an encoder's states.
#include "check/gradcheck.h"
#include "nn/bahdanau_attention.h"
#include "nn/luong_attention.h"
#include "tensor/random.h"
#include "tests/golden.h"

namespace gradus::attention_layers_test {
namespace {

using testing::error_of;
using testing::golden;
using testing::near;

const std::string kAttention = "10_recurrent_and_early_attention/";

/// (1, 6, 4)
Tensor states() { return golden(kAttention + "attention/encoder_states").unsqueeze(0); }
/// (1, 1, 4)
Tensor query() { return golden(kAttention + "attention/decoder_state").view({1, 1, 4}); }

void copy_golden(const Tensor& parameter, const std::string& name) {
  const NoGradGuard no_grad;
  parameter.copy_(golden(kAttention + "attention/" + name).view(parameter.sizes()));
}

template <class Attention>
void expect_golden(const Attention& attention, const std::string& name) {
  const auto [context, weights] = attention(query(), states());
  EXPECT_TRUE(near(attention.scores(query(), attention.keys(states())).view(6),
                   kAttention + name + "/scores"));
  EXPECT_TRUE(near(weights.view(6), kAttention + name + "/weights"));
  EXPECT_TRUE(near(context.view(4), kAttention + name + "/context"));
}

TEST(Bahdanau, Golden) {
  const nn::BahdanauAttention attention(4, 4, 4);
  copy_golden(attention.W_query.weight, "W_a");
  copy_golden(attention.W_key.weight, "U_a");
  copy_golden(attention.v.weight, "v_a");
  expect_golden(attention, "bahdanau");
}

TEST(Luong, Golden) {
  expect_golden(nn::LuongAttention(4, 4, {.score = "dot"}), "luong_dot");
  const nn::LuongAttention general(4, 4);
  copy_golden(general.W_a, "W_a");
  expect_golden(general, "luong_general");
}

TEST(Luong, ConcatIsTheScoreOfTheConcatenation) {
  manual_seed(1);
  const nn::LuongAttention attention(3, 2, {.score = "concat"});
  const Tensor s = randn({2, 3, 3});
  const Tensor h = randn({2, 5, 2});
  const Tensor scores = attention.scores(s, attention.keys(h)).detach();
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t t = 0; t < 3; ++t)
      for (int64_t i = 0; i < 5; ++i) {
        const Tensor both = cat({s[b][t], h[b][i]});  // (5)
        const Tensor expected = matmul(attention.v_a[0], tanh(matmul(attention.W_a, both)));
        EXPECT_NEAR(scores[b][t][i].item<float>(), expected.item<float>(), 1e-6);
      }
}

TEST(Luong, LocalWindow) {
  manual_seed(2);
  const nn::LuongAttention attention(3, 3, {.score = "dot", .window = 2});
  const Tensor s = randn({2, 4, 3});
  const Tensor h = randn({2, 9, 3});
  const Tensor mask = arange(9) < tensor({9, 5}).unsqueeze(1);
  const auto [context, weights] = attention(s, h, mask);
  const Tensor scores = matmul(s, h.transpose(1, 2));
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t t = 0; t < 4; ++t) {
      const int64_t S = b == 0 ? 9 : 5;
      const double z =
          matmul(attention.v_p[0], tanh(matmul(attention.W_p, s[b][t]))).item<double>();
      const double p = static_cast<double>(S) / (1 + std::exp(-z));
      double sum = 0;
      for (int64_t i = 0; i < S; ++i)
        if (std::abs(static_cast<double>(i) - p) <= 2)
          sum += std::exp(scores[b][t][i].item<double>());
      for (int64_t i = 0; i < 9; ++i) {
        const double distance = static_cast<double>(i) - p;
        const bool in_window = i < S && std::abs(distance) <= 2;
        const double expected = in_window ? std::exp(scores[b][t][i].item<double>()) / sum *
                                                std::exp(-distance * distance / 2)
                                          : 0;
        EXPECT_NEAR(weights[b][t][i].item<double>(), expected, 1e-5) << b << " " << t << " " << i;
      }
    }
  EXPECT_TRUE(near(context, matmul(weights, h).detach()));
}

/// Calls f with each kind of attention, for decoder and encoder states of size 3.
template <class F>
void for_each_attention(const F& f) {
  manual_seed(3);
  f(nn::BahdanauAttention(3, 3, 4));
  for (const char* const score : {"dot", "general", "concat"})
    for (const int64_t window : {0, 2})
      f(nn::LuongAttention(3, 3, {.score = score, .window = window}));
}

TEST(Attention, DependsOnBothStatesAndOnNothingMasked) {
  for_each_attention([](const auto& attention) {
    const Tensor s = randn({2, 1, 3});
    const Tensor h = randn({2, 6, 3});
    const Tensor mask = arange(6) < tensor({6, 4}).unsqueeze(1);
    const Tensor keys = attention.keys(h).detach();
    const Tensor scores = attention.scores(s, keys).detach();
    // The scores depend on the decoder state, on the encoder states, and differ between words.
    EXPECT_FALSE(allclose(attention.scores(randn({2, 1, 3}), keys), scores));
    const Tensor other_keys = attention.keys(randn({2, 6, 3}));
    EXPECT_FALSE(allclose(attention.scores(s, other_keys), scores));
    EXPECT_GT(scores.var(-1).min().item<float>(), 0);

    const auto [context, weights] = attention(s, h, mask);
    EXPECT_TRUE(equal(weights[1][0].slice(0, 4).detach(), zeros({2})));
    const Tensor changed = h.clone();
    changed.select(0, 1).slice(0, 4).fill_(100);
    const auto [same_context, same_weights] = attention(s, changed, mask);
    EXPECT_TRUE(equal(context.detach(), same_context.detach()));
    EXPECT_TRUE(equal(weights.detach(), same_weights.detach()));
    const auto [short_context, short_weights] =
        attention(s.narrow(0, 1, 1), h.narrow(0, 1, 1).slice(1, 0, 4));
    EXPECT_TRUE(near(context.narrow(0, 1, 1), short_context.detach()));

    const Tensor leaf = h.clone().requires_grad_();
    std::get<0>(attention(s, leaf, mask)).pow(2).sum().backward();
    EXPECT_TRUE(equal(leaf.grad()[1].slice(0, 4), zeros({2, 3})));
    EXPECT_GT(leaf.grad()[1].slice(0, 0, 4).abs().amax(-1).max().item<float>(), 0);
    EXPECT_TRUE(
        equal(std::get<0>(attention(s, h, mask, attention.keys(h))).detach(), context.detach()));
  });
}

TEST(Attention, Gradients) {
  for_each_attention([](const auto& attention) {
    attention.to(kFloat64);
    const Tensor s = randn({2, 2, 3}, kFloat64).requires_grad_();
    const Tensor h = randn({2, 5, 3}, kFloat64).requires_grad_();
    const Tensor mask = arange(5) < tensor({5, 3}).unsqueeze(1);
    std::vector<NamedInput> by{{"query", s}, {"states", h}};
    for (const auto& [name, p] : attention.named_parameters())
      by.push_back({name, p});
    EXPECT_TRUE(gradcheck([&] { return std::get<0>(attention(s, h, mask)); }, by));
  });
}

TEST(Attention, SentenceWithoutWords) {
  const nn::BahdanauAttention attention(3, 3, 4);
  const Tensor h = randn({2, 4, 3}).requires_grad_();
  const Tensor mask = arange(4) < tensor({4, 0}).unsqueeze(1);
  const auto [context, weights] = attention(randn({2, 1, 3}), h, mask);
  EXPECT_TRUE(equal(context[1].detach(), zeros({1, 3})));
  context.sum().backward();
  EXPECT_TRUE(equal(h.grad()[1], zeros({4, 3})));
}

TEST(Attention, Errors) {
  EXPECT_EQ(error_of([] { nn::LuongAttention(3, 3, {.score = "cosine"}); }),
            "luong_attention: score is 'cosine', expected 'dot', 'general' or 'concat'");
  EXPECT_EQ(error_of([] { nn::LuongAttention(3, 4, {.score = "dot"}); }),
            "luong_attention: dot products need states of one size, the decoder's have 3 and the "
            "encoder's 4");
  EXPECT_EQ(error_of([] { nn::LuongAttention(3, 3, {.window = -1}); }),
            "luong_attention: window is -1, expected 0 or more");
  const nn::BahdanauAttention attention(3, 3, 4);
  EXPECT_EQ(error_of([&] {
              attention(ones({1, 1, 3}), ones({1, 5, 3}), ones({1, 5}));
            }),
            "attention: the mask is [1, 5] float32, expected [B, S] bool (true: visible)");
  EXPECT_EQ(error_of([&] {
              attention(ones({1, 3}), ones({1, 4, 3}));
            }),
            "attention: query [1, 3] and states [1, 4, 3], expected [B, T, H] and [B, S, K]");
}

}  // namespace
}  // namespace gradus::attention_layers_test
