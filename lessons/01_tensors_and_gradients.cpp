// Lesson 01: tensors and gradients. How the library records a computation, finds all gradients in
// one pass backward, and what training does with them.
#include "gradus.h"
#include "lessons/kit/lesson.h"
#include "lessons/stages/gradient_descent.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 1,
    .title = "Tensors and gradients",
    .builds = "gradients, by hand and by an engine",
    .seconds = 1,
    .goals =
        {"read a tensor's shape and strides, and say why a transpose copies nothing",
         "draw the graph of a small expression and find every gradient in it with pencil and paper",
         "check any gradient by finite differences, and explain why gradients are added up",
         "train two parameters by gradient descent, by hand and with an optimiser"},
    .question =
        "a model computes one number, its error, from thousands of others. Training asks for each "
        "of them: if it grows a little, does the error grow or shrink, and how fast? How can a "
        "single pass answer that for all of them?",
    .exercises = {"matmul_backward"},
};

/// A number that requires a gradient.
Tensor number(double value) { return tensor(value, kFloat64).requires_grad_(); }
double value(const Tensor& x) { return x.item<double>(); }

/// A square whose gradient is 1% too large.
struct WrongSquare : autograd::Function<WrongSquare> {
  static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * x;
  }
  static autograd::tensor_list backward(autograd::AutogradContext* ctx, autograd::tensor_list dy) {
    return {dy[0] * ctx->get_saved_variables()[0] * 2.02};
  }
};

void tensors(Lesson& lesson) {
  lesson.step("1", "A tensor: numbers, a shape and strides");
  const Tensor x = tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  lesson.print("x", x);
  lesson.say(
      "Shape {}: 2 rows, 3 columns. Memory holds the six numbers one after another; the strides {} "
      "say how many numbers to skip to reach the next row and the next column. The transpose is "
      "the same memory with the strides exchanged, {}: nothing is copied.",
      x.sizes(), x.strides(), x.t().strides());
  lesson.print("x.t()", x.t());
  lesson.say("So writing into one changes the other. After x.t()[0][1] = 40:");
  x.t()[0][1] = 40.0;
  lesson.print("x", x);
  lesson.equal("x[1][0] is 40", x[1][0], full({}, 40.0));
  lesson.say(
      "Two shapes need not be equal: a dimension that is missing or 1 is repeated (broadcasting). "
      "x + (10, 20, 30) adds to each row:");
  lesson.print("x + tensor({10., 20., 30.})", x + tensor({10., 20., 30.}));
}

// NOLINTNEXTLINE(readability-function-size): a lesson runs from top to bottom
void expression(Lesson& lesson) {
  lesson.step("2", "A small expression and its graph");
  lesson.say(
      "y = (a * b + c) * a, in three operations: u = a * b, v = u + c, y = v * a. The library "
      "computes the values. Because a, b and c require gradients, it also records which result was "
      "made from which inputs: the graph.");
  const Tensor a = number(2);
  const Tensor b = number(-1);
  const Tensor c = number(3);
  const Tensor u = a * b;
  const Tensor v = u + c;
  const Tensor y = v * a;
  lesson.graph(y, {{"a", a}, {"b", b}, {"c", c}, {"u", u}, {"v", v}, {"y", y}});
  lesson.say(
      "Read it from the top: y was made by mul from v and a. A leaf was made by no operation. a "
      "appears twice because it is used twice.");
  lesson.equal("y is (2 * -1 + 3) * 2 = 2", y.detach(), tensor(2.0, kFloat64));

  lesson.step("3", "Local derivatives: each operation by itself");
  lesson.say(
      "An operation needs to know only itself: if one of its inputs grows by a little, how much "
      "does its output grow? For a product it is the other factor, for a sum it is 1.");
  lesson.lines(
      fmt::format("  u = a * b   du/da = b = {:2g}   du/db = a = {:g}\n"
                  "  v = u + c   dv/du = 1        dv/dc = 1\n"
                  "  y = v * a   dy/dv = a = {:2g}   dy/da (directly) = v = {:g}",
                  value(b), value(a), value(a), value(v)));
  const auto local = [](const Tensor& out, const Tensor& in) {
    return autograd::grad({out}, {in}, {}, /*retain_graph=*/true)[0];
  };
  lesson.equal("du/da", local(u, a), b);
  lesson.equal("du/db", local(u, b), a);
  lesson.equal("dv/du", local(v, u), tensor(1.0, kFloat64));
  lesson.equal("dy/dv", local(y, v), a);

  lesson.step("4", "Backward, with pencil and paper");
  const double slope = value(local(y, a));
  lesson.ask("a = 2, b = -1, c = 3: if a grows by a little, y ...?",
             {{"grows", slope > 0}, {"shrinks", slope < 0}, {"stays", true}});
  lesson.say(
      "Start at y with 1, because y grows exactly as much as y. Go through the operations from the "
      "newest to the oldest. Each one takes the gradient that has arrived at its output, "
      "multiplies it by its local derivatives, and passes the products on to its inputs.");
  const double dy = 1;
  const double dv = dy * value(a);
  const double da_from_y = dy * value(v);
  const double du = dv;
  const double dc = dv;
  const double da_from_u = du * value(b);
  const double db = du * value(a);
  lesson.lines(
      fmt::format("  y has {0:g}: v gets {0:g} * a = {1:g}, a gets {0:g} * v = {2:g}\n"
                  "  v has {1:g}: u gets {3:g}, c gets {4:g}\n"
                  "  u has {3:g}: a gets {3:g} * b = {5:g}, b gets {3:g} * a = {6:g}\n"
                  "  a got two gradients: {2:g} + {5:g} = {7:g}",
                  dy, dv, da_from_y, du, dc, da_from_u, db, da_from_y + da_from_u));
  lesson.say(
      "Why add? a reaches y along two paths. A little more of a changes y along each of them, and "
      "small changes add up.");

  lesson.step("5", "The same by the engine");
  lesson.say(
      "y.backward() does this: one loop, the newest operation first. It leaves the results in the "
      "grad() of the leaves; retain_grad() keeps those of u and v as well.");
  u.retain_grad();
  v.retain_grad();
  y.backward();
  lesson.graph(y, {{"a", a}, {"b", b}, {"c", c}, {"u", u}, {"v", v}, {"y", y}});
  lesson.equal("gradient of a", a.grad(), tensor(da_from_y + da_from_u, kFloat64));
  lesson.equal("gradient of b", b.grad(), tensor(db, kFloat64));
  lesson.equal("gradient of c", c.grad(), tensor(dc, kFloat64));
  lesson.equal("gradient of u", u.grad(), tensor(du, kFloat64));
  lesson.equal("gradient of v", v.grad(), tensor(dv, kFloat64));
}

void checking(Lesson& lesson) {
  lesson.step("6", "Do you believe it? gradcheck");
  const auto f = [](double a, double b, double c) { return (a * b + c) * a; };
  const double h = 1e-6;
  lesson.say(
      "Increase and decrease a by {:g}, and see how far y moves: ({:.9f} - {:.9f}) / {:g} = "
      "{:.6f}. This needs no calculus and no graph, but two more runs of the program for each "
      "input: too slow for training, perfect for checking.",
      h, f(2 + h, -1, 3), f(2 - h, -1, 3), 2 * h, (f(2 + h, -1, 3) - f(2 - h, -1, 3)) / (2 * h));
  lesson.say(
      "gradcheck does this for any function, in float64 (in float32 the difference of two nearly "
      "equal numbers is mostly rounding). It first turns the result into one number: each element "
      "times a random factor, all added up. It returns true, or throws and says where.");
  manual_seed(lesson.seed(123));
  const std::vector<Tensor> inputs{randn({2, 3}, kFloat64), randn({3, 2}, kFloat64)};
  const bool good = gradcheck(
      [](const std::vector<Tensor>& x) { return softmax(matmul(x[0], x[1]), -1); }, inputs);
  lesson.equal("gradcheck of softmax(x w) passes", good, true);
  lesson.code("WrongSquare");
  lesson.refused("And WrongSquare, whose gradient is 1% too large:", [] {
    gradcheck([](const std::vector<Tensor>& x) { return WrongSquare::apply(x[0]); },
              {tensor({1.0, 3.0}, kFloat64)});
  });
}

void accumulating(Lesson& lesson) {
  lesson.step("7", "Why gradients accumulate");
  lesson.say("backward() adds to grad(), it does not replace it. y = x * x at x = 3, twice:");
  const Tensor x = number(3);
  (x * x).backward();
  lesson.print("x.grad() after the first", x.grad());
  (x * x).backward();
  lesson.ask_number("and after a second backward()?", {6, 12, 36}, value(x.grad()));
  lesson.print("x.grad() after the second", x.grad());
  lesson.equal("it is 2 * 6", x.grad(), tensor(12.0, kFloat64));
  lesson.say(
      "That is intended: a batch (the examples of one training step) that is too large for the "
      "memory can be computed in two halves, and the gradients add up to those of the whole batch "
      "(a loss that is a mean is first divided by 2). The price: before each training step they "
      "must be set to 0, by x.mutable_grad().zero_() or by the optimiser's zero_grad().");
  x.mutable_grad().zero_();
  (x * x).backward();
  lesson.equal("after setting it to 0, one backward gives 6 again", x.grad(),
               tensor(6.0, kFloat64));
}

void order(Lesson& lesson) {
  lesson.step("8", "Why order matters");
  lesson.say(
      "s = x * x, t = 3 * s, y = s + t. s is used twice, so two gradients arrive at it: 1 from y "
      "directly, and 3 through t.");
  const Tensor x = number(2);
  const Tensor s = x * x;
  const Tensor t = s * 3.0;
  const Tensor y = s + t;
  lesson.graph(y, {{"x", x}, {"s", s}, {"t", t}, {"y", y}});
  const double too_early = 1 * 2 * value(x);
  const double complete = (1 + 3) * 2 * value(x);
  y.backward();
  lesson.ask_number("x = 2: what is the gradient of x?", {4, 12, 16}, value(x.grad()));
  lesson.say(
      "If s passed its gradient on after the first contribution, x would receive 1 * 2x = {:g}, "
      "and what comes through t would be lost. s must wait until every operation that used it is "
      "done: (1 + 3) * 2x = {:g}. An operation is always newer than its inputs, so with the newest "
      "first no gradient is passed on too early. The library numbers them:",
      too_early, complete);
  lesson.lines(fmt::format("  y {}   t {}   s {}   x {}", autograd::node_id(y),
                           autograd::node_id(t), autograd::node_id(s), autograd::node_id(x)));
  lesson.equal("the engine's gradient of x", x.grad(), tensor(complete, kFloat64));
}

void shapes_and_memory(Lesson& lesson) {
  lesson.step("9", "With matrices it is the same");
  lesson.say(
      "A gradient has the shape of its tensor: one number for each element. y is the sum of all "
      "elements of x w + bias:");
  const Tensor x = tensor({{1., 2., 3.}, {4., 5., 6.}}).requires_grad_();
  const Tensor w = tensor({{1., -1.}, {0., 2.}, {3., 1.}}).requires_grad_();
  const Tensor bias = tensor({0.5, -0.5}).requires_grad_();
  lesson.print("x", x);
  lesson.print("w", w);
  lesson.print("bias", bias);
  (matmul(x, w) + bias).sum().backward();
  lesson.say(
      "The gradient of x is a matrix of ones times w transposed, that of w is x transposed times "
      "ones. The bias was added to both rows (broadcasting), so its gradient is a sum of two:");
  lesson.print("x.grad()", x.grad());
  lesson.print("w.grad()", w.grad());
  lesson.print("bias.grad()", bias.grad());
  lesson.equal("gradient of x", x.grad(), matmul(ones({2, 2}), w.detach().t()));
  lesson.equal("gradient of w", w.grad(), matmul(x.detach().t(), ones({2, 2})));
  lesson.equal("gradient of bias, from 2 rows", bias.grad(), tensor({2., 2.}));

  lesson.step("10", "When a graph is freed");
  const int64_t before = autograd::live_nodes();
  int64_t during = 0;
  for (int pass = 0; pass < 1000; ++pass) {
    const Tensor loss = (matmul(x, w) + bias).tanh().sum();
    during = autograd::live_nodes();
    loss.backward();
  }
  lesson.say(
      "A result keeps its graph alive, and nothing else does. Nodes alive before 1000 "
      "forward and backward passes: {}, in the middle of the last one: {}, after it: {}.",
      before, during, autograd::live_nodes());
  lesson.equal("as many nodes as before", autograd::live_nodes(), before);
}

void mistakes(Lesson& lesson) {
  lesson.step("what if", "... I use it wrongly?");
  const Tensor x = tensor({1., 2.}).requires_grad_();
  lesson.refused("backward() of two numbers: the gradient of which one?",
                 [&] { (x * x).backward(); });
  const Tensor y = (x * x).sum();
  y.backward();
  lesson.refused(
      "backward() twice through one graph: the first one freed what the graph had saved.",
      [&] { y.backward(); });
  lesson.refused("Writing into a leaf while operations are recorded:", [&] { x.add_(1); });
  const Tensor v = x * 1.0;
  const Tensor square = (v * v).sum();
  v.mul_(2);
  lesson.refused("Changing values that backward still needs:", [&] { square.backward(); });
  const NoGradGuard no_grad;
  lesson.say("Under a NoGradGuard nothing is recorded. Does x * x require gradients? {}.",
             (x * x).requires_grad() ? "Yes" : "No");
  lesson.equal("a result under NoGradGuard requires none", (x * x).requires_grad(), false);
}

void tensors_and_gradients(Lesson& lesson) {
  tensors(lesson);
  expression(lesson);
  checking(lesson);
  accumulating(lesson);
  order(lesson);
  shapes_and_memory(lesson);
  gradient_descent(lesson);
  mistakes(lesson);
  lesson.try_next(
      {"change the expression in step 2 to y = tanh(a * b + c) * a, after finding its gradients",
       "correct WrongSquare, so that gradcheck passes (step 6, which expects its mistake, says no)",
       "lessons/stages/gradient_descent.cpp: how large may lr be before the loss grows?",
       "open autograd/engine.cpp: backward is one loop",
       "lesson 02: two networks, trained to translate"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, tensors_and_gradients); }
