// RNN, GRU and LSTM: PyTorch's numbers and gradients, the layouts of their inputs, and errors.
#include "nn/recurrent.h"

#include "check/gradcheck.h"
#include "tensor/random.h"
#include "tests/layers_support.h"

namespace gradus::recurrent_test {
namespace {

using testing::error_of;
using testing::expect_gradients;
using testing::expect_parameters;
using testing::golden;
using testing::near;
using testing::torch_layer;

const std::string kRecurrent = "10_recurrent_and_early_attention/";

TEST(Recurrent, Golden) {
  const Tensor x = golden("01_simplified_self_attention/inputs").unsqueeze(0);  // (1, 6, 3)
  manual_seed(123);
  const nn::RNN rnn(3, 4, {.batch_first = true});
  manual_seed(123);
  const nn::GRU gru(3, 4, {.batch_first = true});
  manual_seed(123);
  const nn::LSTM lstm(3, 4, {.batch_first = true});
  const auto expect = [](const nn::Module& layer, const std::string& name, const Tensor& output,
                         const Tensor& h) {
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
  const nn::GRU by_time(3, 4);
  const nn::GRU by_batch(3, 4, {.batch_first = true});
  const NoGradGuard guard;
  for (size_t i = 0; i < 4; ++i)
    by_batch.parameters()[i].copy_(by_time.parameters()[i]);
  const Tensor x = randn({5, 2, 3});
  const Tensor h0 = randn({1, 2, 4});
  const auto [y, h] = by_time(x, h0);
  const auto [z, g] = by_batch(x.transpose(0, 1), h0);
  EXPECT_EQ(y.sizes(), (Shape{5, 2, 4}));
  EXPECT_EQ(h.sizes(), (Shape{1, 2, 4}));
  EXPECT_TRUE(near(z.transpose(0, 1), y));
  EXPECT_TRUE(near(g, h));
  const auto [alone, last] =
      by_time(x.select(1, 1), h0.select(1, 1));  // one sequence: (T, in) and (1, H)
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
  for (const nn::Module& layer : std::vector<nn::Module>{rnn, gru, lstm})
    layer.to(kFloat64);
  const Tensor x = randn({4, 2, 2}, kFloat64);
  const Tensor h0 = randn({1, 2, 3}, kFloat64);
  const auto parameters = [](const nn::Module& layer, const Tensor& state) {
    std::vector<NamedInput> by{{"state", state}};
    for (const auto& [name, p] : layer.named_parameters())
      by.push_back({name, p});
    return by;
  };
  const Tensor h = h0.clone().requires_grad_();
  EXPECT_TRUE(gradcheck([&] { return std::get<0>(rnn(x, h)); }, parameters(rnn, h)));
  EXPECT_TRUE(gradcheck([&] { return std::get<0>(gru(x, h)); }, parameters(gru, h)));
  EXPECT_TRUE(gradcheck([&] { return std::get<0>(lstm(x, {h0, h})); }, parameters(lstm, h)));
}

/// Compares a layer made after manual_seed(123) with PyTorch: its outputs, its final states, and
/// all gradients of (y^2).sum() + h.sum(), for an LSTM + (c^2).sum().
template <class RecurrentLayer, class Options>
void expect_torch(const std::string& name, const Options& options, bool packed) {
  manual_seed(123);
  const RecurrentLayer layer(2, 3, options);
  const std::string run = name + (packed ? "/packed/" : "/full/");
  const Tensor x = torch_layer(name + "/x").clone().requires_grad_();
  const Tensor lengths = packed ? tensor({2, 4, 1}) : Tensor();
  const Tensor h0 = torch_layer(name + "/h0").clone().requires_grad_();
  Tensor y;
  Tensor h;
  Tensor loss;
  if constexpr (std::is_same_v<RecurrentLayer, nn::LSTM>) {
    const auto [output, state] = layer(x, {h0, torch_layer(name + "/c0")}, lengths);
    y = output;
    h = std::get<0>(state);
    EXPECT_TRUE(near(std::get<1>(state), torch_layer(run + "c")));
    loss = (y * y).sum() + h.sum() + std::get<1>(state).pow(2).sum();
  } else {
    std::tie(y, h) = layer(x, h0, lengths);
    loss = (y * y).sum() + h.sum();
  }
  EXPECT_TRUE(near(y, torch_layer(run + "y"))) << run;
  EXPECT_TRUE(near(h, torch_layer(run + "h"))) << run;
  loss.backward();
  EXPECT_TRUE(near(x.grad(), torch_layer(run + "grad/x"), 1e-5)) << run;
  EXPECT_TRUE(near(h0.grad(), torch_layer(run + "grad/h0"), 1e-5)) << run;
  for (const auto& [p_name, p] : layer.named_parameters())
    EXPECT_TRUE(near(p.grad(), torch_layer(run + "grad/" + p_name), 1e-5)) << run << p_name;
}

TEST(Recurrent, LayersAndDirectionsAsPyTorch) {
  const nn::RecurrentOptions two{.num_layers = 2, .batch_first = true};
  const nn::RecurrentOptions both{.num_layers = 2, .batch_first = true, .bidirectional = true};
  expect_torch<nn::GRU>("GRU_2", two, false);
  expect_torch<nn::LSTM>("LSTM_2", two, false);
  for (const bool packed : {false, true}) {
    expect_torch<nn::GRU>("GRU_2bi", both, packed);
    expect_torch<nn::LSTM>("LSTM_2bi", both, packed);
  }
  expect_torch<nn::RNN>(
      "RNN_2bi", nn::RNNOptions{.num_layers = 2, .batch_first = true, .bidirectional = true}, true);
}

TEST(Recurrent, ParametersAreDrawnInPyTorchsOrder) {
  manual_seed(123);
  const nn::GRU layer(2, 3, {.num_layers = 2, .bidirectional = true});
  std::vector<std::string> names;
  for (const auto& [name, p] : layer.named_parameters()) {
    names.push_back(name);
    EXPECT_TRUE(equal(p.detach(), torch_layer("GRU_2bi/param/" + name))) << name;
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse",
                "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse", "weight_ih_l1",
                "weight_hh_l1", "bias_ih_l1", "bias_hh_l1", "weight_ih_l1_reverse",
                "weight_hh_l1_reverse", "bias_ih_l1_reverse", "bias_hh_l1_reverse"}));
}

TEST(Recurrent, PaddedSequencesGiveTheNumbersOfSingleOnes) {
  manual_seed(4);
  const nn::LSTM layer(2, 3, {.num_layers = 2, .bidirectional = true});
  const std::vector<int64_t> ends{3, 5, 1};
  const Tensor x = randn({5, 3, 2});
  const auto [y, state] = layer(x, {}, tensor(ends));
  for (int64_t b = 0; b < 3; ++b) {
    const int64_t T = ends[static_cast<size_t>(b)];
    const auto [alone, last] = layer(x.select(1, b).narrow(0, 0, T));
    EXPECT_TRUE(near(y.select(1, b).narrow(0, 0, T), alone.detach()));
    EXPECT_TRUE(equal(y.select(1, b).slice(0, T).detach(), zeros({5 - T, 6})));
    EXPECT_TRUE(near(std::get<0>(state).select(1, b), std::get<0>(last).detach()));
    EXPECT_TRUE(near(std::get<1>(state).select(1, b), std::get<1>(last).detach()));
  }
  const Tensor filled = x.clone();  // inputs after the end have no effect, not even NaN
  filled.select(1, 2).slice(0, 1).fill_(std::nan(""));
  EXPECT_TRUE(equal(std::get<0>(layer(filled, {}, tensor(ends))).detach(), y.detach()));
}

TEST(Recurrent, GradientsThroughEightSteps) {
  manual_seed(5);
  const nn::RNN rnn(2, 3);
  const nn::GRU gru(2, 3);
  const nn::LSTM lstm(2, 3, {.bidirectional = true});
  for (const nn::Module& layer : std::vector<nn::Module>{rnn, gru, lstm})
    layer.to(kFloat64);
  const Tensor x = randn({8, 2, 2}, kFloat64).requires_grad_();
  const Tensor lengths = tensor({8, 6});
  const auto all = [&](const nn::Module& layer) {
    std::vector<NamedInput> by{{"x", x}};
    for (const auto& [name, p] : layer.named_parameters())
      by.push_back({name, p});
    return by;
  };
  EXPECT_TRUE(gradcheck([&] { return std::get<1>(rnn(x)); }, all(rnn)));
  EXPECT_TRUE(gradcheck([&] { return std::get<1>(gru(x, {}, lengths)); }, all(gru)));
  EXPECT_TRUE(gradcheck([&] { return std::get<1>(std::get<1>(lstm(x, {}, lengths))); }, all(lstm)));
}

TEST(Recurrent, DropoutActsBetweenLayersInTraining) {
  manual_seed(6);
  const nn::GRU layer(2, 3,
                      {.num_layers = 2, .dropout = 1});  // the second layer's inputs are all zero
  const Tensor x = randn({4, 2, 2});
  EXPECT_TRUE(equal(std::get<0>(layer(x)).detach(), std::get<0>(layer(x * 2)).detach()));
  layer.eval();
  EXPECT_FALSE(equal(std::get<0>(layer(x)).detach(), std::get<0>(layer(x * 2)).detach()));
}

TEST(Recurrent, OneStepOfAGru) {
  manual_seed(7);
  const nn::GRU layer(2, 3);
  const Tensor x = randn({4, 5, 2});
  const auto [y, last] = layer(x);
  Tensor h = zeros({5, 3});
  for (int64_t t = 0; t < 4; ++t)
    h = layer.step(x[t], h);
  EXPECT_TRUE(near(h, last[0].detach()));
}

TEST(Recurrent, Errors) {
  EXPECT_EQ(error_of([] { nn::GRU(3, 4, {.num_layers = 0}); }),
            "gru: input_size is 3, hidden_size is 4, num_layers is 0; expected positive numbers");
  EXPECT_EQ(error_of([] { nn::GRU(3, 4, {.num_layers = 2, .dropout = 2}); }),
            "gru: dropout is 2 and num_layers 2; dropout is a probability and acts between layers");
  EXPECT_EQ(
      error_of([] { nn::RNN(3, 4, {.dropout = 0.5}); }),
      "rnn: dropout is 0.5 and num_layers 1; dropout is a probability and acts between layers");
  EXPECT_EQ(error_of([] { nn::RNN(3, 4, {.nonlinearity = "gelu"}); }),
            "rnn: nonlinearity is 'gelu', expected 'tanh' or 'relu'");
  EXPECT_EQ(error_of([] { nn::GRU(3, 4, {.nonlinearity = "relu"}); }),
            "gru: nonlinearity is 'relu', expected 'tanh'");
  EXPECT_EQ(error_of([] { nn::RNN(3, 0); }),
            "rnn: input_size is 3, hidden_size is 0, num_layers is 1; expected positive numbers");
  const nn::GRU layer(3, 4, {.batch_first = true});
  EXPECT_EQ(error_of([&] {
              layer(ones({2, 5, 4}));
            }),
            "gru: x is [2, 5, 4], expected [B, T, 3], or [T, 3] for one sequence");
  EXPECT_EQ(error_of([&] { layer(ones(3)); }),
            "gru: x is [3], expected [B, T, 3], or [T, 3] for one sequence");
  EXPECT_EQ(error_of([&] {
              layer(ones({2, 0, 3}));
            }),
            "gru: x is [2, 0, 3], a sequence needs at least one step");
  EXPECT_EQ(error_of([&] {
              layer(ones({2, 5, 3}), ones({2, 4}));
            }),
            "gru: the initial state is [2, 4], expected [1, 2, 4]");
  const auto with_lengths = [&](const Tensor& lengths) {
    return error_of([&] { layer(ones({2, 5, 3}), {}, lengths); });
  };
  EXPECT_EQ(with_lengths(tensor({5, 5, 5})), "gru: lengths is [3] int64, expected [2] int64");
  EXPECT_EQ(with_lengths(tensor({1., 2.})), "gru: lengths is [2] float32, expected [2] int64");
  EXPECT_EQ(with_lengths(tensor({0, 5})),
            "gru: lengths is tensor([0, 5]), expected numbers from 1 to 5");
  EXPECT_EQ(with_lengths(tensor({1, 6})),
            "gru: lengths is tensor([1, 6]), expected numbers from 1 to 5");
}

}  // namespace
}  // namespace gradus::recurrent_test
