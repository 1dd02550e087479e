#include "lessons/stages/gradient_descent.h"

#include <algorithm>

#include "nn/optim.h"

namespace gradus::lessons {
namespace {

Tensor number(double value) { return tensor(value, kFloat64).requires_grad_(); }
double value(const Tensor& x) { return x.item<double>(); }

/// The line w x + b, and how far it is from four points: the mean of the squared distances.
struct Line {
  const Tensor w = number(0);
  const Tensor b = number(0);

  Tensor loss() const {
    const Tensor x = tensor({0., 1., 2., 3.}, kFloat64);
    const Tensor y = tensor({1., 3., 5., 7.}, kFloat64);
    const Tensor distance = w * x + b - y;
    return (distance * distance).mean();
  }
};

/// The arithmetic of one update: parameter - lr * gradient.
std::string update_of(const char* name, const Tensor& parameter, double lr) {
  const double before = value(parameter);
  const double gradient = value(parameter.grad());
  return fmt::format("    {0} = {0} - lr * grad = {1:g} - {2:g} * {3} = {4:g}\n", name, before, lr,
                     gradient < 0 ? fmt::format("({:g})", gradient) : fmt::format("{:g}", gradient),
                     before - lr * gradient);
}

/// The losses of a line before each of `updates` updates, and after the last one.
std::vector<double> losses_with(double lr, size_t updates) {
  const Line line;
  optim::SGD optimizer({line.w, line.b}, {.lr = lr});
  std::vector<double> losses{value(line.loss())};
  for (size_t update = 0; update < updates; ++update) {
    optimizer.zero_grad();
    line.loss().backward();
    optimizer.step();
    losses.push_back(value(line.loss()));
  }
  return losses;
}

void learning_rates(Lesson& lesson) {
  lesson.step("13", "The learning rate");
  lesson.say(
      "The gradient says in which direction the loss falls and how steeply, but not how far it "
      "goes on falling. That is what lr decides.");
  lesson.code("losses_with");
  const std::vector<double> rates{0.01, 0.125, 0.25};
  constexpr size_t kUpdates = 20;
  std::vector<terminal::Curve> curves{
      {"lr = 0.01", 's', {}}, {"0.125", 'm', {}}, {"0.25", 'L', {}}};
  for (size_t i = 0; i < rates.size(); ++i)
    curves[i].y = losses_with(rates[i], kUpdates);
  const double start = curves[0].y.front();
  const double medium = curves[1].y.back();
  const double large = curves[2].y.back();
  lesson.ask("lr = 0.125 worked. After 20 updates with 0.25, the loss is ...?",
             {{"smaller than with 0.125", large < medium},
              {"larger than with 0.125, but smaller than at the start", large < start},
              {"larger than at the start", true}});
  const std::vector<size_t> shown{0, 1, 2, 3, kUpdates};
  std::string table = "  after updates:";
  for (const size_t update : shown)
    table += fmt::format("{:>8}", update);
  for (size_t i = 0; i < rates.size(); ++i) {
    table += fmt::format("\n  lr = {:<9g}", rates[i]);
    for (const size_t update : shown)
      table += fmt::format("{:>8.2g}", curves[i].y[update]);
  }
  lesson.lines(table);
  std::vector<double> updates;
  for (size_t update = 0; update <= kUpdates; ++update)
    updates.push_back(static_cast<double>(update));
  lesson.log_plot("loss, by the number of updates", updates, curves);
  const Line line;
  line.loss().backward();
  lesson.say(
      "0.01 goes in the right direction with steps that are too short. 0.25 is too large: the "
      "first update takes w from 0 to {:g}, past 2 and farther from it than before. There the "
      "slope is steeper, so the next jump is longer, and so on. A loss that grows from step to "
      "step, or becomes nan, is the sign of a learning rate that is too large.",
      -0.25 * value(line.w.grad()));
  lesson.holds("with 0.125 the loss is nearly 0", medium < 1e-3 * start);
  lesson.holds("with 0.01 it is smaller than at the start, and larger than with 0.125",
               medium < curves[0].y.back() && curves[0].y.back() < start);
  lesson.holds("with 0.25 it is larger than at the start", large > start);
}

}  // namespace

void gradient_descent(Lesson& lesson) {
  lesson.step("11", "Gradient descent by hand");
  lesson.say(
      "Training uses gradients for this: if each parameter is moved a little against its gradient, "
      "the loss falls. We look for the line w x + b through the points (0, 1), (1, 3), (2, 5) and "
      "(3, 7), and start with w = 0 and b = 0.");
  lesson.code("Line");
  lesson.say(
      "The learning rate lr says how far to move. Three updates with w -= lr * grad, lr = 0.125:");
  const double lr = 0.125;
  const Line line;
  std::vector<double> losses;
  std::string table;
  for (int update = 1; update <= 3; ++update) {
    const Tensor loss = line.loss();
    loss.backward();
    losses.push_back(value(loss));
    table += fmt::format("  update {}: the loss is {:g}\n{}{}", update, losses.back(),
                         update_of("w", line.w, lr), update_of("b", line.b, lr));
    const NoGradGuard no_grad;  // an update is not a part of the graph
    line.w -= lr * line.w.grad();
    line.b -= lr * line.b.grad();
    line.w.mutable_grad().zero_();  // else the next gradients would be added to these
    line.b.mutable_grad().zero_();
  }
  losses.push_back(value(line.loss()));
  lesson.lines(table);
  lesson.say("Now the line is {:.4f} x + {:.4f} and the loss is {:.2g}; it goes to 2 x + 1.",
             value(line.w), value(line.b), losses.back());
  lesson.holds("each update made the loss smaller",
               std::is_sorted(losses.rbegin(), losses.rend()) && losses[3] < losses[0]);

  lesson.step("12", "The same with an optimiser");
  lesson.say(
      "An optimiser knows the parameters and does this for all of them. SGD stands for stochastic "
      "gradient descent: stochastic, because real training takes different examples, drawn at "
      "random, "
      "in each step.");
  const Line same;
  optim::SGD optimizer({same.w, same.b}, {.lr = lr});
  for (int update = 1; update <= 3; ++update) {
    optimizer.zero_grad();
    const Tensor loss = same.loss();
    loss.backward();
    optimizer.step();
  }
  lesson.print("w", same.w);
  lesson.print("b", same.b);
  lesson.equal("w is that of the updates by hand", same.w, line.w, 0);
  lesson.equal("b too", same.b, line.b, 0);
  lesson.say(
      "zero_grad, loss, backward, step: a large language model is trained by the same four lines. "
      "It only has more parameters and another loss.");
  learning_rates(lesson);
}

}  // namespace gradus::lessons
