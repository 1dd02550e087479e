#include "nn/recurrent.h"

namespace gradus::nn {
namespace {

int64_t checked(const char* layer, int64_t in, int64_t hidden, const RecurrentOptions& options) {
  check(in >= 0 && hidden > 0, "{}: input_size is {}, hidden_size is {}; expected positive numbers", layer, in, hidden);
  check(options.num_layers == 1, "{}: num_layers is {}, only 1 is supported; give one layer's output to the next",
        layer, options.num_layers);
  check(!options.bidirectional, "{}: bidirectional is not supported", layer);
  check(options.dropout == 0, "{}: dropout is {}, but it acts between layers and there is only one", layer,
        options.dropout);
  return in;
}

RecurrentOptions without_nonlinearity(const RNNOptions& o) {
  return {o.num_layers, o.bias, o.batch_first, o.dropout, o.bidirectional};
}

}  // namespace

Recurrent::Recurrent(const char* layer, int64_t gates, int64_t in, int64_t hidden, const RecurrentOptions& options)
    : input_size(checked(layer, in, hidden, options)),
      hidden_size(hidden),
      batch_first(options.batch_first),
      weight_ih_l0(register_parameter("weight_ih_l0", uniform_init({gates * hidden, in}, hidden))),
      weight_hh_l0(register_parameter("weight_hh_l0", uniform_init({gates * hidden, hidden}, hidden))),
      bias_ih_l0(options.bias ? register_parameter("bias_ih_l0", uniform_init({gates * hidden}, hidden)) : Tensor()),
      bias_hh_l0(options.bias ? register_parameter("bias_hh_l0", uniform_init({gates * hidden}, hidden)) : Tensor()),
      layer_(layer) {}

std::tuple<Tensor, Recurrent::States> Recurrent::walk(const Tensor& x, const States& initial, const Step& step) const {
  const auto in_scope = scope();
  const bool batched = x.dim() == 3;
  check((batched || x.dim() == 2) && x.size(-1) == input_size,
        "{}: x is {}, expected [{}, {}], or [T, {}] for one sequence", layer_, x.sizes(), batch_first ? "B, T" : "T, B",
        input_size, input_size);
  const Tensor by_time = !batched ? x.unsqueeze(1) : batch_first ? x.transpose(0, 1) : x;  // (T, B, in)
  const int64_t T = by_time.size(0), B = by_time.size(1);
  check(T > 0, "{}: x is {}, a sequence needs at least one step", layer_, x.sizes());

  const Shape state_sizes = batched ? Shape{1, B, hidden_size} : Shape{1, hidden_size};
  States states;
  for (const Tensor& state : initial) {
    check(!state.defined() || state.sizes() == state_sizes, "{}: the initial state is {}, expected {}", layer_,
          state.defined() ? state.sizes() : Shape(), state_sizes);
    states.push_back(state.defined() ? state.view({B, hidden_size}) : zeros({B, hidden_size}, x.dtype()));
  }

  const Tensor from_x = linear(by_time, weight_ih_l0, bias_ih_l0);  // (T, B, G H)
  std::vector<Tensor> outputs;
  for (int64_t t = 0; t < T; ++t) {
    states = step(from_x[t], states);
    outputs.push_back(states[0]);  // (B, H)
  }
  for (Tensor& state : states) state = state.view(state_sizes);
  const Tensor output = stack(outputs, batched && batch_first ? 1 : 0);  // (T, B, H) or (B, T, H)
  return {batched ? output : output.squeeze(1), states};
}

RNN::RNN(int64_t in, int64_t hidden, const RNNOptions& options)
    : Recurrent("rnn", 1, in, hidden, without_nonlinearity(options)), nonlinearity(options.nonlinearity) {
  check(nonlinearity == "tanh" || nonlinearity == "relu", "rnn: nonlinearity is '{}', expected 'tanh' or 'relu'",
        nonlinearity);
}

std::tuple<Tensor, Tensor> RNN::forward(const Tensor& x, const Tensor& h0) const {
  const auto [output, states] = walk(x, {h0}, [&](const Tensor& from_x, const States& before) -> States {
    const Tensor sum = from_x + from_state(before[0]);
    return {nonlinearity == "tanh" ? tanh(sum) : relu(sum)};
  });
  return {output, states[0]};
}

GRU::GRU(int64_t in, int64_t hidden, const GRUOptions& options) : Recurrent("gru", 3, in, hidden, options) {}

std::tuple<Tensor, Tensor> GRU::forward(const Tensor& x, const Tensor& h0) const {
  const auto [output, states] = walk(x, {h0}, [&](const Tensor& from_x, const States& before) -> States {
    const Tensor& h = before[0];
    const std::vector<Tensor> i = from_x.chunk(3, -1), j = from_state(h).chunk(3, -1);  // (B, H) each
    const Tensor r = sigmoid(i[0] + j[0]), z = sigmoid(i[1] + j[1]), n = tanh(i[2] + r * j[2]);
    return {(1 - z) * n + z * h};
  });
  return {output, states[0]};
}

LSTM::LSTM(int64_t in, int64_t hidden, const LSTMOptions& options) : Recurrent("lstm", 4, in, hidden, options) {}

std::tuple<Tensor, LSTM::State> LSTM::forward(const Tensor& x, const State& initial) const {
  const auto& [h0, c0] = initial;
  const auto [output, states] = walk(x, {h0, c0}, [&](const Tensor& from_x, const States& before) -> States {
    const std::vector<Tensor> gates = (from_x + from_state(before[0])).chunk(4, -1);  // (B, H) each
    const Tensor i = sigmoid(gates[0]), f = sigmoid(gates[1]), g = tanh(gates[2]), o = sigmoid(gates[3]);
    const Tensor c = f * before[1] + i * g;
    return {o * tanh(c), c};
  });
  return {output, {states[0], states[1]}};
}

}  // namespace gradus::nn
