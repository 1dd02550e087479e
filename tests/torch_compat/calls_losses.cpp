// Activations with parameters, RMSNorm, losses of each element, and torch::nn::init.

#include "record.h"

namespace {

using Tensors = std::vector<torch::Tensor>;
namespace F = torch::nn::functional;
namespace init = torch::nn::init;

const torch::TensorOptions wide = torch::kFloat64;

/// Numbers of either sign, zeros, infinities and NaN.
torch::Tensor special(torch::TensorOptions options = torch::kFloat32) {
  const std::vector<double> values = {-60, -2.5, -0.5,      -0.0,      0.0,      0.25, 1.5,
                                      19,  20.5, nan_value, -infinity, infinity, 90,   1e-6};
  return torch::tensor(values, options);
}

void activations() {
  const torch::Tensor x = special();
  const torch::Tensor d = special(wide);
  ROW(torch::softplus(x));
  ROW(torch::softplus(d));
  ROW(torch::softplus(d, 2));
  ROW(torch::softplus(d, 0.5, 1));
  ROW(torch::leaky_relu(x));
  ROW(torch::leaky_relu(d, 0.25));
  ROW(torch::leaky_relu(d, -1));
  ROW(torch::elu(x));
  ROW(torch::elu(d, 0.5));
  ROW(torch::elu(d, 0.5, 2, 3));
  const torch::Tensor rows = sample({2, 3, 4});
  ROW(torch::rms_norm(rows, {4}));
  ROW(torch::rms_norm(rows, {3, 4}, sample({3, 4}, torch::kFloat32, 50), 0.1));
  ROW(torch::rms_norm(sample({2, 4}, wide), {4}, sample({4}, wide, 50)));
  ROW(torch::rms_norm(torch::zeros({2, 4}), {4}));
  ROW(torch::rms_norm(torch::zeros({0, 4}), {4}));
}

void losses() {
  const torch::Tensor a = sample({2, 3}, wide);
  const torch::Tensor b = sample({2, 3}, wide, 50);
  const torch::Tensor p = a.sigmoid();
  const torch::Tensor t = b.sigmoid();
  const torch::Tensor edge = torch::tensor({0.0, 1.0, 0.0, 1.0});
  const torch::Tensor edges = torch::tensor({0.0, 1.0, 1.0, 0.0});
  const torch::Tensor w = torch::tensor({1.0, 0.5, 2.0}, wide);
  ROW(torch::l1_loss(a, b));
  ROW(torch::l1_loss(a, b, torch::Reduction::Sum));
  ROW(torch::l1_loss(a, b, torch::Reduction::None));
  ROW(torch::smooth_l1_loss(a, b));
  ROW(torch::smooth_l1_loss(a * 3, b, torch::Reduction::None, 0.5));
  ROW(torch::smooth_l1_loss(a, b, torch::Reduction::Sum, 0));
  ROW(torch::huber_loss(a, b));
  ROW(torch::huber_loss(a * 3, b, torch::Reduction::None, 0.5));
  ROW(torch::huber_loss(special(), special() * 0));
  ROW(torch::nn::functional::cross_entropy(a, t));
  ROW(torch::nn::functional::cross_entropy(a * 100, t));
  ROW(torch::nn::functional::cross_entropy(a[0], t[0]));
  ROW(torch::nn::functional::cross_entropy(a.to(torch::kFloat32), t.to(torch::kFloat32)));
  ROW(torch::nn::functional::cross_entropy(sample({2, 3, 4}, wide), sample({2, 3, 4}, wide, 9)));
  ROW(torch::nn::functional::cross_entropy(torch::zeros({0, 3}), torch::zeros({0, 3})));
  ROW(torch::binary_cross_entropy(p, t));
  ROW(torch::binary_cross_entropy(p, t, w, torch::Reduction::Sum));
  ROW(torch::binary_cross_entropy(edge, edges, {}, torch::Reduction::None));
  ROW(torch::binary_cross_entropy_with_logits(a, t));
  ROW(torch::binary_cross_entropy_with_logits(a * 100, t, w, w + 1, torch::Reduction::None));
  ROW(torch::kl_div(p.log(), t));
  ROW(torch::kl_div(p.log(), t, torch::Reduction::Sum));
  ROW(torch::kl_div(p.log(), t.log(), torch::Reduction::Mean, true));
  ROW(torch::kl_div(a, edges.to(torch::kFloat64)[0].expand({2, 3})));
  ROW(torch::cosine_similarity(a, b));
  ROW(torch::cosine_similarity(a, b, 0));
  ROW(torch::cosine_similarity(a, b[0], -1, 1e-3));
  ROW(torch::cosine_similarity(a * 0, b));
}

Tensors leaves_of(const Tensors& values) {
  Tensors x;
  for (const torch::Tensor& value : values)
    x.push_back(value.detach().clone().requires_grad_(true));
  return x;
}

/// Gradients of the sum of y^2, and of the sum of their squares.
void gradients_of(const std::string& name, const Tensors& values,
                  const std::function<torch::Tensor(const Tensors&)>& f) {
  const Tensors x = leaves_of(values);
  const Tensors first = torch::autograd::grad({f(x).pow(2).sum()}, x, {}, true, true);
  torch::Tensor squares = first[0].pow(2).sum();
  for (size_t i = 1; i < first.size(); ++i)
    squares = squares + first[i].pow(2).sum();
  const Tensors second = torch::autograd::grad({squares}, x);
  for (size_t i = 0; i < x.size(); ++i) {
    record("first derivative " + std::to_string(i) + " of " + name, first[i]);
    record("second derivative " + std::to_string(i) + " of " + name, second[i]);
  }
}

void gradients() {
  const Tensors one = {sample({2, 3}, wide)};
  const Tensors two = {sample({2, 3}, wide), sample({2, 3}, wide, 50)};
  const Tensors probabilities = {two[0].sigmoid(), two[1].sigmoid()};
  gradients_of("softplus", one, [](const Tensors& x) { return torch::softplus(x[0] * 3, 2, 1); });
  gradients_of("leaky_relu", one, [](const Tensors& x) { return torch::leaky_relu(x[0], 0.1); });
  gradients_of("elu", one, [](const Tensors& x) { return torch::elu(x[0], 0.5, 2, 3); });
  gradients_of("rms_norm", {two[0], two[1][0]},
               [](const Tensors& x) { return torch::rms_norm(x[0], {3}, x[1], 0.1); });
  gradients_of("l1_loss", two, [](const Tensors& x) { return torch::l1_loss(x[0], x[1]); });
  gradients_of("smooth_l1_loss", two, [](const Tensors& x) {
    return torch::smooth_l1_loss(x[0] * 3, x[1], torch::Reduction::None, 0.5);
  });
  gradients_of("huber_loss", two, [](const Tensors& x) {
    return torch::huber_loss(x[0] * 3, x[1], torch::Reduction::None, 0.5);
  });
  gradients_of("cross_entropy", two, [](const Tensors& x) {
    return torch::nn::functional::cross_entropy(x[0], x[1].sigmoid());
  });
  gradients_of("binary_cross_entropy", probabilities,
               [](const Tensors& x) { return torch::binary_cross_entropy(x[0], x[1]); });
  gradients_of("binary_cross_entropy_with_logits", two, [](const Tensors& x) {
    return torch::binary_cross_entropy_with_logits(x[0], x[1].sigmoid());
  });
  gradients_of("kl_div", probabilities,
               [](const Tensors& x) { return torch::kl_div(x[0].log(), x[1]); });
  gradients_of("cosine_similarity", two,
               [](const Tensors& x) { return torch::cosine_similarity(x[0], x[1]); });
}

void initialisation() {
  const torch::Tensor w = torch::empty({5, 4});
  const torch::Tensor d = torch::empty({3, 2, 2}, wide);
  torch::manual_seed(7);
  ROW_EXACT(init::uniform_(w, -1, 2));
  ROW_EXACT(init::normal_(w, 1, 0.5));
  ROW_EXACT(init::constant_(w, 3));
  ROW_EXACT(init::ones_(w));
  ROW_EXACT(init::zeros_(w));
  ROW_EXACT(init::eye_(w));
  ROW_EXACT(init::xavier_uniform_(w));
  ROW_EXACT(init::xavier_normal_(w, 2));
  ROW_EXACT(init::xavier_uniform_(d));
  ROW_EXACT(init::xavier_normal_(d));
  ROW_EXACT(init::kaiming_uniform_(w));
  ROW_EXACT(init::kaiming_uniform_(w, 0.5, torch::kFanOut));
  ROW_EXACT(init::kaiming_uniform_(d, 0, torch::kFanIn, torch::kReLU));
  ROW_EXACT(init::kaiming_normal_(w, 0, torch::kFanOut, torch::kTanh));
  ROW_EXACT(init::kaiming_normal_(d, 0.2));
  ROW_EXACT(torch::rand({2}));
  ROW(init::calculate_gain(torch::kTanh));
  ROW(init::calculate_gain(torch::kLeakyReLU, 0.2));
}

void functional() {
  const torch::Tensor a = sample({2, 3}, wide);
  const torch::Tensor b = sample({2, 3}, wide, 50);
  ROW(F::l1_loss(a, b));
  ROW(F::smooth_l1_loss(a, b));
  ROW(F::huber_loss(a, b));
  ROW(F::binary_cross_entropy(a.sigmoid(), b.sigmoid()));
  ROW(F::binary_cross_entropy_with_logits(a, b.sigmoid()));
  ROW(F::kl_div(a, b.sigmoid()));
  ROW(F::cosine_similarity(a, b));
  ROW(F::softplus(a));
  ROW(F::leaky_relu(a));
  ROW(F::elu(a));
}

}  // namespace

void calls_losses() {
  section("activations with parameters", activations);
  section("losses of each element", losses);
  section("gradients of losses", gradients);
  section("initialisation", initialisation);
  section("functional losses", functional);
}
