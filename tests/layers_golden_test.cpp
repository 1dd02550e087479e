// The layers of the lessons against the book's numbers: parameters, outputs and gradients.
#include "lessons/kit/golden_entries.h"
#include "nn/embedding.h"
#include "nn/gpt_block.h"
#include "nn/multi_head_attention_wrapper.h"
#include "nn/self_attention.h"
#include "nn/simplified_self_attention.h"
#include "tensor/random.h"
#include "tests/layers_support.h"

namespace gradus::layers_golden_test {
namespace {

using nn::AttentionTrace;
using testing::count;
using testing::expect_gradients;
using testing::expect_parameters;
using testing::golden;
using testing::mean_square;
using testing::near;
using testing::two_texts;
using testing::words;

const std::string kSimple = "01_simplified_self_attention/";
const std::string kQkv = "02_self_attention_qkv/";
const std::string kCausal = "03_causal_attention/";
const std::string kHeads = "04_multi_head_attention/";
const std::string kBlock = "05_gpt_block/";

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

const nlohmann::ordered_json& of_block(const std::string& name) {
  return lessons::golden::entry(kBlock + name);
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
void expect_summary(const Tensor& x, const nlohmann::ordered_json& expected) {
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
  AttentionTrace trace;  // with a trace the steps are separate ops, which draw the same numbers
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

}  // namespace
}  // namespace gradus::layers_golden_test
