// Views share memory with their tensor; cat and stack copy.

#include "record.h"

namespace {

void shapes() {
  const torch::Tensor x = torch::arange(24, torch::kFloat32).view({2, 3, 4});
  const std::vector<int64_t> shape = {4, 6};
  ROW(x.view({6, 4}));
  ROW(x.view({2, -1}));
  ROW(x.view({-1}));
  ROW(x.view(-1));
  ROW(x.view(shape));
  ROW(x.view({2, 3, 2, 2}));
  ROW(torch::tensor({5.0}).reshape({}));
  ROW(x.reshape({4, -1}));
  ROW(x.reshape(shape));
  ROW(x.reshape({-1}));
  ROW(torch::reshape(x, {3, 8}));
  ROW(x.transpose(0, 1).reshape({3, 8}));
  ROW(x.reshape({24}).data_ptr<float>() == x.data_ptr<float>());
  ROW(x.flatten());
  ROW(x.flatten(1));
  ROW(x.flatten(0, 1));
  ROW(x.flatten(-2, -1));
  ROW(x.flatten(/*start_dim=*/1, /*end_dim=*/2));
  ROW(torch::flatten(x));
  ROW(torch::flatten(x, 1));
  ROW(x.transpose(0, 2).flatten());
  ROW(torch::tensor(1.0).flatten());
  ROW(torch::zeros({2, 0}).reshape({0, 5}));
}

void order() {
  const torch::Tensor x = torch::arange(24, torch::kFloat32).view({2, 3, 4});
  const torch::Tensor m = x[0];
  const std::vector<int64_t> dims = {1, 0, 2};
  ROW(x.transpose(0, 1));
  ROW(x.transpose(-2, -1));
  ROW(x.transpose(1, 1));
  ROW(torch::transpose(x, 0, 2));
  ROW(list(x.transpose(0, 2).sizes()));
  ROW(m.t());
  ROW(torch::t(m));
  ROW(m[0].t());
  ROW(torch::tensor(1.0).t());
  ROW(x.permute({2, 0, 1}));
  ROW(x.permute(dims));
  ROW(x.permute({-1, -3, -2}));
  ROW(torch::permute(x, {1, 2, 0}));
  ROW(list(x.permute({2, 0, 1}).strides()));
  ROW(x.transpose(1, 2).is_contiguous());
}

void sizes_of_one() {
  const torch::Tensor x = torch::arange(6).view({2, 1, 3});
  const std::vector<int64_t> shape = {2, 4, 3};
  ROW(x.unsqueeze(0));
  ROW(x.unsqueeze(1));
  ROW(x.unsqueeze(-1));
  ROW(x.unsqueeze(3));
  ROW(torch::unsqueeze(x, -4));
  ROW(torch::tensor(5).unsqueeze(0));
  ROW(x.squeeze());
  ROW(x.squeeze(1));
  ROW(x.squeeze(-2));
  ROW(x.squeeze(0));
  ROW(torch::squeeze(x));
  ROW(torch::squeeze(x, 1));
  ROW(torch::ones({1, 1}).squeeze());
  ROW(x.expand({2, 2, 3}));
  ROW(x.expand(shape));
  ROW(x.expand({-1, 3, -1}));
  ROW(x.expand({2, 2, 1, 3}));
  ROW(torch::tensor({1, 2}).expand({3, 2}));
  ROW(torch::tensor({1, 2}).expand({3, -1}));
  ROW(torch::tensor(7).expand({2, 2}));
  ROW(list(x.expand({2, 2, 3}).strides()));
  ROW(x.expand({2, 2, 3}).contiguous());
}

void parts() {
  const torch::Tensor x = torch::arange(24, torch::kFloat32).view({2, 3, 4});
  const torch::Tensor v = torch::arange(10);
  ROW(x.select(0, 1));
  ROW(x.select(1, -1));
  ROW(x.select(-1, 2));
  ROW(torch::select(x, 1, 0));
  ROW(v.select(0, 3));
  ROW(x[1]);
  ROW(x[-1]);
  ROW(x[1][2]);
  ROW(x[1][2][0]);
  ROW(v[-3]);
  ROW(x.narrow(2, 1, 2));
  ROW(x.narrow(-1, 0, 1));
  ROW(x.narrow(1, 3, 0));
  ROW(torch::narrow(x, 0, 1, 1));
  ROW(v.narrow(0, -3, 2));
  ROW(v.slice());
  ROW(v.slice(0, 2));
  ROW(v.slice(0, 2, 7));
  ROW(v.slice(0, 1, 9, 3));
  ROW(v.slice(0, -3));
  ROW(v.slice(0, 0, -2));
  ROW(v.slice(0, 2, 100));
  ROW(v.slice(0, 5, 2));
  ROW(x.slice(1, 0, 2));
  ROW(x.slice(2, 0, 4, 2));
  ROW(x.slice(-1, 1, 3));
  ROW(x.slice(/*dim=*/2, /*start=*/1, /*end=*/4, /*step=*/2));
  ROW(torch::slice(x, 1, 1, 3));
  ROW(torch::slice(v, 0, 0, 10, 4));
  ROW(list(x.slice(2, 0, 4, 2).strides()));
}

void pieces() {
  const torch::Tensor x = torch::arange(21).view({3, 7});
  const std::vector<int64_t> sizes = {1, 4, 2};
  ROW(x.chunk(3));
  ROW(x.chunk(3, 1));
  ROW(x.chunk(2, -1));
  ROW(torch::chunk(x, 2));
  ROW(torch::chunk(x, 4, 1));
  ROW(torch::arange(5).chunk(4));
  ROW(x.split(2));
  ROW(x.split(3, 1));
  ROW(x.split({3, 4}, 1));
  ROW(x.split({1, 2}));
  ROW(x.split(sizes, -1));
  ROW(torch::split(x, 2));
  ROW(torch::split(x, 5, 1));
  ROW(torch::split(x, {2, 5}, 1));
  ROW(torch::split(x, sizes, 1));
  const std::vector<torch::Tensor> halves = torch::randn({2, 6}).chunk(2, 1);
  ROW(list(halves[1].sizes()));
}

void joined() {
  const torch::Tensor x = torch::arange(6).view({2, 3});
  const torch::Tensor y = x * 10;
  const std::vector<torch::Tensor> both = {x, y};
  ROW(torch::cat({x, y}));
  ROW(torch::cat({x, y}, 1));
  ROW(torch::cat({x, y}, -1));
  ROW(torch::cat(both, 0));
  ROW(torch::cat({x, y.narrow(1, 0, 1)}, 1));
  ROW(torch::cat({x}));
  ROW(torch::cat({torch::arange(3), torch::arange(2)}));
  ROW(torch::cat({torch::zeros({0, 3}, torch::kInt64), x}));
  ROW(torch::cat({x.t(), y.t()}, 1));
  ROW(torch::stack({x, y}));
  ROW(torch::stack({x, y}, 1));
  ROW(torch::stack({x, y}, 2));
  ROW(torch::stack({x, y}, -1));
  ROW(torch::stack(both, 0));
  ROW(torch::stack({torch::tensor(1.5), torch::tensor(2.5)}));
}

void shared_memory() {
  const torch::Tensor x = torch::zeros({2, 3, 4});
  x.view({6, 4})[1].fill_(1);
  x.transpose(0, 2)[3].add_(2);
  x.permute({1, 2, 0}).select(0, 2).sub_(3);
  x.unsqueeze(0).squeeze().narrow(2, 0, 1).mul_(4);
  x.slice(2, 0, 4, 3).add_(0.5);
  x.chunk(2)[1].add_(10);
  x.split(2, 1)[0].add_(100);
  x.flatten()[5].zero_();
  x.reshape({24})[7].fill_(-1);
  ROW(x);
  x.narrow(1, 0, 1).copy_(torch::arange(4, torch::kFloat32));
  ROW(x.select(1, 0));
  x[0][1] = 5.0;
  x[1][2] = torch::tensor({1.0, 2.0, 3.0, 4.0});
  x[1][0][0] = 9;
  ROW(x);
}

}  // namespace

void calls_views() {
  section("view", shapes);
  section("permute", order);
  section("squeeze", sizes_of_one);
  section("select", parts);
  section("chunk", pieces);
  section("cat", joined);
  section("shared memory", shared_memory);
}
