// Rounding, logarithms, masks and bits, any and all, flip and repeat, and other spellings.

#include "record.h"

namespace {

/// Numbers of either sign, halves, zeros, infinities and NaN.
torch::Tensor special(torch::TensorOptions options = torch::kFloat32) {
  const std::vector<double> values = {-2.5, -1.5,      -0.5,      -0.0,     0.0, 0.25, 0.5,
                                      1.5,  nan_value, -infinity, infinity, 3.0, -7.3, 1e-6};
  return torch::tensor(values, options);
}

void rounding() {
  const torch::Tensor x = special();
  const torch::Tensor d = special(torch::kFloat64);
  const torch::Tensor n = torch::tensor({4, -5, 0});
  const torch::Tensor b = n > 0;
  ROW_EXACT(torch::sign(x));
  ROW_EXACT(x.sign());
  ROW_EXACT(d.sign());
  ROW(n.sign());
  ROW(b.sign());
  ROW_EXACT(torch::floor(x));
  ROW_EXACT(d.floor());
  ROW(n.floor());
  ROW_EXACT(torch::ceil(x));
  ROW_EXACT(d.ceil());
  ROW(n.ceil());
  ROW_EXACT(torch::round(x));
  ROW_EXACT(d.round());
  ROW(n.round());
  ROW_EXACT(torch::trunc(x));
  ROW_EXACT(d.trunc());
  ROW(n.trunc());
  ROW_EXACT(torch::square(x));
  ROW_EXACT(d.square());
  ROW(n.square());
  ROW(b.square());
}

void logarithms() {
  const torch::Tensor x = special();
  const torch::Tensor d = special(torch::kFloat64);
  const torch::Tensor powers = torch::tensor({0.125, 0.5, 1.0, 2.0, 1024.0});
  ROW(torch::log1p(x));
  ROW(d.log1p());
  ROW(torch::expm1(x));
  ROW(d.expm1());
  ROW(torch::log2(x));
  ROW(d.log2());
  ROW_EXACT(torch::log2(powers));
  ROW(torch::erf(x));
  ROW(d.erf());
  ROW(sample({2, 3}).t().erf());
}

void predicates() {
  const torch::Tensor x = special();
  const torch::Tensor n = torch::tensor({4, -5, 0});
  ROW(torch::isnan(x));
  ROW(x.isnan());
  ROW(n.isnan());
  ROW(torch::isinf(x));
  ROW(x.isinf());
  ROW(n.isinf());
  ROW(torch::isfinite(x));
  ROW(x.isfinite());
  ROW((n > 0).isfinite());
  ROW(special(torch::kFloat64).isfinite());
}

void bits() {
  const torch::Tensor n = torch::tensor({{12, -7}, {1, 0}});
  const torch::Tensor m = torch::tensor({10, 3});
  const torch::Tensor a = torch::tensor({{true, false}, {true, true}});
  const torch::Tensor b = torch::tensor({false, true});
  ROW(n & m);
  ROW(n | m);
  ROW(n ^ m);
  ROW(~n);
  ROW(a & b);
  ROW(a | b);
  ROW(a ^ b);
  ROW(~a);
  ROW(n & 6);
  ROW(n | 6);
  ROW(n ^ 6);
  ROW(6 & n);
  ROW(a | true);
  ROW(a ^ true);
  ROW(torch::bitwise_and(n, m));
  ROW(torch::bitwise_or(n, m));
  ROW(torch::bitwise_xor(n, 3));
  ROW(torch::bitwise_not(n));
  ROW(n.bitwise_and(m));
  ROW(a.bitwise_or(b));
  ROW(n.bitwise_xor(m));
  ROW(a.bitwise_not());
  ROW(n.t() & m);
  torch::Tensor c = a.clone();
  c &= b;
  ROW(c);
  c |= torch::tensor(true);
  ROW(c);
  c ^= a;
  ROW(c);
  torch::Tensor k = n.clone();
  k.bitwise_and_(m);
  k.bitwise_or_(16);
  k.bitwise_xor_(1);
  ROW(k);
  ROW(n.clone().bitwise_and_(m));
  ROW(n.clone().bitwise_or_(5));
  ROW(n.clone().bitwise_xor_(m));
}

void any_and_all() {
  const torch::Tensor x = sample({2, 3, 4}) > 0.5;
  const torch::Tensor f = torch::tensor({{0.0, nan_value}, {0.0, 2.0}});
  const torch::Tensor n = torch::tensor({{1, 2}, {0, 3}});
  ROW(torch::any(x));
  ROW(x.any());
  ROW(torch::any(x, 1));
  ROW(x.any(-1));
  ROW(x.any(0, true));
  ROW(f.any());
  ROW(f.any(0));
  ROW(n.any(1, /*keepdim=*/true));
  ROW(torch::all(x));
  ROW(x.all());
  ROW(torch::all(x, 1));
  ROW(x.all(-1));
  ROW(x.all(0, true));
  ROW(f.all());
  ROW(f.all(0));
  ROW(n.all(0));
  ROW(n.all());
  ROW(torch::zeros({0}).any());
  ROW(torch::zeros({0}).all());
  ROW(torch::zeros({2, 0}).any(1));
  ROW(torch::zeros({2, 0}).all(1));
  ROW(torch::zeros({2, 0}).all(0));
  ROW(torch::tensor(3.0).any(0));
  ROW(torch::tensor(0.0).all());
}

void flip_and_repeat() {
  const torch::Tensor x = sample({2, 3});
  const torch::Tensor n = torch::arange(4);
  const std::vector<int64_t> dims = {0, 1};
  ROW_EXACT(torch::flip(x, {0}));
  ROW_EXACT(x.flip({1}));
  ROW_EXACT(x.flip({-1, 0}));
  ROW_EXACT(x.flip(dims));
  ROW_EXACT(x.t().flip(0));
  ROW(n.flip(0));
  ROW((n > 1).flip({0}));
  ROW(torch::zeros({2, 0}).flip({0, 1}));
  ROW_EXACT(x.repeat({2, 1}));
  ROW_EXACT(x.repeat({1, 2}));
  ROW_EXACT(x.repeat({2, 3}));
  ROW_EXACT(x.repeat({2, 1, 2}));
  ROW_EXACT(x.repeat({1, 1}));
  ROW_EXACT(x.t().repeat({2, 2}));
  ROW(n.repeat(3));
  ROW(n.repeat({2, 2}));
  ROW((n > 1).repeat({2}));
  ROW(x.repeat({0, 2}));
  ROW(torch::tensor(7).repeat({2, 2}));
  ROW(torch::zeros({2, 0}).repeat({3, 2}));
}

void gradients() {
  const std::vector<std::pair<std::string, std::function<torch::Tensor(const torch::Tensor&)>>>
      functions = {
          {"log1p", [](const torch::Tensor& x) { return torch::log1p(x.abs()); }},
          {"expm1", [](const torch::Tensor& x) { return x.expm1(); }},
          {"log2", [](const torch::Tensor& x) { return torch::log2(x.abs() + 0.25); }},
          {"erf", [](const torch::Tensor& x) { return x.erf(); }},
          {"square", [](const torch::Tensor& x) { return x.square(); }},
          {"sign", [](const torch::Tensor& x) { return x.sign() * x; }},
          {"floor", [](const torch::Tensor& x) { return x.floor() * x; }},
          {"round", [](const torch::Tensor& x) { return x.round() * x; }},
          {"flip", [](const torch::Tensor& x) { return x.flip({1}) * x; }},
          {"repeat",
           [](const torch::Tensor& x) {
             return x.repeat({2, 2}).pow(2);
           }},
      };
  for (const auto& entry : functions) {
    const torch::Tensor x = sample({2, 3}, torch::kFloat64).requires_grad_();
    const torch::Tensor y = entry.second(x);
    const torch::Tensor dx = torch::autograd::grad({y.sum()}, {x}, {}, true, true)[0];
    record("first derivative of " + entry.first, dx);
    const torch::Tensor ddx =
        torch::autograd::grad({(dx * dx).sum()}, {x}, {}, true, false, true)[0];
    record("second derivative of " + entry.first, ddx);
  }
}

void spellings() {
  const torch::Tensor x = sample({2, 3});
  ROW(x.ndimension());
  ROW(x.view_as(torch::ones({3, 2})));
  ROW(x.t().reshape_as(torch::ones({6})));
  ROW(torch::tensor({1.0, 2.0, 3.0}).expand_as(x));
  ROW(torch::tensor(2.5).item().toDouble());
  ROW(torch::tensor(7).item().toLong());
  ROW(torch::tensor(7).item().to<float>());
  ROW(torch::tensor(true).item().toBool());
  ROW(torch::tensor(7).item().isIntegral(false));
  ROW(torch::tensor(2.5).item().isFloatingPoint());
  ROW(x * torch::tensor(2.5).item());
  ROW(torch::ones({2}, x.options().dtype(torch::kInt64)));
  const torch::Tensor leaf = torch::ones({2});
  leaf.set_requires_grad(true);
  ROW(leaf.requires_grad());
  torch::manual_seed(5);
  ROW(torch::empty({4}, torch::kInt64).random_());
  ROW(torch::empty({4}, torch::kInt64).random_(10));
  ROW(torch::empty({4}, torch::kInt64).random_(-3, 9));
  ROW_EXACT(torch::empty({20}).random_());
  ROW_EXACT(torch::empty({2, 3}).random_(5));
  ROW_EXACT(torch::empty({4}, torch::kFloat64).random_());
  ROW_EXACT(torch::empty({4}, torch::kFloat64).random_(-100, 7));
  ROW(torch::empty({6}, torch::kBool).random_());
  ROW_EXACT(torch::zeros({3, 2}).t().random_(0, 50));
}

}  // namespace

void calls_everyday() {
  section("rounding", rounding);
  section("logarithms", logarithms);
  section("predicates", predicates);
  section("bits", bits);
  section("any and all", any_and_all);
  section("flip and repeat", flip_and_repeat);
  section("gradients of everyday ops", gradients);
  section("spellings", spellings);
}
