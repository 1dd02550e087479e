// First and second derivatives of every op that has them, and the gradients at its kinks.

#include "record.h"

namespace {

using Tensors = std::vector<torch::Tensor>;
using Function = std::function<torch::Tensor(const Tensors&)>;

torch::Tensor cotangent_of(const torch::Tensor& y) {
  return sample(list(y.sizes()), torch::kFloat64, 29);
}

Tensors leaves_of(const Tensors& values) {
  Tensors leaves;
  for (const torch::Tensor& value : values)
    leaves.push_back(value.detach().clone().requires_grad_());
  return leaves;
}

/// Records dx, the gradients of <f(x), cotangent>, and ddx, the gradients of <dx, cotangent> +
/// <x, x>. The term <x, x> makes sure that every x is used.
void gradients(const std::string& name, const Tensors& values, const Function& f) try {
  const Tensors x = leaves_of(values);
  const torch::Tensor y = f(x);
  const Tensors dx = torch::autograd::grad({y}, x, {cotangent_of(y)}, /*retain_graph=*/true,
                                           /*create_graph=*/true);
  record(name + " dx", dx);
  torch::Tensor s = torch::zeros({}, torch::kFloat64);
  for (size_t i = 0; i < x.size(); ++i)
    s = s + (dx[i] * cotangent_of(dx[i])).sum() + (x[i] * x[i]).sum();
  record(name + " ddx", torch::autograd::grad({s}, x));
} catch (const std::exception& error) {
  record_error(name, error);
}

/// Records the gradient of f(x).sum(), computed by backward.
void gradient(const std::string& name, const torch::Tensor& value, const Function& f) try {
  const torch::Tensor x = leaves_of({value})[0];
  f({x}).sum().backward();
  record(name, x.grad());
} catch (const std::exception& error) {
  record_error(name, error);
}

/// A name and its function of the inputs x.
#define GRADIENTS(values, ...) \
  gradients(#__VA_ARGS__, values, [](const Tensors& x) { return __VA_ARGS__; })
#define GRADIENT(value, ...) \
  gradient(#__VA_ARGS__, value, [](const Tensors& x) { return __VA_ARGS__; })

const torch::TensorOptions wide = torch::kFloat64;

void elementwise() {
  const Tensors one = {sample({2, 3}, wide)};
  const Tensors positive = {sample({2, 3}, wide).abs() + 0.25};
  const Tensors two = {sample({2, 3}, wide), sample({3}, wide, 50)};
  const Tensors column = {sample({2, 1}, wide), sample({3}, wide)};
  const Tensors base = {sample({2, 3}, wide).abs() + 0.25, sample({3}, wide, 50)};
  GRADIENTS(two, x[0] + x[1]);
  GRADIENTS(two, x[0] - x[1]);
  GRADIENTS(two, x[0] * x[1]);
  GRADIENTS(two, x[0] / x[1]);
  GRADIENTS(column, x[0] * x[1] + x[1]);
  GRADIENTS(one, 2 / x[0]);
  GRADIENTS(one, 2 - x[0]);
  GRADIENTS(one, 3 * x[0] / 4);
  GRADIENTS(one, -x[0]);
  GRADIENTS(one, x[0].pow(3));
  GRADIENTS(one, torch::pow(x[0], 2));
  GRADIENTS(one, torch::pow(2, x[0]));
  GRADIENTS(positive, torch::pow(x[0], 0.5));
  GRADIENTS(base, torch::pow(x[0], x[1]));
  GRADIENTS(one, x[0].exp());
  GRADIENTS(positive, x[0].log());
  GRADIENTS(positive, x[0].sqrt());
  GRADIENTS(positive, x[0].rsqrt());
  GRADIENTS(one, x[0].tanh());
  GRADIENTS(one, x[0].sigmoid());
  GRADIENTS(one, x[0].relu());
  GRADIENTS(one, torch::gelu(x[0]));
  GRADIENTS(one, torch::gelu(x[0], "tanh"));
  GRADIENTS(one, torch::silu(x[0]));
  GRADIENTS(one, x[0].sin());
  GRADIENTS(one, x[0].cos());
  GRADIENTS(one, x[0].abs());
  GRADIENTS(one, x[0].clamp(-0.5, 0.5));
  GRADIENTS(one, x[0].clamp(torch::nullopt, 0.25));
  GRADIENTS(two, torch::maximum(x[0], x[1]));
  GRADIENTS(two, torch::minimum(x[0], x[1]));
  GRADIENTS(two, torch::where(x[0] > 0.1, x[0], x[1]));
  GRADIENTS(one, torch::where(x[0] > 0.1, x[0], 0.5));
  GRADIENTS(one, x[0].masked_fill(torch::tensor({true, false, true}), 2));
  GRADIENTS(one, x[0].tril());
  GRADIENTS(one, x[0].triu(1));
}

void views() {
  const Tensors one = {sample({2, 3, 4}, wide)};
  const Tensors two = {sample({2, 3}, wide), sample({2, 3}, wide, 50)};
  const Tensors unit = {sample({2, 1, 3}, wide)};
  GRADIENTS(one, x[0].view({6, 4}).exp());
  GRADIENTS(one, x[0].transpose(0, 2).reshape({4, -1}).exp());
  GRADIENTS(one, x[0].permute({2, 0, 1}).exp());
  GRADIENTS(one, x[0].flatten().exp());
  GRADIENTS(one, x[0][1].t().exp());
  GRADIENTS(unit, x[0].unsqueeze(0).squeeze(2).exp());
  GRADIENTS(unit, x[0].squeeze().exp());
  GRADIENTS(unit, x[0].expand({2, 2, 3}).exp());
  GRADIENTS(unit, x[0].expand({4, -1, 2, 3}).exp());
  GRADIENTS(one, x[0].select(1, -1).exp());
  GRADIENTS(one, x[0].narrow(2, 1, 2).exp());
  GRADIENTS(one, x[0].slice(2, 0, 4, 2).exp());
  GRADIENTS(one, x[0].chunk(2, 2)[1].exp());
  GRADIENTS(one, x[0].split({1, 3}, 2)[1].exp());
  GRADIENTS(two, torch::cat({x[0], x[1]}, 1).exp());
  GRADIENTS(two, torch::stack({x[0], x[1]}, -1).exp());
  GRADIENTS(one, x[0].clone() * x[0].transpose(0, 1).contiguous().transpose(0, 1));
}

void reductions() {
  const Tensors one = {sample({2, 3, 4}, wide)};
  GRADIENTS(one, x[0].exp().sum());
  GRADIENTS(one, x[0].exp().sum(1));
  GRADIENTS(one, x[0].exp().sum({1, 2}, true));
  GRADIENTS(one, x[0].exp().mean());
  GRADIENTS(one, x[0].exp().mean(-1));
  GRADIENTS(one, x[0].var());
  GRADIENTS(one, x[0].var(1));
  GRADIENTS(one, x[0].var(-1, false, true));
  GRADIENTS(one, x[0].std());
  GRADIENTS(one, x[0].std(1, false));
  GRADIENTS(one, x[0].max() * 2);
  GRADIENTS(one, std::get<0>(x[0].max(1)).exp());
  GRADIENTS(one, std::get<0>(x[0].min(2, true)).exp());
  GRADIENTS(one, x[0].min().exp());
  GRADIENTS(one, x[0].amax(1).exp());
  GRADIENTS(one, x[0].amin({1, 2}).exp());
  GRADIENTS(one, x[0].logsumexp(1));
  GRADIENTS(one, x[0].logsumexp({1, 2}, true));
  GRADIENTS(one, x[0].norm());
  GRADIENTS(one, x[0].norm(1));
  GRADIENTS(one, x[0].norm(3));
  GRADIENTS(one, x[0].norm(2, 1));
  GRADIENTS(one, x[0].norm(2, {1, 2}, true));
  GRADIENTS(one, x[0].cumsum(1).exp());
  GRADIENTS(one, std::get<0>(x[0].topk(2)).exp());
}

void products() {
  const Tensors matrices = {sample({2, 3}, wide), sample({3, 4}, wide, 50)};
  const Tensors vectors = {sample({3}, wide), sample({3}, wide, 50)};
  const Tensors batch = {sample({2, 2, 3}, wide), sample({3, 4}, wide)};
  const Tensors column = {sample({2, 3}, wide), sample({3}, wide)};
  const Tensors broadcast = {sample({2, 1, 2, 3}, wide), sample({2, 3, 2}, wide)};
  const Tensors layer = {sample({2, 4, 3}, wide), sample({2, 3}, wide, 50), sample({2}, wide)};
  GRADIENTS(matrices, torch::matmul(x[0], x[1]));
  GRADIENTS(matrices, torch::matmul(x[1].t(), x[0].t()));
  GRADIENTS(vectors, torch::matmul(x[0], x[1]));
  GRADIENTS(column, torch::matmul(x[0], x[1]));
  GRADIENTS(column, torch::matmul(x[1], x[0].t()));
  GRADIENTS(batch, torch::matmul(x[0], x[1]));
  GRADIENTS(broadcast, torch::matmul(x[0], x[1]));
  GRADIENTS(vectors, torch::outer(x[0], x[1]));
  GRADIENTS(layer, torch::linear(x[0], x[1], x[2]));
  GRADIENTS(layer, torch::linear(x[0] * x[2].sum(), x[1]));
}

void indexing() {
  const Tensors one = {sample({3, 4}, wide)};
  const Tensors two = {sample({3, 4}, wide), sample({3, 2}, wide, 50)};
  GRADIENTS(one, x[0].index_select(0, torch::tensor({2, 0, 2})).exp());
  GRADIENTS(one, x[0].gather(1, torch::tensor({{0, 0}, {1, 2}, {3, 0}})).exp());
  GRADIENTS(two, x[0].scatter_add(1, torch::tensor({{0, 0}, {1, 2}, {3, 0}}), x[1]).exp());
  GRADIENTS(one, torch::embedding(x[0], torch::tensor({{2, 0}, {2, 2}})).exp());
}

void neural() {
  const Tensors one = {sample({2, 3, 4}, wide)};
  const Tensors logits = {sample({4, 3}, wide)};
  const Tensors norm = {sample({2, 3, 4}, wide), sample({4}, wide, 70), sample({4}, wide, 20)};
  const Tensors pair = {sample({2, 3}, wide), sample({2, 3}, wide, 50)};
  const Tensors qkv = {sample({2, 3, 4}, wide), sample({2, 5, 4}, wide, 50),
                       sample({2, 5, 6}, wide, 80)};
  GRADIENTS(one, x[0].softmax(-1));
  GRADIENTS(one, torch::softmax(x[0], 1));
  GRADIENTS(one, x[0].log_softmax(-1));
  GRADIENTS(one, torch::log_softmax(x[0], 0));
  GRADIENTS(one, torch::layer_norm(x[0], {4}));
  GRADIENTS(norm, torch::layer_norm(x[0], {4}, x[1], x[2]));
  GRADIENTS(logits, torch::nn::functional::cross_entropy(x[0], torch::tensor({2, 0, 1, 1})));
  GRADIENTS(logits, torch::nn::functional::cross_entropy(x[0], torch::tensor({2, -100, -100, 1})));
  GRADIENTS(logits, torch::nll_loss(x[0].exp(), torch::tensor({2, -100, 1, 1})));
  GRADIENTS(pair, torch::mse_loss(x[0], x[1]));
  GRADIENTS(qkv, torch::scaled_dot_product_attention(x[0], x[1], x[2]));
  GRADIENTS(qkv, torch::scaled_dot_product_attention(x[0], x[1], x[2], {}, 0.0, true));
  GRADIENTS(qkv, torch::scaled_dot_product_attention(x[0], x[1], x[2], sample({3, 5}, wide) > 0));
  torch::manual_seed(123);
  GRADIENTS(one, torch::dropout(x[0].exp(), 0.3, true));
  GRADIENTS(qkv, torch::scaled_dot_product_attention(x[0], x[1], x[2], {}, 0.5));
}

void kinks() {
  const torch::Tensor t = torch::tensor({-1.0, 0.0, 0.0, 1.0});
  const torch::Tensor zero = torch::zeros({2, 2});
  const torch::Tensor a = t.abs();
  GRADIENT(t, x[0].relu());
  GRADIENT(t, x[0].abs());
  GRADIENT(zero, x[0].norm());
  GRADIENT(zero, x[0].norm(2, 1));
  GRADIENT(t, x[0].norm(1));
  GRADIENT(t, x[0].norm(INFINITY));
  GRADIENT(zero, x[0].std());
  GRADIENT(zero, x[0].var());
  GRADIENT(a, x[0].sqrt());
  GRADIENT(t, x[0].clamp(-1, 0));
  GRADIENT(t, x[0].clamp(0));
  GRADIENT(t, x[0].clamp(torch::nullopt, 0));
  GRADIENT(t, x[0].clamp(1, 0));
  GRADIENT(a, x[0].amax());
  GRADIENT(a, x[0].amin());
  GRADIENT(zero, x[0].amax(1));
  GRADIENT(a, x[0].max());
  GRADIENT(a, x[0].min());
  GRADIENT(a, std::get<0>(x[0].max(0)));
  GRADIENT(a, std::get<0>(x[0].min(0)));
  GRADIENT(zero, std::get<0>(x[0].max(1)));
  GRADIENT(t, torch::maximum(x[0], torch::zeros({4})));
  GRADIENT(t, torch::minimum(x[0], torch::zeros({4})));
  GRADIENT(t, torch::max(x[0], torch::zeros({4})));
  GRADIENT(t, torch::pow(x[0], 0));
  GRADIENT(t, torch::pow(x[0], 1));
  GRADIENT(t, torch::pow(x[0], 2));
  GRADIENT(t, torch::pow(torch::zeros({4}), x[0].abs()));
  GRADIENT(t, torch::pow(0, x[0].abs()));
  GRADIENT(t, torch::gelu(x[0]));
  GRADIENT(t, torch::silu(x[0]));
  GRADIENT(t, torch::where(x[0] > 0, x[0].log(), x[0]));
  GRADIENT(t, x[0].masked_fill(x[0] == 0, 5));
  GRADIENT(t, x[0].masked_fill(x[0] > 0, -INFINITY).softmax(0).pow(2));
}

}  // namespace

void calls_gradients() {
  section("elementwise", elementwise);
  section("views", views);
  section("reductions", reductions);
  section("products", products);
  section("indexing", indexing);
  section("neural", neural);
  section("kinks", kinks);
}
