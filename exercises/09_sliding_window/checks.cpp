#include "exercises/checks.h"

#include "exercises/09_sliding_window/sliding_window.h"

using namespace gradus;

namespace {

// B = 2, H = 3, T = 7, D = 5
const Tensor q = example({2, 3, 7, 5}, 1), k = example({2, 3, 7, 5}, 2),
             v = example({2, 3, 7, 5}, 3);

/// Values that are 1, 2, 4, ... step by step: the average over a window names its steps.
const Tensor powers =
    tensor({1.0, 2.0, 4.0, 8.0, 16.0}, kFloat64).view({1, 1, 5, 1}).expand({1, 1, 5, 3});

/// The weights (5, 5) with which 5 tokens attend to each other if every score is 0. The values are
/// the rows of the identity, so that the result is the weights.
Tensor equal_scores(int64_t window) {
  const Tensor none = zeros({1, 1, 5, 5}, kFloat64);
  return mine::sliding_window_attention(none, none, eye(5, kFloat64).view({1, 1, 5, 5}), window)
      .view({5, 5});
}

bool is_seen(int64_t row, int64_t column, int64_t window) {
  return column <= row && column > row - window;
}

Tensor right_weights(int64_t window) {
  Tensor weights = zeros({5, 5}, kFloat64);
  for (int64_t row = 0; row < 5; ++row)
    for (int64_t column = 0; column < 5; ++column)
      if (is_seen(row, column, window))
        weights.data<double>()[row * 5 + column] =
            1.0 / static_cast<double>(std::min(row + 1, window));
  return weights;
}

/// "x x . . .": the tokens that a token attends to.
std::string row_of(const Tensor& weights, int64_t row) {
  std::string text;
  for (int64_t column = 0; column < 5; ++column) {
    const double weight = weights[row][column].item<double>();
    text += std::isnan(weight) ? " ?" : weight == 0 ? " ." : " x";
  }
  return text;
}

std::vector<std::string> picture(const Tensor& weights) {
  std::vector<std::string> rows;
  for (int64_t row = 0; row < 5; ++row)
    rows.push_back(row_of(weights, row));
  return rows;
}

/// Which token attends to which, if every score is 0. The message shows the rows.
void expect_window(int64_t window) {
  const Tensor yours = equal_scores(window);
  const Tensor right = right_weights(window);
  const std::vector<std::string> rows = picture(yours);
  const std::vector<std::string> right_rows = picture(right);
  if (rows == right_rows) {
    expect_close(fmt::format("the weights of equal scores with window {}", window), yours, right);
    return;
  }
  std::string mistake = "the wrong tokens";
  if (rows == picture(right_weights(window + 1)))
    mistake = fmt::format("{} tokens, one too many", window + 1);
  else if (window > 1 && rows == picture(right_weights(window - 1)))
    mistake = fmt::format("{} tokens, one too few", window - 1);
  else if (rows == picture(right_weights(5)))
    mistake = "all earlier tokens, so the window hides none";
  std::string text = "\n    yours        right";
  for (size_t row = 0; row < rows.size(); ++row)
    text += fmt::format("\n   {}   {}", rows[row], right_rows[row]);
  fail("with window {}, a token attends to {} (rows: tokens, columns: what they attend to){}",
       window, mistake, text);
}

TEST(shape, is_that_of_q) {
  expect_shape("sliding_window_attention of [2, 3, 7, 5]",
               mine::sliding_window_attention(q, k, v, 3), {2, 3, 7, 5});
}

TEST(shape, dimensions_of_size_one) {
  for (const Shape& sizes : {Shape{1, 3, 7, 5}, Shape{2, 1, 7, 5}, Shape{2, 3, 1, 5},
                             Shape{2, 3, 7, 1}, Shape{1, 1, 1, 1}}) {
    const Tensor x = example(sizes);
    expect_shape(fmt::format("sliding_window_attention of {}", sizes),
                 mine::sliding_window_attention(x, x, x, 3), sizes);
  }
}

TEST(shape, no_texts) {
  const Tensor none = example({0, 3, 7, 5});
  expect_shape("sliding_window_attention of [0, 3, 7, 5]",
               mine::sliding_window_attention(none, none, none, 3), {0, 3, 7, 5});
}

TEST(forward, a_window_of_1_sees_itself) { expect_window(1); }

TEST(forward, a_window_of_3_sees_two_earlier_tokens) { expect_window(3); }

TEST(forward, a_window_larger_than_T_is_causal_attention) {
  const Tensor causal = scaled_dot_product_attention(q, k, v, {}, 0, /*is_causal=*/true);
  expect_close("sliding_window_attention of 7 steps with window 7",
               mine::sliding_window_attention(q, k, v, 7), causal, {},
               {{"the scores are not divided by sqrt(D)",
                 scaled_dot_product_attention(q, k, v, {}, 0, true, /*scale=*/1.0)}});
  expect_close("sliding_window_attention of 7 steps with window 50",
               mine::sliding_window_attention(q, k, v, 50), causal);
}

TEST(forward, random_numbers) {
  const Tensor y = mine::sliding_window_attention(q, k, v, 3);
  for (int64_t t = 0; t < 7; ++t) {
    const int64_t from = std::max<int64_t>(0, t - 2);
    const int64_t n = t + 1 - from;
    const Tensor alone =
        scaled_dot_product_attention(q.narrow(2, t, 1), k.narrow(2, from, n), v.narrow(2, from, n));
    expect_close(fmt::format("step {} with window 3", t), y.narrow(2, t, 1), alone);
  }
}

TEST(gradient, of_q_k_and_v) {
  const Tensor queries = example({1, 1, 7, 5}, 4);
  const Tensor keys = example({1, 1, 7, 5}, 5);
  const Tensor values = example({1, 1, 7, 5}, 6);
  expect_right_gradients([&] { return mine::sliding_window_attention(queries, keys, values, 3); },
                         {{"q", queries}, {"k", keys}, {"v", values}});
}

TEST(invariants, no_step_sees_the_future) {
  expect_causal([](const Tensor& x) { return mine::sliding_window_attention(x, x, x, 3); }, q);
}

TEST(invariants, tokens_outside_the_window_are_hidden) {
  // without its first 4 steps a text of 7 ends as before: step 6 sees 4, 5 and 6
  const auto last = [](const Tensor& x, int64_t from) {
    const Tensor part = x.narrow(2, from, 7 - from);
    return mine::sliding_window_attention(part, part, part, 3).select(2, 6 - from);
  };
  expect_close("the last step with window 3, of the last 3 of 7 steps", last(q, 4), last(q, 0));
}

TEST(numerics, large_scores) {
  const Tensor y = mine::sliding_window_attention(q * 1000, k * 1000, v, 3);
  expect_finite("sliding_window_attention of 1000 q and 1000 k", y);
  // all scores are below -1000: a mask with 0 or -1000 hides nothing here
  const Tensor one = ones({1, 1, 5, 3}, kFloat64);
  expect_close(
      "the averages of the values 1, 2, 4, 8, 16 with window 3, all scores -17320",
      mine::sliding_window_attention(one * -10000, one, powers, 3).select(-1, 0).reshape({5}),
      tensor({1.0, 3.0 / 2, 7.0 / 3, 14.0 / 3, 28.0 / 3}, kFloat64));
}

TEST(numerics, gradients_of_large_scores) {
  const Tensor queries = (q.detach() * 1000).requires_grad_();
  mine::sliding_window_attention(queries, k, v, 3).sum().backward();
  expect_finite("the gradient of q", queries.grad());
}

}  // namespace
