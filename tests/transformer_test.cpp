// The Transformer: PyTorch's numbers for a block of each kind, masks, positions, and its learning
// rate.
#include "nn/transformer.h"

#include "check/gradcheck.h"
#include "nn/optim.h"
#include "tensor/random.h"
#include "tests/layers_support.h"

namespace gradus::transformer_test {
namespace {

using testing::error_of;
using testing::near;
using testing::torch_layer;

/// The tensor of PyTorch's layer for our parameter. PyTorch stores the three projections as one
/// matrix.
Tensor torch_tensor(const std::string& prefix, std::string name, bool in_decoder) {
  const std::string names[][2] = {{"norm_self", "norm1"},
                                  {"norm_cross", "norm2"},
                                  {"norm_ff", in_decoder ? "norm3" : "norm2"},
                                  {"cross_attn", "multihead_attn"},
                                  {"ff.0", "linear1"},
                                  {"ff.2", "linear2"}};
  for (const auto& [ours, theirs] : names)
    if (name.starts_with(ours)) name.replace(0, ours.size(), theirs);
  const std::string projections[] = {"W_query.", "W_key.", "W_value."};
  for (int64_t i = 0; i < 3; ++i)
    if (const size_t at = name.find(projections[i]); at != name.npos)
      return torch_layer(prefix + name.substr(0, at) + "in_proj_" +
                         name.substr(at + projections[i].size()))
          .chunk(3)[static_cast<size_t>(i)];
  return torch_layer(prefix + name);
}

TEST(Transformer, BlocksAsPyTorch) {
  const nn::TransformerConfig config{.emb_dim = 8, .n_heads = 2, .ff_dim = 12, .drop_rate = 0};
  const nn::TransformerBlock encoder(config, false);
  const nn::TransformerBlock decoder(config, true);
  for (const auto& [layer, name, in_decoder] : {std::tuple(encoder, "encoder/param/", false),
                                                std::tuple(decoder, "decoder/param/", true)}) {
    const NoGradGuard no_grad;
    for (const auto& [p_name, p] : layer.named_parameters())
      p.copy_(torch_tensor(name, p_name, in_decoder));
  }
  const Tensor source = torch_layer("transformer/source").clone().requires_grad_();
  const Tensor target = torch_layer("transformer/target").clone().requires_grad_();
  const Tensor mask =
      (arange(5) < torch_layer("transformer/lengths").unsqueeze(1)).view({2, 1, 1, 5});
  const Tensor states = encoder(source, mask);
  const Tensor y = decoder(target, mask, states);
  EXPECT_TRUE(near(states[0], torch_layer("encoder/y")[0], 5e-6));
  EXPECT_TRUE(near(states[1].slice(0, 0, 3), torch_layer("encoder/y")[1].slice(0, 0, 3), 5e-6));
  EXPECT_TRUE(near(y, torch_layer("decoder/y"), 5e-6));
  y.pow(3).sum().backward();
  EXPECT_TRUE(near(source.grad(), torch_layer("transformer/grad/source"), 1e-4));
  EXPECT_TRUE(near(target.grad(), torch_layer("transformer/grad/target"), 1e-4));
  for (const auto& [p_name, p] : encoder.named_parameters())
    EXPECT_TRUE(near(p.grad(), torch_tensor("encoder/grad/", p_name, false), 1e-4)) << p_name;
  for (const auto& [p_name, p] : decoder.named_parameters())
    EXPECT_TRUE(near(p.grad(), torch_tensor("decoder/grad/", p_name, true), 1e-4)) << p_name;
}

const nn::TransformerConfig kTiny{.source_vocab_size = 7,
                                  .target_vocab_size = 6,
                                  .context_length = 8,
                                  .emb_dim = 8,
                                  .n_heads = 2,
                                  .n_layers = 2,
                                  .ff_dim = 12,
                                  .drop_rate = 0};
Tensor logits_of(const nn::Transformer& model, const Tensor& source, const Tensor& target,
                 const Tensor& lengths = {}) {
  return model.decode(target, model.encode(source, lengths));
}
Tensor sources() { return tensor({{1, 2, 3, 4, 5}, {6, 5, 4, 0, 0}}); }
Tensor targets() { return tensor({{0, 2, 3, 4}, {0, 5, 1, 1}}); }

TEST(Transformer, PaddingChangesNothing) {
  manual_seed(1);
  const nn::Transformer model(kTiny);
  const Tensor lengths = tensor({5, 3});
  const Tensor logits = logits_of(model, sources(), targets(), lengths).detach();
  EXPECT_EQ(logits.sizes(), (Shape{2, 4, 6}));
  const Tensor other = sources();
  other[1].slice(0, 3).fill_(6);
  EXPECT_TRUE(equal(logits_of(model, other, targets(), lengths).detach(), logits));
  EXPECT_FALSE(equal(logits_of(model, other, targets()).detach(),
                     logits_of(model, sources(), targets()).detach()));
  const Tensor alone =
      logits_of(model, sources().narrow(0, 1, 1).slice(1, 0, 3), targets().narrow(0, 1, 1));
  EXPECT_TRUE(near(alone, logits.narrow(0, 1, 1)));
}

TEST(Transformer, DecoderIsCausalAndReadsTheSource) {
  manual_seed(2);
  const nn::Transformer model(kTiny);
  const Tensor logits = logits_of(model, sources(), targets()).detach();
  const Tensor other = targets();
  other.select(1, 3).fill_(5);
  const Tensor changed = logits_of(model, sources(), other).detach();
  EXPECT_TRUE(equal(changed.slice(1, 0, 3), logits.slice(1, 0, 3)));
  EXPECT_FALSE(equal(changed, logits));
  const Tensor source = sources();
  source.select(1, 4).fill_(6);
  EXPECT_FALSE(
      allclose(logits_of(model, source, targets()).select(1, 0).detach(), logits.select(1, 0)));
  const Tensor stepwise =
      teacher_forcing(model.begin(model.encode(sources())), targets());  // a word at a time
  EXPECT_TRUE(near(stepwise, logits));
}

TEST(Transformer, Gradients) {
  manual_seed(3);
  const nn::Transformer model(kTiny);
  model.to(kFloat64);
  std::vector<NamedInput> by;
  for (const auto& [name, p] : model.named_parameters())
    by.push_back({name, p});
  const auto loss = [&] {
    const Tensor logits = logits_of(model, sources(), targets(), tensor({5, 3}));
    return cross_entropy(logits.flatten(0, 1), targets().flatten(), {.label_smoothing = 0.1});
  };
  EXPECT_TRUE(gradcheck(loss, by));
}

TEST(Transformer, TracesShowTheSameNumbers) {
  manual_seed(4);
  const nn::Transformer model(kTiny);
  std::vector<nn::BlockTrace> in;
  std::vector<nn::BlockTrace> out;
  const nn::Encoded plain = model.encode(sources(), tensor({5, 3}));
  const nn::Encoded traced = model.encode(sources(), tensor({5, 3}), &in);
  EXPECT_TRUE(near(traced.states, plain.states.detach()));
  EXPECT_TRUE(near(model.decode(targets(), traced, &out), model.decode(targets(), plain).detach()));
  ASSERT_EQ(in.size(), 2u);
  ASSERT_EQ(out.size(), 2u);
  for (const nn::BlockTrace& trace : in) {
    EXPECT_TRUE(near(trace.self.weights.sum(-1), ones({2, 2, 5})));
    EXPECT_TRUE(equal(trace.self.weights[1].slice(2, 3).detach(),
                      zeros({2, 5, 2})));  // padding gets no weight
    EXPECT_FALSE(trace.cross.weights.defined());
  }
  for (const nn::BlockTrace& trace : out) {
    EXPECT_TRUE(equal(triu(trace.self.weights, 1).detach(), zeros({2, 2, 4, 4})));
    EXPECT_TRUE(equal(trace.cross.weights[1].slice(2, 3).detach(), zeros({2, 4, 2})));
    EXPECT_TRUE(near(trace.cross.weights.sum(-1), ones({2, 2, 4})));
  }
}

TEST(Transformer, SearchesAgree) {
  manual_seed(5);
  const nn::Transformer model(kTiny);
  const nn::SearchOptions options{.begin = 0, .end = 1, .max_length = 6, .width = 1};
  for (int64_t b = 0; b < 2; ++b) {
    const nn::Encoded encoded = model.encode(sources().narrow(0, b, 1));
    const Tensor found = greedy_search(model.begin(encoded), 1, options);
    EXPECT_TRUE(equal(found[0], tensor(beam_search(model.begin(encoded), options).ids)));
  }
}

TEST(Transformer, LearnsToReverse) {
  manual_seed(6);
  const nn::Transformer model({.source_vocab_size = 6,
                               .target_vocab_size = 8,
                               .context_length = 8,
                               .emb_dim = 32,
                               .n_heads = 2,
                               .n_layers = 1,
                               .ff_dim = 64,
                               .drop_rate = 0});
  optim::Adam optimizer(model.parameters(), {.betas = {0.9, 0.98}, .eps = 1e-9});
  // Sources, and as targets the reversed sources between the words 6 (begin) and 7 (end).
  const auto batch = [](int64_t B) {
    const Tensor x = randint(6, {B, 4});
    TensorList columns{full(B, 6)};
    for (int64_t t = 4; t-- > 0;)
      columns.push_back(x.select(1, t));
    columns.push_back(full(B, 7));
    return std::tuple(x, stack(columns, 1));
  };
  for (int step = 1; step <= 300; ++step) {
    const auto [x, y] = batch(32);
    optimizer.set_lr(optim::transformer_lr(step, 32, 100));
    optimizer.zero_grad();
    cross_entropy(logits_of(model, x, y.narrow(1, 0, 5)).flatten(0, 1), y.narrow(1, 1, 5).flatten())
        .backward();
    optimizer.step();
  }
  const auto [x, y] = batch(64);
  const Tensor found =
      greedy_search(model.begin(model.encode(x)), 64, {.begin = 6, .end = 7, .max_length = 5});
  ASSERT_EQ(found.size(1), 5);
  EXPECT_GT((found == y.narrow(1, 1, 5)).to(kFloat32).mean().item<float>(), 0.9);
}

TEST(Transformer, SinusoidalPositions) {
  const Tensor positions = nn::sinusoidal_positions(50, 6);
  for (int64_t t = 0; t < 50; ++t)
    for (int64_t i = 0; i < 3; ++i) {
      const double angle = static_cast<double>(t) / std::pow(10000, static_cast<double>(2 * i) / 6);
      EXPECT_NEAR(positions[t][2 * i].item<float>(), std::sin(angle), 1e-6);
      EXPECT_NEAR(positions[t][2 * i + 1].item<float>(), std::cos(angle), 1e-6);
    }
  EXPECT_EQ(error_of([] { nn::sinusoidal_positions(4, 5); }),
            "sinusoidal_positions: [4, 5], but sines and cosines come in pairs");
}

TEST(Transformer, LearningRate) {
  EXPECT_DOUBLE_EQ(optim::transformer_lr(1, 512), std::pow(512, -0.5) * std::pow(4000, -1.5));
  EXPECT_DOUBLE_EQ(optim::transformer_lr(4000, 512), std::pow(512, -0.5) * std::pow(4000, -0.5));
  EXPECT_DOUBLE_EQ(optim::transformer_lr(16000, 512), optim::transformer_lr(4000, 512) / 2);
  EXPECT_DOUBLE_EQ(optim::transformer_lr(5, 128, 10), optim::transformer_lr(10, 128, 10) / 2);
  EXPECT_EQ(error_of([] { optim::transformer_lr(0, 512); }),
            "transformer_lr: step 0, d_model 512, warmup_steps 4000, expected positive numbers");
}

TEST(Transformer, Errors) {
  const nn::Transformer model(kTiny);
  EXPECT_EQ(error_of([&] {
              model.encode(sources(), tensor({5, 6}));
            }),
            "transformer: lengths is tensor([5, 6]), expected numbers from 1 to 5");
  EXPECT_EQ(error_of([&] { model.encode(sources(), tensor({5})); }),
            "transformer: lengths is [1] int64, expected [2] int64");
  EXPECT_EQ(error_of([&] {
              model.encode(zeros({1, 9}, kInt64));
            }),
            "multi_head_attention: 9 tokens, expected at most 8");
  EXPECT_EQ(error_of([&] { model.encode(tensor({{7}})); }),
            "embedding: index 7 at [0, 0] is outside the 7 rows of weight");
  EXPECT_EQ(error_of([&] {
              model.decoder.blocks[0](ones({1, 2, 8}));
            }),
            "transformer: the decoder needs the encoder's states");
  EXPECT_EQ(error_of([&] {
              model.encoder.blocks[0](ones({1, 2, 8}), Tensor(), ones({1, 2, 8}));
            }),
            "transformer: the encoder takes no states");
  EXPECT_EQ(error_of([] {
              nn::Transformer(
                  {.source_vocab_size = 3, .target_vocab_size = 3, .emb_dim = 6, .n_heads = 4});
            }),
            "transformer: emb_dim 6 does not split into 4 heads");
}

}  // namespace
}  // namespace gradus::transformer_test
