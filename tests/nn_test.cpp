// The layers: the book's numbers, their gradients, and what they refuse.
#include <nlohmann/json.hpp>

#include "autograd/engine.h"
#include "autograd/graph.h"
#include "check/gradcheck.h"
#include "nn/functional.h"
#include "nn/gpt.h"
#include "nn/multi_head_attention_wrapper.h"
#include "nn/self_attention.h"
#include "nn/simplified_self_attention.h"
#include "tensor/random.h"
#include "tests/golden.h"

namespace gradus {
namespace {

using nn::AttentionTrace;
using testing::error_of;
using testing::expect_gradients;
using testing::expect_parameters;
using testing::golden;
using testing::near;

const std::string kSimple = "01_simplified_self_attention/", kQkv = "02_self_attention_qkv/",
                  kCausal = "03_causal_attention/", kHeads = "04_multi_head_attention/",
                  kBlock = "05_gpt_block/";

Tensor words() { return golden(kSimple + "inputs"); }     // (6, 3)
Tensor two_texts() { return stack({words(), words()}); }  // (2, 6, 3)
Tensor mean_square(const Tensor& y) { return (y * y).mean(); }

int64_t count(const nn::Module& module) {
  int64_t n = 0;
  for (const Tensor& p : module.parameters())
    n += p.numel();
  return n;
}

// the book's numbers

TEST(Golden, Embedding) {
  manual_seed(123);
  const nn::Embedding layer(6, 3);
  EXPECT_TRUE(near(layer.weight, "00_embedding/weight", 0));
  EXPECT_TRUE(near(layer(tensor({3})), "00_embedding/lookup_3", 0));
  EXPECT_TRUE(near(layer(tensor({2, 3, 5, 1})), "00_embedding/lookup_2_3_5_1", 0));
}

TEST(Golden, SimplifiedSelfAttention) {
  AttentionTrace trace;
  const Tensor context = nn::SimplifiedSelfAttention()(words(), &trace);
  EXPECT_TRUE(near(trace.scores, kSimple + "attn_scores"));
  EXPECT_TRUE(near(trace.weights, kSimple + "attn_weights"));
  EXPECT_TRUE(near(context, kSimple + "context_vecs"));
  EXPECT_TRUE(trace.output.is_same(context));
}

TEST(Golden, SelfAttention) {
  manual_seed(789);
  const nn::SelfAttention layer(3, 2);
  expect_parameters(layer, kQkv + "v2/param/");
  AttentionTrace trace;
  const Tensor context = layer(words(), &trace);
  EXPECT_TRUE(near(trace.q, kQkv + "v2/queries"));
  EXPECT_TRUE(near(trace.k, kQkv + "v2/keys"));
  EXPECT_TRUE(near(trace.v, kQkv + "v2/values"));
  EXPECT_TRUE(near(trace.scores, kQkv + "v2/attn_scores"));
  EXPECT_TRUE(near(trace.weights, kQkv + "v2/attn_weights"));
  EXPECT_TRUE(near(context, kQkv + "v2/context_vecs"));
  EXPECT_TRUE(near(mean_square(context), kQkv + "v2/loss_mean_square"));
  expect_gradients(layer, mean_square(context), kQkv + "v2/grad/");
}

TEST(Golden, Dropout) {
  const nn::Dropout layer(0.5);
  const auto with_seed = [](const nn::Dropout& dropout, const Tensor& x) {
    manual_seed(123);
    return dropout(x);
  };
  EXPECT_TRUE(near(with_seed(layer, ones({6, 6})), kCausal + "dropout_ones", 0));
  EXPECT_TRUE(near(with_seed(layer, golden(kCausal + "attn_weights")),
                   kCausal + "dropout_attn_weights", 0));
  EXPECT_TRUE(near(with_seed(nn::Dropout(0.1), ones({6, 6})), kCausal + "dropout_ones_p0.1", 0));
  EXPECT_TRUE(near(with_seed(nn::Dropout(0.2), ones({6, 6})), kCausal + "dropout_ones_p0.2", 0));
  set_dropout_style(DropoutStyle::mkl);
  EXPECT_TRUE(near(with_seed(layer, ones({6, 6})), kCausal + "dropout_ones_mkl", 0));
  set_dropout_style(DropoutStyle::book);
  layer.eval();
  EXPECT_TRUE(equal(layer(words()), words()));
}

TEST(Golden, CausalAttention) {
  manual_seed(123);
  const nn::CausalAttention layer(3, 2, 6, 0.0);
  expect_parameters(layer, kCausal + "class/param/");
  AttentionTrace trace;
  const Tensor context = layer(two_texts(), &trace);
  EXPECT_TRUE(near(trace.q, kCausal + "class/queries"));
  EXPECT_TRUE(near(trace.k, kCausal + "class/keys"));
  EXPECT_TRUE(near(trace.v, kCausal + "class/values"));
  EXPECT_TRUE(near(trace.scores, kCausal + "class/attn_scores"));
  EXPECT_TRUE(near(trace.masked_scores, kCausal + "class/masked_scores"));
  EXPECT_TRUE(near(trace.weights, kCausal + "class/attn_weights"));
  EXPECT_TRUE(near(context, kCausal + "class/context_vecs"));
  EXPECT_TRUE(near(layer(two_texts()), kCausal + "class/context_vecs"));
  EXPECT_TRUE(
      near(layer(two_texts().narrow(1, 0, 4)), kCausal + "class/context_vecs_first_4_tokens"));
  EXPECT_TRUE(near(mean_square(context), kCausal + "class/loss_mean_square"));
  expect_gradients(layer, mean_square(context), kCausal + "class/grad/");
  expect_gradients(layer, mean_square(layer(two_texts())), kCausal + "class/grad/");
}

TEST(Golden, HeadsSideBySide) {
  manual_seed(123);
  const nn::MultiHeadAttentionWrapper layer(3, 2, 6, 0.0, 2);
  for (int64_t h : {0, 1}) {
    const std::string head = fmt::format("{}wrapper/head{}/", kHeads, h);
    expect_parameters(layer.heads[static_cast<size_t>(h)], head + "param/");
    AttentionTrace trace;
    EXPECT_TRUE(near(layer(two_texts(), &trace), kHeads + "wrapper/context_vecs"));
    EXPECT_TRUE(near(trace.weights[0][h], head + "attn_weights"));
  }
  manual_seed(123);
  const nn::MultiHeadAttentionWrapper narrow(3, 1, 6, 0.0, 2);
  EXPECT_TRUE(near(narrow(two_texts()), kHeads + "exercise_3_2/context_vecs"));
}

void expect_stages(const AttentionTrace& trace, const std::string& prefix) {
  const auto merge = [](const Tensor& split) { return split.transpose(1, 2).flatten(2, 3); };
  EXPECT_TRUE(near(trace.q, prefix + "queries_split"));
  EXPECT_TRUE(near(trace.q.transpose(1, 2), prefix + "queries_viewed"));
  EXPECT_TRUE(near(merge(trace.q), prefix + "queries"));
  EXPECT_TRUE(near(trace.k, prefix + "keys_split"));
  EXPECT_TRUE(near(trace.v, prefix + "values_split"));
  EXPECT_TRUE(near(trace.scores, prefix + "attn_scores"));
  EXPECT_TRUE(near(trace.masked_scores, prefix + "masked_scores"));
  EXPECT_TRUE(near(trace.weights, prefix + "attn_weights"));
  EXPECT_TRUE(near(trace.context, prefix + "context_per_head"));
  EXPECT_TRUE(near(trace.merged, prefix + "context_concatenated"));
  EXPECT_TRUE(near(trace.output, prefix + "context_vecs"));
}

TEST(Golden, MultiHeadAttention) {
  manual_seed(123);
  const nn::MultiHeadAttention layer(3, 2, 6, 0.0, 2);
  expect_parameters(layer, kHeads + "split/param/");
  AttentionTrace trace;
  const Tensor context = layer(two_texts(), &trace);
  expect_stages(trace, kHeads + "split/");
  EXPECT_TRUE(near(layer(two_texts()), kHeads + "split/context_vecs"));
  EXPECT_TRUE(near(mean_square(context), kHeads + "split/loss_mean_square"));
  expect_gradients(layer, mean_square(context), kHeads + "split/grad/");
  expect_gradients(layer, mean_square(layer(two_texts())), kHeads + "split/grad/");
}

TEST(Golden, MultiHeadAttentionOfTheLecture) {
  manual_seed(123);
  const nn::MultiHeadAttention layer(6, 6, 3, 0.0, 2);
  expect_parameters(layer, kHeads + "lecture/param/");
  const Tensor text = golden(kHeads + "lecture/inputs");
  AttentionTrace trace;
  layer(stack({text, text}), &trace);
  expect_stages(trace, kHeads + "lecture/");

  manual_seed(123);
  const nn::MultiHeadAttention wide(3, 4, 6, 0.0, 2);
  EXPECT_TRUE(near(wide(two_texts()), kHeads + "split_d_out_4/context_vecs"));
}

TEST(Golden, LayerNorm) {
  const nn::LayerNorm five(5);
  const nn::LayerNorm six({6});
  EXPECT_TRUE(near(five(golden(kBlock + "layernorm/batch_example")),
                   kBlock + "layernorm/book_ln5_of_batch_example"));
  EXPECT_TRUE(near(six(golden(kBlock + "layernorm/layer_out")),
                   kBlock + "layernorm/notebook_ln6_of_layer_out"));
  manual_seed(123);
  const Tensor x = randn({2, 5});
  const nn::Sequential layers{nn::Linear(5, 6), [](const Tensor& h) { return relu(h); }};
  EXPECT_TRUE(near(layers.parameters()[0], kBlock + "layernorm/linear_weight", 0));
  EXPECT_TRUE(near(layers(x), kBlock + "layernorm/layer_out"));
}

TEST(Golden, Gelu) {
  const Tensor x = golden(kBlock + "gelu/x");
  EXPECT_TRUE(near(nn::GELU("tanh")(x), kBlock + "gelu/tanh_form"));
  EXPECT_TRUE(near(nn::GELU()(x), kBlock + "gelu/exact_erf"));
  EXPECT_TRUE(near(nn::GELU("tanh")(golden(kBlock + "gelu/linspace_100")),
                   kBlock + "gelu/linspace_100_gelu"));
}

/// The book's network for shortcuts: five layers of Linear and GELU.
struct DeepNetwork : nn::Module {
  const nn::ModuleList<nn::Sequential> layers;
  const bool use_shortcut;

  explicit DeepNetwork(bool shortcut)
      : layers(register_module("layers", make())), use_shortcut(shortcut) {}
  Tensor forward(Tensor x) const {
    for (const nn::Sequential& layer : layers) {
      const Tensor y = layer(x);
      x = use_shortcut && x.sizes() == y.sizes() ? x + y : y;
    }
    return x;
  }
  static nn::ModuleList<nn::Sequential> make() {
    nn::ModuleList<nn::Sequential> list;
    for (const int64_t out : {3, 3, 3, 3, 1})
      list.push_back(nn::Sequential{nn::Linear(3, out), nn::GELU("tanh")});
    return list;
  }
};

TEST(Golden, Shortcuts) {
  for (const bool shortcut : {false, true}) {
    manual_seed(123);
    const DeepNetwork model(shortcut);
    expect_parameters(model, kBlock + "shortcut/param/");
    const std::string prefix = kBlock + (shortcut ? "shortcut/with/" : "shortcut/without/");
    const Tensor y = model.forward(tensor({{1., 0., -1.}}));
    EXPECT_TRUE(near(y, prefix + "output"));
    const Tensor loss = mse_loss(y, tensor({{0.}}));
    EXPECT_TRUE(near(loss, prefix + "loss"));
    expect_gradients(model, loss, prefix + "grad/");
  }
}

const nn::GptConfig kTiny{.context_length = 4, .emb_dim = 8, .n_heads = 2, .drop_rate = 0};

TEST(Golden, TinyBlock) {
  manual_seed(123);
  const Tensor x = rand({1, 4, 8});
  const nn::GptBlock block(kTiny);
  EXPECT_TRUE(near(x, kBlock + "tiny/input", 0));
  expect_parameters(block, kBlock + "tiny/param/");
  AttentionTrace trace;
  const Tensor y = block(x, &trace);
  expect_stages(trace, kBlock + "tiny/att/");
  EXPECT_TRUE(near(block.norm1(x), kBlock + "tiny/norm1"));
  EXPECT_TRUE(near(trace.output, kBlock + "tiny/attention"));
  const Tensor attended = x + trace.output;
  EXPECT_TRUE(near(attended, kBlock + "tiny/after_attention"));
  EXPECT_TRUE(near(block.norm2(attended), kBlock + "tiny/norm2"));
  EXPECT_TRUE(near(block.ff(block.norm2(attended)), kBlock + "tiny/feed_forward"));
  EXPECT_TRUE(near(y, kBlock + "tiny/output"));
  EXPECT_TRUE(near(mean_square(y), kBlock + "tiny/loss_mean_square"));
  expect_gradients(block, mean_square(y), kBlock + "tiny/grad/");
  expect_gradients(block, mean_square(block(x)), kBlock + "tiny/grad/");
}

const nlohmann::json& of_block(const std::string& name) {
  static const nlohmann::json all = [] {
    std::ifstream file(GRADUS_GOLDEN_DIR "/lessons.json");
    return nlohmann::json::parse(file).at("lessons").at("05_gpt_block");
  }();
  return all.at(name);
}

uint32_t crc32_of(const Tensor& x) {
  uint32_t crc = ~0u;
  const auto* bytes = reinterpret_cast<const unsigned char*>(x.data<float>());
  for (int64_t i = 0; i < 4 * x.numel(); ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit)
      crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
  }
  return ~crc;
}

/// Head, tail, mean and deviation of a long golden tensor.
void expect_summary(const Tensor& x, const nlohmann::json& expected) {
  const Tensor flat = x.detach().contiguous().view(-1);
  const auto head = expected.at("head").get<std::vector<double>>();
  const auto tail = expected.at("tail").get<std::vector<double>>();
  const auto n = static_cast<int64_t>(head.size());
  EXPECT_EQ(x.sizes().vec(), expected.at("shape").get<std::vector<int64_t>>());
  EXPECT_TRUE(near(flat.narrow(0, 0, n), tensor(head)));
  EXPECT_TRUE(near(flat.narrow(0, flat.numel() - n, n), tensor(tail)));
  EXPECT_NEAR(flat.mean().item<double>(), expected.at("mean").get<double>(), 2e-6);
}

TEST(Golden, BlockOfGpt2) {
  manual_seed(123);
  const Tensor x = rand({2, 4, 768});
  EXPECT_EQ(crc32_of(x), of_block("block_768/input").at("crc32_le_bytes"));
  const nn::GptBlock block({});
  const Generator before = default_generator();
  EXPECT_EQ(count(block), of_block("block_768/parameters").at("value"));
  EXPECT_EQ(count(block.att), 2360064);
  EXPECT_EQ(count(block.ff), of_block("feed_forward_768/parameters").at("value"));
  expect_summary(block(x), of_block("block_768/output_train"));
  default_generator() = before;
  AttentionTrace trace;  // the long way round draws the same
  expect_summary(block(x, &trace), of_block("block_768/output_train"));
  default_generator() = before;
  set_dropout_style(DropoutStyle::mkl);
  expect_summary(block(x), of_block("block_768/output_train_mkl"));
  set_dropout_style(DropoutStyle::book);
  block.eval();
  expect_summary(block(x), of_block("block_768/output_eval"));

  manual_seed(123);
  const nn::FeedForward ff(768);
  expect_summary(ff(rand({2, 3, 768})), of_block("feed_forward_768/output"));
}

// attention

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
  const nn::GptBlock block(kTiny);
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
            "multi_head_attention: 0 heads, expected at least one");
  EXPECT_EQ(error_of([] { nn::MultiHeadAttention(3, 2, 4, 0.0, 2)(two_texts()); }),
            "multi_head_attention: 6 tokens, expected at most 4");
  EXPECT_EQ(error_of([] { nn::CausalAttention(3, 2, 4, 0.0)(words()); }),
            "causal_attention: x is [6, 3], expected at most 4 tokens (..., T, d_in)");
  EXPECT_EQ(error_of([] {
              nn::CausalAttention(3, 2, 6, 0.0)(words(), nullptr, ones({6, 6}));
            }),
            "attention: the mask is float32, expected bool: true takes part");
  EXPECT_EQ(error_of([] { nn::Dropout(1.5); }),
            "dropout: p is 1.5, expected a probability between 0 and 1");
  EXPECT_EQ(error_of([] { nn::GELU("sigmoid"); }),
            "gelu: approximate is 'sigmoid', expected 'none' or 'tanh'");
  EXPECT_EQ(error_of([] {
              nn::Linear(ones({2, 3}), ones(3));
            }),
            "linear: the weight is [2, 3], expected [out, in]; a bias must be [out]");
}

// the GPT

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
}  // namespace gradus
