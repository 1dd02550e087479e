#include "nn/recurrent.h"

#include "nn/length_mask.h"

namespace gradus::nn {
namespace {

/// Throws unless the sizes and options fit together. Returns the input size.
int64_t checked_input_size(const char* layer, int64_t gates, int64_t in, int64_t hidden,
                           const RecurrentOptions& options) {
  check(in >= 0 && hidden > 0 && options.num_layers > 0,
        "{}: input_size is {}, hidden_size is {}, num_layers is {}; expected positive numbers",
        layer, in, hidden, options.num_layers);
  const double max_dropout = options.num_layers > 1 ? 1 : 0;
  check(options.dropout >= 0 && options.dropout <= max_dropout,
        "{}: dropout is {} and num_layers {}; dropout is a probability and acts between layers",
        layer, options.dropout, options.num_layers);
  const bool is_rnn = gates == 1;
  check(options.nonlinearity == "tanh" || (is_rnn && options.nonlinearity == "relu"),
        "{}: nonlinearity is '{}', expected 'tanh'{}", layer, options.nonlinearity,
        is_rnn ? " or 'relu'" : "");
  return in;
}

}  // namespace

Recurrent::Recurrent(const char* layer, int64_t gates, int64_t in, int64_t hidden,
                     const RecurrentOptions& recurrent_options, const Step& step)
    : input_size(checked_input_size(layer, gates, in, hidden, recurrent_options)),
      hidden_size(hidden),
      options(recurrent_options),
      weights(make_weights(gates)),
      weight_ih_l0(weights[0].ih),
      weight_hh_l0(weights[0].hh),
      bias_ih_l0(weights[0].bias_ih),
      bias_hh_l0(weights[0].bias_hh),
      layer_(layer),
      step_(step) {
  // As in PyTorch, only what is not the default.
  std::vector<PrintedArgument> printed{{"", input_size}, {"", hidden_size}};
  if (options.num_layers != 1) printed.push_back({"num_layers", options.num_layers});
  if (!options.bias) printed.push_back({"bias", false});
  if (options.batch_first) printed.push_back({"batch_first", true});
  if (options.dropout != 0) printed.push_back({"dropout", options.dropout});
  if (options.bidirectional) printed.push_back({"bidirectional", true});
  set_extra_repr(printed);
}

std::vector<Recurrent::Weights> Recurrent::make_weights(int64_t gates) {
  const int64_t GH = gates * hidden_size;
  const int64_t W = directions();
  std::vector<Weights> all;
  for (int64_t i = 0; i < options.num_layers * W; ++i) {
    const std::string suffix = fmt::format("_l{}{}", i / W, i % W == 1 ? "_reverse" : "");
    const auto make = [&](const char* name, const Shape& sizes) {
      return register_parameter(name + suffix, uniform_init(sizes, hidden_size));
    };
    const int64_t layer_inputs = i < W ? input_size : W * hidden_size;
    all.push_back({make("weight_ih", {GH, layer_inputs}), make("weight_hh", {GH, hidden_size}),
                   options.bias ? make("bias_ih", {GH}) : Tensor(),
                   options.bias ? make("bias_hh", {GH}) : Tensor()});
  }
  return all;
}

/// x as (T, B, in).
Tensor Recurrent::time_major(const Tensor& x) const {
  const bool batched = x.dim() == 3;
  check((batched || x.dim() == 2) && x.size(-1) == input_size,
        "{}: x is {}, expected [{}, {}], or [T, {}] for one sequence", layer_, x.sizes(),
        options.batch_first ? "B, T" : "T, B", input_size, input_size);
  Tensor sequences = x;
  if (!batched)
    sequences = x.unsqueeze(1);
  else if (options.batch_first)
    sequences = x.transpose(0, 1);
  check(sequences.size(0) > 0, "{}: x is {}, a sequence needs at least one step", layer_,
        x.sizes());
  return sequences;
}

/// The given states, or zeros for undefined ones, as (num_layers W, B, H).
Recurrent::States Recurrent::initial_states(const States& given, const Shape& given_sizes,
                                            int64_t B, DType t) const {
  const Shape sizes{std::ssize(weights), B, hidden_size};
  States states;
  for (const Tensor& state : given) {
    check(!state.defined() || state.sizes() == given_sizes,
          "{}: the initial state is {}, expected {}", layer_,
          state.defined() ? state.sizes() : Shape(), given_sizes);
    states.push_back(state.defined() ? state.reshape(sizes) : zeros(sizes, t));
  }
  return states;
}

/// Runs direction i (0: l0, then l0_reverse, l1, ...) over x (T, B, in): the outputs (T, B, H) and
/// the final states (B, H). The initial states (num_layers W, B, H) are those of all directions.
std::tuple<Tensor, Recurrent::States> Recurrent::run_direction(int64_t i, const Tensor& x,
                                                               const States& initial,
                                                               const Padding& padding) const {
  const Weights& w = weights[static_cast<size_t>(i)];
  const bool backwards = i % directions() == 1;
  const int64_t T = x.size(0);
  const Tensor from_x = linear(x, w.ih, w.bias_ih);  // (T, B, G H)
  States states;                                     // (B, H) each
  for (const Tensor& state : initial)
    states.push_back(state[i]);
  States outputs(static_cast<size_t>(T));  // (B, H) each
  for (int64_t s = 0; s < T; ++s) {
    const int64_t t = backwards ? T - 1 - s : s;
    States next = step_(from_x[t], linear(states[0], w.hh, w.bias_hh), states);
    if (t >= padding.shortest)  // a padded step leaves the states of its sequence as they are
      for (size_t k = 0; k < next.size(); ++k)
        next[k] = where(padding.is_step[t], next[k], states[k]);
    states = next;
    outputs[static_cast<size_t>(t)] = states[0];
  }
  return {stack(outputs), states};
}

std::tuple<Tensor, Recurrent::States> Recurrent::run(const Tensor& x, const States& initial,
                                                     const Tensor& lengths) const {
  Tensor y = time_major(x);  // (T, B, in), then the outputs of each layer (T, B, W H)
  const bool batched = x.dim() == 3;
  const int64_t T = y.size(0);
  const int64_t B = y.size(1);
  const int64_t W = directions();
  const Shape state_sizes = batched ? Shape{std::ssize(weights), B, hidden_size}
                                    : Shape{std::ssize(weights), hidden_size};
  const States first = initial_states(initial, state_sizes, B, x.dtype());

  Padding padding{.is_step = {}, .shortest = T};
  if (lengths.defined()) {
    padding.is_step = length_mask(layer_, lengths, B, T).t().unsqueeze(2);
    padding.shortest = lengths.min().item<int64_t>();
  }

  std::vector<States> final_of_directions(initial.size());  // of each state, (B, H) each
  for (int64_t layer = 0; layer < options.num_layers; ++layer) {
    std::vector<Tensor> outputs;  // of each direction, (T, B, H)
    for (int64_t i = layer * W; i < (layer + 1) * W; ++i) {
      const auto [output, states] = run_direction(i, y, first, padding);
      outputs.push_back(output);
      for (size_t k = 0; k < states.size(); ++k)
        final_of_directions[k].push_back(states[k]);
    }
    y = W == 1 ? outputs[0] : cat(outputs, -1);
    if (padding.shortest < T) y = y.masked_fill(logical_not(padding.is_step), 0);
    const bool is_last = layer + 1 == options.num_layers;
    if (!is_last) y = dropout(y, options.dropout, is_training());
  }

  States final_states;
  for (const States& of_directions : final_of_directions)
    final_states.push_back(stack(of_directions).view(state_sizes));
  if (!batched) return {y.squeeze(1), final_states};
  return {options.batch_first ? y.transpose(0, 1) : y, final_states};
}

Recurrent::Step Recurrent::rnn_step(const RecurrentOptions& rnn_options) {
  const bool is_relu = rnn_options.nonlinearity == "relu";
  return [is_relu](const Tensor& from_x, const Tensor& from_h, const States&) -> States {
    return {is_relu ? relu(from_x + from_h) : tanh(from_x + from_h)};
  };
}

// The equations of GRU, from W_i x + b_i and W_h h + b_h for all gates (B, 3 H). The gates are
// stored in the order r, z, n.
Recurrent::States Recurrent::gru_step(const Tensor& from_x, const Tensor& from_h,
                                      const States& previous) {
  const std::vector<Tensor> x = from_x.chunk(3, -1);  // W_ir x + b_ir, ..., (B, H) each
  const std::vector<Tensor> h = from_h.chunk(3, -1);  // W_hr h + b_hr, ..., (B, H) each
  const Tensor r = sigmoid(x[0] + h[0]);
  const Tensor z = sigmoid(x[1] + h[1]);
  const Tensor n = tanh(x[2] + r * h[2]);
  return {n + z * (previous[0] - n)};  // (1 - z) n + z h
}

// The equations of LSTM, from the same for four gates (B, 4 H). The gates are stored in the order
// i, f, g, o.
Recurrent::States Recurrent::lstm_step(const Tensor& from_x, const Tensor& from_h,
                                       const States& previous) {
  const std::vector<Tensor> gates = (from_x + from_h).chunk(4, -1);  // (B, H) each
  const Tensor i = sigmoid(gates[0]);
  const Tensor f = sigmoid(gates[1]);
  const Tensor g = tanh(gates[2]);
  const Tensor o = sigmoid(gates[3]);
  const Tensor c = f * previous[1] + i * g;
  return {o * tanh(c), c};
}

Tensor GRU::step(const Tensor& x, const Tensor& h) const {
  const auto in_scope = scope();
  const Tensor from_x = linear(x, weight_ih_l0, bias_ih_l0);  // (B, 3 H)
  const Tensor from_h = linear(h, weight_hh_l0, bias_hh_l0);  // (B, 3 H)
  return gru_step(from_x, from_h, {h})[0];
}

}  // namespace gradus::nn
