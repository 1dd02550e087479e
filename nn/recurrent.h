// Recurrent layers: at each time step, a new state is computed from the input and the previous
// state. Layers can be stacked, and bidirectional layers also read the sequence backwards.
#pragma once
#include "nn/linear.h"

namespace gradus::nn {

/// The options of RNN, GRU and LSTM.
struct RecurrentOptions {
  int64_t num_layers = 1;
  std::string nonlinearity = "tanh";  // of RNN only; or "relu"
  bool bias = true;
  bool batch_first = false;    // sequences are (B, T, in), not (T, B, in)
  double dropout = 0;          // between layers, so it needs num_layers > 1; 0: off
  bool bidirectional = false;  // a second direction reads from the end (Schuster and Paliwal 1997)
};
/// The options of RNN.
using RNNOptions = RecurrentOptions;
/// The options of GRU.
using GRUOptions = RecurrentOptions;
/// The options of LSTM.
using LSTMOptions = RecurrentOptions;

/// The base of RNN, GRU and LSTM: the weights of G gates and the loop over time. W is the number of
/// directions, H the hidden size.
///
///   sequences  (T, B, in), with batch_first (B, T, in), or (T, in) for a single one
///   outputs    (T, B, W H): the states h of the last layer, forward direction first
///   states     (num_layers W, B, H), or (num_layers W, H) for a single sequence
///   lengths    (B) int64, optional: the number of steps of each sequence. Outputs after the end
///              are 0, the final state is the one at the end, and the backward direction starts
///              there, as with PyTorch's pack_padded_sequence.
struct Recurrent : Module {
  struct Weights {
    Tensor ih;       // weight_ih_l0 (G H, in), weight_ih_l1 (G H, W H), ...
    Tensor hh;       // weight_hh_l0 (G H, H), ...
    Tensor bias_ih;  // (G H), or undefined
    Tensor bias_hh;  // (G H), or undefined
  };
  const int64_t input_size, hidden_size;
  const RecurrentOptions options;
  const std::vector<Weights> weights;  // l0, l0_reverse, l1, l1_reverse, ...
  const Tensor weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0;

  /// (outputs, final h); h0 is zero if it is left out.
  std::tuple<Tensor, Tensor> forward(const Tensor& x, const Tensor& h0 = {},
                                     const Tensor& lengths = {}) const {
    const auto [outputs, states] = run(x, {h0}, lengths);
    return {outputs, states[0]};
  }

 protected:
  using States = std::vector<Tensor>;  // {h}, or {h, c} of an LSTM
  /// One step of the recurrence: from W_ih x + b_ih and W_hh h + b_hh, (B, G H) each, and the
  /// previous states to the next states, (B, H) each. The first of them, h, is the step's output.
  using Step =
      std::function<States(const Tensor& from_x, const Tensor& from_h, const States& previous)>;

  Recurrent(const char* layer, int64_t gates, int64_t in, int64_t hidden,
            const RecurrentOptions& recurrent_options, const Step& step);
  static Step rnn_step(const RecurrentOptions& rnn_options);
  static States gru_step(const Tensor& from_x, const Tensor& from_h, const States& previous);
  static States lstm_step(const Tensor& from_x, const Tensor& from_h, const States& previous);
  /// The outputs of all steps, and the final states.
  std::tuple<Tensor, States> run(const Tensor& x, const States& initial,
                                 const Tensor& lengths) const;

 private:
  /// Which steps of padded sequences are real.
  struct Padding {
    Tensor is_step;    // (T, B, 1) bool; undefined without lengths
    int64_t shortest;  // all sequences have at least this many steps
  };

  std::vector<Weights> make_weights(int64_t gates);
  int64_t directions() const { return options.bidirectional ? 2 : 1; }
  Tensor time_major(const Tensor& x) const;
  States initial_states(const States& given, const Shape& given_sizes, int64_t B, DType t) const;
  std::tuple<Tensor, States> run_direction(int64_t i, const Tensor& x, const States& initial,
                                           const Padding& padding) const;

  const char* const layer_;
  const Step step_;
};

// The constructors of layers are in headers, so that the library has no vtable of a Layer:
// compilers give its parts different names, and a program could not be linked by another one.

/// h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu (Elman 1990)
struct RNN : Layer<RNN, Recurrent> {
  RNN(int64_t in, int64_t hidden, const RNNOptions& rnn_options = {})
      : Layer("rnn", 1, in, hidden, rnn_options, rnn_step(rnn_options)) {}
};

/// The gated recurrent unit (Cho et al. 2014), in PyTorch's form: r is the reset gate, z the update
/// gate, n the new candidate, * is elementwise.
///
///   r  = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
///   z  = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
///   n  = tanh(W_in x + b_in + r * (W_hn h + b_hn))
///   h' = (1 - z) * n + z * h
struct GRU : Layer<GRU, Recurrent> {
  GRU(int64_t in, int64_t hidden, const GRUOptions& gru_options = {})
      : Layer("gru", 3, in, hidden, gru_options, gru_step) {}
  /// One forward step of the first layer: x (B, in), h (B, H) -> h' (B, H)
  Tensor step(const Tensor& x, const Tensor& h) const;
};

/// Long short-term memory (Hochreiter and Schmidhuber 1997), in PyTorch's form: i, f and o are the
/// input, forget and output gates, g is the new candidate, c the cell state.
///
///   i  = sigmoid(W_ii x + b_ii + W_hi h + b_hi)
///   f  = sigmoid(W_if x + b_if + W_hf h + b_hf)
///   g  = tanh(W_ig x + b_ig + W_hg h + b_hg)
///   o  = sigmoid(W_io x + b_io + W_ho h + b_ho)
///   c' = f * c + i * g
///   h' = o * tanh(c')
struct LSTM : Layer<LSTM, Recurrent> {
  using State = std::tuple<Tensor, Tensor>;  // (h, c)

  LSTM(int64_t in, int64_t hidden, const LSTMOptions& lstm_options = {})
      : Layer("lstm", 4, in, hidden, lstm_options, lstm_step) {}
  /// (outputs, final (h, c)); the initial state is zero if it is left out.
  std::tuple<Tensor, State> forward(const Tensor& x, const State& initial = {},
                                    const Tensor& lengths = {}) const {
    const auto& [h0, c0] = initial;
    const auto [outputs, states] = run(x, {h0, c0}, lengths);
    return {outputs, {states[0], states[1]}};
  }
};

}  // namespace gradus::nn
