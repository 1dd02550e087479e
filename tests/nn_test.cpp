// Attention layers and the GPT: masks, traces, gradients, names and errors.
#include "autograd/graph.h"
#include "check/gradcheck.h"
#include "nn/functional.h"
#include "nn/gpt.h"
#include "nn/multi_head_attention_wrapper.h"
#include "tensor/random.h"
#include "tests/layers_support.h"

namespace gradus::nn_test {
namespace {

using nn::AttentionTrace;
using testing::count;
using testing::error_of;
using testing::mean_square;
using testing::near;
using testing::two_texts;
using testing::words;

TEST(Attention, TraceAndFusedPathAgree) {
  manual_seed(4);
  const nn::MultiHeadAttention layer(8, 8, 16, 0.3, 2, true);
  const Tensor x = randn({3, 5, 8});
  const Tensor mask = ones({3, 1, 1, 5}, kBool);
  mask[1][0][0][4] = false;
  for (const Tensor& m : {Tensor(), mask}) {
    const Generator before = default_generator();
    const Tensor fused = layer(x, nullptr, m);
    default_generator() = before;
    AttentionTrace trace;
    EXPECT_TRUE(near(fused, layer(x, &trace, m).detach()));
    EXPECT_TRUE(near(trace.weights.sum(-1), ones({3, 2, 5})));
    EXPECT_FALSE(equal(trace.weights, trace.dropped_weights));
  }
}

TEST(Attention, FullyMaskedRowGivesZerosAndFiniteGradients) {
  manual_seed(5);
  const nn::CausalAttention causal(3, 2, 6, 0.0);
  const nn::MultiHeadAttention heads(3, 2, 6, 0.0, 2);
  const Tensor mask = ones({6, 6}, kBool);
  mask[2].fill_(false);
  const auto expect = [&](const auto& layer, bool traced) {
    AttentionTrace trace;
    const Tensor x = words().unsqueeze(0).requires_grad_();
    layer.zero_grad();
    const Tensor y = layer(x, traced ? &trace : nullptr, mask);
    mean_square(y).backward();
    for (const Tensor& g : layer.parameters())
      EXPECT_TRUE(equal(g.grad() * 0, zeros_like(g))) << g.grad();
    EXPECT_TRUE(equal(x.grad() * 0, zeros_like(x)));
    return y.detach();
  };
  for (const bool traced : {false, true}) {
    EXPECT_TRUE(equal(expect(causal, traced)[0][2], zeros(2)));
    EXPECT_TRUE(near(expect(heads, traced)[0][2], heads.out_proj.bias.detach(), 0));
  }
}

TEST(Attention, IsCausal) {
  manual_seed(6);
  const nn::MultiHeadAttention layer(3, 4, 6, 0.0, 2);
  const Tensor changed = two_texts().clone();
  changed.select(1, 5).fill_(9);
  EXPECT_TRUE(equal(layer(changed).narrow(1, 0, 5), layer(two_texts()).narrow(1, 0, 5)));
}

TEST(Attention, Gradients) {
  manual_seed(7);
  const nn::GptConfig tiny{.context_length = 4, .emb_dim = 8, .n_heads = 2, .drop_rate = 0};
  const nn::GptBlock block(tiny);
  block.to(kFloat64);
  EXPECT_TRUE(gradcheck(block, randn({2, 3, 8}, kFloat64)));
  const nn::MultiHeadAttentionWrapper wrapper(3, 2, 6, 0.0, 2);
  wrapper.to(kFloat64);
  EXPECT_TRUE(gradcheck(wrapper, randn({2, 3, 3}, kFloat64)));
}

TEST(Attention, Errors) {
  EXPECT_EQ(error_of([] { nn::MultiHeadAttention(3, 5, 6, 0.0, 2); }),
            "multi_head_attention: d_out 5 does not split into 2 heads");
  EXPECT_EQ(error_of([] { nn::MultiHeadAttentionWrapper(3, 5, 6, 0.0, 0); }),
            "multi_head_attention: num_heads is 0, expected 1 or more");
  EXPECT_EQ(error_of([] { nn::MultiHeadAttention(3, 2, 4, 0.0, 2)(two_texts()); }),
            "multi_head_attention: 6 tokens, expected at most 4");
  EXPECT_EQ(error_of([] { nn::CausalAttention(3, 2, 4, 0.0)(words()); }),
            "causal_attention: x is [6, 3], expected at most 4 tokens (..., T, d_in)");
  EXPECT_EQ(error_of([] {
              nn::CausalAttention(3, 2, 6, 0.0)(words(), nullptr, ones({6, 6}));
            }),
            "attention: the mask is float32, expected bool (true: visible)");
  EXPECT_EQ(error_of([] { nn::Dropout(1.5); }),
            "dropout: p is 1.5, expected a probability between 0 and 1");
  EXPECT_EQ(error_of([] { nn::GELU("sigmoid"); }),
            "gelu: approximate is 'sigmoid', expected 'none' or 'tanh'");
  EXPECT_EQ(error_of([] {
              nn::Linear(ones({2, 3}), ones(3));
            }),
            "linear: the weight is [2, 3], expected [out, in]; a bias must be [out]");
}

const nn::GptConfig kSmall{.vocab_size = 11,
                           .context_length = 6,
                           .emb_dim = 8,
                           .n_heads = 2,
                           .n_layers = 3,
                           .drop_rate = 0};

TEST(Gpt, ShapesNamesAndCounts) {
  const nn::Gpt model(kSmall);
  const Tensor ids = randint(11, {2, 5});
  EXPECT_EQ(model(ids).sizes(), (Shape{2, 5, 11}));
  const int64_t block = 4 * 8 * 8 + 8 + 8 * 32 + 32 + 32 * 8 + 8 + 4 * 8;
  EXPECT_EQ(count(model), 11 * 8 + 6 * 8 + 3 * block + 2 * 8 + 11 * 8);
  const NamedTensors parameters = model.named_parameters();
  EXPECT_EQ(parameters.front().first, "tok_emb.weight");
  EXPECT_EQ(parameters[2].first, "trf_blocks.0.att.W_query.weight");
  EXPECT_EQ(parameters[7].first, "trf_blocks.0.ff.layers.0.weight");
  EXPECT_EQ(parameters.back().first, "out_head.weight");

  std::vector<AttentionTrace> traces;
  EXPECT_TRUE(near(model(ids, &traces), model(ids).detach()));
  ASSERT_EQ(traces.size(), 3u);
  EXPECT_EQ(traces[2].weights.sizes(), (Shape{2, 2, 5, 5}));
  EXPECT_EQ(error_of([&] { model(randint(11, {2, 7})); }), "gpt: 7 tokens, expected at most 6");
}

TEST(Gpt, TiedHeadIsOneTensor) {
  nn::GptConfig config = kSmall;
  config.tied_head = true;
  const nn::Gpt tied(config);
  EXPECT_TRUE(tied.out_head.weight.is_same(tied.tok_emb.weight));
  EXPECT_EQ(count(nn::Gpt(kSmall)) - count(tied), 11 * 8);
  EXPECT_EQ(tied.named_parameters().back().first, "final_norm.bias");
  tied.to(kFloat64);
  EXPECT_TRUE(gradcheck(tied, tensor({{1, 5, 1}, {7, 0, 10}})));
}

TEST(Gpt, NodesCarryTheLayersNames) {
  const nn::Gpt model(kSmall);
  std::map<std::string, int> scopes;
  for (const auto& node : autograd::graph(model(randint(11, {1, 4}))))
    ++scopes[node.scope];
  EXPECT_TRUE(scopes.count("trf_blocks.2.att.W_query"));
  EXPECT_TRUE(scopes.count("trf_blocks.0.ff.layers.2"));
  EXPECT_TRUE(scopes.count("final_norm"));
}

TEST(Functional, NamesAndOrders) {
  namespace F = nn::functional;
  const Tensor weight = randn({4, 3});
  const Tensor x = randn({2, 3});
  EXPECT_TRUE(equal(F::embedding(tensor({1, 3}), weight), embedding(weight, tensor({1, 3}))));
  EXPECT_TRUE(equal(F::dropout(x, 0.5, false), x));
  EXPECT_TRUE(equal(F::linear(x, weight), linear(x, weight)));
  EXPECT_TRUE(equal(F::layer_norm(x, {3}), layer_norm(x, 3)));
  EXPECT_TRUE(equal(F::cross_entropy(x, tensor({0, 2}), {.ignore_index = 2}),
                    F::cross_entropy(x.narrow(0, 0, 1), tensor({0}))));
  EXPECT_TRUE(equal(F::gelu(x, "tanh"), gelu(x, "tanh")));
}

}  // namespace
}  // namespace gradus::nn_test
