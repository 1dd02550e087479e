// Every layer in float64: made while float64 is the default dtype, and converted by to(kFloat64).
// Both are called and their gradients checked.
#include <gtest/gtest.h>

#include "gradus.h"

namespace gradus::float64_layers_test {
namespace {

using namespace nn;

/// Sets the default dtype until the end of the block.
class DefaultDtype {
 public:
  explicit DefaultDtype(DType t) { set_default_dtype(t); }
  ~DefaultDtype() { set_default_dtype(before_); }
  DefaultDtype(const DefaultDtype&) = delete;
  DefaultDtype& operator=(const DefaultDtype&) = delete;

 private:
  DType before_ = get_default_dtype();
};

/// call(module, x) must be float64, and so must be all parameters and gradients.
template <class M, class Call>
void expect_gradients(const M& module, const Tensor& x, const Call& call) {
  module.eval();  // no dropout
  std::vector<NamedInput> inputs;
  if (x.requires_grad()) inputs.push_back({"x", x});
  for (const auto& [name, p] : module.named_parameters()) {
    EXPECT_EQ(p.dtype(), kFloat64) << name;
    inputs.push_back({name, p});
  }
  EXPECT_EQ(call(module, x).dtype(), kFloat64);
  EXPECT_TRUE(gradcheck([&] { return call(module, x); }, inputs));
}

template <class Make, class Call>
void expect_float64(const Make& make, const Tensor& x, const Call& call) {
  manual_seed(1);
  const auto converted = make();
  SCOPED_TRACE(converted.name());
  for (const Tensor& p : converted.parameters())
    EXPECT_EQ(p.dtype(), kFloat32);
  converted.to(kFloat64);
  expect_gradients(converted, x, call);
  const DefaultDtype in_float64(kFloat64);
  expect_gradients(make(), x, call);
}
template <class Make>
void expect_float64(const Make& make, const Tensor& x) {
  expect_float64(make, x, [](const auto& module, const Tensor& input) { return module(input); });
}

Tensor numbers(const Shape& sizes) {
  manual_seed(2);
  return randn(sizes, dtype(kFloat64).requires_grad(true));
}
Tensor ids() { return tensor({{1, 4, 0}, {2, 3, 3}}); }

TEST(Float64Layers, Basic) {
  const Tensor x = numbers({2, 4});
  expect_float64([] { return Linear(4, 3); }, x);
  expect_float64([] { return Linear(4, 3, /*with_bias=*/false); }, x);
  expect_float64([] { return Embedding(5, 3); }, ids());
  expect_float64([] { return LayerNorm(4); }, x);
  expect_float64([] { return RMSNorm(4); }, x);
  expect_float64([] { return Dropout(0.5); }, x);
  expect_float64([] { return Sequential{Linear(4, 3), Tanh(), Linear(3, 2)}; }, x);
  expect_float64(
      [] { return ModuleList<Linear>(2, [] { return Linear(4, 4); }); }, x,
      [](const auto& layers, const Tensor& input) { return layers[1](layers[0](input)); });
  expect_float64([] { return FeedForward(4); }, x);
  expect_float64([] { return LoRA(Linear(4, 3), 2, 4); }, x);
}

TEST(Float64Layers, Activations) {
  const Tensor x = numbers({2, 4});
  expect_float64([] { return ReLU(); }, x);
  expect_float64([] { return LeakyReLU(); }, x);
  expect_float64([] { return ELU(); }, x);
  expect_float64([] { return Tanh(); }, x);
  expect_float64([] { return Sigmoid(); }, x);
  expect_float64([] { return SiLU(); }, x);
  expect_float64([] { return GELU(); }, x);
  expect_float64([] { return Softplus(); }, x);
  expect_float64([] { return Softmax(1); }, x);
  expect_float64([] { return LogSoftmax(1); }, x);
  expect_float64([] { return Identity(); }, x);
  expect_float64([] { return Flatten(); }, x);
}

TEST(Float64Layers, Losses) {
  const Tensor x = numbers({2, 4});
  const Tensor target = full({2, 4}, 0.25, kFloat64);
  const Tensor classes = tensor({3, 1});
  const auto to_target = [&](const auto& loss, const Tensor& input) { return loss(input, target); };
  const auto to_classes = [&](const auto& loss, const Tensor& input) {
    return loss(input, classes);
  };
  expect_float64([] { return MSELoss(); }, x, to_target);
  expect_float64([] { return L1Loss(); }, x, to_target);
  expect_float64([] { return SmoothL1Loss(); }, x, to_target);
  expect_float64([] { return HuberLoss(); }, x, to_target);
  expect_float64([] { return BCEWithLogitsLoss(); }, x, to_target);
  expect_float64([] { return KLDivLoss(); }, x, to_target);
  expect_float64([] { return CosineSimilarity(); }, x, to_target);
  expect_float64(
      [] { return BCELoss(); }, x,
      [&](const auto& loss, const Tensor& input) { return loss(sigmoid(input), target); });
  expect_float64([] { return CrossEntropyLoss(); }, x, to_classes);
  expect_float64([] { return NLLLoss(); }, x, to_classes);
}

TEST(Float64Layers, Recurrent) {
  const Tensor x = numbers({3, 2, 4});
  const auto outputs = [](const auto& layer, const Tensor& input) {
    return std::get<0>(layer(input));
  };
  expect_float64([] { return RNN(4, 3); }, x, outputs);
  expect_float64([] { return GRU(4, 3, {.num_layers = 2, .bidirectional = true}); }, x, outputs);
  expect_float64([] { return LSTM(4, 3); }, x, outputs);
}

const EncoderDecoderConfig kConfig{
    .source_vocab_size = 5, .target_vocab_size = 5, .emb_dim = 4, .hidden_size = 4};

TEST(Float64Layers, EncoderAndDecoder) {
  expect_float64([] { return Encoder(kConfig); }, ids(),
                 [](const Encoder& encoder, const Tensor& words) { return encoder(words).states; });
  manual_seed(3);
  const Encoder encoder(kConfig);
  encoder.to(kFloat64);
  encoder.eval();
  const auto logits = [&](const auto& decoder, const Tensor& words) {
    return teacher_forcing(decoder.begin(encoder(words)), words);
  };
  expect_float64([] { return Decoder(kConfig); }, ids(), logits);
  expect_float64([] { return BahdanauDecoder(kConfig); }, ids(), logits);
  expect_float64([] { return LuongDecoder(kConfig); }, ids(), logits);
  const Tensor states = numbers({1, 2, 4});
  const auto context = [&](const auto& attention, const Tensor& query) {
    return std::get<0>(attention(query, states));
  };
  expect_float64([] { return BahdanauAttention(4, 4, 3); }, numbers({1, 1, 4}), context);
  expect_float64([] { return LuongAttention(4, 4); }, numbers({1, 1, 4}), context);
}

TEST(Float64Layers, Attention) {
  const Tensor x = numbers({2, 3, 4});
  expect_float64([] { return SimplifiedSelfAttention(); }, x);
  expect_float64([] { return SelfAttention(4, 2); }, x);
  expect_float64([] { return CausalAttention(4, 2, 8, 0.1); }, x);
  expect_float64([] { return MultiHeadAttention(4, 4, 8, 0.1, 2); }, x);
  expect_float64([] { return MultiHeadAttentionWrapper(4, 2, 8, 0.1, 2); }, x);
}

TEST(Float64Layers, Models) {
  const GptConfig gpt{
      .vocab_size = 5, .context_length = 4, .emb_dim = 4, .n_heads = 2, .n_layers = 1};
  expect_float64([&] { return GptBlock(gpt); }, numbers({2, 3, 4}));
  expect_float64([&] { return Gpt(gpt); }, ids());
  const TransformerConfig config{.source_vocab_size = 5,
                                 .target_vocab_size = 5,
                                 .emb_dim = 4,
                                 .n_heads = 2,
                                 .n_layers = 1,
                                 .ff_dim = 8};
  expect_float64([&] { return TransformerBlock(config, false); }, numbers({2, 3, 4}));
  expect_float64([&] { return TransformerStack(config, false); }, ids());
  expect_float64([&] { return Transformer(config); }, ids(),
                 [](const Transformer& model, const Tensor& words) {
                   return model.decode(words, model.encode(words));
                 });
}

}  // namespace
}  // namespace gradus::float64_layers_test
