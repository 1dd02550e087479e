// Methods and operators that write in place, with and without a graph.

#include "record.h"

namespace {

void plain() {
  const torch::Tensor x = torch::zeros({2, 3});
  const torch::Tensor row = torch::tensor({1.0, 2.0, 4.0});
  const torch::Tensor n = torch::tensor({1, 2, 3});
  const torch::Tensor mask = torch::tensor({true, false, true});
  ROW(x.fill_(3));
  ROW(x.fill_(0.5));
  ROW(x.zero_());
  ROW(x.copy_(sample({2, 3})));
  ROW(x.copy_(row));
  ROW(x.add_(row));
  ROW(x.add_(1));
  ROW(x.add_(row, 2));
  ROW(x.add_(row, -0.5));
  ROW(x.sub_(row));
  ROW(x.sub_(0.25));
  ROW(x.sub_(row, 3));
  ROW(x.mul_(row));
  ROW(x.mul_(-2));
  ROW(x.div_(row));
  ROW(x.div_(4));
  ROW(x.masked_fill_(mask, 7));
  ROW(x.masked_fill_(x > 6, -INFINITY));
  ROW(x.fill_(1).add_(2).mul_(3));
  ROW(n.add_(n));
  ROW(n.mul_(3));
  ROW(n.sub_(1));
  ROW(n.fill_(9));
  ROW(n.masked_fill_(mask, -1));
  ROW(n.zero_());
  ROW(mask.clone().fill_(true));
  ROW(row);
}

void operators() {
  torch::Tensor x = sample({2, 3});
  torch::Tensor y = x;
  torch::Tensor n = torch::tensor({1, 2, 3});
  const torch::Tensor row = torch::tensor({1.0, 2.0, 4.0});
  x += row;
  ROW(x);
  x -= row * 2;
  ROW(x);
  x *= row;
  ROW(x);
  x /= row + 1;
  ROW(x);
  x += 1;
  x -= 0.5;
  x *= 3;
  x /= 4;
  ROW(x);
  ROW(y);
  n += 2;
  n *= n;
  n -= 1;
  ROW(n);
  x[1] += 10;
  x.select(1, 0) *= 2;
  x.t()[2] -= 1;
  ROW(y);
}

void views() {
  const torch::Tensor x = sample({3, 4});
  x[0].fill_(5);
  x.t().select(0, 1).mul_(2);
  x.narrow(1, 2, 2).add_(torch::tensor({1.0, -1.0}));
  x.slice(0, 0, 3, 2).div_(2);
  x.unsqueeze(0).masked_fill_(torch::tensor({false, false, false, true}), 0.125);
  ROW(x);
  x.t().copy_(sample({4, 3}, torch::kFloat32, 60));
  ROW(x);
}

void recorded() {
  const torch::Tensor x = sample({2, 3}, torch::kFloat64).requires_grad_();
  const torch::Tensor row = sample({3}, torch::kFloat64, 50).requires_grad_();
  torch::Tensor y = x * 2;
  y += row;
  y -= x;
  y *= 3;
  y.add_(row, 0.5);
  y.sub_(1);
  y.mul_(x.detach());
  y.div_(4);
  y.masked_fill_(torch::tensor({false, false, true}), 2.0);
  ROW(y);
  y.sum().backward();
  ROW(x.grad());
  ROW(row.grad());

  torch::Tensor loss = torch::zeros({}, torch::kFloat64);
  for (int i = 0; i < 3; ++i)
    loss += (row * i).pow(2).sum();
  ROW(loss);
  ROW(loss.requires_grad());
  row.mutable_grad().zero_();
  loss.backward();
  ROW(row.grad());

  torch::Tensor filled = torch::zeros({2, 3}, torch::kFloat64);
  filled.copy_(row);
  ROW(filled.requires_grad());
  row.mutable_grad().zero_();
  (filled * sample({2, 3}, torch::kFloat64)).sum().backward();
  ROW(row.grad());

  torch::Tensor wiped = row * 2;
  wiped.zero_();
  ROW(wiped);
  row.mutable_grad().zero_();
  (wiped + row).sum().backward();
  ROW(row.grad());
}

void recorded_products() {
  const torch::Tensor x = sample({2, 3}, torch::kFloat64).requires_grad_();
  const torch::Tensor row = sample({3}, torch::kFloat64, 50).requires_grad_();
  torch::Tensor product = x + 1;
  torch::Tensor quotient = x + 1;
  product *= row;
  quotient /= row * row + 1;
  (product * quotient).sum().backward();
  ROW(x.grad());
  ROW(row.grad());
}

void without_graph() {
  const torch::Tensor w = sample({3}).requires_grad_();
  (w * w).sum().backward();
  {
    const torch::NoGradGuard no_grad;
    w.sub_(w.grad(), 0.5);
    w[0].fill_(4);
    w.add_(1);
  }
  ROW(w);
  ROW(w.requires_grad());
  ROW(w.is_leaf());
  w.grad().zero_();
  ROW(w.grad());
  w.detach().fill_(2);
  ROW(w);
}

}  // namespace

void calls_inplace() {
  section("in place", plain);
  section("+=", operators);
  section("in place on views", views);
  section("in place recorded", recorded);
  section("in place products", recorded_products);
  section("in place without graph", without_graph);
}
