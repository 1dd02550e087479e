// nn::Gpt with 163 million parameters against the golden values of the book's chapters 4 and 5:
// logits, generated tokens and the loss, from the weights of seed 123.
#include "nn/gpt.h"
#include "tensor/random.h"
#include "tests/golden.h"

namespace gradus::gpt_golden_test {
namespace {

using testing::golden;
using testing::near;

constexpr double kTolerance = 1e-4;

nn::Gpt small_gpt(int64_t context_length) {
  manual_seed(123);
  return nn::Gpt({.vocab_size = 50257,
                  .context_length = context_length,
                  .emb_dim = 768,
                  .n_heads = 12,
                  .n_layers = 12,
                  .drop_rate = 0.1});
}

/// The first three and the last three columns, as the book prints them.
Tensor printed_columns(const Tensor& logits) {
  return cat({logits.narrow(-1, 0, 3), logits.narrow(-1, -3, 3)}, -1);
}

/// The tokens, followed by `count` tokens that each have the largest logit.
Tensor with_most_likely(const nn::Gpt& model, Tensor ids, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const Tensor logits = model(ids).select(1, -1);                    // (B, V)
    ids = cat({ids, logits.argmax(-1, /*keepdim=*/true)}, /*dim=*/1);  // (B, T + 1)
  }
  return ids;
}

TEST(GptGolden, LogitsAndGeneratedTokens) {
  const NoGradGuard no_grad;
  const nn::Gpt model = small_gpt(1024);
  const Tensor batch = golden("06_gpt_model/batch");  // (2, 4)
  const Tensor with_dropout = model(batch);           // (2, 4, 50257)
  EXPECT_EQ(with_dropout.sizes(), (Shape{2, 4, 50257}));
  EXPECT_TRUE(near(printed_columns(with_dropout),
                   golden("06_gpt_model/logits_train_printed_columns"), kTolerance));

  model.eval();
  EXPECT_TRUE(near(printed_columns(model(batch)),
                   golden("06_gpt_model/logits_eval_printed_columns"), kTolerance));
  const Tensor expected = golden("06_gpt_model/generate/ids");  // (1, 10)
  const Tensor start = expected.narrow(1, 0, 4);
  EXPECT_TRUE(equal(with_most_likely(model, start, 6), expected));
  const auto [largest, ids] = model(start).select(1, -1).topk(5);  // (1, 5)
  EXPECT_TRUE(equal(ids[0], golden("06_gpt_model/generate/step1_top5_ids")));
  EXPECT_TRUE(near(largest[0], golden("06_gpt_model/generate/step1_top5_logits"), kTolerance));
}

TEST(GptGolden, GeneratedTokensProbabilitiesAndLoss) {
  const NoGradGuard no_grad;
  const nn::Gpt model = small_gpt(256);
  model.eval();
  const Tensor generated = golden("07_gpt_loss/generate/ids");  // (1, 14)
  EXPECT_TRUE(equal(with_most_likely(model, generated.narrow(1, 0, 4), 10), generated));

  const Tensor targets = golden("07_gpt_loss/targets");                            // (2, 3)
  const Tensor logits = model(golden("07_gpt_loss/inputs"));                       // (2, 3, V)
  const Tensor probas = softmax(logits, -1);                                       // (2, 3, V)
  const Tensor of_targets = probas.gather(-1, targets.unsqueeze(-1)).squeeze(-1);  // (2, 3)
  EXPECT_TRUE(equal(logits.argmax(-1, /*keepdim=*/true), golden("07_gpt_loss/argmax_ids")));
  EXPECT_TRUE(near(of_targets, golden("07_gpt_loss/target_probas"), 1e-8));
  EXPECT_TRUE(near(log(of_targets).view(-1), golden("07_gpt_loss/log_probas"), kTolerance));
  const Tensor loss = cross_entropy(logits.flatten(0, 1), targets.flatten());
  EXPECT_TRUE(near(loss.view(-1), golden("07_gpt_loss/cross_entropy").view(-1), kTolerance));
}

}  // namespace
}  // namespace gradus::gpt_golden_test
