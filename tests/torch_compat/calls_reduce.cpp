// Reductions over all dimensions, over one and over several.

#include "record.h"

namespace {

void sum_and_mean() {
  const torch::Tensor x = sample({2, 3, 4});
  const torch::Tensor d = sample({2, 3}, torch::kFloat64);
  const torch::Tensor n = torch::arange(6).view({2, 3});
  const torch::Tensor b = n > 1;
  const std::vector<int64_t> dims = {0, 2};
  ROW(torch::sum(x));
  ROW(x.sum());
  ROW(torch::sum(x, 1));
  ROW(x.sum(0));
  ROW(x.sum(-1));
  ROW(x.sum({0}));
  ROW(x.sum({-2, -1}));
  ROW(x.sum(dims));
  ROW(x.sum(1, true));
  ROW(x.sum({1}, /*keepdim=*/true));
  ROW(torch::sum(x, dims, true));
  ROW(torch::sum(x, {1, 2}));
  ROW(x.sum(torch::kFloat64));
  ROW(x.sum(1, false, torch::kFloat64));
  ROW(torch::sum(x, {-1}, true, torch::kFloat64));
  ROW(x.transpose(0, 2).sum(1));
  ROW(d.sum());
  ROW(n.sum());
  ROW(n.sum(1));
  ROW(n.sum(torch::kFloat32));
  ROW(b.sum());
  ROW(b.sum(0));
  ROW(b.sum(1, true));
  ROW(torch::zeros({0}).sum());
  ROW(torch::zeros({2, 0}).sum(1));
  ROW(torch::zeros({2, 0}).sum(0));
  ROW(torch::tensor(4.0).sum());
  ROW(torch::mean(x));
  ROW(x.mean());
  ROW(torch::mean(x, 1));
  ROW(x.mean(-1));
  ROW(x.mean({0}));
  ROW(x.mean({1, 2}));
  ROW(x.mean(dims));
  ROW(x.mean(-1, true));
  ROW(torch::mean(x, dims, true));
  ROW(x.mean({-1}, /*keepdim=*/true));
  ROW(x.mean(torch::kFloat64));
  ROW(n.mean(torch::kFloat32));
  ROW(n.mean(0, false, torch::kFloat64));
  ROW(d.mean(1));
  ROW(torch::zeros({0}).mean());
}

void var_and_std() {
  const torch::Tensor x = sample({2, 3, 4});
  const torch::Tensor d = sample({2, 3}, torch::kFloat64);
  const std::vector<int64_t> dims = {0, 2};
  ROW(torch::var(x));
  ROW(x.var());
  ROW(x.var(false));
  ROW(torch::var(x, /*unbiased=*/false));
  ROW(x.var(1));
  ROW(x.var(-1, false));
  ROW(x.var({-1}, /*unbiased=*/false, /*keepdim=*/true));
  ROW(x.var({1, 2}));
  ROW(x.var(dims, true, true));
  ROW(torch::var(x, -1));
  ROW(torch::var(x, -1, false, true));
  ROW(torch::var(x, dims, false));
  ROW(d.var(1, false));
  ROW(torch::tensor({3.0}).var());
  ROW(torch::tensor({3.0}).var(false));
  ROW(torch::std(x));
  ROW(x.std());
  ROW(x.std(false));
  ROW(x.std(1));
  ROW(x.std(-1, false));
  ROW(x.std({-2, -1}, true, true));
  ROW(x.std(dims, false));
  ROW(torch::std(x, -1));
  ROW(torch::std(x, -1, false, true));
  ROW(d.std(0));
}

void max_and_min() {
  const torch::Tensor x = sample({2, 3, 4});
  const torch::Tensor n = torch::tensor({{3, 1, 2}, {0, 9, -4}});
  const torch::Tensor b = n > 1;
  const torch::Tensor ties = torch::tensor({{1.0, 3.0, 3.0}, {2.0, 2.0, 2.0}});
  const torch::Tensor holes = torch::tensor({{1.0, nan_value, 3.0}, {-infinity, 0.0, infinity}});
  const std::vector<int64_t> dims = {0, 2};
  ROW(torch::max(x));
  ROW(x.max());
  ROW(n.max());
  ROW(b.max());
  ROW(holes.max());
  ROW(torch::max(x, 1));
  ROW(x.max(-1));
  ROW(x.max(0, true));
  ROW(x.max(/*dim=*/2, /*keepdim=*/true));
  ROW(n.max(1));
  ROW(ties.max(1));
  ROW(ties.max(0));
  ROW(holes.max(1));
  ROW(torch::tensor(2.0).max(0));
  ROW(torch::min(x));
  ROW(x.min());
  ROW(n.min());
  ROW(torch::min(x, 1));
  ROW(x.min(-1, true));
  ROW(ties.min(1));
  ROW(holes.min(1));
  const auto [values, indices] = x.max(1);
  ROW(values);
  ROW(indices);
  ROW(std::get<0>(torch::max(x, 2, true)));
  ROW(std::get<1>(torch::min(n, 0)));
  ROW(x.amax());
  ROW(x.amax(1));
  ROW(x.amax({-1}));
  ROW(x.amax({-1}, true));
  ROW(x.amax({1, 2}));
  ROW(x.amax(dims, /*keepdim=*/true));
  ROW(torch::amax(x, dims));
  ROW(torch::amax(x, 2));
  ROW(n.amax(1));
  ROW(holes.amax(1));
  ROW(x.amin());
  ROW(x.amin(0));
  ROW(x.amin({1, 2}, true));
  ROW(torch::amin(x, dims));
  ROW(torch::amin(n, {1}));
  ROW(torch::argmax(x));
  ROW(x.argmax());
  ROW(x.argmax(1));
  ROW(x.argmax(-1, true));
  ROW(torch::argmax(x, 0));
  ROW(torch::argmax(x, /*dim=*/2, /*keepdim=*/true));
  ROW(n.argmax());
  ROW(n.argmax(1));
  ROW(ties.argmax());
  ROW(ties.argmax(1));
  ROW(holes.argmax(1));
  ROW(torch::argmin(x));
  ROW(x.argmin());
  ROW(x.argmin(1));
  ROW(x.argmin(-1, true));
  ROW(torch::argmin(n, 0));
  ROW(ties.argmin(1));
}

void logsumexp_and_norm() {
  const torch::Tensor x = sample({2, 3, 4});
  const torch::Tensor d = sample({2, 3}, torch::kFloat64);
  const std::vector<int64_t> dims = {0, 2};
  ROW(torch::logsumexp(x, 1));
  ROW(x.logsumexp(-1));
  ROW(x.logsumexp({-1}, true));
  ROW(x.logsumexp({1, 2}));
  ROW(torch::logsumexp(x, dims, /*keepdim=*/true));
  ROW(d.logsumexp(0));
  ROW(torch::logsumexp(torch::tensor({1000.0, 1000.0}), 0));
  ROW(torch::logsumexp(torch::full({2, 2}, -INFINITY), 1));
  ROW(torch::norm(x));
  ROW(x.norm());
  ROW(x.norm(1));
  ROW(x.norm(3));
  ROW(x.norm(0.5));
  ROW(x.norm(INFINITY));
  ROW(x.norm(-INFINITY));
  ROW(x.norm(0));
  ROW(torch::norm(x, 1));
  ROW(x.norm(2, 1));
  ROW(x.norm(2, -1, true));
  ROW(x.norm(1, {1}));
  ROW(x.norm(2, {1, 2}));
  ROW(x.norm(2, dims, /*keepdim=*/true));
  ROW(torch::norm(x, 2, 1, true));
  ROW(torch::norm(x, INFINITY, dims));
  ROW(d.norm());
  ROW(torch::zeros({3}).norm());
}

void running_sum() {
  const torch::Tensor x = sample({2, 3, 4});
  const torch::Tensor n = torch::arange(6).view({2, 3});
  const torch::Tensor b = n > 1;
  ROW(torch::cumsum(x, 0));
  ROW(x.cumsum(1));
  ROW(x.cumsum(-1));
  ROW(x.cumsum(1, torch::kFloat64));
  ROW(n.cumsum(1));
  ROW(b.cumsum(0));
  ROW(n.cumsum(0, torch::kFloat32));
  ROW(x.transpose(0, 2).cumsum(0));
}

void largest() {
  const torch::Tensor x = sample({3, 7});
  const torch::Tensor n = torch::tensor({5, 1, 9, -3});
  ROW(torch::topk(x, 3));
  ROW(x.topk(2));
  ROW(x.topk(2, 0));
  ROW(x.topk(2, 1, false));
  ROW(x.topk(7, -1));
  ROW(x.topk(3, /*dim=*/-1, /*largest=*/true, /*sorted=*/true));
  ROW(torch::topk(n, 2));
  ROW(torch::topk(n, 2, 0, false));
  const auto [values, indices] = torch::topk(x, 1);
  ROW(values);
  ROW(indices);
}

}  // namespace

void calls_reduce() {
  section("sum", sum_and_mean);
  section("var", var_and_std);
  section("max", max_and_min);
  section("norm", logsumexp_and_norm);
  section("cumsum", running_sum);
  section("topk", largest);
}
