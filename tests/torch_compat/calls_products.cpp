// Diagonals, products, Einstein summation, sorted elements, remainders, nan_to_num.

#include "record.h"

namespace {

void diagonals() {
  const torch::Tensor x = sample({2, 3});
  const torch::Tensor y = sample({2, 3, 4});
  const torch::Tensor n = torch::tensor({{4, -5}, {0, 7}});
  for (const int64_t offset : {0, 1, 2, 3, 9, -1, -2, -9}) {
    ROW(x.diagonal(offset));
    ROW(torch::diag(x, offset));
  }
  for (const int64_t offset : {0, 2, -1})
    ROW(torch::tensor({1.5, -2.0}).diag(offset));
  ROW(torch::diagonal(y));
  ROW(y.diagonal(0, 0, 2));
  ROW(y.diagonal(1, -1, 0));
  ROW(y.diagonal(-1, 2, 1));
  ROW((n > 0).diagonal());
  ROW(n.diag());
  ROW(n.t().diagonal(1));
  ROW(torch::zeros({0}).diag());
  ROW(torch::zeros({0}).diag(1));
  ROW(torch::trace(x));
  ROW(x.t().trace());
  ROW(n.trace());
  ROW(torch::zeros({0, 3}).trace());
}

void products() {
  const torch::Tensor x = sample({2, 3});
  const torch::Tensor n = torch::tensor({{4, -5}, {2, 7}});
  const torch::Tensor b = n > 0;
  ROW(torch::prod(x));
  ROW(x.prod());
  ROW(torch::prod(x, 0));
  ROW(x.prod(-1));
  ROW(x.prod(1, /*keepdim=*/true));
  ROW(x.t().prod(0));
  ROW(x.prod(torch::kFloat64));
  ROW(x.prod(0, false, torch::kFloat64));
  ROW(n.prod());
  ROW(n.prod(0));
  ROW(n.prod(torch::kFloat32));
  ROW(b.prod());
  ROW(b.prod(1));
  ROW(torch::tensor(2.5).prod(0));
  ROW(torch::zeros({0, 3}).prod());
  ROW(torch::zeros({0, 3}).prod(0));
  ROW(torch::zeros({0, 3}).prod(1));
  ROW(torch::tensor({0.5, nan_value}).prod());
  ROW(torch::tensor({0.0, infinity}).prod());
  ROW(sample({3, 50}).mul(0.1).add(1).prod(1));
  ROW(torch::mm(sample({3, 4}), sample({4, 2})));
  ROW(sample({3, 4}).mm(sample({3, 4}).t()));
  ROW(torch::zeros({3, 0}).mm(torch::zeros({0, 1})));
  ROW(torch::bmm(sample({2, 3, 4}), sample({2, 4, 2})));
  ROW(sample({2, 3, 4}).bmm(sample({2, 3, 4}).transpose(1, 2)));
  ROW(torch::zeros({2, 3, 0}).bmm(torch::zeros({2, 0, 1})));
}

void einstein() {
  const torch::Tensor x = sample({2, 3});
  const torch::Tensor y = sample({2, 3, 4});
  const torch::Tensor s = sample({3, 3});
  const torch::Tensor v = sample({3});
  const torch::Tensor n = torch::tensor({{4, -5, 1}, {2, 7, 3}});
  ROW(torch::einsum("ij->ji", {x}));
  ROW(torch::einsum("ba", {x}));
  ROW(torch::einsum("aB", {x}));
  ROW(torch::einsum("ij->", {x}));
  ROW(torch::einsum(" i j -> j ", {x}));
  ROW(torch::einsum("ij->i", {x > 0}));
  ROW(torch::einsum("ii", {s}));
  ROW(torch::einsum("ii->i", {s}));
  ROW(torch::einsum("...ij->...ji", {y}));
  ROW(torch::einsum("i...", {y}));
  ROW(torch::einsum("i...->...", {y}));
  ROW(torch::einsum("...i->i", {y}));
  ROW(torch::einsum("...", {y}));
  ROW(torch::einsum("", {torch::tensor(2.5)}));
  ROW(torch::einsum("i,i", {v, v}));
  ROW(torch::einsum("i,j", {v, v}));
  ROW(torch::einsum("i,i->i", {v, v}));
  ROW(torch::einsum("i,->i", {v, torch::tensor(2.5)}));
  ROW(torch::einsum("ij,jk->ik", {x, s}));
  ROW(torch::einsum("ij,jk", {n, n.t()}));
  ROW(torch::einsum("ij,kj->ki", {x, s}));
  ROW(torch::einsum("ij,ij", {x, x}));
  ROW(torch::einsum("ij,j->ij", {x, torch::ones({1})}));
  ROW(torch::einsum("ij,jk->ik", {x, torch::ones({1, 2})}));
  ROW(torch::einsum("bij,bkj->bik", {y, y}));
  ROW(torch::einsum("bij,bij->b", {y, y}));
  ROW(torch::einsum("bij,bij->bj", {y, y}));
  ROW(torch::einsum("...ij,...kj->...ik", {sample({2, 1, 3, 4}), sample({2, 3, 4})}));
  ROW(torch::einsum("...ij,j", {y, sample({4})}));
  ROW(torch::einsum("ij,jk,kl->il", {x, s, s}));
  ROW(torch::einsum("bn,anm,bm->ba", {x, sample({4, 3, 2}), sample({2, 2})}));
  ROW(torch::einsum("ii,ij->j", {s, s}));
  ROW(torch::einsum("ij,jk->ik", {torch::zeros({2, 0}), torch::zeros({0, 3})}));
  ROW(torch::einsum("ij,kl->jk", {x, s}));
}

void sorted() {
  const torch::Tensor x = sample({3, 4});
  const torch::Tensor n = torch::tensor({{4, -5, 4}, {0, 7, 0}});
  const std::vector<double> values = {-0.0, 0.0,       nan_value, -infinity, infinity,
                                      1.0,  nan_value, -1.0,      0.0,       -0.0};
  const torch::Tensor z = torch::tensor(values);
  ROW(torch::sort(x));
  ROW(x.sort(0));
  ROW(x.sort(0, /*descending=*/true));
  ROW(x.t().sort(-1, true));
  ROW(n.sort(std::optional<bool>(true)));
  ROW(n.sort(std::optional<bool>(true), 1, true));
  ROW(torch::sort(z, std::optional<bool>(true)));
  ROW(torch::sort(z, std::optional<bool>(true), 0, true));
  ROW(torch::sort(n > 0, std::optional<bool>(true), 1, true));
  ROW(torch::tensor(2.5).sort());
  ROW(torch::zeros({0, 3}).sort());
  ROW(torch::zeros({3, 0}).sort());
  ROW(torch::argsort(x));
  ROW(x.argsort(0, true));
  ROW(z.argsort(true, 0, true));
  ROW(sample({2, 101}).sort(1));
}

void remainders() {
  const torch::Tensor a = torch::tensor(
      {5.0, -5.0, 5.0, -5.0, 6.0, -6.0, 0.0, -0.0, 1.0, -1.0, 0.3, nan_value, infinity, 2.0, 1e20});
  const torch::Tensor b = torch::tensor(
      {3.0, 3.0, -3.0, -3.0, 3.0, 3.0, 3.0, 3.0, infinity, infinity, 0.1, 2.0, 2.0, 0.0, 7.0});
  const torch::Tensor n = torch::tensor({7, -7, 5, 0, 6, -6});
  const torch::Tensor m = torch::tensor({3, 3, -3, -3, 3, -1});
  ROW(torch::remainder(a, b));
  ROW(a.remainder(b));
  ROW_EXACT(a.remainder(0.3));
  ROW_EXACT(a.to(torch::kFloat64).remainder(b.to(torch::kFloat64)));
  ROW(torch::remainder(n, m));
  ROW(n.remainder(3));
  ROW(n.remainder(-3));
  ROW(torch::remainder(17, m));
  ROW(n % m);
  ROW(n % 4);
  ROW(20 % m);
  ROW(a % 2.5);
  ROW(sample({2, 1}) % sample({3}, torch::kFloat32, 4));
  ROW_EXACT(torch::fmod(a, b));
  ROW_EXACT(a.fmod(0.3));
  ROW_EXACT(a.to(torch::kFloat64).fmod(b.to(torch::kFloat64)));
  ROW(n.fmod(m));
  ROW(n.fmod(-3));
  ROW_EXACT(torch::nan_to_num(a / b));
  ROW_EXACT((-a / b).to(torch::kFloat64).nan_to_num());
  ROW_EXACT(a.nan_to_num(1.0, 2.0, 3.0));
  ROW_EXACT((-a).nan_to_num(1.0, std::nullopt, -3.0));
  ROW_EXACT(a.nan_to_num(infinity));
  ROW(n.nan_to_num());
  ROW((n > 0).nan_to_num());
}

torch::Tensor with_zeros(const torch::Tensor& x) {
  return x * torch::tensor({{1.0, 0.0, 1.0}, {0.0, 0.0, 1.0}}, torch::kFloat64);
}

void product_gradients() {
  record_derivatives({
      {"diagonal", [](const torch::Tensor& x) { return x.diagonal(1).pow(3); }},
      {"diag", [](const torch::Tensor& x) { return x.diag().pow(3); }},
      {"diag of a vector", [](const torch::Tensor& x) { return x.select(0, 0).diag(-1).pow(3); }},
      {"trace", [](const torch::Tensor& x) { return x.trace().pow(3); }},
      {"prod", [](const torch::Tensor& x) { return x.prod(); }},
      {"prod along", [](const torch::Tensor& x) { return x.prod(1); }},
      {"prod with zeros", [](const torch::Tensor& x) { return with_zeros(x).prod(1); }},
      {"prod of columns", [](const torch::Tensor& x) { return with_zeros(x).prod(0, true); }},
      {"mm", [](const torch::Tensor& x) { return x.mm(x.t()); }},
      {"bmm", [](const torch::Tensor& x) { return x.unsqueeze(0).bmm(x.t().unsqueeze(0)); }},
      {"einsum",
       [](const torch::Tensor& x) {
         return torch::einsum("ij,kj,kl->il", {x, x, x});
       }},
      {"sort", [](const torch::Tensor& x) { return std::get<0>(x.sort(1, true)).pow(3); }},
      {"remainder", [](const torch::Tensor& x) { return x.remainder(0.7).pow(3); }},
      {"remainder of b",
       [](const torch::Tensor& x) { return torch::remainder(torch::full_like(x, 2.9), x).pow(3); }},
      {"fmod", [](const torch::Tensor& x) { return (x * 7).fmod(x + 2).pow(3); }},
      {"nan_to_num", [](const torch::Tensor& x) { return (x / x.ceil()).nan_to_num().pow(3); }},
  });
}

}  // namespace

void calls_products() {
  section("diagonals", diagonals);
  section("prod and bmm", products);
  section("einsum", einstein);
  section("sort", sorted);
  section("remainders", remainders);
  section("gradients of products", product_gradients);
}
