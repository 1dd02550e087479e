#include "nn/recurrent.h"

#include "nn/decoding.h"  // length_mask

namespace gradus::nn {
namespace {

int64_t checked(const char* layer, int64_t gates, int64_t in, int64_t hidden,
                const RecurrentOptions& o) {
  check(in >= 0 && hidden > 0 && o.num_layers > 0,
        "{}: input_size is {}, hidden_size is {}, num_layers is {}; expected positive numbers",
        layer, in, hidden, o.num_layers);
  check(o.dropout >= 0 && o.dropout <= (o.num_layers > 1 ? 1 : 0),
        "{}: dropout is {} and num_layers {}; it is a probability and acts between layers", layer,
        o.dropout, o.num_layers);
  check(o.nonlinearity == "tanh" || (gates == 1 && o.nonlinearity == "relu"),
        "{}: nonlinearity is '{}', expected 'tanh'{}", layer, o.nonlinearity,
        gates == 1 ? " or 'relu'" : "");
  return in;
}

std::vector<Tensor> gru_step(const Tensor& from_x, const Tensor& from_h,
                             const std::vector<Tensor>& before) {
  const std::vector<Tensor> i = from_x.chunk(3, -1);
  const std::vector<Tensor> j = from_h.chunk(3, -1);  // (B, H) each
  const Tensor r = sigmoid(i[0] + j[0]);
  const Tensor z = sigmoid(i[1] + j[1]);
  const Tensor n = tanh(i[2] + r * j[2]);
  return {n + z * (before[0] - n)};
}

std::vector<Tensor> lstm_step(const Tensor& from_x, const Tensor& from_h,
                              const std::vector<Tensor>& before) {
  const std::vector<Tensor> gates = (from_x + from_h).chunk(4, -1);  // (B, H) each
  const Tensor i = sigmoid(gates[0]);
  const Tensor f = sigmoid(gates[1]);
  const Tensor g = tanh(gates[2]);
  const Tensor o = sigmoid(gates[3]);
  const Tensor c = f * before[1] + i * g;
  return {o * tanh(c), c};
}

}  // namespace

Recurrent::Recurrent(const char* layer, int64_t gates, int64_t in, int64_t hidden,
                     const RecurrentOptions& o, const Step& step)
    : input_size(checked(layer, gates, in, hidden, o)),
      hidden_size(hidden),
      options(o),
      weights(make_weights(gates)),
      weight_ih_l0(weights[0].ih),
      weight_hh_l0(weights[0].hh),
      bias_ih_l0(weights[0].bias_ih),
      bias_hh_l0(weights[0].bias_hh),
      layer_(layer),
      step_(step) {}

std::vector<Recurrent::Weights> Recurrent::make_weights(int64_t gates) {
  const int64_t GH = gates * hidden_size;
  const int64_t directions = options.bidirectional ? 2 : 1;
  std::vector<Weights> all;
  for (int64_t i = 0; i < options.num_layers * directions; ++i) {
    const std::string suffix =
        fmt::format("_l{}{}", i / directions, i % directions == 1 ? "_reverse" : "");
    const auto make = [&](const char* name, const Shape& sizes) {
      return register_parameter(name + suffix, uniform_init(sizes, hidden_size));
    };
    all.push_back({make("weight_ih", {GH, i < directions ? input_size : directions * hidden_size}),
                   make("weight_hh", {GH, hidden_size}),
                   options.bias ? make("bias_ih", {GH}) : Tensor(),
                   options.bias ? make("bias_hh", {GH}) : Tensor()});
  }
  return all;
}

std::tuple<Tensor, Recurrent::States> Recurrent::walk(const Tensor& x, const States& initial,
                                                      const Tensor& lengths) const {
  const auto in_scope = scope();
  const bool batched = x.dim() == 3;
  const bool batch_first = options.batch_first;
  check((batched || x.dim() == 2) && x.size(-1) == input_size,
        "{}: x is {}, expected [{}, {}], or [T, {}] for one sequence", layer_, x.sizes(),
        batch_first ? "B, T" : "T, B", input_size, input_size);
  Tensor y = !batched      ? x.unsqueeze(1)
             : batch_first ? x.transpose(0, 1)
                           : x;  // (T, B, in), then what a layer gives
  const int64_t T = y.size(0);
  const int64_t B = y.size(1);
  const int64_t directions = options.bidirectional ? 2 : 1;
  check(T > 0, "{}: x is {}, a sequence needs at least one step", layer_, x.sizes());

  const Shape state_sizes{std::ssize(weights), B, hidden_size};  // (num_layers W, B, H)
  const Shape given_sizes = batched ? state_sizes : Shape{std::ssize(weights), hidden_size};
  States first;
  for (const Tensor& state : initial) {
    check(!state.defined() || state.sizes() == given_sizes,
          "{}: the initial state is {}, expected {}", layer_,
          state.defined() ? state.sizes() : Shape(), given_sizes);
    first.push_back(state.defined() ? state.reshape(state_sizes) : zeros(state_sizes, x.dtype()));
  }

  Tensor running;        // (T, B, 1): whether the sequence goes on at this step
  int64_t shortest = T;  // all sequences run for so many steps
  if (lengths.defined()) {
    running = length_mask(layer_, lengths, B, T).t().unsqueeze(2);
    shortest = lengths.min().item<int64_t>();
  }

  std::vector<States> last(initial.size());
  for (int64_t layer = 0; layer < options.num_layers; ++layer) {
    States walks;
    for (int64_t i = layer * directions; i < (layer + 1) * directions; ++i) {
      const Weights& w = weights[static_cast<size_t>(i)];
      const Tensor from_x = linear(y, w.ih, w.bias_ih);  // (T, B, G H)
      States states;
      States outputs(static_cast<size_t>(T));
      for (const Tensor& state : first)
        states.push_back(state[i]);
      for (int64_t s = 0; s < T; ++s) {
        const int64_t t = i % directions == 1 ? T - 1 - s : s;
        States after = step_(from_x[t], linear(states[0], w.hh, w.bias_hh), states);
        for (size_t k = 0; t >= shortest && k < after.size(); ++k)
          after[k] = where(running[t], after[k], states[k]);
        states = after;
        outputs[static_cast<size_t>(t)] = states[0];  // (B, H)
      }
      walks.push_back(stack(outputs));  // (T, B, H)
      for (size_t k = 0; k < states.size(); ++k)
        last[k].push_back(states[k]);
    }
    y = directions == 1 ? walks[0] : cat(walks, -1);  // (T, B, W H)
    if (shortest < T) y = y.masked_fill(logical_not(running), 0);
    if (layer + 1 < options.num_layers) y = dropout(y, options.dropout, is_training());
  }

  States final_states;
  for (const States& of_layers : last)
    final_states.push_back(stack(of_layers).view(given_sizes));
  return {!batched ? y.squeeze(1) : batch_first ? y.transpose(0, 1) : y, final_states};
}

RNN::RNN(int64_t in, int64_t hidden, const RNNOptions& o)
    : Recurrent("rnn", 1, in, hidden, o,
                [is_relu = o.nonlinearity == "relu"](const Tensor& i, const Tensor& j,
                                                     const States&) -> States {
                  return {is_relu ? relu(i + j) : tanh(i + j)};
                }) {}

GRU::GRU(int64_t in, int64_t hidden, const GRUOptions& o)
    : Recurrent("gru", 3, in, hidden, o, gru_step) {}

Tensor GRU::step(const Tensor& x, const Tensor& h) const {
  const auto in_scope = scope();
  return gru_step(linear(x, weight_ih_l0, bias_ih_l0), linear(h, weight_hh_l0, bias_hh_l0), {h})[0];
}

LSTM::LSTM(int64_t in, int64_t hidden, const LSTMOptions& o)
    : Recurrent("lstm", 4, in, hidden, o, lstm_step) {}

}  // namespace gradus::nn
