// RNN, GRU and LSTM: PyTorch's numbers and gradients, the layouts of their inputs, and what they refuse.
#include "nn/recurrent.h"

#include "autograd/gradcheck.h"
#include "tensor/random.h"
#include "tests/golden.h"

namespace gradus {
namespace {

using testing::error_of;
using testing::expect_gradients;
using testing::expect_parameters;
using testing::golden;
using testing::near;

const std::string kRecurrent = "10_recurrent_and_early_attention/";

TEST(Recurrent, Golden) {
  const Tensor x = golden("01_simplified_self_attention/inputs").unsqueeze(0);  // (1, 6, 3)
  manual_seed(123);
  const nn::RNN rnn(3, 4, {.batch_first = true});
  manual_seed(123);
  const nn::GRU gru(3, 4, {.batch_first = true});
  manual_seed(123);
  const nn::LSTM lstm(3, 4, {.batch_first = true});
  const auto expect = [](const nn::Module& layer, const std::string& name, const Tensor& output, const Tensor& h) {
    expect_parameters(layer, kRecurrent + name + "/param/");
    EXPECT_TRUE(near(output, kRecurrent + name + "/outputs"));
    EXPECT_TRUE(near(h, kRecurrent + name + "/final_hidden"));
    expect_gradients(layer, (output * output).mean(), kRecurrent + name + "/grad_mean_square/");
  };
  const auto [rnn_output, rnn_h] = rnn(x);
  expect(rnn, "RNN", rnn_output, rnn_h);
  const auto [gru_output, gru_h] = gru(x);
  expect(gru, "GRU", gru_output, gru_h);
  const auto [lstm_output, lstm_state] = lstm(x);
  expect(lstm, "LSTM", lstm_output, std::get<0>(lstm_state));
  EXPECT_TRUE(near(std::get<1>(lstm_state), kRecurrent + "LSTM/final_cell"));
}

TEST(Recurrent, LayoutsAgree) {
  manual_seed(1);
  const nn::GRU by_time(3, 4), by_batch(3, 4, {.batch_first = true});
  const NoGradGuard guard;
  for (size_t i = 0; i < 4; ++i) by_batch.parameters()[i].copy_(by_time.parameters()[i]);
  const Tensor x = randn({5, 2, 3}), h0 = randn({1, 2, 4});
  const auto [y, h] = by_time(x, h0);
  const auto [z, g] = by_batch(x.transpose(0, 1), h0);
  EXPECT_EQ(y.sizes(), (Shape{5, 2, 4}));
  EXPECT_EQ(h.sizes(), (Shape{1, 2, 4}));
  EXPECT_TRUE(near(z.transpose(0, 1), y));
  EXPECT_TRUE(near(g, h));
  const auto [alone, last] = by_time(x.select(1, 1), h0.select(1, 1));  // one sequence: (T, in) and (1, H)
  EXPECT_TRUE(near(alone, y.select(1, 1)));
  EXPECT_TRUE(near(last, h.select(1, 1)));
  const auto [tail, end] = by_time(x.narrow(0, 2, 3), std::get<1>(by_time(x.narrow(0, 0, 2), h0)));
  EXPECT_TRUE(near(tail, y.narrow(0, 2, 3)));
  EXPECT_TRUE(near(end, h));
}

TEST(Recurrent, LstmCarriesBothStates) {
  manual_seed(2);
  const nn::LSTM layer(3, 4);
  const Tensor x = randn({5, 2, 3});
  const auto [y, state] = layer(x);
  const auto [first, middle] = layer(x.narrow(0, 0, 3));
  const auto [second, last] = layer(x.narrow(0, 3, 2), middle);
  EXPECT_TRUE(near(cat({first, second}), y.detach()));
  EXPECT_TRUE(near(std::get<1>(last), std::get<1>(state).detach()));
}

TEST(Recurrent, Gradients) {
  manual_seed(3);
  const nn::RNN rnn(2, 3, {.nonlinearity = "relu"});
  const nn::GRU gru(2, 3, {.bias = false});
  const nn::LSTM lstm(2, 3);
  EXPECT_EQ(gru.parameters().size(), 2u);
  for (const nn::Module& layer : std::vector<nn::Module>{rnn, gru, lstm}) layer.to(kFloat64);
  const Tensor x = randn({4, 2, 2}, kFloat64), h0 = randn({1, 2, 3}, kFloat64);
  const auto parameters = [](const nn::Module& layer, const Tensor& state) {
    std::vector<Checked> by{{"state", state}};
    for (const auto& [name, p] : layer.named_parameters()) by.push_back({name, p});
    return by;
  };
  const Tensor h = h0.clone().requires_grad_();
  EXPECT_TRUE(gradcheck([&] { return std::get<0>(rnn(x, h)); }, parameters(rnn, h)));
  EXPECT_TRUE(gradcheck([&] { return std::get<0>(gru(x, h)); }, parameters(gru, h)));
  EXPECT_TRUE(gradcheck([&] { return std::get<0>(lstm(x, {h0, h})); }, parameters(lstm, h)));
}

TEST(Recurrent, Errors) {
  EXPECT_EQ(error_of([] { nn::GRU(3, 4, {.num_layers = 2}); }),
            "gru: num_layers is 2, only 1 is supported; give one layer's output to the next");
  EXPECT_EQ(error_of([] { nn::LSTM(3, 4, {.bidirectional = true}); }), "lstm: bidirectional is not supported");
  EXPECT_EQ(error_of([] { nn::RNN(3, 4, {.dropout = 0.5}); }),
            "rnn: dropout is 0.5, but it acts between layers and there is only one");
  EXPECT_EQ(error_of([] { nn::RNN(3, 4, {.nonlinearity = "gelu"}); }),
            "rnn: nonlinearity is 'gelu', expected 'tanh' or 'relu'");
  EXPECT_EQ(error_of([] { nn::RNN(3, 0); }), "rnn: input_size is 3, hidden_size is 0; expected positive numbers");
  const nn::GRU layer(3, 4, {.batch_first = true});
  EXPECT_EQ(error_of([&] {
              layer(ones({2, 5, 4}));
            }),
            "gru: x is [2, 5, 4], expected [B, T, 3], or [T, 3] for one sequence");
  EXPECT_EQ(error_of([&] { layer(ones(3)); }), "gru: x is [3], expected [B, T, 3], or [T, 3] for one sequence");
  EXPECT_EQ(error_of([&] { layer(ones({2, 0, 3})); }), "gru: x is [2, 0, 3], a sequence needs at least one step");
  EXPECT_EQ(error_of([&] {
              layer(ones({2, 5, 3}), ones({2, 4}));
            }),
            "gru: the initial state is [2, 4], expected [1, 2, 4]");
}

}  // namespace
}  // namespace gradus
