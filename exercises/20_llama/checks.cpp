#include "exercises/checks.h"

#include <cstdlib>
#include <filesystem>

#include "exercises/20_llama/by_loops.h"
#include "exercises/20_llama/files.h"
#include "exercises/20_llama/llama.h"
#include "exercises/20_llama/story.h"

using namespace gradus;

namespace {

/// Random weights, of the size that keeps a random row as large as it is.
LlamaBlock random_block(int64_t C, int64_t F, const LlamaConfig& config, uint64_t seed) {
  const int64_t kv = C / config.heads * config.kv_heads;
  const auto matrix = [&seed](int64_t out, int64_t in) {
    return example({out, in}, ++seed) / std::sqrt(in);
  };
  return {example({C}, ++seed) / 3 + 1, matrix(C, C), matrix(kv, C), matrix(kv, C), matrix(C, C),
          example({C}, ++seed) / 3 + 1, matrix(F, C), matrix(C, F),  matrix(F, C)};
}

// The twin: H = 9 heads of D = 6 over G = 3, so C = 54; F = 11, V = 13, L = 3 blocks.
const LlamaConfig config{.heads = 9, .kv_heads = 3, .context_length = 20};
const LlamaBlock weights = random_block(54, 11, config, 100);
const Tensor x = example({3, 7, 54}, 1);  // (B, T, C)
const Llama twin{config,
                 example({13, 54}, 2),
                 {random_block(54, 11, config, 200), random_block(54, 11, config, 300),
                  random_block(54, 11, config, 400)},
                 example({54}, 3) / 3 + 1,
                 example({13, 54}, 4)};
const std::vector<int64_t> text{1, 5, 5, 12, 0, 8, 3};

/// The tokens as a batch of one.
Tensor batch(const std::vector<int64_t>& tokens) { return tensor(tokens).unsqueeze(0); }

LlamaBlock without(LlamaBlock block, Tensor LlamaBlock::*weight) {
  block.*weight = zeros_like(block.*weight);
  return block;
}

/// Far from every mistake but a wrong eps, which has a check of its own.
constexpr Tolerance kRough{.rtol = 1e-4, .atol = 1e-4};

TEST(shape, of_a_block) {
  expect_shape("llama_block of [3, 7, 54]", mine::llama_block(x, weights, config), {3, 7, 54});
}

TEST(shape, of_the_logits) {
  expect_shape("llama of 1 x 7 tokens, vocabulary 13", mine::llama(batch(text), twin), {1, 7, 13});
}

TEST(shape, dimensions_of_size_one) {
  expect_shape("llama_block of [1, 7, 54]", mine::llama_block(x.narrow(0, 0, 1), weights, config),
               {1, 7, 54});
  expect_shape("llama_block of [3, 1, 54]", mine::llama_block(x.narrow(1, 0, 1), weights, config),
               {3, 1, 54});
  expect_shape("llama of 1 x 1 token, vocabulary 13", mine::llama(batch({5}), twin), {1, 1, 13});
  expect_shape("llama of 3 x 1 tokens, vocabulary 13", mine::llama(tensor({{5}, {0}, {3}}), twin),
               {3, 1, 13});
}

TEST(shape, no_texts) {
  expect_shape("llama_block of [0, 7, 54]", mine::llama_block(x.narrow(0, 0, 0), weights, config),
               {0, 7, 54});
  expect_shape("llama of 0 x 7 tokens, vocabulary 13", mine::llama(zeros({0, 7}, kInt64), twin),
               {0, 7, 13});
}

TEST(forward, a_block_adds_to_x) {
  const LlamaBlock nothing = without(without(weights, &LlamaBlock::wo), &LlamaBlock::w2);
  expect_close("llama_block with wo and w2 of zeros, which is x",
               mine::llama_block(x, nothing, config), x);
}

TEST(forward, the_feed_forward_half) {
  const LlamaBlock half = without(weights, &LlamaBlock::wo);
  expect_close("llama_block with wo of zeros, which is x + swiglu(rms_norm(x))",
               mine::llama_block(x, half, config), by_loops::block(x, half, config), kRough);
}

TEST(forward, attention_of_a_single_step) {
  // one step sees itself alone: no rotation and no softmax matter, only wv, the heads and wo
  const LlamaBlock half = without(weights, &LlamaBlock::w2);
  const Tensor first = x.narrow(1, 0, 1);
  expect_close("llama_block of one step with w2 of zeros, which is x + wo wv rms_norm(x)",
               mine::llama_block(first, half, config), by_loops::block(first, half, config),
               kRough);
}

TEST(forward, the_attention_half) {
  const LlamaBlock half = without(weights, &LlamaBlock::w2);
  expect_close("llama_block with w2 of zeros, which is x + attention(rms_norm(x))",
               mine::llama_block(x, half, config), by_loops::block(x, half, config), kRough);
}

TEST(forward, a_block) {
  expect_close("llama_block", mine::llama_block(x, weights, config),
               by_loops::block(x, weights, config), kRough);
}

TEST(forward, a_block_of_small_numbers) {
  // the mean squares are 1e-6, so that eps = 1e-5 decides
  const Tensor small = x / 1000;
  expect_close("llama_block of x / 1000, where config.eps decides",
               mine::llama_block(small, weights, config), by_loops::block(small, weights, config));
}

TEST(forward, logits) {
  Llama one = twin;
  one.blocks.resize(1);
  expect_close("llama with one block", mine::llama(batch(text), one)[0],
               by_loops::llama(text, one));
  expect_close("llama with three blocks", mine::llama(batch(text), twin)[0],
               by_loops::llama(text, twin));
}

TEST(forward, greedy) {
  std::vector<int64_t> right{1, 5};
  for (int64_t i = 0; i < 6; ++i)
    right.push_back(by_loops::llama(right, twin)[std::ssize(right) - 1].argmax().item<int64_t>());
  const std::vector<int64_t> yours = mine::greedy({1, 5}, 6, twin);
  check(yours == right, "greedy of [1, 5] and 6 more is [{}], it must be [{}]",
        fmt::format("{}", fmt::join(yours, ", ")), fmt::format("{}", fmt::join(right, ", ")));
}

TEST(gradient, of_a_block) {
  const LlamaConfig three{.heads = 3, .kv_heads = 1, .context_length = 5};
  const LlamaBlock w = random_block(6, 5, three, 500);
  const Tensor few = example({1, 3, 6}, 5);
  expect_right_gradients([&] { return mine::llama_block(few, w, three); },
                         {{"x", few},
                          {"attention_norm", w.attention_norm},
                          {"wq", w.wq},
                          {"wk", w.wk},
                          {"wv", w.wv},
                          {"wo", w.wo},
                          {"feed_forward_norm", w.feed_forward_norm},
                          {"w1", w.w1},
                          {"w2", w.w2},
                          {"w3", w.w3}});
}

TEST(invariants, no_step_sees_the_future) {
  expect_causal([](const Tensor& rows) { return mine::llama_block(rows, weights, config); }, x);
}

TEST(invariants, texts_of_a_batch_do_not_see_each_other) {
  const Tensor both = tensor({{1, 5, 5, 12, 0}, {1, 7, 2, 2, 9}});
  const Tensor y = mine::llama(both, twin);
  expect_close("llama of the second text of a batch", y[1],
               mine::llama(both.narrow(0, 1, 1), twin)[0]);
}

TEST(numerics, float32) {
  const auto single = [](const Tensor& t) { return t.to(kFloat32); };
  const LlamaBlock w{single(weights.attention_norm),
                     single(weights.wq),
                     single(weights.wk),
                     single(weights.wv),
                     single(weights.wo),
                     single(weights.feed_forward_norm),
                     single(weights.w1),
                     single(weights.w2),
                     single(weights.w3)};
  expect_close("llama_block in float32", mine::llama_block(single(x), w, config),
               single(by_loops::block(x, weights, config)), {.rtol = 1e-4, .atol = 1e-4});
}

/// Where the checkpoint is, or would be.
std::filesystem::path data_folder() {
  const char* named = std::getenv("GRADUS_DATA");
  const std::filesystem::path source = GRADUS_SOURCE_DIR;
  const std::filesystem::path data = named && *named ? named : "my/data";
  return (source / data / "stories260K").lexically_normal();
}

TEST(budget, tells_the_published_story) {
  const std::filesystem::path folder = data_folder();
  const std::filesystem::path model_file = folder / "stories260K.bin";
  const std::filesystem::path words_file = folder / "tok512.bin";
  if (!std::filesystem::exists(model_file) || !std::filesystem::exists(words_file)) {
    missing(
        fmt::format("the story was not told, since {} has no stories260K.bin and tok512.bin. "
                    "./run download stories gets them (1 MB)",
                    folder.string()));
    return;
  }
  const Llama model = load_llama(model_file.string());
  const LlamaVocabulary words(words_file.string(), model.embedding.size(0));
  const std::vector<int64_t> tokens = mine::greedy({1}, std::ssize(kStoryTokens) - 1, model);
  check(tokens.size() == kStoryTokens.size(), "greedy of [1] and 200 more gave {} tokens, not 201",
        tokens.size());
  for (size_t i = 1; i < tokens.size(); ++i) {
    const std::vector<int64_t> so_far(tokens.begin(),
                                      tokens.begin() + static_cast<std::ptrdiff_t>(i));
    check(tokens[i] == kStoryTokens[i],
          "after \"{}\" your token {} is {}, in the published story it is {}", words.decode(so_far),
          i, tokens[i], kStoryTokens[i]);
  }
  check(words.decode(tokens) == kStory,
        "the tokens are right, but their text is not: is this the tok512.bin of the checkpoint? It "
        "says \"{}\"",
        words.decode(tokens));
  note("200 tokens as published:\n" + kStory + " …");
}

}  // namespace
