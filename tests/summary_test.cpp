// summary(model, input): the table, and that the model stays as it was.
#include "nn/summary.h"

#include <sstream>

#include "nn/encoder_decoder.h"
#include "nn/gpt.h"
#include "tensor/random.h"
#include "tests/golden.h"

namespace gradus::summary_test {
namespace {

using nn::Linear;
using testing::error_of;

TEST(Summary, Table) {
  const nn::Sequential model{Linear(2000, 300), nn::GELU(), nn::Sequential{Linear(300, 2)}};
  model.parameter("2.0.bias").requires_grad_(false);
  const nn::ModelSummary result = nn::summary(model, {5, 2000});
  std::ostringstream out;
  out << result;
  EXPECT_EQ(out.str(),
            "========================================\n"
            "Layer              Output Shape  Param #\n"
            "========================================\n"
            "Sequential         [5, 2]             --\n"
            "  (0): Linear      [5, 300]      600,300\n"
            "  (1): GELU        [5, 300]           --\n"
            "  (2): Sequential  [5, 2]             --\n"
            "    (0): Linear    [5, 2]            602\n"
            "========================================\n"
            "Total params: 600,902\n"
            "Trainable params: 600,900\n"
            "Non-trainable params: 2\n"
            "========================================");
  EXPECT_EQ(fmt::format("{}", result), out.str());
  EXPECT_EQ(result.total_params, 2000 * 300 + 300 + 600 + 2);
  EXPECT_EQ(result.trainable_params, result.total_params - 2);
}

struct Net : nn::Module {
  const Linear a;
  const nn::Dropout dropout;
  const nn::GRU gru;
  const nn::ModuleList<Linear> unused;
  Net()
      : a(register_module("a", Linear(2, 4))),
        dropout(register_module("dropout", nn::Dropout(0.5))),
        gru(register_module("gru", nn::GRU(4, 3))),
        unused(register_module("unused", nn::ModuleList<Linear>{Linear(1, 1)})) {}
  std::tuple<Tensor, Tensor> operator()(const Tensor& x) const { return gru(dropout(a(x))); }
};

TEST(Summary, TheModelStaysAsItWas) {
  const Net net;
  net.dropout.eval();
  manual_seed(1);
  const Tensor expected = randn(3);
  manual_seed(1);
  const nn::ModelSummary result = nn::summary(net, {6, 1, 2});
  EXPECT_TRUE(equal(randn(3), expected));  // no random numbers are drawn
  EXPECT_TRUE(net.is_training() && net.gru.is_training() && !net.dropout.is_training());
  EXPECT_FALSE(net.a.weight.grad().defined());
  ASSERT_EQ(result.rows.size(), 6u);
  EXPECT_EQ(result.rows[0].type, "Net");
  EXPECT_EQ(result.rows[0].output_shape, Shape({6, 1, 3}));
  EXPECT_EQ(result.rows[1].output_shape, Shape({6, 1, 4}));
  EXPECT_EQ(result.rows[3].output_shape, Shape({6, 1, 3}));
  EXPECT_EQ(result.rows[4].output_shape, std::nullopt);
  EXPECT_EQ(result.rows[5].num_params, 2);
  EXPECT_EQ(error_of([&] { nn::summary(net, {6, 1, 3}); }).substr(0, 7), "linear:");
  EXPECT_TRUE(net.gru.is_training() && !net.dropout.is_training());
}

TEST(Summary, ModelsOfTokens) {
  const nn::Gpt gpt({.vocab_size = 11,
                     .context_length = 8,
                     .emb_dim = 4,
                     .n_heads = 2,
                     .n_layers = 2,
                     .tied_head = true});
  const nn::ModelSummary result = nn::summary(gpt, {2, 5}, kInt64);
  int64_t count = 0;
  for (const Tensor& p : gpt.parameters())
    count += p.numel();
  int64_t of_rows = 0;
  for (const auto& row : result.rows) {
    of_rows += row.num_params;
    EXPECT_LE(row.depth, 3);
  }
  EXPECT_EQ(result.total_params, count);
  EXPECT_EQ(of_rows, count);
  EXPECT_EQ(result.rows[0].output_shape, Shape({2, 5, 11}));
  EXPECT_EQ(result.rows.back().name, "out_head");
  EXPECT_EQ(result.rows.back().num_params, 0);  // the weight is that of tok_emb
  EXPECT_EQ(nn::summary(gpt, tensor({{1, 2}}), 0).rows.size(), 1u);
  EXPECT_EQ(nn::summary(gpt, tensor({{1, 2}}), 0).rows[0].num_params, count);
  EXPECT_EQ(nn::summary(gpt, {1, 1}, kInt64, 1).rows.size(), 7u);
  EXPECT_EQ(error_of([&] {
              nn::summary(gpt, {1, 1}, kInt64, -1);
            }),
            "summary: depth is -1, expected 0 or more");
}

TEST(Summary, ResultsThatAreNoTensor) {
  const nn::Encoder encoder({.source_vocab_size = 5, .target_vocab_size = 5});
  const nn::ModelSummary result = nn::summary(encoder, {1, 3}, kInt64);
  EXPECT_EQ(result.rows[0].output_shape, std::nullopt);
  EXPECT_EQ(result.rows[1].output_shape, Shape({1, 3, 128}));
  const nn::Sequential twice{nn::GELU()};
  const nn::Sequential shared{twice, twice};
  EXPECT_EQ(nn::summary(shared, {2}).rows.size(), 3u);
}

}  // namespace
}  // namespace gradus::summary_test
