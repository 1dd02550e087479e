// A GPT continues texts: greedily and by drawing, with and without cache, past its window.
#include "gpt/generate.h"

#include <cmath>
#include <map>

#include "gpt/pretrained.h"
#include "gpt/text_stream.h"
#include "tensor/random.h"
#include "tests/expect_error.h"
#include "tests/golden.h"
#include "tests/gpt_support.h"

namespace gradus::gpt::generate_test {
namespace {

using testing::near;

class Generate : public GptFiles {
 protected:
  Generate() : model_(from_pretrained(put_tied_twin())) {}
  const nn::Gpt model_;  // 11 tokens, a context of 8
};

const Tensor kPrompt = tensor({{1, 2, 3, 10}});

std::vector<int64_t> values(const Tensor& ids) {
  const Tensor in_order = ids.contiguous();
  return {in_order.data<int64_t>(), in_order.data<int64_t>() + ids.numel()};
}

TEST_F(Generate, GreedyIsWhatTransformersGenerates) {
  std::vector<int64_t> seen;
  const Tensor ids = generate(model_, kPrompt, {.max_new_tokens = 4},
                              [&](int64_t token) { seen.push_back(token); });
  EXPECT_EQ(values(ids), (std::vector<int64_t>{1, 2, 3, 10, 0, 7, 0, 0}));
  EXPECT_EQ(seen, kTiedTwin.next);
  EXPECT_FALSE(ids.requires_grad());
  EXPECT_TRUE(equal(generate(model_, kPrompt, {.max_new_tokens = 0}), kPrompt));
}

/// The tokens after windows that are computed from the definition, each with one forward pass.
std::vector<int64_t> by_definition(const nn::Gpt& model, std::vector<int64_t> ids, int64_t count,
                                   bool exact) {
  const NoGradGuard no_grad;
  const int64_t context = model.config.context_length;
  int64_t start = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t end = std::ssize(ids);
    if (end - start > context) start = end - (exact ? context : context / 2);
    const std::vector<int64_t> window(ids.begin() + start, ids.end());
    const Tensor logits = model(tensor(window, kInt64).unsqueeze(0));  // (1, T, V)
    ids.push_back(logits.select(1, -1).argmax().item<int64_t>());
  }
  return ids;
}

TEST_F(Generate, PastTheWindow) {
  for (const bool exact : {false, true}) {
    const auto expected = by_definition(model_, {1, 2, 3, 10}, 40, exact);
    for (const bool use_cache : {false, true}) {
      Generator generator(model_, kPrompt,
                          {.max_new_tokens = 40, .use_cache = use_cache, .exact_window = exact});
      while (!generator.finished())
        generator.step();
      EXPECT_EQ(values(generator.ids()), expected) << exact << use_cache;
      // The last step reads 43 tokens. Halves are read again at 9, 14, 19, ... 39 tokens.
      EXPECT_EQ(generator.refills(), exact ? 35 : 7);
    }
  }
  EXPECT_NE(by_definition(model_, {1, 2, 3, 10}, 40, true),
            by_definition(model_, {1, 2, 3, 10}, 40, false));
}

TEST_F(Generate, AContextOfOneToken) {
  manual_seed(1);
  const nn::Gpt model(
      {.vocab_size = 5, .context_length = 1, .emb_dim = 4, .n_heads = 1, .n_layers = 1});
  model.eval();
  const Tensor start = tensor({{3}});
  EXPECT_TRUE(equal(generate(model, start, {.max_new_tokens = 6}),
                    generate(model, start, {.max_new_tokens = 6, .use_cache = false})));
}

TEST_F(Generate, RowsOfABatchAreIndependent) {
  const Tensor other = tensor({{0, 5, 9, 9}});
  const GenerateOptions options = {.max_new_tokens = 12};
  const Tensor both = generate(model_, cat({kPrompt, other}, 0), options);
  EXPECT_TRUE(equal(both.narrow(0, 0, 1), generate(model_, kPrompt, options)));
  EXPECT_TRUE(equal(both.narrow(0, 1, 1), generate(model_, other, options)));
}

TEST_F(Generate, ATextEndsAfterTheEndToken) {
  // The first row has the tokens 0, 7, 0, 0.
  GenerateOptions options = {.max_new_tokens = 4, .eos_token_id = 7};
  EXPECT_EQ(values(generate(model_, kPrompt, options)), (std::vector<int64_t>{1, 2, 3, 10, 0, 7}));
  const Tensor other = tensor({{0, 5, 9, 9}});
  const auto alone = values(generate(model_, other, options));
  const Tensor both = generate(model_, cat({kPrompt, other}, 0), options);
  EXPECT_EQ(both.size(1), std::ssize(alone));
  for (int64_t i = 6; i < both.size(1); ++i)
    EXPECT_EQ(both[0][i].item<int64_t>(), 7);
}

TEST_F(Generate, DrawsFromTheDistribution) {
  const NoGradGuard no_grad;
  const int64_t count = 20'000;
  manual_seed(3);
  const Tensor many = kPrompt.expand({count, 4}).contiguous();
  const GenerateOptions options = {
      .max_new_tokens = 1, .do_sample = true, .temperature = 2, .top_k = 5};
  const Tensor drawn = generate(model_, many, options).select(1, -1);
  const Tensor logits = model_(kPrompt).select(1, -1)[0] / 2.0;  // (V)
  const auto [largest, ids] = topk(logits, 5);
  const Tensor expected = softmax(largest, 0);
  for (int64_t i = 0; i < 5; ++i) {
    const double part = (drawn == ids[i]).to(kFloat64).mean().item<double>();
    EXPECT_NEAR(part, expected[i].item<double>(), 4 * 0.5 / std::sqrt(count));
  }
  double all = 0;
  for (int64_t i = 0; i < 5; ++i)
    all += (drawn == ids[i]).to(kFloat64).sum().item<double>();
  EXPECT_EQ(all, count);
}

TEST_F(Generate, TheSeedDecidesAndTheCacheDoesNot) {
  const auto draw = [&](uint64_t seed, bool use_cache) {
    manual_seed(seed);
    return values(generate(model_, kPrompt,
                           {.max_new_tokens = 30, .do_sample = true, .use_cache = use_cache}));
  };
  EXPECT_EQ(draw(1, true), draw(1, true));
  EXPECT_EQ(draw(1, true), draw(1, false));
  EXPECT_NE(draw(1, true), draw(2, true));
}

TEST_F(Generate, DropoutIsOffMeanwhile) {
  const Tensor expected = generate(model_, kPrompt);
  model_.train();
  EXPECT_TRUE(equal(generate(model_, kPrompt), expected));
  EXPECT_TRUE(model_.is_training());
  EXPECT_TRUE(model_.trf_blocks[0].att.dropout.is_training());
}

TEST_F(Generate, WrongCallsAreErrors) {
  const auto with_ids = [&](const Tensor& ids, const char* message) {
    expect_error([&] { generate(model_, ids); }, message);
  };
  with_ids(empty({1, 0}, kInt64), "generate: the prompt is empty, expected at least one token");
  with_ids(ones({1, 9}, kInt64),
           "generate: the prompt has 9 tokens, and the model reads at most 8");
  with_ids(ones({4}, kInt64), "generate: the ids are int64 [4], expected int64 [B, T]");
  with_ids(ones({1, 4}), "generate: the ids are float32 [1, 4], expected int64 [B, T]");
  with_ids(tensor({{1, 2}, {3, 11}}),
           "generate: token 11 at [1, 1] is not in the vocabulary of 11 tokens");
  with_ids(tensor({{-1}}), "generate: token -1 at [0, 0] is not in the vocabulary of 11 tokens");
  const auto with_options = [&](const GenerateOptions& options, const char* message) {
    expect_error([&] { generate(model_, kPrompt, options); }, message);
  };
  with_options({.max_new_tokens = -1}, "generate: max_new_tokens is -1, expected 0 or more");
  with_options({.temperature = 0}, "generate: the temperature is 0, expected a number above 0");
  with_options({.top_k = -5}, "generate: top_k is -5, expected 0 (all tokens) or more");
  with_options({.top_p = 0}, "generate: top_p is 0, expected a number above 0 and at most 1");
  expect_error(
      [&] {
        generate(model_, ones({2, 1}, kInt64), {}, [](int64_t) {});
      },
      "generate: on_token with 2 texts, expected one");
  Generator done(model_, kPrompt, {.max_new_tokens = 0});
  expect_error([&] { done.step(); }, "generate: step() after the last token");
}

TEST_F(Generate, WeightsThatAreNoNumbersAreAnError) {
  const NoGradGuard no_grad;
  model_.final_norm.weight.fill_(NAN);
  expect_error([&] { generate(model_, kPrompt); },
               "generate: the largest logit is nan, so the model has weights that are not numbers "
               "or much too large");
}

TEST(TextStream, HoldsBackIncompleteCharacters) {
  TextStream stream(false);
  EXPECT_EQ(stream.add("a\xC3"), "a");
  EXPECT_EQ(stream.add("\xA9"), "é");
  EXPECT_EQ(stream.add("\xF0\x9F\x98"), "");
  EXPECT_EQ(stream.add("\x80!"), "😀!");
  EXPECT_EQ(stream.add("\xE2\x82"), "");
  EXPECT_EQ(stream.rest(), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.rest(), "");
}

TEST(TextStream, BytesThatAreNotUtf8AreReplaced) {
  TextStream stream(false);
  EXPECT_EQ(stream.add("\xFF\x80z"), "\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_EQ(stream.add("\xE2\x82"), "");
  EXPECT_EQ(stream.add("z"), "\xEF\xBF\xBD\xEF\xBF\xBDz");
}

TEST(TextStream, ATerminalGetsNoCommands) {
  const std::string text =
      "a\n\tb\x1b[2J\x7f\xC2\x9B"
      "c\r";
  EXPECT_EQ(TextStream(true).add(text), "a\n\tb?[2J??c?");
  EXPECT_EQ(TextStream(false).add(text), text);
}

}  // namespace
}  // namespace gradus::gpt::generate_test
