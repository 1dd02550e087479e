// Recurrent layers: a state is carried from each time step to the next. One layer, one direction.
#pragma once
#include "nn/linear.h"

namespace gradus::nn {

struct RecurrentOptions {
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
};
using GRUOptions = RecurrentOptions;
using LSTMOptions = RecurrentOptions;
struct RNNOptions {
  int64_t num_layers = 1;
  std::string nonlinearity = "tanh";  // or "relu"
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
};

/// What the three share: the weights of G gates, and the walk over time. Sequences are (T, B, in), with batch_first
/// (B, T, in), or one alone as (T, in); states are (1, B, H), or (1, H).
struct Recurrent : Module {
  const int64_t input_size, hidden_size;
  const bool batch_first;
  const Tensor weight_ih_l0;            // (G H, in)
  const Tensor weight_hh_l0;            // (G H, H)
  const Tensor bias_ih_l0, bias_hh_l0;  // (G H), or undefined

 protected:
  Recurrent(const char* layer, int64_t gates, int64_t in, int64_t hidden, const RecurrentOptions& options);

  using States = std::vector<Tensor>;  // (B, H) each
  /// From x_t W_ih^T + b_ih (B, G H) and the states before to the states after; the first of them is the step's output.
  using Step = std::function<States(const Tensor& from_x, const States& before)>;
  /// The outputs of all steps, and the last states.
  std::tuple<Tensor, States> walk(const Tensor& x, const States& initial, const Step& step) const;
  /// h W_hh^T + b_hh
  Tensor from_state(const Tensor& h) const { return linear(h, weight_hh_l0, bias_hh_l0); }

 private:
  const char* const layer_;
};

/// h = tanh(W_ih x + b_ih + W_hh h + b_hh) (Elman 1990)
struct RNN : Recurrent {
  const std::string nonlinearity;

  RNN(int64_t input_size, int64_t hidden_size, const RNNOptions& options = {});
  /// (output of every step, last h); h0 is zeros if left out.
  std::tuple<Tensor, Tensor> forward(const Tensor& x, const Tensor& h0 = {}) const;
  std::tuple<Tensor, Tensor> operator()(const Tensor& x, const Tensor& h0 = {}) const { return forward(x, h0); }
};

/// r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh);  n = tanh(W_in x + b_in + r (W_hn h + b_hn));  h = (1 - z) n + z h
/// (Cho et al. 2014)
struct GRU : Recurrent {
  GRU(int64_t input_size, int64_t hidden_size, const GRUOptions& options = {});
  /// (output of every step, last h); h0 is zeros if left out.
  std::tuple<Tensor, Tensor> forward(const Tensor& x, const Tensor& h0 = {}) const;
  std::tuple<Tensor, Tensor> operator()(const Tensor& x, const Tensor& h0 = {}) const { return forward(x, h0); }
};

/// i, f, o = sigmoid, g = tanh of (W_ih x + b_ih + W_hh h + b_hh);  c = f c + i g;  h = o tanh(c)
/// (Hochreiter and Schmidhuber 1997)
struct LSTM : Recurrent {
  using State = std::tuple<Tensor, Tensor>;  // (h, c)

  LSTM(int64_t input_size, int64_t hidden_size, const LSTMOptions& options = {});
  /// (output of every step, last (h, c)); the initial state is zeros if left out.
  std::tuple<Tensor, State> forward(const Tensor& x, const State& initial = {}) const;
  std::tuple<Tensor, State> operator()(const Tensor& x, const State& initial = {}) const { return forward(x, initial); }
};

}  // namespace gradus::nn
