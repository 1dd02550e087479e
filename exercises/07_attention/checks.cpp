#include "exercises/checks.h"

#include "exercises/07_attention/attention.h"

using namespace gradus;

namespace {

// B = 2, H = 3, T = 4 queries, S = 5 keys, D = 6, E = 7
const Tensor q = example({2, 3, 4, 6}, 1), k = example({2, 3, 5, 6}, 2),
             v = example({2, 3, 5, 7}, 3);

Tensor forward() { return mine::attention(q, k, v).y; }
mine::AttentionGradients backward(const Tensor& u) {
  return mine::attention_backward(u, q.detach(), k.detach(), v.detach());
}

TEST(shape, of_weights_and_result) {
  const auto [weights, y] = mine::attention(q, k, v);
  expect_shape("the weights of 4 queries and 5 keys", weights, {2, 3, 4, 5});
  expect_shape("the result for values of [2, 3, 5, 7]", y, {2, 3, 4, 7});
  expect_shape("the result without batches", mine::attention(q[0][0], k[0][0], v[0][0]).y, {4, 7});
}

TEST(shape, dimensions_of_size_one) {
  expect_shape("the result for one query",
               mine::attention(example({1, 6}), example({5, 6}), example({5, 7})).y, {1, 7});
  expect_shape("the result for one key",
               mine::attention(example({4, 6}), example({1, 6}), example({1, 7})).y, {4, 7});
  expect_shape("the result for D = 1 and E = 1",
               mine::attention(example({4, 1}), example({5, 1}), example({5, 1})).y, {4, 1});
}

TEST(shape, no_queries) {
  expect_shape("the result for q of [0, 6]",
               mine::attention(example({0, 6}), example({5, 6}), example({5, 7})).y, {0, 7});
}

TEST(forward, equal_scores_give_the_mean) {
  const auto [weights, y] = mine::attention(zeros({1, 4}, kFloat64), example({2, 4}),
                                            tensor({{2.0, 10.0}, {4.0, 30.0}}, kFloat64));
  expect_close("the weights for a query of zeros", weights, tensor({{0.5, 0.5}}, kFloat64), {},
               {{"softmax goes over the queries, it must go over the keys, the last dimension",
                 tensor({{1.0, 1.0}}, kFloat64)}});
  expect_close("the mean of [2, 10] and [4, 30]", y, tensor({{3.0, 20.0}}, kFloat64));
}

TEST(forward, a_small_example_by_hand) {
  // D = 4, so the scores are 2 ln 3 / 2 = ln 3 and 0: the weights are 3/4 and 1/4
  const double two_log_3 = 2 * std::log(3.0);
  const auto [weights, y] =
      mine::attention(tensor({{1.0, 0.0, 0.0, 0.0}}, kFloat64),
                      tensor({{two_log_3, 5.0, 5.0, 5.0}, {0.0, 5.0, 5.0, 5.0}}, kFloat64),
                      tensor({{8.0}, {4.0}}, kFloat64));
  expect_close("the weights for the scores [2 ln 3, 0] / sqrt(4)", weights,
               tensor({{0.75, 0.25}}, kFloat64), {},
               {{"the scores are not divided by sqrt(D), where D is the last size of q, here 4",
                 tensor({{0.9, 0.1}}, kFloat64)},
                {"the scores are divided by D, they must be divided by sqrt(D)",
                 tensor({{std::sqrt(3.0), 1.0}}, kFloat64) / (std::sqrt(3.0) + 1)}});
  expect_close("the result for the values 8 and 4", y, tensor({{7.0}}, kFloat64));
}

TEST(forward, random_numbers) {
  expect_close("attention", mine::attention(q.detach(), k.detach(), v.detach()).y,
               scaled_dot_product_attention(q.detach(), k.detach(), v.detach()));
}

TEST(forward, is_your_own) {
  const Tensor tracked = q.detach().requires_grad_();
  expect_not_called(mine::attention(tracked, k, v).y, {"scaled_dot_product_attention"});
}

TEST(gradient, shapes) {
  const auto [dq, dk, dv] = backward(example({2, 3, 4, 7}, 4));
  expect_shape("dq", dq, {2, 3, 4, 6});
  expect_shape("dk", dk, {2, 3, 5, 6});
  expect_shape("dv", dv, {2, 3, 5, 7});
}

TEST(gradient, of_v) {
  const Tensor u = random_cotangent(forward());
  expect_right_gradient("v", backward(u).dv, forward, v, u);
}

TEST(gradient, of_q) {
  const Tensor u = random_cotangent(forward());
  const Tensor weights = mine::attention(q.detach(), k.detach(), v.detach()).weights;
  const Tensor dweights = matmul(u, v.detach().transpose(-2, -1));
  const Tensor dscores = weights * (dweights - (weights * dweights).sum(-1, true));
  const double scale = 1 / std::sqrt(6.0);
  const auto dq = [](const Tensor& of_scores) { return matmul(of_scores, k.detach()); };
  expect_right_gradient(
      "q", backward(u).dq, forward, q, u,
      {{"the factor 1 / sqrt(D) is missing", dq(dscores)},
       {"the gradient of softmax is missing: dweights is used for dscores", dq(dweights) * scale},
       {"in the gradient of softmax the sum over the row is missing",
        dq(weights * dweights) * scale},
       {"in the gradient of softmax the weights must multiply the sum, too",
        dq(weights * dweights - (weights * dweights).sum(-1, true)) * scale}});
}

TEST(gradient, of_k) {
  const Tensor u = random_cotangent(forward());
  expect_right_gradient("k", backward(u).dk, forward, k, u);
}

TEST(gradient, worked_out_by_hand) {
  const auto newest_node = [] { return autograd::node_id(ones({1}).requires_grad_()); };
  const uint64_t before = newest_node();
  backward(example({2, 3, 4, 7}, 4));
  check(newest_node() == before + 1,
        "attention_backward lets the library differentiate: write the gradient yourself");
}

TEST(invariants, weights_sum_to_one) {
  expect_rows_sum_to_one(mine::attention(q, k, v).weights, 1e-12);
}

TEST(invariants, the_order_of_the_keys_does_not_matter) {
  const Tensor order = tensor({3, 0, 4, 1, 2}, kInt64);
  const Tensor y = mine::attention(q, k.index_select(-2, order), v.index_select(-2, order)).y;
  expect_close("the result with keys and values in another order", y.detach(), forward().detach());
}

TEST(invariants, a_query_does_not_see_the_others) {
  const Tensor one = mine::attention(q.narrow(-2, 2, 1), k, v).y;
  expect_close("the result of query 2 alone", one.detach(), forward().narrow(-2, 2, 1).detach());
}

TEST(numerics, large_scores) {
  const auto [weights, y] = mine::attention(q.detach() * 1000, k.detach(), v.detach());
  expect_finite("the weights of scores around 1000", weights);
  const Tensor dy = example({2, 3, 4, 7}, 4);
  const auto [dq, dk, dv] = mine::attention_backward(dy, q.detach() * 1000, k.detach(), v.detach());
  expect_finite("dq for scores around 1000", dq);
  expect_finite("dk for scores around 1000", dk);
  expect_finite("dv for scores around 1000", dv);
}

TEST(numerics, float32) {
  const auto single = [](const Tensor& x) { return x.detach().to(kFloat32); };
  expect_close("attention in float32", mine::attention(single(q), single(k), single(v)).y,
               single(forward()), {.rtol = 1e-4, .atol = 1e-5});
}

}  // namespace
