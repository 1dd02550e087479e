// Recurrent layers: a state is carried from each time step to the next. Several layers may stand on
// each other, and a second walk may go backwards through time.
#pragma once
#include "nn/linear.h"

namespace gradus::nn {

struct RecurrentOptions {
  int64_t num_layers = 1;
  std::string nonlinearity = "tanh";  // of RNN, or "relu"
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;  // of each layer's outputs before the next
  bool bidirectional = false;
};
using RNNOptions = RecurrentOptions;
using GRUOptions = RecurrentOptions;
using LSTMOptions = RecurrentOptions;

/// What the three share: the weights of G gates, and the walk over time. Sequences are (T, B, in),
/// with batch_first (B, T, in), or one alone as (T, in); outputs have W H numbers at each step,
/// where W is 2 if bidirectional (the forward walk's, then the backward one's; Schuster and Paliwal
/// 1997), else 1. States are (num_layers W, B, H), or (num_layers W, H) of one alone. lengths (B)
/// int64 says where each sequence ends: outputs after it are 0, the last state is the one at the
/// true end, and the backward walk starts there, as with PyTorch's pack_padded_sequence.
struct Recurrent : Module {
  struct Weights {
    Tensor ih;                // weight_ih_l0 (G H, in), weight_ih_l1 (G H, W H), ...
    Tensor hh;                // weight_hh_l0 (G H, H), ...
    Tensor bias_ih, bias_hh;  // (G H), or undefined
  };
  const int64_t input_size, hidden_size;
  const RecurrentOptions options;
  const std::vector<Weights> weights;  // l0, l0_reverse, l1, l1_reverse, ...
  const Tensor weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0;

  /// (output of every step, last h); h0 is zeros if left out.
  std::tuple<Tensor, Tensor> forward(const Tensor& x, const Tensor& h0 = {},
                                     const Tensor& lengths = {}) const {
    const auto [output, states] = walk(x, {h0}, lengths);
    return {output, states[0]};
  }
  std::tuple<Tensor, Tensor> operator()(const Tensor& x, const Tensor& h0 = {},
                                        const Tensor& lengths = {}) const {
    return forward(x, h0, lengths);
  }

 protected:
  using States = std::vector<Tensor>;  // (B, H) each
  /// From W_ih x + b_ih and W_hh h + b_hh, (B, G H) each, and the states before to the states
  /// after; the first of them is h, the step's output.
  using Step =
      std::function<States(const Tensor& from_x, const Tensor& from_h, const States& before)>;

  Recurrent(const char* layer, int64_t gates, int64_t in, int64_t hidden, const RecurrentOptions& o,
            const Step& step);
  /// The outputs of all steps, and the last states.
  std::tuple<Tensor, States> walk(const Tensor& x, const States& initial,
                                  const Tensor& lengths) const;

 private:
  std::vector<Weights> make_weights(int64_t gates);
  const char* const layer_;
  const Step step_;
};

/// h = tanh(W_ih x + b_ih + W_hh h + b_hh) (Elman 1990)
struct RNN : Recurrent {
  RNN(int64_t input_size, int64_t hidden_size, const RNNOptions& options = {});
};

/// r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh);  n = tanh(W_in x + b_in + r (W_hn h + b_hn));  h
/// = (1 - z) n + z h (Cho et al. 2014)
struct GRU : Recurrent {
  GRU(int64_t input_size, int64_t hidden_size, const GRUOptions& options = {});
  /// One step of the first layer forwards: x (B, in), h (B, H) -> h (B, H)
  Tensor step(const Tensor& x, const Tensor& h) const;
};

/// i, f, o = sigmoid, g = tanh of (W_ih x + b_ih + W_hh h + b_hh);  c = f c + i g;  h = o tanh(c)
/// (Hochreiter and Schmidhuber 1997)
struct LSTM : Recurrent {
  using State = std::tuple<Tensor, Tensor>;  // (h, c)

  LSTM(int64_t input_size, int64_t hidden_size, const LSTMOptions& options = {});
  /// (output of every step, last (h, c)); the initial state is zeros if left out.
  std::tuple<Tensor, State> forward(const Tensor& x, const State& initial = {},
                                    const Tensor& lengths = {}) const {
    const auto [output, states] = walk(x, {std::get<0>(initial), std::get<1>(initial)}, lengths);
    return {output, {states[0], states[1]}};
  }
  std::tuple<Tensor, State> operator()(const Tensor& x, const State& initial = {},
                                       const Tensor& lengths = {}) const {
    return forward(x, initial, lengths);
  }
};

}  // namespace gradus::nn
