// Batches in the order of PyTorch's DataLoader, and the first batch that the book trains on.
#include "lessons/kit/data_loader.h"

#include "nn/gpt.h"
#include "tensor/factories.h"
#include "tensor/random.h"
#include "tests/golden.h"
#include "tests/text_support.h"
#include "text/bpe_tokenizer.h"

namespace gradus::lessons::data_loader_test {
namespace {

using testing::near;

/// Windows of one token: window i is the token i and its successor.
std::vector<Window> numbered(int64_t count) {
  std::vector<int64_t> ids(static_cast<size_t>(count + 1));
  for (size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<int64_t>(i);
  return windows_of(ids, 1);
}

/// The numbers of the windows of an epoch, one row for each batch.
std::vector<std::vector<int64_t>> order(const std::vector<Window>& epoch) {
  std::vector<std::vector<int64_t>> rows;
  for (const Window& batch : epoch) {
    rows.emplace_back();
    for (int64_t i = 0; i < batch.inputs.size(0); ++i)
      rows.back().push_back(batch.inputs[i].item<int64_t>());
    EXPECT_TRUE(equal(batch.inputs + 1, batch.targets));
  }
  return rows;
}

// The expected values are PyTorch's: torch.manual_seed(123), a DataLoader, then torch.rand(2).
TEST(DataLoader, ShufflesAsPyTorchDoes) {
  manual_seed(123);
  EXPECT_EQ(order(epoch(numbered(18), 2, true)),
            (std::vector<std::vector<int64_t>>{
                {0, 7}, {14, 5}, {6, 1}, {17, 2}, {11, 12}, {9, 16}, {13, 10}, {3, 8}, {15, 4}}));
  EXPECT_TRUE(near(rand({2}), tensor({0.0740, 0.8665}), 5e-5));
  manual_seed(123);
  EXPECT_EQ(order(epoch(numbered(5), 2, true)),
            (std::vector<std::vector<int64_t>>{{3, 1}, {0, 2}}));
}

TEST(DataLoader, InOrderItDrawsOneNumber) {
  manual_seed(123);
  EXPECT_EQ(order(epoch(numbered(5), 2, false)),
            (std::vector<std::vector<int64_t>>{{0, 1}, {2, 3}, {4}}));
  EXPECT_TRUE(near(rand({2}), tensor({0.2517, 0.6886}), 5e-5));
}

TEST(DataLoader, WindowsDoNotOverlap) {
  const std::vector<Window> windows = windows_of({5, 6, 7, 8, 9, 10, 11}, 3);
  ASSERT_EQ(windows.size(), 2);
  EXPECT_TRUE(equal(windows[0].inputs, tensor({5, 6, 7})));
  EXPECT_TRUE(equal(windows[0].targets, tensor({6, 7, 8})));
  EXPECT_TRUE(equal(windows[1].inputs, tensor({8, 9, 10})));
  EXPECT_TRUE(equal(windows[1].targets, tensor({9, 10, 11})));
  EXPECT_TRUE(windows_of({5, 6, 7}, 3).empty());
}

// golden 09_the_verdict/training_plain/batch_losses: seed, order of the draws and dropout masks are
// right if this loss is. The nightly test of lesson 13 trains on.
TEST(DataLoader, TheFirstBatchOfTheBooksTraining) {
  const auto vocabulary = real_data("gpt2-bpe");
  const auto story = real_data("the-verdict/the-verdict.txt");
  if (!vocabulary || !story) GTEST_SKIP() << "my/data has no gpt2-bpe or no the-verdict";
  const auto tokenizer = text::BpeTokenizer::from_pretrained(*vocabulary);
  const std::string bytes = file_bytes(*story);
  const std::vector<int64_t> all = tokenizer.encode(bytes);
  EXPECT_EQ(all.size(), 5145);
  const auto windows = windows_of(tokenizer.encode(bytes.substr(0, bytes.size() * 9 / 10)), 256);
  EXPECT_EQ(windows.size(), 18);

  const NoGradGuard no_grad;
  manual_seed(123);
  const nn::Gpt model({.context_length = 256});
  const std::vector<Window> batches = epoch(windows, 2, true);
  const Tensor loss =
      cross_entropy(model(batches[0].inputs).flatten(0, 1), batches[0].targets.flatten());
  EXPECT_NEAR(loss.item<double>(), 10.999969, 1e-5);
}

}  // namespace
}  // namespace gradus::lessons::data_loader_test
