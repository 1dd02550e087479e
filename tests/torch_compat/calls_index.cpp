// Linear algebra and indexing.

#include "record.h"

namespace {

void matmul() {
  const torch::Tensor a = sample({2, 3});
  const torch::Tensor b = sample({3, 4}, torch::kFloat32, 50);
  const torch::Tensor v = sample({3}, torch::kFloat32, 5);
  const torch::Tensor batch = sample({2, 4, 3});
  const torch::Tensor many = sample({2, 1, 2, 3});
  const torch::Tensor n = torch::arange(6).view({2, 3});
  ROW(torch::matmul(a, b));
  ROW(a.matmul(b));
  ROW(torch::matmul(v, v));
  ROW(torch::matmul(a, v));
  ROW(v.matmul(b));
  ROW(torch::matmul(batch, b));
  ROW(torch::matmul(batch, v));
  ROW(torch::matmul(v, batch.transpose(-2, -1)));
  ROW(torch::matmul(a, batch.transpose(1, 2)));
  ROW(torch::matmul(batch, batch.transpose(1, 2)));
  ROW(torch::matmul(many, batch.transpose(1, 2)));
  ROW(torch::matmul(b.t(), a.t()));
  ROW(torch::matmul(torch::zeros({2, 0}), torch::zeros({0, 3})));
  ROW(torch::matmul(a.to(torch::kFloat64), b.to(torch::kFloat64)));
  ROW(torch::matmul(n, n.t()));
  ROW(torch::outer(v, a[0]));
  ROW(v.outer(b[0]));
}

void linear() {
  const torch::Tensor weight = sample({2, 3});
  const torch::Tensor bias = sample({2}, torch::kFloat32, 40);
  const torch::Tensor x = sample({4, 3});
  ROW(torch::linear(x, weight, bias));
  ROW(torch::linear(x, weight));
  ROW(torch::linear(x[0], weight, bias));
  ROW(torch::linear(sample({2, 4, 3}), weight, bias));
  ROW(torch::linear(sample({2, 4, 3}), weight));
  ROW(torch::nn::functional::linear(x, weight, bias));
  ROW(torch::nn::functional::linear(x, weight));
}

void index_select() {
  const torch::Tensor x = sample({3, 4});
  const torch::Tensor index = torch::tensor({2, 0, 2});
  const torch::Tensor n = torch::arange(5) * 10;
  ROW(torch::index_select(x, 0, index));
  ROW(x.index_select(1, index));
  ROW(x.index_select(-1, torch::tensor({3})));
  ROW(n.index_select(0, index));
  ROW(torch::index_select(n > 15, 0, index));
  ROW(x.t().index_select(0, index));
}

void gather_and_scatter_add() {
  const torch::Tensor x = sample({3, 4});
  const torch::Tensor index = torch::tensor({{0, 2}, {1, 1}, {3, 0}});
  const torch::Tensor rows = torch::tensor({{2, 0, 1, 0}});
  const torch::Tensor n = torch::arange(12).view({3, 4});
  ROW(torch::gather(x, 1, index));
  ROW(x.gather(1, index));
  ROW(x.gather(-1, index));
  ROW(x.gather(0, rows));
  ROW(n.gather(1, index));
  ROW(torch::scatter_add(x, 1, index, torch::ones({3, 2})));
  ROW(x.scatter_add(1, index, sample({3, 2})));
  ROW(torch::zeros({3}).scatter_add(0, torch::tensor({0, 0, 2, 0}),
                                    torch::tensor({1.0, 2.0, 3.0, 4.0})));
  ROW(x.scatter_add(0, rows, sample({1, 4})));
  ROW(n.scatter_add(1, index, torch::ones({3, 2}, torch::kInt64)));
  ROW(x.scatter_add(1, index.narrow(1, 0, 1), sample({3, 2})));
}

void lists_of_indices() {
  using torch::indexing::Ellipsis;
  using torch::indexing::None;
  using torch::indexing::Slice;
  using torch::indexing::TensorIndex;
  const torch::Tensor x = sample({2, 3, 4});
  const torch::Tensor n = torch::arange(12).view({3, 4});
  const torch::Tensor two = torch::tensor({1, 0});
  const torch::Tensor three = torch::tensor({2, 0, -1});
  const torch::Tensor rows = torch::tensor({true, false, true});
  ROW(x.index({1}));
  ROW(x.index({Slice()}));
  ROW(x.index({Slice(1, None), -1}));
  ROW(x.index({Slice(), Slice(None, None, 2), Slice(-3, -1)}));
  ROW(x.index({"...", 0}));
  ROW(x.index({None, Ellipsis, None}));
  ROW(x.index({torch::tensor(1), 2}));
  ROW(x.index({two}));
  ROW(x.index({Slice(), three}));
  ROW(x.index({Ellipsis, three}));
  ROW(x.index({two, three.index({Slice(1, None)})}));
  ROW(x.index({two.unsqueeze(1), three}));
  ROW(x.index({two, Slice(), two}));
  ROW(x.index({two, None, two}));
  ROW(x.index({0, Slice(), three}));
  ROW(x.index({Slice(), 0, three}));
  ROW(x.index({x > 0}));
  ROW(x.index({Slice(), rows}));
  ROW(x.index({Slice(), rows, Slice(1, 3)}));
  ROW(x.index({0, rows, torch::tensor({3, 1})}));
  ROW(x.index({true}));
  ROW(x.index({false}));
  ROW(x.index({torch::tensor(true), 0, two}));
  ROW(x.index({torch::zeros({0}, torch::kInt64)}));
  ROW(x.index({torch::zeros({2, 3}, torch::kBool)}));
  ROW(n.index({torch::tensor({{0, 2}, {1, 1}})}));
  ROW((n > 5).index({two}));
  ROW(x.index(std::vector<TensorIndex>{0, "...", 1}));
  ROW(torch::index(x, {two}));
  ROW(torch::index_put(n, {two}, torch::tensor(7)));
  ROW(torch::index_put(n, {three}, n, /*accumulate=*/true));
  ROW(n.index_put({two, two}, torch::tensor({50, 60})));
  ROW(torch::nonzero(x > 0.5));
  ROW(n.nonzero());
  ROW(torch::tensor(2.5).nonzero());
  ROW(torch::masked_select(n, n > 6));
  ROW(x.masked_select(rows.unsqueeze(1)));
}

void index_put_in_place() {
  using torch::indexing::Ellipsis;
  using torch::indexing::None;
  using torch::indexing::Slice;
  torch::Tensor x = sample({2, 3, 4});
  const torch::Tensor two = torch::tensor({1, 0});
  const torch::Tensor three = torch::tensor({2, 0, -1});
  ROW(x.index_put_({0}, 1));
  ROW(x.index_put_({Ellipsis, 1}, 2.5));
  ROW(x.index_put_({Slice(), 1, Slice(None, None, 2)}, torch::tensor({5.0, 6.0})));
  ROW(x.index_put_({1, Slice(), three}, torch::tensor({{{7.0, 8.0, 9.0}}})));
  ROW(x.index_put_({x > 5}, -1));
  ROW(x.index_put_({two, Slice(), two}, sample({2, 3})));
  ROW(x.index_put_({two.unsqueeze(1), three}, sample({4}), /*accumulate=*/true));
  ROW(x.index_put_({None, true, 0, 0}, sample({4})));
  ROW(x.index_put_({false}, 100));
  ROW(torch::index_put_(x, {two}, torch::ones({4}), true));
  x.index({1, Slice(0, 2)}) = 3;
  ROW(x);
  const torch::Tensor leaf = sample({3, 4}).requires_grad_();
  const torch::Tensor value = sample({2}).requires_grad_();
  torch::Tensor y = leaf * 2;
  y.index_put_({Slice(1, None), torch::tensor({3, 1})}, value);
  (y * y * leaf).sum().backward();
  ROW(y);
  ROW(leaf.grad());
  ROW(value.grad());
  leaf.index({leaf > 0}).pow(2).sum().backward();
  ROW(leaf.grad());
}

void embedding() {
  const torch::Tensor weight = sample({5, 3});
  const torch::Tensor tokens = torch::tensor({{4, 0, 1}, {1, 1, 3}});
  ROW(torch::embedding(weight, tokens));
  ROW(torch::embedding(weight, torch::tensor({2})));
  ROW(torch::embedding(weight, torch::tensor(3)));
  ROW(torch::nn::functional::embedding(tokens, weight));
  ROW(torch::one_hot(tokens, 5));
  ROW(torch::one_hot(tokens));
  ROW(torch::one_hot(torch::tensor({1, 0}), 3));
  ROW(torch::one_hot(torch::tensor(1), 3));
  ROW(torch::nn::functional::one_hot(torch::tensor({2, 0})));
  ROW(torch::nn::functional::one_hot(torch::tensor({2, 0}), 4));
}

}  // namespace

void calls_index() {
  section("matmul", matmul);
  section("linear", linear);
  section("index_select", index_select);
  section("gather", gather_and_scatter_add);
  section("index", lists_of_indices);
  section("index_put_", index_put_in_place);
  section("embedding", embedding);
}
