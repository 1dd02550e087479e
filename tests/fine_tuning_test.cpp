// What fine-tuning changes in a model: new tokens, the last block, LoRA; and hooks of layers.
#include "gpt/fine_tuning.h"

#include <gtest/gtest.h>

#include "gpt/chat.h"
#include "gpt/conversation_rows.h"
#include "gpt/pretrained.h"
#include "gpt/train.h"
#include "gradus.h"
#include "tests/files_support.h"

namespace fine_tuning_test {
using namespace gradus;
using namespace gradus::gpt;

namespace {

nn::Gpt small_model(bool tied = true, uint64_t seed = 1) {
  manual_seed(seed);
  const nn::Gpt model({.vocab_size = 11,
                       .context_length = 12,
                       .emb_dim = 16,
                       .n_heads = 2,
                       .n_layers = 2,
                       .drop_rate = 0,
                       .tied_head = tied});
  nn::init_gpt2_(model);
  return model;
}
const Tensor kIds = tensor({{1, 2, 3, 4, 5, 6}, {7, 8, 9, 10, 0, 1}});

/// Counts up, so that something can be learned.
TrainData counting() {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < 300; ++i)
    ids.push_back(i % 11);
  return {tensor(ids), tensor(ids)};
}

/// A few steps of training on `trained`, and the loss at the end.
double trained_loss(const nn::Gpt& model, const nn::Module& trained, double lr = 1e-2) {
  const TrainData data = counting();
  Trainer trainer({.model = model,
                   .trained = trained,
                   .train = std::make_shared<TextExamples>(data.train, 12),
                   .validation = std::make_shared<TextExamples>(data.validation, 12)},
                  {.steps = 30, .batch_size = 4, .lr = lr, .weight_decay = 0});
  while (!trainer.finished())
    trainer.step();
  return trainer.full_validation_loss();
}

TEST(Positions, MayStartAnewInARow) {
  const nn::Gpt model = small_model();
  const Tensor positions = tensor({0, 1, 2, 0, 1, 2});
  const Tensor segments = tensor({0, 0, 0, 1, 1, 1});
  const Tensor mask = eq(segments.unsqueeze(1), segments.unsqueeze(0));  // (T, T)
  const Tensor row = kIds.narrow(0, 0, 1);
  const Tensor both = model.hidden(row, nullptr, mask, nullptr, positions);
  EXPECT_TRUE(allclose(both.narrow(1, 0, 3), model.hidden(row.narrow(1, 0, 3)), 1e-5, 1e-6));
  EXPECT_TRUE(allclose(both.narrow(1, 3, 3), model.hidden(row.narrow(1, 3, 3)), 1e-5, 1e-6));
  EXPECT_EQ(error_of([&] {
              model.hidden(row, nullptr, {}, nullptr, tensor({0, 1}));
            }),
            "gpt: the positions are [2], expected [6] or [1, 6], one for each token");
}

TEST(WithVocabulary, KeepsWhatTheModelKnows) {
  for (const bool tied : {true, false}) {
    const nn::Gpt model = small_model(tied);
    const nn::Gpt wider = with_vocabulary(model, 15);
    EXPECT_EQ(wider.config.vocab_size, 15);
    const Tensor logits = wider(kIds);
    EXPECT_TRUE(allclose(logits.narrow(-1, 0, 11), model(kIds), 1e-5, 1e-6));
    // The new rows are as large as the others.
    const Tensor added = wider.tok_emb.weight.detach().narrow(0, 11, 4);
    EXPECT_NEAR(added.abs().mean().item<double>(),
                model.tok_emb.weight.detach().abs().mean().item<double>(), 0.01);
  }
  EXPECT_EQ(error_of([] { with_vocabulary(small_model(), 10); }),
            "with_vocabulary: 10 tokens, and the model has 11 already");
}

TEST(CopyOf, HasItsOwnParametersAndDrawsNothing) {
  const nn::Gpt model = small_model();
  const Tensor rng_state = get_rng_state();
  const nn::Gpt copy = copy_of(model);
  EXPECT_TRUE(equal(get_rng_state(), rng_state));
  EXPECT_TRUE(equal(copy(kIds), model(kIds)));
  copy.tok_emb.weight.detach().zero_();
  EXPECT_FALSE(equal(copy(kIds), model(kIds)));
}

TEST(LastBlock, IsTrainedAlone) {
  const nn::Gpt model = small_model();
  const nn::Gpt before = copy_of(model);
  train_last_block_only(model);
  EXPECT_LT(trained_loss(model, model), 2.3);
  const NamedTensors x = before.named_parameters();
  const NamedTensors y = model.named_parameters();
  for (size_t i = 0; i < x.size(); ++i) {
    const std::string& name = x[i].first;
    const bool may_change = name.starts_with("trf_blocks.1.") || name.starts_with("final_norm.");
    EXPECT_EQ(!equal(x[i].second, y[i].second), may_change) << name;
  }
}

TEST(Lora, StartsFromTheModelAndLeavesItsWeights) {
  const nn::Gpt model = small_model();
  const nn::Gpt before = copy_of(model);
  const LoraAdapters lora(model, 2, 4);
  EXPECT_TRUE(equal(model(kIds), before(kIds)));
  // Of each block: four of C to C, one of C to 4 C, one of 4 C to C; A and B of rank 2.
  EXPECT_EQ(trained_parameters(lora), 2 * (4 * 2 * (16 + 16) + 2 * 2 * (16 + 64)));
  EXPECT_LT(trained_loss(model, lora), 2.3);
  const NamedTensors x = before.named_parameters();
  const NamedTensors y = model.named_parameters();
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_TRUE(equal(x[i].second, y[i].second)) << x[i].first;
  EXPECT_GT((model(kIds) - before(kIds)).abs().max().item<double>(), 0.1);
}

class LoraFiles : public Files {};

TEST_F(LoraFiles, MergedItIsAGptLikeAnyOther) {
  const nn::Gpt model = small_model();
  LoraAdapters lora(model, 2, 4);
  trained_loss(model, lora);
  model.eval();
  const Tensor logits = model(kIds).detach();
  EXPECT_TRUE(allclose(lora.merged()(kIds), logits, 0, 1e-5));
  save_pretrained(lora.merged(), path("model"));
  EXPECT_TRUE(allclose(from_pretrained(path("model"))(kIds), logits, 0, 1e-5));
  EXPECT_TRUE(equal(model(kIds), logits));  // merged() leaves it as it is
  lora.merge();
  EXPECT_TRUE(allclose(model(kIds), logits, 0, 1e-5));
  EXPECT_EQ(error_of([&] { lora.merge(); }), "lora: the changes are merged already");
}

TEST(Lora, PartsOfABatchGiveTheSameGradient) {
  text::Tokenizer tokenizer(text::CharTokenizer("abc?"));
  ChatFormat::add_to(tokenizer);
  const ChatFormat format(tokenizer);
  const std::vector<Conversation> conversations{{{{"user", "a?"}, {"assistant", "bbbb"}}, ""},
                                                {{{"user", "b?"}, {"assistant", "c"}}, ""}};
  const auto rows = std::make_shared<ConversationRows>(conversations, format, 12, false);
  std::vector<Tensor> weights;
  for (const int64_t parts : {1, 4}) {
    const nn::Gpt model = with_vocabulary(small_model(), 15);
    manual_seed(5);
    Trainer trainer({.model = model, .trained = model, .train = rows, .validation = rows},
                    {.steps = 3, .batch_size = 4, .accumulate = parts, .lr = 1e-2});
    while (!trainer.finished())
      trainer.step();
    weights.push_back(model.tok_emb.weight.detach());
  }
  EXPECT_TRUE(allclose(weights[0], weights[1], 1e-3, 1e-4));
}

struct ChatParts {
  nn::Gpt model;
  ChatFormat format;
};
/// A model with a window of 12 tokens, 9 of them for what it reads.
ChatParts chat_parts() {
  text::Tokenizer tokenizer(text::CharTokenizer("abc?"));
  ChatFormat::add_to(tokenizer);
  manual_seed(1);
  return {nn::Gpt({.vocab_size = tokenizer.vocab_size(),
                   .context_length = 12,
                   .emb_dim = 16,
                   .n_heads = 2,
                   .n_layers = 1,
                   .drop_rate = 0}),
          ChatFormat(tokenizer)};
}

TEST(Chat, ForgetsTheOldestTurns) {
  const ChatParts parts = chat_parts();
  Chat chat(parts.model, parts.format, {.max_new_tokens = 3});
  const std::string first = chat.answer("abc");
  EXPECT_EQ(chat.forgotten(), 0);
  EXPECT_EQ(chat.answer("abc"), first);  // it does not remember that it was asked
  EXPECT_EQ(chat.forgotten(), 2);
  chat.answer("abc");
  EXPECT_EQ(chat.forgotten(), 4);
  EXPECT_EQ(chat.messages().size(), 6u);
  EXPECT_EQ(error_of([&] { chat.answer("aaaaaaaa"); }),
            "the question has 10 tokens with what comes before it, and the model reads at most 9 "
            "before it answers");
  EXPECT_NE(error_of([&] { chat.answer("x"); }).find("'x' (U+0078)"), std::string::npos);
  EXPECT_EQ(chat.messages().size(), 6u);
}

TEST(Chat, AnAnswerCanBeStopped) {
  const ChatParts parts = chat_parts();
  Chat chat(parts.model, parts.format, {.max_new_tokens = 5});
  int calls = 0;
  chat.answer("a", [&](const std::string&) { return ++calls < 2; });
  EXPECT_LE(calls, 2);
  EXPECT_EQ(chat.messages().size(), 2u);
}

TEST(Chat, TheSystemsMessageIsKept) {
  const ChatParts parts = chat_parts();
  Chat chat(parts.model, parts.format, {.max_new_tokens = 1}, "b");
  chat.answer("abc");
  chat.answer("abc");
  EXPECT_EQ(chat.forgotten(), 2);
  EXPECT_EQ(chat.messages().front().role, "system");
  EXPECT_EQ(error_of([&] { Chat(parts.model, parts.format, {}, "aaaaaaa"); }),
            "chat: the system's message has 9 tokens, expected fewer than 9");
  EXPECT_EQ(error_of([&] { Chat(small_model(), parts.format); }),
            "chat: the tokenizer has 8 tokens, and the model 11");
}

}  // namespace
}  // namespace fine_tuning_test
