// Softmax, layer norm, losses, attention. The names in nn::functional are the same functions.

#include "record.h"

namespace {

void softmax() {
  const torch::Tensor x = sample({2, 3, 4});
  const torch::Tensor d = sample({2, 3}, torch::kFloat64);
  const torch::Tensor large = torch::tensor({{1000.0, 1001.0}, {-1000.0, 0.0}});
  const torch::Tensor masked =
      torch::tensor({{1.0, -infinity, 2.0}, {-infinity, -infinity, -infinity}});
  ROW(torch::softmax(x, -1));
  ROW(torch::softmax(x, 0));
  ROW(torch::softmax(x, 1));
  ROW(x.softmax(-1));
  ROW(x.softmax(1));
  ROW(torch::softmax(d, 1));
  ROW(torch::softmax(x, -1, torch::kFloat64));
  ROW(torch::softmax(large, -1));
  ROW(torch::softmax(masked, -1));
  ROW(x.transpose(0, 2).softmax(-1));
  ROW(torch::nn::functional::softmax(x, -1));
  ROW(torch::nn::functional::softmax(x, 1));
  ROW(torch::log_softmax(x, -1));
  ROW(torch::log_softmax(x, 1));
  ROW(x.log_softmax(0));
  ROW(torch::log_softmax(d, 1));
  ROW(torch::log_softmax(x, -1, torch::kFloat64));
  ROW(torch::log_softmax(large, -1));
  ROW(torch::nn::functional::log_softmax(x, -1));
}

void layer_norm() {
  const torch::Tensor x = sample({2, 3, 4});
  const torch::Tensor weight = sample({4}, torch::kFloat32, 70);
  const torch::Tensor bias = sample({4}, torch::kFloat32, 20);
  const torch::Tensor both = sample({3, 4}, torch::kFloat32, 8);
  const std::vector<int64_t> shape = {4};
  ROW(torch::layer_norm(x, {4}));
  ROW(torch::layer_norm(x, shape));
  ROW(torch::layer_norm(x, 4));
  ROW(torch::layer_norm(x, {4}, weight));
  ROW(torch::layer_norm(x, {4}, weight, bias));
  ROW(torch::layer_norm(x, {4}, {}, bias));
  ROW(torch::layer_norm(x, {4}, weight, bias, 0.1));
  ROW(torch::layer_norm(x, {4}, {}, {}, /*eps=*/1e-3));
  ROW(torch::layer_norm(x, {3, 4}));
  ROW(torch::layer_norm(x, {3, 4}, both, both));
  ROW(torch::layer_norm(x.to(torch::kFloat64), {4}));
  ROW(torch::layer_norm(torch::ones({2, 3}), {3}));
}

void losses() {
  const torch::Tensor logits = sample({4, 3});
  const torch::Tensor target = torch::tensor({2, 0, 1, 1});
  const torch::Tensor some = torch::tensor({2, -100, -100, 1});
  const torch::Tensor none = torch::tensor({-100, -100, -100, -100});
  const torch::Tensor a = sample({2, 3});
  const torch::Tensor b = sample({2, 3}, torch::kFloat32, 50);
  ROW(torch::nn::functional::cross_entropy(logits, target));
  ROW(torch::nn::functional::cross_entropy(logits, some));
  ROW(torch::nn::functional::cross_entropy(logits, none));
  ROW(torch::nn::functional::cross_entropy(logits.to(torch::kFloat64), target));
  ROW(torch::nn::functional::cross_entropy(sample({2, 5, 3}).flatten(0, 1),
                                           torch::arange(10).clamp(0, 2)));
  ROW(torch::nn::functional::cross_entropy(logits * 1000, target));
  ROW(torch::nll_loss(torch::log_softmax(logits, 1), target));
  ROW(torch::nll_loss(torch::log_softmax(logits, 1), some));
  ROW(torch::nll_loss(logits, target));
  ROW(torch::nn::functional::nll_loss(logits, target));
  ROW(torch::mse_loss(a, b));
  ROW(torch::mse_loss(a.to(torch::kFloat64), b.to(torch::kFloat64)));
  ROW(torch::nn::functional::mse_loss(a, b));
}

void attention() {
  const torch::Tensor q = sample({2, 3, 4});
  const torch::Tensor k = sample({2, 5, 4}, torch::kFloat32, 50);
  const torch::Tensor v = sample({2, 5, 6}, torch::kFloat32, 80);
  const torch::Tensor heads = sample({2, 2, 3, 4});
  const torch::Tensor mask = torch::tensor({{true, false, true, false, true},
                                            {true, true, true, true, true},
                                            {false, false, false, true, false}});
  const torch::Tensor added = sample({3, 5});
  ROW(torch::scaled_dot_product_attention(q, k, v));
  ROW(torch::scaled_dot_product_attention(q, k, v, mask));
  ROW(torch::scaled_dot_product_attention(q, k, v, added));
  ROW(torch::scaled_dot_product_attention(q, k, v, {}, 0.0));
  ROW(torch::scaled_dot_product_attention(q, q, q, {}, 0.0, true));
  ROW(torch::scaled_dot_product_attention(q, k, v, {}, /*dropout_p=*/0.0, /*is_causal=*/true));
  ROW(torch::scaled_dot_product_attention(heads, heads, heads));
  ROW(torch::scaled_dot_product_attention(heads, heads, heads, {}, 0.0, true));
  ROW(torch::scaled_dot_product_attention(q.to(torch::kFloat64), k.to(torch::kFloat64),
                                          v.to(torch::kFloat64)));
  torch::manual_seed(123);
  ROW(torch::scaled_dot_product_attention(q, k, v, {}, 0.5));
  ROW(torch::scaled_dot_product_attention(heads, heads, heads, {}, 0.25, true));
  ROW_EXACT(torch::rand({2}));
}

}  // namespace

void calls_neural() {
  section("softmax", softmax);
  section("layer_norm", layer_norm);
  section("losses", losses);
  section("attention", attention);
}
