#include "lessons/stages/recurrent.h"

#include <cmath>

#include "autograd/engine.h"
#include "nn/recurrent.h"
#include "tensor/random.h"

namespace gradus::lessons {
namespace {

double number(const Tensor& x) { return x.item<double>(); }

/// How strongly the last state of a network depends on the input d steps before the end:
/// |d sum(h_T) / d x_(T-d)|, as a part of that of the last input.
std::vector<double> gradient_reaching_back(const Tensor& last_state, const Tensor& x) {
  const Tensor dx = autograd::grad({last_state.sum()}, {x})[0];  // (T, B, C)
  std::vector<double> norms;
  for (int64_t t = dx.size(0); t-- > 0;)
    norms.push_back(number(dx[t].norm()) / number(dx[dx.size(0) - 1].norm()));
  return norms;
}

}  // namespace

void hidden_state(Lesson& lesson) {
  lesson.step("2", "A hidden state is a memory");
  lesson.say(
      "A recurrent network reads one word after another. It has a vector h, its hidden state. Each "
      "word x changes it: the new h is tanh(W_ih x + b_ih + W_hh h + b_hh). So h can hold "
      "something of every word so far. Words of 2 numbers, a state of 3:");
  manual_seed(lesson.seed(123));
  const nn::RNN rnn(2, 3);
  const Tensor words = randn({3, 2});
  const Words read{"drei", "und", "zwanzig"};
  lesson.print("words", words, {.rows = read});
  lesson.print("W_ih", rnn.weight_ih_l0);
  lesson.print("b_ih", rnn.bias_ih_l0);
  lesson.print("W_hh", rnn.weight_hh_l0);
  lesson.print("b_hh", rnn.bias_hh_l0);
  Tensor h = zeros(3);
  std::vector<Tensor> states;
  for (int64_t t = 0; t < 3; ++t) {
    h = tanh(matmul(rnn.weight_ih_l0, words[t]) + rnn.bias_ih_l0 + matmul(rnn.weight_hh_l0, h) +
             rnn.bias_hh_l0);
    states.push_back(h);
  }
  lesson.print("h after each word", stack(states), {.rows = read, .marked = 2});
  const Tensor row = rnn.weight_ih_l0[0];
  lesson.say(
      "Try the first number of the first row yourself. h was 0 before, so W_hh h adds nothing: "
      "tanh({:.6f} * {:.6f} + {:.6f} * {:.6f} + {:.6f} + {:.6f}) = {:.6f}.",
      number(row[0]), number(words[0][0]), number(row[1]), number(words[0][1]),
      number(rnn.bias_ih_l0[0]), number(rnn.bias_hh_l0[0]), number(states[0][0]));
  lesson.equal("nn::RNN gives the same", std::get<0>(rnn(words)), stack(states));
  const Tensor last_of_50 = std::get<1>(rnn(randn({50, 2})));
  lesson.ask_number("the sentence has 50 words. How many numbers has its last state?", {3, 50, 150},
                    static_cast<double>(last_of_50.numel()));
  lesson.say("The last state comes after all words. It has {} numbers, for 3 words and for 300.",
             last_of_50.numel());
}

void fading_gradient(Lesson& lesson) {
  lesson.step("3", "How far back a gradient reaches");
  lesson.say(
      "To learn what a word 40 steps ago is good for, a network needs the gradient of its last "
      "state with respect to that word. This gradient passes through all steps in between, and "
      "each may shrink it. Let us measure networks with 64 numbers in their states, before any "
      "training. (Comments in the code give shapes: (T, B, C) is T words, B sentences in a "
      "batch, C numbers for each word.)");
  manual_seed(lesson.seed(123));
  const Tensor x = randn({41, 8, 32}).requires_grad_();  // (T, B, C)
  const nn::RNN rnn(32, 64);
  const nn::GRU gru(32, 64);
  const nn::LSTM lstm(32, 64);
  std::vector<terminal::Curve> curves{
      {"RNN", 'r', gradient_reaching_back(std::get<1>(rnn(x)), x)},
      {"GRU", 'g', gradient_reaching_back(std::get<1>(gru(x)), x)},
      {"LSTM", 'l', gradient_reaching_back(std::get<0>(std::get<1>(lstm(x))), x)}};
  lesson.say(
      "A GRU (Cho et al. 2014) has gates. For each word it proposes a new state n, much as the RNN "
      "does, and for each number a gate z = sigmoid(W_iz x + b_iz + W_hz h + b_hz), where "
      "sigmoid(y) = 1 / (1 + e^-y) is between 0 and 1. Its new state is h = (1 - z) n + z "
      "h_before, so a number is kept where z is near 1. (Another gate, r, says how much of h the "
      "proposal n sees.) An LSTM (Hochreiter and Schmidhuber 1997) has a second vector, the cell, "
      "and a gate that says how much of it is kept. At the start z is about 0.5. The last curve is "
      "a GRU with 4 added to the gate's bias, so that z is about {:.2f}:",
      1 / (1 + std::exp(-4.0)));
  {
    const NoGradGuard no_grad;
    gru.bias_ih_l0.narrow(0, 64, 64) += 4;  // of r, z and n; 64 numbers each
  }
  curves.push_back({"GRU, z near 1", 'z', gradient_reaching_back(std::get<1>(gru(x)), x)});
  std::vector<double> steps_back;
  std::string table = "  share that is left after    10 steps    20 steps    40 steps\n";
  for (const terminal::Curve& curve : curves)
    table += fmt::format("  {:<20} {:>15.1e} {:>11.1e} {:>11.1e}\n", curve.name, curve.y[10],
                         curve.y[20], curve.y[40]);
  for (size_t back = 0; back <= 40; ++back)
    steps_back.push_back(static_cast<double>(back));
  lesson.say(
      "The share that is left is the length of the gradient for a word, divided by the length of "
      "that for the last word:");
  lesson.code("lessons/stages/recurrent.cpp", "gradient_reaching_back");
  lesson.log_plot("share of the gradient that is left, by the number of steps back", steps_back,
                  curves);
  lesson.lines(table);
  lesson.holds("with z near 1 the GRU keeps the most",
               curves[3].y[40] > curves[0].y[40] && curves[3].y[40] > curves[1].y[40]);
  lesson.say(
      "Where z is near 1 the gradient passes, and a network can learn where that is useful. From "
      "here on we use GRUs: they have such a gate, and they are simpler than LSTMs.");
}

}  // namespace gradus::lessons
