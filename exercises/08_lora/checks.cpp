#include "exercises/checks.h"

#include "exercises/08_lora/lora.h"
#include "nn/optim.h"
#include "tensor/random.h"

using namespace gradus;

namespace {

constexpr int64_t kIn = 5, kOut = 7, kRank = 3;
const Tensor x = example({6, kIn}, 1);

nn::Linear base() { return nn::Linear(example({kOut, kIn}, 2), example({kOut}, 3)); }

/// With alpha 4.5, so a scale of 1.5.
mine::LoRA fresh() {
  manual_seed(1);
  const mine::LoRA layer(base(), kRank, 4.5);
  layer.to(kFloat64);
  return layer;
}
/// As if it had learned something: B is no longer zero.
mine::LoRA learned() {
  const mine::LoRA layer = fresh();
  layer.A.detach().copy_(example({kRank, kIn}, 4));
  layer.B.detach().copy_(example({kOut, kRank}, 5));
  return layer;
}

TEST(shape, of_A_and_B) {
  const mine::LoRA layer(nn::Linear(kIn, kOut), kRank, 4.5);
  expect_shape("A for a Linear from 5 to 7 and rank 3", layer.A, {kRank, kIn});
  expect_shape("B for a Linear from 5 to 7 and rank 3", layer.B, {kOut, kRank});
}

TEST(shape, of_the_result) {
  expect_shape("lora of [6, 5]", fresh()(x), {6, kOut});
  expect_shape("lora of [3, 8, 5]", fresh()(example({3, 8, kIn})), {3, 8, kOut});
}

TEST(shape, dimensions_of_size_one) {
  expect_shape("lora of [1, 5]", fresh()(example({1, kIn})), {1, kOut});
  expect_shape("lora of [8, 1, 5]", fresh()(example({8, 1, kIn})), {8, 1, kOut});
  const mine::LoRA smallest(nn::Linear(1, 1), /*rank=*/1, 1.0);
  expect_shape("A for a Linear from 1 to 1 and rank 1", smallest.A, {1, 1});
  expect_shape("B for a Linear from 1 to 1 and rank 1", smallest.B, {1, 1});
  expect_shape("lora of [3, 1] by it", smallest(zeros({3, 1})), {3, 1});
}

TEST(shape, no_rows) {
  expect_shape("lora of [0, 5]", fresh()(example({0, kIn})), {0, kOut});
  expect_shape("lora of [5]", fresh()(example({kIn})), {kOut});
}

TEST(forward, unchanged_at_the_start) { expect_close("lora at the start", fresh()(x), base()(x)); }

TEST(forward, A_is_random_and_B_is_zero) {
  const mine::LoRA layer = fresh();
  expect_close("B at the start", layer.B.detach(), zeros({kOut, kRank}, kFloat64));
  const Tensor A = layer.A.detach();
  check((A == 0).sum().item<int64_t>() == 0,
        "A has zeros at the start: with B zero as well, nothing can be learned");
  check(!A[0].equal(A[1]),
        "the rows of A are equal at the start: they would stay equal, and the rank would be 1");
}

TEST(forward, small_numbers) {
  const mine::LoRA layer(
      nn::Linear(tensor({{1.0, 2.0, 3.0}}, kFloat64), tensor({1000.0}, kFloat64)), 2, 3.0);
  layer.to(kFloat64);
  layer.A.detach().copy_(tensor({{1.0, 0.0, 2.0}, {0.0, 1.0, 0.0}}, kFloat64));
  layer.B.detach().copy_(tensor({{10.0, 100.0}}, kFloat64));
  // base: 1 + 2 + 3 + 1000; A x = (3, 1); B of that = 130, times 3 / 2
  expect_close(
      "lora of [1, 1, 1]: W [1, 2, 3], b 1000, A [[1, 0, 2], [0, 1, 0]], B [10, 100], rank 2, "
      "alpha 3",
      layer(ones({3}, kFloat64)), tensor({1006.0 + 195}, kFloat64));
}

TEST(forward, a_linear_without_bias) {
  const mine::LoRA layer(nn::Linear(example({kOut, kIn}, 2)), kRank, 4.5);
  layer.to(kFloat64);
  expect_close("lora of a Linear without bias, at the start", layer(x),
               linear(x, example({kOut, kIn}, 2)));
}

TEST(gradient, of_x_A_and_B) {
  const mine::LoRA layer = learned();
  expect_right_gradients([&] { return layer(x); }, {{"x", x}, {"A", layer.A}, {"B", layer.B}});
}

TEST(gradient, the_base_gets_none) {
  const mine::LoRA layer = learned();
  layer(x.detach()).sum().backward();
  check(!layer.base.weight.grad().defined(), "the base's weight got a gradient: it is not frozen");
  check(!layer.base.bias.grad().defined(), "the base's bias got a gradient: it is not frozen");
}

TEST(invariants, the_parameters_are_A_and_B) {
  std::vector<std::string> names;
  for (const auto& [name, parameter] : fresh().named_parameters())
    names.push_back(name);
  check(names == std::vector<std::string>{"A", "B"},
        "the parameters of the layer are {}, they must be A, B",
        names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
}

TEST(invariants, training_moves_A_and_B_only) {
  const mine::LoRA layer = fresh();
  const Tensor wanted = example({6, kOut}, 6);
  const Tensor A = layer.A.detach().clone();
  optim::AdamW optimizer(layer.parameters(), {.lr = 0.01});
  std::vector<double> losses;
  for (int step = 0; step < 30; ++step) {
    optimizer.zero_grad();
    const Tensor loss = mse_loss(layer(x.detach()), wanted);
    losses.push_back(loss.item<double>());
    loss.backward();
    optimizer.step();
  }
  expect_close("the base's weight after training", layer.base.weight.detach(),
               example({kOut, kIn}, 2));
  check(!layer.A.detach().equal(A), "A has not changed after 30 steps");
  check(losses.back() < 0.9 * losses.front(),
        "the loss is {:.4f} after 30 steps of AdamW, at first it was {:.4f}", losses.back(),
        losses.front());
}

TEST(invariants, merged_does_the_same) {
  const mine::LoRA layer = learned();
  expect_close("merged", layer.merged()(x.detach()), layer(x.detach()).detach());
  const mine::LoRA without(nn::Linear(example({kOut, kIn}, 2)), kRank, 4.5);
  without.to(kFloat64);
  check(!without.merged().bias.defined(),
        "merged: the base has no bias, the merged Linear has one");
}

TEST(invariants, merging_leaves_the_layer_as_it_is) {
  const mine::LoRA layer = learned();
  const Tensor before = layer(x.detach()).detach();
  const nn::Linear merged = layer.merged();
  expect_close("the base's weight after merged()", layer.base.weight.detach(),
               example({kOut, kIn}, 2));
  {
    const NoGradGuard no_grad;
    merged.weight.zero_();
    merged.bias.zero_();
  }
  expect_close("lora after its merged Linear was changed", layer(x.detach()), before);
}

}  // namespace
