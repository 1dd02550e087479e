#include "exercises/checks.h"

#include "exercises/12_grouped_query_attention/grouped_query_attention.h"

using namespace gradus;

namespace {

// H = 6 query heads over G = 3, T = 5 steps, D = 7
const Tensor q = example({2, 6, 5, 7}, 1), k = example({2, 3, 5, 7}, 2),
             v = example({2, 3, 5, 7}, 3);

TEST(shape, is_that_of_q) {
  expect_shape("grouped_query_attention of q [2, 6, 5, 7], k and v [2, 3, 5, 7]",
               mine::grouped_query_attention(q, k, v), {2, 6, 5, 7});
}

TEST(shape, dimensions_of_size_one) {
  const auto expect_kept = [](const Shape& of_q, int64_t heads) {
    Shape of_k = of_q;
    of_k[1] = heads;
    expect_shape(
        fmt::format("grouped_query_attention of q {}, k and v {}", of_q, of_k),
        mine::grouped_query_attention(example(of_q, 1), example(of_k, 2), example(of_k, 3)), of_q);
  };
  expect_kept({1, 6, 5, 7}, 3);
  expect_kept({2, 2, 5, 7}, 1);
  expect_kept({2, 6, 1, 7}, 3);
  expect_kept({2, 6, 5, 1}, 3);
}

TEST(shape, no_texts) {
  const Tensor keys = example({0, 3, 5, 7});
  expect_shape("grouped_query_attention of q [0, 6, 5, 7], k and v [0, 3, 5, 7]",
               mine::grouped_query_attention(example({0, 6, 5, 7}), keys, keys), {0, 6, 5, 7});
}

TEST(forward, neighbours_share_a_head) {
  // the values of head g are all g, and so is every average of them
  const Tensor numbers = tensor({0.0, 1.0, 2.0}, kFloat64).view({1, 3, 1, 1}).expand({1, 3, 5, 7});
  const Tensor y = mine::grouped_query_attention(q.narrow(0, 0, 1), k.narrow(0, 0, 1), numbers);
  expect_close("the head of v that each of 6 query heads uses",
               y.select(2, 0).select(2, 0).reshape({6}),
               tensor({0.0, 0.0, 1.0, 1.0, 2.0, 2.0}, kFloat64));
}

TEST(forward, two_steps_by_hand) {
  // step 1 has the scores 2 ln 3 / sqrt(4) = ln 3 and 0, so the weights 3/4 and 1/4
  const Tensor query = tensor({{0.0, 0.0, 0.0, 0.0}, {2 * std::log(3.0), 0.0, 0.0, 0.0}}, kFloat64);
  const Tensor keys = tensor({{1.0, 0.0, 0.0, 0.0}, {0.0, 1.0, 0.0, 0.0}}, kFloat64);
  const Tensor values = tensor({{100.0, 0.0, 0.0, 0.0}, {200.0, 0.0, 0.0, 1.0}}, kFloat64);
  const auto head = [](const Tensor& rows) { return rows.view({1, 1, 2, 4}); };
  const Tensor y = mine::grouped_query_attention(head(query), head(keys), head(values));
  expect_close(
      "one head, q [[0, ...], [2 ln 3, 0, 0, 0]], k [[1, 0, ...], [0, 1, ...]], v [[100, ...], "
      "[200, ...]]",
      y, head(tensor({{100.0, 0.0, 0.0, 0.0}, {125.0, 0.0, 0.0, 0.25}}, kFloat64)), {},
      {{"the scores are not divided by sqrt(D)",
        head(tensor({{100.0, 0.0, 0.0, 0.0}, {110.0, 0.0, 0.0, 0.1}}, kFloat64))},
       {"there is no causal mask: step 0 sees step 1",
        head(tensor({{150.0, 0.0, 0.0, 0.5}, {125.0, 0.0, 0.0, 0.25}}, kFloat64))}});
}

TEST(forward, as_many_heads_is_multi_head_attention) {
  const Tensor keys = example({2, 6, 5, 7}, 4);
  const Tensor values = example({2, 6, 5, 7}, 5);
  expect_close("grouped_query_attention with G = H", mine::grouped_query_attention(q, keys, values),
               scaled_dot_product_attention(q, keys, values, {}, 0, /*is_causal=*/true));
}

TEST(forward, random_numbers) {
  const Tensor y = mine::grouped_query_attention(q, k, v);
  for (int64_t h = 0; h < 6; ++h)
    expect_close(fmt::format("query head {} over head {}", h, h / 2), y.select(1, h),
                 scaled_dot_product_attention(q.select(1, h), k.select(1, h / 2),
                                              v.select(1, h / 2), {}, 0, true));
}

TEST(forward, one_head_for_all) {
  const Tensor keys = k.narrow(1, 1, 1);
  const Tensor values = v.narrow(1, 1, 1);
  const Tensor y = mine::grouped_query_attention(q, keys, values);
  expect_close("grouped_query_attention with G = 1", y,
               scaled_dot_product_attention(q, keys.expand(q.sizes()), values.expand(q.sizes()), {},
                                            0, true));
}

TEST(gradient, of_q_k_and_v) {
  const Tensor few = example({1, 6, 5, 3}, 6);
  const Tensor keys = example({1, 3, 5, 3}, 7);
  const Tensor values = example({1, 3, 5, 3}, 8);
  expect_right_gradients([&] { return mine::grouped_query_attention(few, keys, values); },
                         {{"q", few}, {"k", keys}, {"v", values}});
}

TEST(invariants, no_step_sees_the_future) {
  const auto attend = [](const Tensor& x) {
    return mine::grouped_query_attention(x, x.narrow(1, 0, 3), x.narrow(1, 3, 3));
  };
  expect_causal(attend, q);
}

TEST(invariants, the_order_of_the_keys_heads) {
  // with the heads of k and v turned round, groups of query heads change places
  const Tensor back = tensor({2, 1, 0}, kInt64);
  const Tensor groups = tensor({4, 5, 2, 3, 0, 1}, kInt64);
  const Tensor y = mine::grouped_query_attention(
      index_select(q, 1, groups), index_select(k, 1, back), index_select(v, 1, back));
  expect_close("grouped_query_attention with its groups in another order", y,
               index_select(mine::grouped_query_attention(q, k, v), 1, groups));
}

TEST(numerics, large_scores) {
  // a score of 1000 leaves nothing for the others
  const Tensor y = mine::grouped_query_attention(q * 1000, k * 1000, v);
  expect_close("step 0 of grouped_query_attention of 1000 q and 1000 k",
               y.select(2, 0).select(1, 0), v.select(2, 0).select(1, 0));
  expect_finite("grouped_query_attention of 1000 q and 1000 k", y);
}

}  // namespace
