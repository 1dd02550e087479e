// dtypes, TensorOptions, factories, the properties of a tensor.

#include "record.h"

namespace {

void tensor_of_values() {
  ROW(torch::tensor({1, 2, 3}));
  ROW(torch::tensor({1.5, 2.0}));
  ROW(torch::tensor({1.5f, 2.0f}));
  ROW(torch::tensor({true, false}));
  ROW(torch::tensor({{1, 2, 3}, {4, 5, 6}}));
  ROW(torch::tensor({{1.0, 2.0}, {3.0, 4.5}}));
  ROW(torch::tensor({{{1.0, 2.0}, {3.0, 4.5}}, {{5.0, 6.0}, {7.0, 8.0}}}));
  ROW(torch::tensor({{true, false}, {false, false}}));
  ROW(torch::tensor({1, 2}, torch::kFloat32));
  ROW(torch::tensor({1, 2}, torch::kFloat64));
  ROW(torch::tensor({0.1, 0.2}, torch::kFloat64));
  ROW(torch::tensor({1.9, -1.9}, torch::kInt64));
  ROW(torch::tensor({0, 2}, torch::kBool));
  ROW(torch::tensor({{0.1, 0.2}, {0.3, 0.4}}, torch::kFloat64));
  ROW(torch::tensor(3));
  ROW(torch::tensor(3.5));
  ROW(torch::tensor(3.5f));
  ROW(torch::tensor(true));
  ROW(torch::tensor(3.0, torch::kFloat64));
  ROW(torch::tensor(3, torch::kFloat64));
  ROW(torch::tensor(3.0, torch::kFloat64).dim());
  ROW(torch::tensor(std::vector<double>{1.0, 2.5}));
  ROW(torch::tensor(std::vector<double>{0.1, 0.2}, torch::kFloat64));
  ROW(torch::tensor(std::vector<float>{1.0f, 2.5f}));
  ROW(torch::tensor(std::vector<int64_t>{4, 5, 6}));
  ROW(torch::tensor(std::vector<int64_t>{4, 5, 6}, torch::kFloat32));
  ROW(torch::tensor(std::vector<int>{4, 5, 6}));
  ROW(torch::tensor(std::vector<float>{}));
  ROW(torch::tensor({0.5, 1.5}, torch::dtype(torch::kFloat64).requires_grad(true)));
  ROW(torch::tensor({0.5, 1.5}, torch::dtype(torch::kFloat64).requires_grad(true)).requires_grad());
}

void constant() {
  const std::vector<int64_t> shape = {2, 3};
  ROW(torch::zeros({2, 3}));
  ROW(torch::zeros(shape));
  ROW(torch::zeros({}));
  ROW(torch::zeros({2, 0}));
  ROW(torch::zeros({3}));
  ROW(torch::zeros(3));
  ROW(torch::zeros({2, 3}, torch::kInt64));
  ROW(torch::zeros({2}, torch::kBool));
  ROW(torch::zeros({2}, torch::kFloat64));
  ROW(torch::ones({2, 3}));
  ROW(torch::ones(shape));
  ROW(torch::ones({}));
  ROW(torch::ones({2}, torch::kFloat64));
  ROW(torch::ones({2}, torch::kInt64));
  ROW(torch::ones({2}, torch::kBool));
  ROW(torch::full({2, 3}, 2.5));
  ROW(torch::full(shape, 2.5));
  ROW(torch::full({}, 2.5));
  ROW(torch::full({2}, 3));
  ROW(torch::full({2}, true));
  ROW(torch::full({2}, 3, torch::kFloat32));
  ROW(torch::full({2}, 0.1, torch::kFloat64));
  ROW(torch::full({2}, 3, torch::kInt64));
  ROW(torch::full({2}, -INFINITY));
  ROW(list(torch::empty({2, 3}).sizes()));
  ROW(list(torch::empty(shape).sizes()));
  ROW(torch::empty({2, 0}));
  ROW(torch::empty({2}, torch::kInt64).scalar_type() == torch::kInt64);
  ROW(torch::empty({2}).scalar_type() == torch::kFloat32);
  ROW(torch::eye(3));
  ROW(torch::eye(2, 3));
  ROW(torch::eye(3, 2));
  ROW(torch::eye(2, torch::kFloat64));
  ROW(torch::eye(2, 3, torch::kInt64));
}

void ranges() {
  ROW(torch::arange(5));
  ROW(torch::arange(5.0));
  ROW(torch::arange(4.5));
  ROW(torch::arange(0));
  ROW(torch::arange(2, 6));
  ROW(torch::arange(2, 6.0));
  ROW(torch::arange(2.0, 6));
  ROW(torch::arange(0, 10, 3));
  ROW(torch::arange(5, 0, -2));
  ROW(torch::arange(0, 1, 0.25));
  ROW(torch::arange(0, 1, 0.3));
  ROW(torch::arange(1, 2.5, 0.5));
  ROW(torch::arange(1.0, -1.0, -0.5));
  ROW(torch::arange(3, torch::kFloat32));
  ROW(torch::arange(3, torch::kFloat64));
  ROW(torch::arange(1, 4, torch::kFloat64));
  ROW(torch::arange(0, 1, 0.1, torch::kFloat64));
  ROW(torch::arange(0, 6, 2, torch::kFloat32));
  ROW(torch::arange(3.0, torch::kInt64));
  ROW(torch::linspace(0, 1, 5));
  ROW(torch::linspace(0.0, 1.0, 7));
  ROW(torch::linspace(-1, 1, 1));
  ROW(torch::linspace(3, -3, 4));
  ROW(torch::linspace(0, 1, 4, torch::kFloat64));
  ROW(torch::linspace(0, 1, 0));
}

void like() {
  const torch::Tensor x = torch::tensor({{1.0, 2.0}, {3.0, 4.0}});
  const torch::Tensor n = torch::tensor({1, 2, 3});
  const torch::Tensor d = torch::tensor({1.0, 2.0}, torch::kFloat64);
  ROW(torch::zeros_like(x));
  ROW(torch::zeros_like(n));
  ROW(torch::zeros_like(d));
  ROW(torch::zeros_like(x, torch::kInt64));
  ROW(torch::ones_like(x));
  ROW(torch::ones_like(n));
  ROW(torch::ones_like(x, torch::kBool));
  ROW(torch::ones_like(d, torch::kFloat32));
  ROW(torch::full_like(x, 7));
  ROW(torch::full_like(x, 0.5));
  ROW(torch::full_like(n, 7));
  ROW(torch::full_like(n, 0.5, torch::kFloat64));
  ROW(list(torch::empty_like(x).sizes()));
  ROW(torch::empty_like(n).scalar_type() == torch::kInt64);
  ROW(torch::empty_like(x, torch::kFloat64).scalar_type() == torch::kFloat64);
  ROW(torch::zeros_like(torch::ones({2}, torch::requires_grad())).requires_grad());
  ROW(torch::ones_like(x, torch::dtype(torch::kFloat64).requires_grad(true)).requires_grad());
}

void options() {
  const torch::TensorOptions wide =
      torch::TensorOptions().dtype(torch::kFloat64).requires_grad(true);
  const torch::TensorOptions whole = torch::dtype(torch::kInt64);
  ROW(torch::zeros({2}, wide));
  ROW(torch::zeros({2}, wide).requires_grad());
  ROW(torch::ones({2}, torch::dtype(torch::kFloat64).requires_grad(true)));
  ROW(torch::ones({2}, torch::dtype(torch::kFloat64).requires_grad(true)).requires_grad());
  ROW(torch::ones({2}, torch::dtype(torch::kFloat64).requires_grad(false)).requires_grad());
  ROW(torch::ones({2}, torch::requires_grad()).requires_grad());
  ROW(torch::full({2}, 3, whole));
  ROW(torch::arange(4, wide));
  ROW(torch::arange(4, wide).is_leaf());
  ROW(torch::linspace(0, 1, 3, wide).requires_grad());
  ROW(torch::eye(2, wide));
  ROW(torch::randn({2}, wide).requires_grad());
  ROW(torch::rand({2}, wide).requires_grad());
  ROW(torch::empty({2}, wide).requires_grad());
  ROW(torch::randint(3, {4}, whole).scalar_type() == torch::kInt64);
}

void ask() {
  const torch::Tensor x = torch::arange(24, torch::kFloat32).view({2, 3, 4});
  const torch::Tensor n = torch::tensor({7});
  ROW(x.dim());
  ROW(x.size(0));
  ROW(x.size(2));
  ROW(x.size(-1));
  ROW(list(x.sizes()));
  ROW(x.sizes()[1]);
  ROW(x.sizes().size());
  ROW(x.sizes() == torch::zeros({2, 3, 4}).sizes());
  ROW(x.sizes() == torch::zeros({2, 12}).sizes());
  ROW(list(torch::zeros(x.sizes()).sizes()));
  ROW(list(x.view({4, 6}).view(x.sizes()).sizes()));
  ROW(list(x.strides()));
  ROW(list(x.transpose(0, 2).strides()));
  ROW(list(x.select(1, 0).strides()));
  ROW(x.numel());
  ROW(torch::zeros({}).numel());
  ROW(torch::zeros({2, 0}).numel());
  ROW(torch::zeros({}).dim());
  ROW(x.dtype() == torch::kFloat32);
  ROW(x.dtype() == torch::kFloat64);
  ROW(x.dtype() == n.dtype());
  ROW(n.dtype() == torch::kInt64);
  ROW(x.scalar_type() == torch::kFloat32);
  ROW((x < 3).scalar_type() == torch::kBool);
  ROW(x.is_contiguous());
  ROW(x.transpose(0, 1).is_contiguous());
  ROW(x.select(0, 1).is_contiguous());
  ROW(x.select(2, 1).is_contiguous());
  ROW(x.transpose(0, 1).contiguous().is_contiguous());
  ROW(x.transpose(0, 1).contiguous());
  ROW(x[1][2][3].item<float>());
  ROW(x[1][2][3].item<double>());
  ROW(torch::tensor(2.75).item<int64_t>());
  ROW(torch::tensor(0.1, torch::kFloat64).item<double>());
  ROW(torch::tensor(0.1, torch::kFloat64).item<float>());
  ROW(n.item<int64_t>());
  ROW(n.item<int>());
  ROW(n.item<double>());
  ROW(torch::tensor(true).item<bool>());
  ROW(torch::tensor(true).item<int64_t>());
  ROW(torch::tensor(2.0).item<bool>());
  ROW(torch::zeros({1, 1, 1}).item<float>());
  ROW(x.data_ptr<float>()[5]);
  ROW(x[1].data_ptr<float>()[5]);
  ROW(x[1].data_ptr<float>() - x.data_ptr<float>());
  ROW(n.data_ptr<int64_t>()[0]);
  ROW((x < 3).data_ptr<bool>()[2]);
  ROW(x.to(torch::kFloat64).data_ptr<double>()[23]);
  ROW(x.defined());
  ROW(torch::Tensor().defined());
}

void to_and_clone() {
  const torch::Tensor x = torch::tensor({1.9, -1.9, 0.0, 0.1});
  ROW(x.to(torch::kFloat64));
  ROW(x.to(torch::kInt64));
  ROW(x.to(torch::kBool));
  ROW(x.to(torch::kFloat32));
  ROW(x.to(torch::kFloat32).data_ptr<float>() == x.data_ptr<float>());
  ROW(torch::tensor({1, 0, -2}).to(torch::kFloat32));
  ROW(torch::tensor({1, 0, -2}).to(torch::kBool));
  ROW(torch::tensor({true, false}).to(torch::kInt64));
  ROW(torch::tensor({true, false}).to(torch::kFloat32));
  ROW(torch::tensor({0.1}, torch::kFloat64).to(torch::kFloat32).to(torch::kFloat64));
  ROW(x.clone());
  ROW(torch::clone(x));
  ROW(x.clone().data_ptr<float>() == x.data_ptr<float>());
  ROW(x.contiguous().data_ptr<float>() == x.data_ptr<float>());
  const torch::Tensor copy = x.clone();
  copy.fill_(1);
  ROW(x);
}

void compare() {
  const torch::Tensor a = torch::tensor({1.0, 2.0});
  const torch::Tensor b = torch::tensor({1.0, 2.00001});
  const torch::Tensor c = torch::tensor({1.0, 2.1});
  ROW(torch::allclose(a, b));
  ROW(torch::allclose(a, c));
  ROW(a.allclose(c));
  ROW(a.allclose(c, 0.1));
  ROW(torch::allclose(a, c, 0.0, 0.2));
  ROW(torch::allclose(a, c, /*rtol=*/0.0, /*atol=*/0.05));
  ROW(torch::allclose(a * NAN, a * NAN));
  ROW(torch::allclose(a * NAN, a * NAN, 1e-5, 1e-8, /*equal_nan=*/true));
  ROW(torch::allclose(a / 0, a / 0));
  ROW(torch::equal(a, a.clone()));
  ROW(torch::equal(a, b));
  ROW(a.equal(a.view({1, 2})));
  ROW(torch::equal(torch::tensor({1, 2}), torch::tensor({1, 2})));
  ROW(torch::equal(torch::tensor({true}), torch::tensor({false})));
  torch::set_num_threads(2);
  ROW(torch::get_num_threads());
  torch::set_num_threads(1);
  ROW(torch::get_num_threads());
}

}  // namespace

void calls_make() {
  section("tensor", tensor_of_values);
  section("constant", constant);
  section("ranges", ranges);
  section("like", like);
  section("options", options);
  section("ask", ask);
  section("to", to_and_clone);
  section("compare", compare);
}
