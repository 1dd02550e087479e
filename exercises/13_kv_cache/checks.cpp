#include "exercises/checks.h"

#include "exercises/13_kv_cache/kv_cache.h"

using namespace gradus;

namespace {

// B = 2, H = 3, T = 7, D = 5
const Tensor q = example({2, 3, 7, 5}, 1), k = example({2, 3, 7, 5}, 2),
             v = example({2, 3, 7, 5}, 3);

/// The steps from `start` on, L of them.
Tensor steps(const Tensor& x, int64_t start, int64_t L) { return x.narrow(-2, start, L).clone(); }

/// All of q, k and v side by side, (B, H, T, 3 D), through the attention of the library and through
/// the cache.
Tensor whole(const Tensor& x) {
  return scaled_dot_product_attention(x.narrow(-1, 0, 5), x.narrow(-1, 5, 5), x.narrow(-1, 10, 5),
                                      {}, 0, true);
}
LayerFunction cached(mine::KVCache& cache) {
  return [&cache](const Tensor& x) {
    return mine::attend(cache, x.narrow(-1, 0, 5), x.narrow(-1, 5, 5), x.narrow(-1, 10, 5));
  };
}
void expect_equal_in_pieces(const std::vector<int64_t>& pieces) {
  mine::KVCache cache;
  expect_cache_equal(whole, cached(cache), cat({q, k, v}, -1), -2, pieces, 1e-12);
}

TEST(shape, of_the_result_and_of_the_cache) {
  mine::KVCache cache;
  expect_shape("attend of a first piece [2, 3, 6, 5]",
               mine::attend(cache, steps(q, 0, 6), steps(k, 0, 6), steps(v, 0, 6)), {2, 3, 6, 5});
  expect_shape("cache.k after 6 steps", cache.k, {2, 3, 6, 5});
  expect_shape("cache.v after 6 steps", cache.v, {2, 3, 6, 5});
  expect_shape("attend of one more step [2, 3, 1, 5]",
               mine::attend(cache, steps(q, 6, 1), steps(k, 6, 1), steps(v, 6, 1)), {2, 3, 1, 5});
  expect_shape("cache.k after 6 + 1 steps", cache.k, {2, 3, 7, 5});
  expect_shape("cache.v after 6 + 1 steps", cache.v, {2, 3, 7, 5});
}

TEST(shape, dimensions_of_size_one) {
  for (const Shape& sizes :
       {Shape{1, 3, 1, 5}, Shape{2, 1, 1, 5}, Shape{2, 3, 1, 1}, Shape{1, 1, 1, 1}}) {
    mine::KVCache cache;
    const Tensor x = example(sizes);
    expect_shape(fmt::format("attend of a first step {}", sizes), mine::attend(cache, x, x, x),
                 sizes);
    expect_shape(fmt::format("attend of a second step {}", sizes), mine::attend(cache, x, x, x),
                 sizes);
    expect_shape(fmt::format("cache.k after two steps {}", sizes), cache.k,
                 {sizes[0], sizes[1], 2, sizes[3]});
  }
}

TEST(shape, no_texts) {
  mine::KVCache cache;
  const Tensor none = example({0, 3, 2, 5});
  expect_shape("attend of [0, 3, 2, 5]", mine::attend(cache, none, none, none), {0, 3, 2, 5});
  expect_shape("cache.k after it", cache.k, {0, 3, 2, 5});
}

TEST(forward, averages_so_far) {
  // with scores of 0 a step gives the average of all values up to it
  mine::KVCache cache;
  const auto step = [&cache](double value) {
    const Tensor none = zeros({1, 1, 1, 3}, kFloat64);
    const Tensor values = full({1, 1, 1, 3}, value, kFloat64);
    return mine::attend(cache, none, none, values).select(-1, 0).reshape({1});
  };
  expect_close("the average of 6", step(6), tensor({6.0}, kFloat64));
  expect_close("the average of 6, 10", step(10), tensor({8.0}, kFloat64), {},
               {{"step 1 sees step 0 only, it must see itself, too", tensor({6.0}, kFloat64)},
                {"step 1 sees itself only, it must see step 0, too", tensor({10.0}, kFloat64)}});
  expect_close("the average of 6, 10, 2", step(2), tensor({6.0}, kFloat64));
}

TEST(forward, the_cache_is_in_the_order_of_the_steps) {
  mine::KVCache cache;
  for (const auto& [start, L] : {std::pair{0, 3}, {3, 1}, {4, 3}})
    mine::attend(cache, steps(q, start, L), steps(k, start, L), steps(v, start, L));
  expect_close("cache.k after pieces of 3, 1 and 3 steps", cache.k, k);
  expect_close("cache.v after pieces of 3, 1 and 3 steps", cache.v, v);
}

TEST(forward, a_first_piece_is_causal_attention) {
  mine::KVCache cache;
  expect_close("attend of all 7 steps at once", mine::attend(cache, q, k, v),
               scaled_dot_product_attention(q, k, v, {}, 0, /*is_causal=*/true), {},
               {{"there is no causal mask: a step sees the later ones of its piece",
                 scaled_dot_product_attention(q, k, v)}});
}

TEST(invariants, one_step_at_a_time) { expect_equal_in_pieces({}); }

TEST(invariants, a_prompt_then_one_step_at_a_time) { expect_equal_in_pieces({4, 1, 1, 1}); }

TEST(invariants, pieces_of_any_length) {
  expect_equal_in_pieces({1, 6});
  expect_equal_in_pieces({3, 4});
  expect_equal_in_pieces({2, 3, 2});
}

TEST(invariants, the_cache_keeps_its_own_numbers) {
  mine::KVCache cache;
  const Tensor keys = steps(k, 0, 6);
  const Tensor values = steps(v, 0, 6);
  mine::attend(cache, steps(q, 0, 6), keys, values);
  keys.zero_();  // the caller uses the memory for something else
  values.zero_();
  expect_close("cache.k after the caller wrote over k", cache.k, steps(k, 0, 6));
  expect_close("cache.v after the caller wrote over v", cache.v, steps(v, 0, 6));
}

TEST(numerics, float32) {
  const auto single = [](const Tensor& x) { return x.detach().to(kFloat32); };
  mine::KVCache cache;
  mine::attend(cache, single(steps(q, 0, 6)), single(steps(k, 0, 6)), single(steps(v, 0, 6)));
  const Tensor y =
      mine::attend(cache, single(steps(q, 6, 1)), single(steps(k, 6, 1)), single(steps(v, 6, 1)));
  const Tensor right =
      scaled_dot_product_attention(q, k, v, {}, 0, /*is_causal=*/true).narrow(-2, 6, 1);
  expect_close("the 7th step in float32", y, single(right), {.rtol = 1e-4, .atol = 1e-5});
}

}  // namespace
