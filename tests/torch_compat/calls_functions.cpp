// Hooks, backward with inputs, and user-defined functions with several outputs.

#include "record.h"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

const torch::TensorOptions wide = torch::kFloat64;

torch::Tensor leaf(double a, double b) { return torch::tensor({a, b}, wide).requires_grad_(); }

void hooks() {
  const torch::Tensor x = leaf(1, 2);
  const torch::Tensor h = x * 3;
  torch::Tensor seen = torch::zeros({2}, wide);
  ROW(static_cast<int64_t>(x.register_hook([&](torch::Tensor g) { seen = g.clone(); })));
  ROW(static_cast<int64_t>(x.register_hook([](const torch::Tensor& g) { return g * 2; })));
  ROW(static_cast<int64_t>(h.register_hook([](torch::Tensor g) { return g + 1; })));
  h.retain_grad();
  (h * h + x).sum().backward({}, /*retain_graph=*/true);
  ROW(seen);
  ROW(x.grad());
  ROW(h.grad());
  x.remove_hook(0);
  h.sum().backward();
  ROW(seen);
  ROW(x.grad());
  ROW(torch::autograd::grad({(x * 5).sum()}, {x}));
  const torch::Tensor k = x * 3;
  k.register_hook([](const torch::Tensor& g) { return g * 100; });
  ROW(torch::autograd::grad({(k * 2).sum()}, {k}, {}, true));
  ROW(torch::autograd::grad({(k * 2).sum()}, {k, x}));
  const torch::Tensor y = leaf(1, 2);
  torch::Tensor before = torch::zeros({2}, wide);
  torch::Tensor after = torch::zeros({2}, wide);
  const torch::Tensor m = y * 2;
  m.register_hook([&](const torch::Tensor& g) { before = g.clone(); });
  m.mul_(5);
  m.register_hook([&](const torch::Tensor& g) { after = g.clone(); });
  (m * 3).sum().backward();
  ROW(before);
  ROW(after);
  ROW(y.grad());
}

void hooks_of_second_derivatives() {
  const torch::Tensor x = leaf(1, 2);
  x.register_hook([](const torch::Tensor& g) { return g * g; });
  const torch::Tensor dx =
      torch::autograd::grad({x.pow(3).sum()}, {x}, {}, true, /*create_graph=*/true)[0];
  ROW(dx);
  ROW(torch::autograd::grad({dx.sum()}, {x}));
}

void backward_with_inputs() {
  const torch::Tensor x = leaf(1, 2);
  const torch::Tensor w = leaf(3, 4);
  const torch::Tensor h = x * w;
  const torch::Tensor y = (h * h + w).sum();
  const std::vector<torch::Tensor> only_x = {x};
  y.backward({}, /*retain_graph=*/true, /*create_graph=*/false, only_x);
  ROW(x.grad());
  ROW(w.grad());
  torch::autograd::backward({y}, {}, true, false, {h, w});
  ROW(x.grad());
  ROW(w.grad());
  ROW(h.grad());
  y.backward({}, true);
  ROW(h.grad());  // it is retained from now on
  torch::autograd::backward({x * 2}, {torch::ones({2}, wide)}, {}, false, {w});
  ROW(x.grad());
  ROW(w.grad());
  const torch::Tensor kept = x * 2;
  kept.retain_grad();
  torch::autograd::grad({kept.sum()}, {x});
  ROW(kept.grad());
}

/// 2 x and x^2.
struct Two : torch::autograd::Function<Two> {
  static variable_list forward(AutogradContext* ctx, torch::Tensor x, bool materialize, bool mark) {
    ctx->set_materialize_grads(materialize);
    ctx->save_for_backward({x});
    variable_list y = {x * 2, x * x};
    if (mark) ctx->mark_non_differentiable({y[1]});
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list dy) {
    const torch::Tensor x = ctx->get_saved_variables()[0];
    record("gradient of the first output", dy[0]);
    record("gradient of the second output", dy[1]);
    torch::Tensor dx = torch::zeros({2}, wide);
    if (dy[0].defined()) dx = dx + dy[0] * 2;
    if (dy[1].defined()) dx = dx + dy[1] * x * 2;
    return {dx, torch::Tensor(), torch::Tensor()};
  }
};

/// exp(x) and exp(2 x), from saved outputs.
struct Exponentials : torch::autograd::Function<Exponentials> {
  static variable_list forward(AutogradContext* ctx, const torch::Tensor& x) {
    const torch::Tensor e = x.exp();
    const torch::Tensor f = e * e;
    ctx->save_for_backward({e, f});
    return {e, f};
  }
  static variable_list backward(AutogradContext* ctx, variable_list dy) {
    const variable_list saved = ctx->get_saved_variables();
    return {dy[0] * saved[0] + dy[1] * saved[1] * 2};
  }
};

/// Triples x in place, and doubles y.
struct Triples : torch::autograd::Function<Triples> {
  static variable_list forward(AutogradContext* ctx, torch::Tensor x, torch::Tensor y) {
    x.mul_(3);
    ctx->mark_dirty({x});
    return {x, y * 2};
  }
  static variable_list backward(AutogradContext*, variable_list dy) {
    return {dy[0] * 3, dy[1] * 2};
  }
};

/// An output twice, and the input.
struct Same : torch::autograd::Function<Same> {
  static variable_list forward(AutogradContext*, torch::Tensor x) {
    const torch::Tensor y = x * 2;
    return {y, y, x};
  }
  static variable_list backward(AutogradContext*, variable_list dy) {
    return {dy[0] + dy[1] * 10 + dy[2] * 100};
  }
};

void several_outputs() {
  const torch::Tensor x = leaf(1, 2);
  const variable_list y = Two::apply(x, true, false);
  ROW(y);
  ROW(y[1].requires_grad());
  (y[0] * 10 + y[1] * y[0]).sum().backward();
  ROW(x.grad());
  Two::apply(x, true, false)[0].sum().backward();
  Two::apply(x, false, false)[1].sum().backward();
  ROW(x.grad());
  const variable_list marked = Two::apply(x, false, true);
  ROW(marked[1].requires_grad());
  marked[0].sum().backward();
  ROW(x.grad());
  const variable_list e = Exponentials::apply(x);
  const torch::Tensor dx = torch::autograd::grad({(e[0] + e[1] * e[0]).sum()}, {x}, {}, true,
                                                 /*create_graph=*/true)[0];
  ROW(dx);
  ROW(torch::autograd::grad({dx.sum()}, {x, e[0], e[1]}, {}, true));
  const torch::Tensor z = leaf(0.5, -1);
  const torch::Tensor h = z * 1;
  const variable_list tripled = Triples::apply(h, x);
  ROW(tripled);
  ROW(h);
  (h * 2 + tripled[1]).sum().backward();
  ROW(z.grad());
  ROW(x.grad());
  const torch::Tensor s = leaf(1, 2);
  const variable_list same = Same::apply(s);
  (same[0] + same[1] * 2 + same[2] * 3).sum().backward();
  ROW(s.grad());
}

}  // namespace

void calls_functions() {
  section("hooks", hooks);
  section("hooks of second derivatives", hooks_of_second_derivatives);
  section("backward with inputs", backward_with_inputs);
  section("several outputs", several_outputs);
}
