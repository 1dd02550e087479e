// Operators, elementwise functions, comparisons, logic.

#include "record.h"

namespace {

void operators() {
  const torch::Tensor a = sample({2, 3});
  const torch::Tensor b = sample({2, 3}, torch::kFloat32, 50);
  const torch::Tensor row = sample({3}, torch::kFloat32, 7);
  const torch::Tensor column = sample({2, 1}, torch::kFloat32, 30);
  const torch::Tensor n = torch::tensor({4, -5, 6});
  const torch::Tensor d = sample({3}, torch::kFloat64);
  ROW(a + b);
  ROW(a - b);
  ROW(a * b);
  ROW(a / b);
  ROW(a + row);
  ROW(row - a);
  ROW(column * row);
  ROW(a / column);
  ROW(torch::tensor(2.0) * a);
  ROW(sample({2, 1, 3}) + sample({4, 1}));
  ROW(torch::zeros({0, 3}) + row);
  ROW(a + 2);
  ROW(a - 0.5);
  ROW(a * 3);
  ROW(a / 4);
  ROW(2 + a);
  ROW(0.5 - a);
  ROW(3 * a);
  ROW(1 / a);
  ROW(1.5f * a);
  ROW(a / 0);
  ROW(-a);
  ROW(d * 0.1);
  ROW(0.1 + d);
  ROW(d / 3);
  ROW(n + n);
  ROW(n - 7);
  ROW(n * n);
  ROW(2 * n);
  ROW(1 - n);
  ROW(-n);
  ROW(n + torch::tensor(1));
  ROW((a + b) * 2 - b / (1 + a * a));
}

void named() {
  const torch::Tensor a = sample({2, 3});
  const torch::Tensor b = sample({3}, torch::kFloat32, 50);
  const torch::Tensor n = torch::tensor({4, -5, 6});
  ROW(torch::add(a, b));
  ROW(a.add(b));
  ROW(a.add(2));
  ROW(torch::add(a, b, 2));
  ROW(a.add(b, 0.5));
  ROW(torch::add(a, 1.5));
  ROW(torch::sub(a, b));
  ROW(a.sub(b));
  ROW(a.sub(1));
  ROW(torch::sub(a, b, 2));
  ROW(torch::mul(a, b));
  ROW(a.mul(b));
  ROW(a.mul(0.25));
  ROW(torch::mul(a, 3));
  ROW(torch::div(a, b));
  ROW(a.div(b));
  ROW(a.div(3));
  ROW(torch::div(a, 0.3));
  ROW(torch::neg(a));
  ROW(a.neg());
  ROW(n.neg());
  ROW(n.add(n).mul(2));
}

void powers() {
  const torch::Tensor x = torch::tensor({0.5, 1.0, 2.0, 3.5});
  const torch::Tensor y = torch::tensor({-1.0, 0.0, 0.5, 2.0});
  const torch::Tensor n = torch::tensor({0, 1, -2, 3});
  ROW(torch::pow(x, 2));
  ROW(torch::pow(x, 0.5));
  ROW(torch::pow(x, -1));
  ROW(torch::pow(x, 0));
  ROW(torch::pow(x, 3));
  ROW(torch::pow(x, y));
  ROW(torch::pow(2, y));
  ROW(torch::pow(0.5, y));
  ROW(x.pow(2.5));
  ROW(x.pow(y));
  ROW(y.pow(2));
  ROW(y.pow(3));
  ROW(torch::pow(y, 0.5));
  ROW(torch::pow(x.view({4, 1}), y));
  ROW(torch::pow(n, 2));
  ROW(n.pow(3));
  ROW(n.pow(torch::tensor({2, 2, 3, 0})));
}

void functions() {
  const torch::Tensor x = torch::tensor({-3.0, -0.75, -0.0, 0.25, 1.0, 2.5});
  const torch::Tensor p = torch::tensor({0.25, 1.0, 2.0, 9.0});
  const torch::Tensor d = sample({5}, torch::kFloat64);
  const torch::Tensor n = torch::tensor({-2, 0, 5});
  ROW(torch::exp(x));
  ROW(x.exp());
  ROW(d.exp());
  ROW(torch::log(p));
  ROW(p.log());
  ROW(torch::log(torch::tensor({0.0, -1.0})));
  ROW(torch::sqrt(p));
  ROW(p.sqrt());
  ROW(torch::rsqrt(p));
  ROW(p.rsqrt());
  ROW(torch::rsqrt(torch::tensor({0.0})));
  ROW(torch::tanh(x));
  ROW(x.tanh());
  ROW(d.tanh());
  ROW(torch::sigmoid(x));
  ROW(x.sigmoid());
  ROW(torch::sigmoid(torch::tensor({-100.0, 100.0})));
  ROW(torch::relu(x));
  ROW(x.relu());
  ROW(n.relu());
  ROW(torch::relu(torch::tensor({nan_value})));
  ROW(torch::gelu(x));
  ROW(torch::gelu(x, "none"));
  ROW(torch::gelu(x, "tanh"));
  ROW(torch::gelu(d));
  ROW(torch::gelu(d, "tanh"));
  ROW(torch::silu(x));
  ROW(torch::silu(d));
  ROW(torch::sin(x));
  ROW(x.sin());
  ROW(torch::cos(x));
  ROW(x.cos());
  ROW(torch::sin(torch::tensor({100.0, 1000.0})));
  ROW(torch::abs(x));
  ROW(x.abs());
  ROW(n.abs());
  ROW(x.view({2, 3}).t().exp());
  ROW(torch::exp(torch::zeros({0})));
  ROW(torch::nn::functional::relu(x));
  ROW(torch::nn::functional::gelu(x));
  ROW(torch::nn::functional::silu(x));
}

void bounds() {
  const torch::Tensor x = sample({2, 3});
  const torch::Tensor y = sample({3}, torch::kFloat32, 60);
  const torch::Tensor n = torch::tensor({-2, 0, 5});
  ROW(torch::clamp(x, -0.5, 0.5));
  ROW(x.clamp(-0.5, 0.5));
  ROW(x.clamp(-1, 1));
  ROW(x.clamp(0));
  ROW(torch::clamp(x, 0.25));
  ROW(x.clamp(torch::nullopt, 0.25));
  ROW(torch::clamp(x, torch::nullopt, 0));
  ROW(x.clamp(1, 0));
  ROW(n.clamp(-1, 3));
  ROW(n.clamp(1));
  ROW(torch::clamp(torch::tensor({nan_value, 2.0}), 0, 1));
  ROW(torch::maximum(x, y));
  ROW(x.maximum(y));
  ROW(torch::minimum(x, y));
  ROW(x.minimum(y));
  ROW(torch::maximum(n, torch::tensor(1)));
  ROW(torch::minimum(torch::tensor({nan_value, 1.0}), torch::tensor({0.0, nan_value})));
  ROW(torch::max(x, y));
  ROW(torch::min(x, y));
}

void choice() {
  const torch::Tensor x = sample({2, 3});
  const torch::Tensor y = sample({3}, torch::kFloat32, 60);
  const torch::Tensor n = torch::tensor({-2, 0, 5});
  const torch::Tensor condition = torch::tensor({{true, false, true}, {false, false, true}});
  const torch::Tensor mask = torch::tensor({true, false, true});
  ROW(torch::where(condition, x, y));
  ROW(torch::where(mask, x, y));
  ROW(torch::where(condition, x, 0.0));
  ROW(torch::where(condition, 0.0, x));
  ROW(torch::where(condition, x, 1));
  ROW(torch::where(condition, -1, x));
  ROW(torch::where(condition, 1.0, 0.0));
  ROW(torch::where(condition, 1, 0));
  ROW(torch::where(condition, n, 7));
  ROW(torch::where(x > 0, x, torch::zeros({})));
  ROW(x.where(condition, y));
  ROW(torch::where(condition.select(1, 0).unsqueeze(1), n, n * 10));
  ROW(torch::masked_fill(x, condition, 9));
  ROW(x.masked_fill(condition, -INFINITY));
  ROW(x.masked_fill(mask, 0.5));
  ROW(x.masked_fill(condition, torch::tensor(4.0)));
  ROW(n.masked_fill(mask, 1));
  ROW(mask.masked_fill(mask, false));
  ROW(x.masked_fill(mask.view({1, 3}) == false, 0));
}

void triangles() {
  const torch::Tensor x = sample({3, 4});
  const torch::Tensor batch = sample({2, 3, 3});
  const torch::Tensor n = torch::arange(1, 10).view({3, 3});
  ROW(torch::tril(x));
  ROW(x.tril());
  ROW(x.tril(-1));
  ROW(torch::tril(x, 1));
  ROW(torch::tril(x, /*diagonal=*/-5));
  ROW(batch.tril());
  ROW(n.tril());
  ROW(torch::triu(x));
  ROW(x.triu());
  ROW(x.triu(1));
  ROW(torch::triu(x, -1));
  ROW(batch.triu(1));
  ROW(n.t().triu());
  ROW(torch::triu(torch::ones({3, 3}), /*diagonal=*/1).to(torch::kBool));
  ROW(torch::ones({3, 3}, torch::kBool).triu(1));
}

void comparisons() {
  const torch::Tensor x = torch::tensor({{1.0, 2.0, 3.0}, {3.0, 2.0, nan_value}});
  const torch::Tensor y = torch::tensor({2.0, 2.0, 3.0});
  const torch::Tensor n = torch::tensor({1, 2, 3});
  const torch::Tensor b = torch::tensor({true, false});
  ROW(x == y);
  ROW(x != y);
  ROW(x < y);
  ROW(x <= y);
  ROW(x > y);
  ROW(x >= y);
  ROW(x == 2);
  ROW(x != 2);
  ROW(x < 2.5);
  ROW(x <= 2);
  ROW(x > 2);
  ROW(x >= 2.5);
  ROW(2 == x);
  ROW(2 != x);
  ROW(2 < x);
  ROW(2 <= x);
  ROW(2.5 > x);
  ROW(2 >= x);
  ROW(n == n);
  ROW(n > 1);
  ROW(3 > n);
  ROW(n.view({3, 1}) >= n);
  ROW(b == b);
  ROW(b == false);
  ROW(torch::eq(x, y));
  ROW(x.eq(y));
  ROW(x.eq(2));
  ROW(torch::ne(x, y));
  ROW(x.ne(2));
  ROW(torch::lt(x, y));
  ROW(x.lt(2));
  ROW(torch::le(x, y));
  ROW(x.le(2));
  ROW(torch::gt(x, 2));
  ROW(x.gt(y));
  ROW(torch::ge(x, 2));
  ROW(x.ge(y));
}

void logic() {
  const torch::Tensor a = torch::tensor({true, true, false, false});
  const torch::Tensor b = torch::tensor({true, false, true, false});
  const torch::Tensor x = torch::tensor({0.0, 1.5, -2.0, nan_value});
  const torch::Tensor n = torch::tensor({0, 1, 2, 0});
  ROW(torch::logical_not(a));
  ROW(a.logical_not());
  ROW(x.logical_not());
  ROW(torch::logical_not(n));
  ROW(torch::logical_and(a, b));
  ROW(a.logical_and(b));
  ROW(torch::logical_or(a, b));
  ROW(a.logical_or(b));
  ROW(torch::logical_and(x, x));
  ROW(n.logical_or(n));
  ROW(a.view({4, 1}).logical_and(b));
  ROW(torch::logical_or(a, torch::tensor(true)));
  ROW((x > 0).logical_and(x < 2));
}

}  // namespace

void calls_arithmetic() {
  section("operators", operators);
  section("add", named);
  section("pow", powers);
  section("exp", functions);
  section("clamp", bounds);
  section("where", choice);
  section("tril", triangles);
  section("comparisons", comparisons);
  section("logical", logic);
}
