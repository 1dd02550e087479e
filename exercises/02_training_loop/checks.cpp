#include "exercises/checks.h"

#include "exercises/02_training_loop/training_loop.h"

using namespace gradus;

namespace {

Tensor parameter(const Tensor& values) { return values.clone().requires_grad_(); }

/// y = x w, where x is (B, 3) and w (3, 2).
mine::Model linear_model(const Tensor& w) {
  return [w](const Tensor& x) { return matmul(x, w); };
}

/// Batches of these sizes; y depends on x, and on a little noise.
std::vector<mine::Batch> some_batches(const std::vector<int64_t>& sizes) {
  const Tensor w = example({3, 2}, 10);
  std::vector<mine::Batch> batches;
  uint64_t seed = 20;
  for (const int64_t B : sizes) {
    const Tensor x = example({B, 3}, seed++);
    batches.push_back({x, matmul(x, w) + example({B, 2}, seed++) * 0.1});
  }
  return batches;
}

void expect_number(const std::string& what, double yours, double right) {
  expect_close(what, tensor(yours, kFloat64), tensor(right, kFloat64));
}

TEST(shape, one_loss_for_each_batch) {
  const Tensor w = parameter(zeros({3, 2}, kFloat64));
  optim::SGD optimizer({w});
  const size_t none = mine::train(linear_model(w), optimizer, {}).size();
  check(none == 0, "train without batches returns {} losses", none);
  const size_t three = mine::train(linear_model(w), optimizer, some_batches({4, 4, 1})).size();
  check(three == 3, "train with 3 batches returns {} losses", three);
}

TEST(forward, one_step_by_hand) {
  // y = w x with w = 1: error -2, loss 4, d(loss)/dw = 2 * -2 * 2 = -8, w = 1 + 0.1 * 8
  const Tensor w = parameter(tensor({{1.0}}, kFloat64));
  optim::SGD optimizer({w}, {.lr = 0.1});
  const mine::Batch batch{tensor({{2.0}}, kFloat64), tensor({{4.0}}, kFloat64)};
  const std::vector<double> losses = mine::train(linear_model(w), optimizer, {batch});
  check(losses.size() == 1, "train with 1 batch returns {} losses", losses.size());
  expect_number("the loss for w = 1, x = 2, y = 4", losses[0], 4);
  expect_close("w after the step, lr 0.1", w.detach(), tensor({{1.8}}, kFloat64), {},
               {{"the step changed nothing: is step missing, or is the gradient cleared before it?",
                 tensor({{1.0}}, kFloat64)}});
}

TEST(forward, two_steps_by_hand) {
  // as above; then error -0.4, loss 0.16, d(loss)/dw = -1.6, w = 1.8 + 0.16
  const Tensor w = parameter(tensor({{1.0}}, kFloat64));
  optim::SGD optimizer({w}, {.lr = 0.1});
  const mine::Batch batch{tensor({{2.0}}, kFloat64), tensor({{4.0}}, kFloat64)};
  const std::vector<double> losses = mine::train(linear_model(w), optimizer, {batch, batch});
  check(losses.size() == 2, "train with 2 batches returns {} losses", losses.size());
  expect_number("the second loss", losses[1], 0.16);
  // the second step with both gradients added up: 1.8 + 0.1 * (8 + 1.6)
  expect_close("w after two steps, lr 0.1", w.detach(), tensor({{1.96}}, kFloat64), {},
               {{"zero_grad is missing: the second step added the gradient of the first, which is "
                 "still there",
                 tensor({{2.76}}, kFloat64)}});
}

TEST(forward, the_mean_over_batches_of_different_sizes) {
  const Tensor w = parameter(tensor({{1.0}}, kFloat64));
  const mine::Batch two{tensor({{1.0}, {1.0}}, kFloat64), tensor({{2.0}, {2.0}}, kFloat64)};
  const mine::Batch one{tensor({{1.0}}, kFloat64), tensor({{5.0}}, kFloat64)};
  expect_number("evaluate with the errors [-1, -1] and [-4]",
                mine::evaluate(linear_model(w), {two, one}), 6);
}

TEST(gradient, of_the_last_batch_alone) {
  const Tensor w = parameter(example({3, 2}, 1));
  optim::SGD optimizer({w}, {.lr = 0});
  const std::vector<mine::Batch> batches = some_batches({4, 5});
  mine::train(linear_model(w), optimizer, batches);
  const auto loss = [&] {
    const Tensor error = matmul(batches[1].x, w) - batches[1].y;
    return (error * error).mean();
  };
  const auto gradient_of = [&](const mine::Batch& batch) {
    const Tensor error = matmul(batch.x, w.detach()) - batch.y;
    return matmul(batch.x.t(), error) * (2.0 / static_cast<double>(error.numel()));
  };
  const Tensor both = gradient_of(batches[0]) + gradient_of(batches[1]);
  check(w.grad().defined(),
        "the parameter has no gradient after train: zero_grad comes before backward, not after the "
        "step");
  const Tensor yours = w.grad().clone();
  expect_right_gradient("w", yours, loss, w, ones({}, kFloat64),
                        {{"the gradients of all batches are added up: zero_grad is missing", both},
                         {"a sum instead of the mean", yours * 0 + gradient_of(batches[1]) * 10}});
}

TEST(gradient, of_earlier_calls_is_cleared) {
  const Tensor w = parameter(tensor({{1.0}}, kFloat64));
  w.mutable_grad() = tensor({{1000.0}}, kFloat64);
  optim::SGD optimizer({w}, {.lr = 0.1});
  mine::train(linear_model(w), optimizer, {{tensor({{2.0}}, kFloat64), tensor({{4.0}}, kFloat64)}});
  expect_close("w after a step, where an old gradient was there before", w.detach(),
               tensor({{1.8}}, kFloat64), {},
               {{"zero_grad is missing before the first backward: the old gradient was added",
                 tensor({{1.8 - 0.1 * 1000}}, kFloat64)}});
}

TEST(invariants, it_learns) {
  const Tensor w = parameter(zeros({3, 2}, kFloat64));
  optim::SGD optimizer({w}, {.lr = 0.2, .momentum = 0.5});
  const std::vector<mine::Batch> batches = some_batches({16, 16, 16, 16});
  double loss = 0;
  for (int epoch = 0; epoch < 20; ++epoch)
    loss = mine::train(linear_model(w), optimizer, batches).back();
  check(loss < 0.03, "after 20 epochs the loss is {:.3f}, it must be below 0.03", loss);
  expect_close("w after 20 epochs", w.detach(), example({3, 2}, 10), {.rtol = 0, .atol = 0.1});
}

TEST(invariants, evaluate_changes_nothing_and_records_nothing) {
  const Tensor w = parameter(example({3, 2}, 1));
  const Tensor grad = example({3, 2}, 2);
  w.mutable_grad() = grad.clone();
  bool records = false;
  const mine::Model model = [&](const Tensor& x) {
    records |= is_grad_enabled();
    return matmul(x, w);
  };
  mine::evaluate(model, some_batches({4, 5}));
  check(!records, "evaluate calls the model while ops are recorded: a NoGradGuard is missing");
  expect_close("the parameter after evaluate", w.detach(), example({3, 2}, 1));
  check(w.grad().defined(), "after evaluate the gradient of the parameter is gone");
  expect_close("its gradient after evaluate", w.grad(), grad);
  check(is_grad_enabled(), "after evaluate, ops are no longer recorded");
}

TEST(invariants, only_the_optimizers_parameters_change) {
  const Tensor w = parameter(example({3, 2}, 1));
  const Tensor frozen = parameter(example({2}, 2));
  optim::SGD optimizer({w}, {.lr = 0.1});
  const mine::Model model = [&](const Tensor& x) { return matmul(x, w) + frozen; };
  mine::train(model, optimizer, some_batches({4, 4}));
  expect_close("a parameter that the optimiser does not have", frozen.detach(), example({2}, 2));
}

TEST(numerics, the_loss_keeps_all_digits) {
  const Tensor w = parameter(zeros({1, 1}, kFloat64));
  optim::SGD optimizer({w}, {.lr = 0});
  const double y = 1 + 1e-9;
  const Tolerance exact{.rtol = 1e-14, .atol = 0};
  const mine::Batch batch{tensor({{1.0}}, kFloat64), tensor({{y}}, kFloat64)};
  expect_close("the loss for w = 0, y = 1 + 1e-9",
               tensor(mine::train(linear_model(w), optimizer, {batch}).at(0), kFloat64),
               tensor(y * y, kFloat64), exact);
  expect_close("evaluate for w = 0, y = 1 + 1e-9",
               tensor(mine::evaluate(linear_model(w), {batch}), kFloat64), tensor(y * y, kFloat64),
               exact);
}

}  // namespace
