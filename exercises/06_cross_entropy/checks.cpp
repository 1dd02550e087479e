#include "exercises/checks.h"

#include "exercises/06_cross_entropy/cross_entropy.h"

using namespace gradus;

namespace {

const Tensor logits = example({5, 7}, 1), one = tensor(1.0, kFloat64);
Tensor target() { return tensor({3, 0, 6, 3, 1}); }
Tensor target_with_gaps() { return tensor({3, -100, 6, -100, 1}); }
// Two rows with the probabilities 1/8, 2/8 and 5/8.
const Tensor eighths = tensor({{1.0, 2.0, 5.0}, {10.0, 20.0, 50.0}}, kFloat64).log();

TEST(shape, one_number) {
  expect_shape("cross_entropy of [5, 7]", mine::cross_entropy(logits, target(), -100), {});
}

TEST(shape, dimensions_of_size_one) {
  expect_shape("cross_entropy of [1, 7]", mine::cross_entropy(example({1, 7}), tensor({3}), -100),
               {});
  expect_shape("cross_entropy of [5, 1], where 0 is the only class",
               mine::cross_entropy(example({5, 1}), zeros({5}, kInt64), -100), {});
}

TEST(shape, no_rows) {
  expect_shape("cross_entropy of [0, 7]",
               mine::cross_entropy(example({0, 7}), zeros({0}, kInt64), -100), {});
}

TEST(forward, eighths) {
  const double sum = std::log(8.0) + std::log(8.0 / 5);
  const Tensor down = -log_softmax(eighths, 0);
  expect_close("the loss for p = 1/8, 2/8, 5/8 and targets 0 and 2",
               mine::cross_entropy(eighths, tensor({0, 2}), -100), tensor(sum / 2, kFloat64), {},
               {{"the losses of the rows are added, they must be averaged", tensor(sum, kFloat64)},
                {"softmax goes over the rows, it must go over the classes, dimension 1",
                 (down[0][0] + down[1][2]) / 2}});
}

TEST(forward, random_numbers) {
  expect_close("cross_entropy", mine::cross_entropy(logits, target(), -100),
               gradus::cross_entropy(logits, target()));
}

TEST(forward, ignored_rows_do_not_count) {
  const Tensor kept = tensor({0, 2, 4});
  const Tensor right =
      gradus::cross_entropy(logits.index_select(0, kept), target().index_select(0, kept));
  const Tensor as_class_0 = gradus::cross_entropy(logits, tensor({3, 0, 6, 0, 1}));
  const std::string counted = "ignored rows count as if their target were class 0";
  expect_close("the loss with rows 1 and 3 ignored",
               mine::cross_entropy(logits, target_with_gaps(), -100), right, {},
               {{"the sum is divided by all rows, ignored ones included", right * 3 / 5},
                {counted, as_class_0},
                {counted + ", and the sum is divided by the others", as_class_0 * 5 / 3}});
}

TEST(forward, the_ignored_index_may_be_a_class) {
  const Tensor kept = tensor({1, 2, 4});
  expect_close("the loss with class 3 ignored", mine::cross_entropy(logits, target(), 3),
               gradus::cross_entropy(logits.index_select(0, kept), target().index_select(0, kept)),
               {},
               {{"the rows of class 3 are not ignored: compare the targets with ignore_index",
                 gradus::cross_entropy(logits, target())}});
}

TEST(forward, written_by_hand) {
  expect_not_called(mine::cross_entropy(logits.detach().requires_grad_(), target(), -100),
                    {"cross_entropy"});
}

TEST(gradient, shape) {
  expect_shape("dlogits", mine::cross_entropy_backward(one, logits.detach(), target(), -100),
               {5, 7});
}

TEST(gradient, shapes_of_size_one_and_zero) {
  for (const Shape& sizes : {Shape{1, 7}, Shape{5, 1}, Shape{0, 7}})
    expect_shape(fmt::format("dlogits for logits of {}", sizes),
                 mine::cross_entropy_backward(one, example(sizes), zeros({sizes[0]}, kInt64), -100),
                 sizes);
}

TEST(gradient, eighths) {
  const Tensor right = tensor({{-7.0, 2.0, 5.0}, {1.0, 2.0, -3.0}}, kFloat64) / 16;
  expect_close("dlogits for p = 1/8, 2/8, 5/8 and targets 0 and 2",
               mine::cross_entropy_backward(one, eighths, tensor({0, 2}), -100), right);
}

TEST(gradient, of_logits) {
  const Tensor dloss = random_cotangent(one);
  expect_right_gradient("logits",
                        mine::cross_entropy_backward(dloss, logits.detach(), target(), -100),
                        [] { return mine::cross_entropy(logits, target(), -100); }, logits, dloss,
                        {{"dloss is missing, the gradient of the loss: it multiplies dlogits",
                          (softmax(logits.detach(), 1) - one_hot(target(), 7).to(kFloat64)) / 5}});
}

TEST(gradient, ignored_rows_get_nothing) {
  const Tensor dloss = random_cotangent(one);
  expect_right_gradient(
      "logits with rows 1 and 3 ignored",
      mine::cross_entropy_backward(dloss, logits.detach(), target_with_gaps(), -100),
      [] { return mine::cross_entropy(logits, target_with_gaps(), -100); }, logits, dloss);
}

TEST(gradient, worked_out_by_hand) {
  const auto newest_node = [] { return autograd::node_id(ones({1}).requires_grad_()); };
  const uint64_t before = newest_node();
  mine::cross_entropy_backward(one, logits.detach(), target(), -100);
  check(newest_node() == before + 1,
        "cross_entropy_backward lets the library differentiate: write the gradient yourself");
}

TEST(invariants, the_arguments_stay_as_they_are) {
  const Tensor x = logits.detach().clone();
  const Tensor t = target_with_gaps();
  const Tensor dloss = one.clone();
  mine::cross_entropy(x, t, -100);
  expect_close("logits after forward", x, logits.detach());
  check(t.equal(target_with_gaps()), "forward has changed the targets to {}", t);
  mine::cross_entropy_backward(dloss, x, t, -100);
  expect_close("logits after backward", x, logits.detach());
  check(t.equal(target_with_gaps()), "backward has changed the targets to {}", t);
  expect_close("dloss after backward", dloss, one);
}

TEST(numerics, large_logits) {
  const Tensor large = tensor({{1000.0, 0.0, -1000.0}}, kFloat64);
  const Tensor second = tensor({1});
  expect_close("the loss of [1000, 0, -1000], target 1", mine::cross_entropy(large, second, -100),
               tensor(1000.0, kFloat64));
  expect_close("dlogits of [1000, 0, -1000], target 1",
               mine::cross_entropy_backward(one, large, second, -100),
               tensor({{1.0, -1.0, 0.0}}, kFloat64));
}

TEST(numerics, an_impossible_class) {
  const Tensor x = tensor({{std::log(3.0), -INFINITY, 0.0}}, kFloat64);
  const Tensor last = tensor({2});
  expect_close("the loss of [log 3, -inf, 0], target 2", mine::cross_entropy(x, last, -100),
               tensor(std::log(4.0), kFloat64));
  expect_close("dlogits of [log 3, -inf, 0], target 2",
               mine::cross_entropy_backward(one, x, last, -100),
               tensor({{0.75, 0.0, -0.75}}, kFloat64));
}

TEST(numerics, float32) {
  const Tensor x = logits.detach().to(kFloat32);
  const Tensor dloss = one.to(kFloat32);
  expect_close("cross_entropy in float32", mine::cross_entropy(x, target(), -100),
               mine::cross_entropy(logits.detach(), target(), -100).to(kFloat32),
               {.rtol = 1e-5, .atol = 1e-6});
  expect_close("dlogits in float32", mine::cross_entropy_backward(dloss, x, target(), -100),
               mine::cross_entropy_backward(one, logits.detach(), target(), -100).to(kFloat32),
               {.rtol = 1e-5, .atol = 1e-6});
}

}  // namespace
