// The default dtype, against PyTorch 2.15's torch.set_default_dtype.
#include <sstream>
#include <thread>

#include "gradus.h"
#include "tests/golden.h"

namespace gradus {
namespace {

using testing::error_of;

/// Each test starts and ends with float32.
class DefaultDtype : public ::testing::Test {
 protected:
  ~DefaultDtype() override { set_default_dtype(kFloat32); }
};

TEST_F(DefaultDtype, IsFloat32AtFirst) {
  EXPECT_EQ(get_default_dtype(), kFloat32);
  set_default_dtype(kFloat64);
  EXPECT_EQ(get_default_dtype(), kFloat64);
  set_default_dtype(kFloat32);
  EXPECT_EQ(get_default_dtype(), kFloat32);
}

TEST_F(DefaultDtype, IsAFloatingPointType) {
  set_default_dtype(kFloat64);
  EXPECT_EQ(error_of([] { set_default_dtype(kInt64); }),
            "set_default_dtype: expected kFloat32 or kFloat64, got int64");
  EXPECT_EQ(error_of([] { set_default_dtype(kBool); }),
            "set_default_dtype: expected kFloat32 or kFloat64, got bool");
  EXPECT_EQ(get_default_dtype(), kFloat64);
}

/// What factories make without a dtype.
std::vector<Tensor> floating_tensors() {
  return {zeros({2}),
          ones({2}),
          empty({2}),
          full({2}, 0.5),
          rand({2}),
          randn({2}),
          linspace(0, 1, 3),
          eye(2),
          arange(0.0, 1.0, 0.25),
          arange(0, 1, 0.5),
          tensor(1.5),
          tensor({1.5, 2.0}),
          tensor({{1, 2}, {3, 0.5}}),
          tensor(std::vector<double>{1, 2}),
          tensor(std::vector<float>{1, 2}),
          from_vector(std::vector<double>{1, 2}, {2, 1}),
          zeros({2}, requires_grad()),
          where(tensor({true, false}), 1.0, 0),
          nn::sinusoidal_positions(2, 2)};
}

TEST_F(DefaultDtype, OfFactories) {
  for (const DType t : {kFloat32, kFloat64, kFloat32}) {
    set_default_dtype(t);
    const std::vector<Tensor> made = floating_tensors();
    for (size_t i = 0; i < made.size(); ++i)
      EXPECT_EQ(made[i].dtype(), t) << i;
    EXPECT_EQ(TensorOptions().dtype(), t);
    EXPECT_FALSE(TensorOptions().has_dtype());
  }
}

TEST_F(DefaultDtype, NumbersHaveAllTheirDigits) {
  set_default_dtype(kFloat64);
  EXPECT_EQ(tensor(0.1).item<double>(), 0.1);
  EXPECT_EQ(full({}, 0.1).item<double>(), 0.1);
  EXPECT_EQ(tensor(std::vector<double>{0.1})[0].item<double>(), 0.1);
  EXPECT_EQ(arange(0.1, 0.35, 0.1)[2].item<double>(), 0.1 + 2 * 0.1);
  // torch.manual_seed(5); torch.rand(2), torch.randn(2)
  manual_seed(5);
  const Tensor uniform = rand(2);
  const Tensor normal = randn(2);
  EXPECT_EQ(uniform[0].item<double>(), 0.6420150066280941);
  EXPECT_EQ(uniform[1].item<double>(), 0.2597579151763153);
  EXPECT_NEAR(normal[0].item<double>(), -0.5580962308236769, 1e-15);
  EXPECT_NEAR(normal[1].item<double>(), 0.6675243015344896, 1e-15);
}

TEST_F(DefaultDtype, LeavesOtherDtypesAlone) {
  set_default_dtype(kFloat64);
  EXPECT_EQ(tensor({1, 2}).dtype(), kInt64);
  EXPECT_EQ(tensor({true}).dtype(), kBool);
  EXPECT_EQ(tensor(std::vector<int>{1}).dtype(), kInt64);
  EXPECT_EQ(full({2}, 1).dtype(), kInt64);
  EXPECT_EQ(full({2}, true).dtype(), kBool);
  EXPECT_EQ(arange(3).dtype(), kInt64);
  EXPECT_EQ(randint(5, {2}).dtype(), kInt64);
  EXPECT_EQ(randperm(3).dtype(), kInt64);
  EXPECT_EQ(zeros({2}, kFloat32).dtype(), kFloat32);
  EXPECT_EQ(tensor({1.5}, kFloat32).dtype(), kFloat32);
  const Tensor x = ones({2}, kFloat32);
  EXPECT_EQ(zeros_like(x).dtype(), kFloat32);
  EXPECT_EQ(rand_like(x).dtype(), kFloat32);
  EXPECT_EQ((x * 0.5 + 1).exp().dtype(), kFloat32);
  EXPECT_EQ(softmax(x, 0).dtype(), kFloat32);
  EXPECT_EQ(x.to(kInt64).to(kFloat32).dtype(), kFloat32);
}

TEST_F(DefaultDtype, OfLayersAndTheirTraining) {
  const nn::Linear before(3, 2);
  set_default_dtype(kFloat64);
  EXPECT_EQ(before.weight.dtype(), kFloat32);
  EXPECT_EQ(before(ones({1, 3}, kFloat32)).dtype(), kFloat32);
  // torch.manual_seed(5); torch.nn.Linear(3, 2).weight
  manual_seed(5);
  const nn::Linear layer(3, 2);
  EXPECT_NEAR(layer.weight[0][0].item<double>(), 0.1639848046113932, 1e-15);
  EXPECT_NEAR(layer.weight[1][2].item<double>(), 0.4057949067101207, 1e-15);
  optim::AdamW optimizer(layer.parameters(), {.lr = 0.1});
  layer(ones({1, 3})).sum().backward();
  optimizer.step();
  EXPECT_EQ(layer.weight.grad().dtype(), kFloat64);
  EXPECT_EQ(optimizer.state_dict()[1].second.dtype(), kFloat64);
  EXPECT_EQ(nn::summary(layer, {1, 3}).rows[0].num_params, 8);
}

TEST_F(DefaultDtype, PrintingNamesTheOtherOne) {
  set_default_dtype(kFloat64);
  std::ostringstream text;
  text << tensor({1.5}) << '\n' << tensor({1.5}, kFloat32) << '\n' << tensor({1});
  EXPECT_EQ(text.str(), "tensor([1.5000])\ntensor([1.5000], dtype=torch.float32)\ntensor([1])");
}

TEST_F(DefaultDtype, IsThatOfAllThreads) {
  set_default_dtype(kFloat64);
  DType seen = kFloat32;
  std::thread([&] { seen = zeros(1).dtype(); }).join();
  EXPECT_EQ(seen, kFloat64);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int n = 0; n < 1000; ++n) {
        set_default_dtype(n % 2 == 0 ? kFloat32 : kFloat64);
        EXPECT_EQ(zeros({3}).to_vector<double>(), std::vector<double>(3));
      }
    });
  for (std::thread& thread : threads)
    thread.join();
}

}  // namespace
}  // namespace gradus
