// Lesson 01: tensors and gradients. How the library records a computation, and how it finds all
// gradients in one pass backward.
#include <map>

#include "gradus.h"
#include "lessons/kit/lesson.h"

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
         "check any gradient by finite differences, and explain why gradients add up"},
    .question =
        "a model computes one number, its error, from thousands of others. Training asks for each "
        "of them: if I turn you up a little, does the error grow or shrink, and how fast? How can "
        "one walk answer for all?",
    .exercises = {"matmul_backward"},
};

/// A number that requires a gradient.
Tensor number(double value) { return tensor(value, kFloat64).requires_grad_(); }
double value(const Tensor& x) { return x.item<double>(); }

/// Draws the graph of y with the names that the tensors have in the text.
void draw_graph(Lesson& lesson, const Tensor& y,
                const std::vector<std::pair<std::string, Tensor>>& named, bool with_gradients) {
  std::map<uint64_t, std::string> lines;
  for (const auto& [name, x] : named) {
    std::string line = fmt::format("{} = {:g}", name, value(x));
    if (with_gradients && x.grad().defined())
      line += fmt::format("   gradient {:g}", value(x.grad()));
    lines[autograd::node_id(x)] = line;
  }
  lesson.lines(
      terminal::draw(autograd::graph(y), lesson.canvas(), [&](const autograd::GraphNode& node) {
        return fmt::format("{}   ({})", lines[node.id], node.name);
      }));
}

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

/// Runs f, which must fail, and prints the error.
template <class F>
void show_error(Lesson& lesson, const std::string& what, const F& f) {
  try {
    f();
    lesson.equal(what + " is refused", 0, 1);
  } catch (const Error& e) {
    lesson.say("{}\n  Error: {}", what, e.what());
  }
}

void tensors(Lesson& lesson) {
  lesson.step("1", "A tensor: numbers and a way to walk through them");
  const Tensor x = tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  lesson.print("x", x);
  lesson.say(
      "Shape {}: 2 rows, 3 columns. In memory the six numbers lie in a line; the strides {} say "
      "how far it is to the next row and to the next column. The transpose is the same line with "
      "the strides exchanged, {}: nothing is copied.",
      x.sizes(), x.strides(), x.t().strides());
  lesson.print("x.t()", x.t());
  lesson.say("So writing into one writes into the other. After x.t()[0][1] = 40:");
  x.t()[0][1] = 40.0;
  lesson.print("x", x);
  lesson.equal("x[1][0] is 40", x[1][0], full({}, 40.0));
  lesson.say(
      "Shapes need not be equal: what is missing or 1 is repeated (broadcasting). x + (10, 20, 30) "
      "adds to each row:");
  lesson.print("x + tensor({10., 20., 30.})", x + tensor({10., 20., 30.}));
}

// NOLINTNEXTLINE(readability-function-size): a lesson runs from top to bottom
void expression(Lesson& lesson) {
  lesson.step("2", "A small expression and its graph");
  lesson.say(
      "y = (a * b + c) * a, in three steps: u = a * b, v = u + c, y = v * a. The library computes "
      "the value, and because a, b and c want gradients it also records which result came from "
      "which inputs: the graph.");
  const Tensor a = number(2);
  const Tensor b = number(-1);
  const Tensor c = number(3);
  const Tensor u = a * b;
  const Tensor v = u + c;
  const Tensor y = v * a;
  draw_graph(lesson, y, {{"a", a}, {"b", b}, {"c", c}, {"u", u}, {"v", v}, {"y", y}}, false);
  lesson.say(
      "Read it from the top: y was made by mul from v and a. What has no op is a leaf. a stands "
      "there twice because it is used twice.");
  lesson.equal("y is (2 * -1 + 3) * 2 = 2", y.detach(), tensor(2.0, kFloat64));

  lesson.step("3", "Local derivatives: each op by itself");
  lesson.say(
      "An op only needs to know itself: if one of its inputs grows by a little, how much does its "
      "output grow? For a product it is the other factor, for a sum it is 1.");
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

  lesson.step("4", "The walk backward, with pencil and paper");
  lesson.ask("a = 2, b = -1, c = 3: if a grows by a little, y ...?", {"grows", "shrinks", "stays"},
             1);
  lesson.say(
      "Start at y with 1 (y grows exactly as y). Go through the ops from the newest to the oldest. "
      "Each takes what has arrived at its output, multiplies it with its local derivatives, and "
      "hands the products to its inputs.");
  const double dy = 1;
  const double dv = dy * value(a);
  const double da_from_y = dy * value(v);
  const double du = dv;
  const double dc = dv;
  const double da_from_u = du * value(b);
  const double db = du * value(a);
  lesson.lines(
      fmt::format("  at y arrives {:g}: v gets {:g} * a = {:g}, a gets {:g} * v = {:g}\n"
                  "  at v arrives {:g}: u gets {:g}, c gets {:g}\n"
                  "  at u arrives {:g}: a gets {:g} * b = {:g}, b gets {:g} * a = {:g}\n"
                  "  a was given twice: {:g} + {:g} = {:g}",
                  dy, dy, dv, dy, da_from_y, dv, du, dc, du, du, da_from_u, du, db, da_from_y,
                  da_from_u, da_from_y + da_from_u));
  lesson.say(
      "Why add? a reaches y by two ways. A little more of a changes y by the first way and by the "
      "second, and small changes add up.");

  lesson.step("5", "The same by the engine");
  lesson.say(
      "y.backward() is that walk: one loop, newest op first. The results are left in the leaves' "
      "grad(). (To see u's and v's as well we asked with retain_grad().)");
  u.retain_grad();
  v.retain_grad();
  y.backward();
  draw_graph(lesson, y, {{"a", a}, {"b", b}, {"c", c}, {"u", u}, {"v", v}, {"y", y}}, true);
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
      "Turn a up and down by {:g}, and see how far y moves: ({:.9f} - {:.9f}) / {:g} = {:.6f}. No "
      "calculus, no graph; only two more runs of the program for each input, so too slow for "
      "training but perfect for checking.",
      h, f(2 + h, -1, 3), f(2 - h, -1, 3), 2 * h, (f(2 + h, -1, 3) - f(2 - h, -1, 3)) / (2 * h));
  lesson.say(
      "gradcheck does this for any function, in float64 (in float32 the difference of two nearly "
      "equal numbers is mostly rounding). It returns true, or throws and says where.");
  manual_seed(lesson.seed(123));
  const std::vector<Tensor> inputs{randn({2, 3}, kFloat64), randn({3, 2}, kFloat64)};
  const bool good = gradcheck(
      [](const std::vector<Tensor>& x) { return softmax(matmul(x[0], x[1]), -1); }, inputs);
  lesson.equal("gradcheck of softmax(x w) passes", good, true);
  lesson.code("WrongSquare");
  show_error(
      lesson,
      "And a square whose gradient is 1% too large (WrongSquare, at the top of this program):", [] {
        gradcheck([](const std::vector<Tensor>& x) { return WrongSquare::apply(x[0]); },
                  {tensor({1.0, 3.0}, kFloat64)});
      });
}

void accumulating(Lesson& lesson) {
  lesson.step("7", "Why gradients accumulate");
  lesson.say(
      "backward() adds to grad(), it does not replace it. Twice the same walk for y = x * x at x = "
      "3:");
  const Tensor x = number(3);
  (x * x).backward();
  lesson.print("x.grad() after the first", x.grad());
  lesson.ask("and after a second backward()?", {"6", "12", "36"}, 1);
  (x * x).backward();
  lesson.print("x.grad() after the second", x.grad());
  lesson.equal("it is 2 * 6", x.grad(), tensor(12.0, kFloat64));
  lesson.say(
      "That is on purpose: a batch too large for the memory can be worked through in halves, and "
      "the gradients add up to the same. The price: before each training step somebody must set "
      "them back, x.mutable_grad().zero_() or the optimiser's zero_grad().");
  x.mutable_grad().zero_();
  (x * x).backward();
  lesson.equal("after setting it to 0, one backward gives 6 again", x.grad(),
               tensor(6.0, kFloat64));

  lesson.step("8", "Why order matters");
  lesson.say(
      "s = x * x, t = 3 * s, y = s + t. s is used twice, so two gradients arrive at it: 1 from y "
      "directly, and 3 through t.");
  const Tensor z = number(2);
  const Tensor s = z * z;
  const Tensor t = s * 3.0;
  const Tensor y = s + t;
  draw_graph(lesson, y, {{"x", z}, {"s", s}, {"t", t}, {"y", y}}, false);
  const double too_early = 1 * 2 * value(z);
  const double complete = (1 + 3) * 2 * value(z);
  lesson.ask("x = 2: what is the gradient of x?", {"4", "12", "16"}, 2);
  lesson.say(
      "Who hands on from s as soon as the first gradient is there, tells x 1 * 2x = {:g}; what "
      "comes through t is lost. s must wait until all who used it are done: (1 + 3) * 2x = {:g}. "
      "An op is always made after its inputs, so 'newest first' is an order in which nobody is too "
      "early. The numbers by which the library knows the age of each:",
      too_early, complete);
  lesson.lines(fmt::format("  y {}   t {}   s {}   x {}", autograd::node_id(y),
                           autograd::node_id(t), autograd::node_id(s), autograd::node_id(z)));
  y.backward();
  lesson.equal("the engine says", z.grad(), tensor(complete, kFloat64));
}

void shapes_and_memory(Lesson& lesson) {
  lesson.step("9", "With matrices it is the same");
  lesson.say(
      "A gradient has the shape of its tensor: one number for each entry. For y = sum of (x w) the "
      "gradient of x is ones times w transposed; and what broadcasting repeated (a bias added to "
      "each row), its gradient sums up again.");
  const Tensor x = tensor({{1., 2., 3.}, {4., 5., 6.}}).requires_grad_();
  const Tensor w = tensor({{1., -1.}, {0., 2.}, {3., 1.}}).requires_grad_();
  const Tensor bias = tensor({0.5, -0.5}).requires_grad_();
  (matmul(x, w) + bias).sum().backward();
  lesson.print("x.grad()", x.grad());
  lesson.print("w.grad()", w.grad());
  lesson.print("bias.grad()", bias.grad());
  lesson.equal("gradient of x", x.grad(), matmul(ones({2, 2}), w.detach().t()));
  lesson.equal("gradient of w", w.grad(), matmul(x.detach().t(), ones({2, 2})));
  lesson.equal("gradient of bias, 2 rows each", bias.grad(), tensor({2., 2.}));

  lesson.step("10", "What leaks nothing");
  const int64_t before = autograd::live_nodes();
  int64_t during = 0;
  for (int step = 0; step < 1000; ++step) {
    const Tensor loss = (matmul(x, w) + bias).tanh().sum();
    during = autograd::live_nodes();
    loss.backward();
  }
  lesson.say(
      "A result holds its graph alive, and nothing else does. Nodes alive before 1000 training "
      "steps: {}, in the middle of the last step: {}, after it: {}.",
      before, during, autograd::live_nodes());
  lesson.equal("as many nodes as before", autograd::live_nodes(), before);
}

void mistakes(Lesson& lesson) {
  lesson.step("what if", "... I use it wrongly?");
  const Tensor x = tensor({1., 2.}).requires_grad_();
  show_error(lesson, "backward() of more than one number: of which one?",
             [&] { (x * x).backward(); });
  const Tensor y = (x * x).sum();
  y.backward();
  show_error(lesson, "backward() twice through one graph: what it had saved was freed on the way.",
             [&] { y.backward(); });
  show_error(lesson, "Writing into a leaf while recording:", [&] { x.add_(1); });
  const Tensor v = x * 1.0;
  const Tensor square = (v * v).sum();
  v.mul_(2);
  show_error(lesson, "Changing what backward still needs:", [&] { square.backward(); });
  const NoGradGuard no_grad;
  lesson.say("Under a NoGradGuard nothing is recorded: (x * x) wants gradients: {}.",
             (x * x).requires_grad());
  lesson.equal("a result under NoGradGuard wants none", (x * x).requires_grad(), false);
}

void tensors_and_gradients(Lesson& lesson) {
  tensors(lesson);
  expression(lesson);
  checking(lesson);
  accumulating(lesson);
  shapes_and_memory(lesson);
  mistakes(lesson);
  lesson.try_next(
      {"change the expression in section 2 to y = tanh(a * b + c) * a and find its gradients by "
       "hand first",
       "repair WrongSquare, and let gradcheck pass",
       "open autograd/engine.cpp: the walk is one loop", "lesson 04: the first attention"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, tensors_and_gradients); }
