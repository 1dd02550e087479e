// RMSprop, AMSGrad and Muon against PyTorch 2.15: values after 25 steps, computed in float64 by
// torch.optim in Python. PyTorch's Muon rounds to bfloat16, so its values come from the same code
// without that rounding, and from PyTorch itself with a wider tolerance.
#include "nn/linear.h"
#include "nn/optim.h"
#include "tests/golden.h"

namespace gradus::optimizers_test {
namespace {

using testing::error_of;
using testing::near;
using Tensors = std::vector<Tensor>;

Tensor start() { return tensor({{0.5, -1.25, 2.0}, {0.0, -0.75, 1.5}}, kFloat64); }
Tensor target() { return tensor({{1.0, 0.25, -0.5}, {2.0, 0.125, -1.0}}, kFloat64); }

/// The value of w after 25 steps on sum((w - goal)^2).
template <class Make>
Tensor steps(const Tensor& w, const Tensor& goal, const Make& make) {
  w.requires_grad_();
  auto optimizer = make(Tensors{w});
  for (int i = 0; i < 25; ++i) {
    optimizer.zero_grad();
    ((w - goal) * (w - goal)).sum().backward();
    optimizer.step();
  }
  return w.detach();
}

template <class Make>
void expect_steps(const Tensor& expected, const Make& make) {
  EXPECT_TRUE(near(steps(start(), target(), make), expected, 1e-12));
  const Tensor goal = target().to(kFloat32);
  const Tensor in_float32 = expected.to(kFloat32);
  EXPECT_TRUE(near(steps(start().to(kFloat32), goal, make), in_float32, 1e-6));
  const Tensor transposed = start().to(kFloat32).t().contiguous().t().detach();
  EXPECT_TRUE(near(steps(transposed, goal, make), in_float32, 1e-6));
}

TEST(RMSprop, LikePyTorch) {
  expect_steps(tensor({{0.98064736230208605, -0.48226142520179505, 1.181688123739548},
                       {0.8000089213820778, -0.084327688952324301, 0.6816881237395479}},
                      kFloat64),
               [](const Tensors& p) { return optim::RMSprop(p); });
  expect_steps(tensor({{0.92904357019049066, -0.62705274180613724, 1.3535819990494986},
                       {0.63621220657444211, -0.17754474948062596, 0.85390242088513224}},
                      kFloat64),
               [](const Tensors& p) {
                 return optim::RMSprop(
                     p, {.lr = 0.02, .alpha = 0.9, .eps = 1e-3, .weight_decay = 0.1});
               });
  expect_steps(tensor({{0.86777693435841985, 0.64336022267402271, -0.52853077534888948},
                       {2.2917994194560576, 0.24786243094046381, -1.0285307753488895}},
                      kFloat64),
               [](const Tensors& p) { return optim::RMSprop(p, {.lr = 0.005, .momentum = 0.9}); });
  expect_steps(tensor({{0.75028889335453963, -0.97298151764177321, 1.7184487774591199},
                       {0.27988355534309822, -0.48176295778131972, 1.2184487774591199}},
                      kFloat64),
               [](const Tensors& p) {
                 return optim::RMSprop(p, {.lr = 0.005, .alpha = 0.95, .centered = true});
               });
  expect_steps(tensor({{0.92396541995292392, -0.23966056583687126, 0.89222127343084501},
                       {1.0578888615067983, 0.068283276389745046, 0.39480282394308819}},
                      kFloat64),
               [](const Tensors& p) {
                 return optim::RMSprop(p, {.lr = 0.005,
                                           .alpha = 0.95,
                                           .eps = 1e-4,
                                           .weight_decay = 0.2,
                                           .momentum = 0.8,
                                           .centered = true});
               });
}

TEST(AMSGrad, LikePyTorch) {
  const optim::AdamOptions options{.lr = 0.1, .betas = {0.8, 0.9}, .weight_decay = 0.1};
  expect_steps(tensor({{0.97918413068890964, 0.36353159350949926, -0.18152487964599401},
                       {1.9574230228365093, 0.06459180993979198, -0.67549004586259942}},
                      kFloat64),
               [&](const Tensors& p) { return optim::Adam(p, options); });
  optim::AdamOptions with_amsgrad = options;
  with_amsgrad.amsgrad = true;
  expect_steps(tensor({{0.95481404340447862, 0.28979286468422294, -0.029017990655414154},
                       {1.8059559547083532, 0.13248618658145511, -0.52204548886744384}},
                      kFloat64),
               [&](const Tensors& p) { return optim::Adam(p, with_amsgrad); });
  expect_steps(
      tensor({{0.94795256529199257, 0.2766893803014886, -0.21264336237507386},
              {1.5393838159175566, 0.11407722415492282, -0.58240211049548019}},
             kFloat64),
      [](const Tensors& p) {
        return optim::AdamW(
            p, {.lr = 0.1, .betas = {0.8, 0.9}, .eps = 1e-3, .weight_decay = 0.2, .amsgrad = true});
      });
  expect_steps(tensor({{0.52478069513738024, -1.2247209804611301, 1.9745213965779074},
                       {0.024974501692468742, -0.72486777953939452, 1.4746462911746239}},
                      kFloat64),
               [](const Tensors& p) { return optim::AdamW(p, {.amsgrad = true}); });
}

/// The same for a wide and for a tall matrix, and with PyTorch's rounding to bfloat16.
template <class Make>
void expect_muon(const Tensor& wide, const Tensor& tall, const Tensor& wide_bfloat16,
                 const Make& make) {
  expect_steps(wide, make);
  const Tensor transposed = start().t().contiguous().detach();
  EXPECT_TRUE(near(steps(transposed, target().t(), make), tall, 1e-12));
  EXPECT_TRUE(near(wide, wide_bfloat16.to(kFloat64), 5e-3));
}

TEST(Muon, LikePyTorch) {
  expect_muon(
      tensor({{0.49263145299825051, -1.2355993151927789, 1.9822333636814438},
              {0.015834707900899171, -0.74861310938333026, 1.4873109520203007}},
             kFloat64),
      tensor({{0.49124005239061064, 0.019406409831540839},
              {-1.2330557458172382, -0.74873075266046019},
              {1.9793599609729975, 1.4853054122433247}},
             kFloat64),
      tensor({{0.492682457, -1.23567927, 1.98224676}, {0.0159770027, -0.748608828, 1.48723507}}),
      [](const Tensors& p) { return optim::Muon(p); });
  expect_muon(
      tensor({{0.1293733746210434, -0.65753096211402928, 1.3589639844223336},
              {0.83567503722985648, -0.81047939971764782, 1.0789484890807912}},
             kFloat64),
      tensor({{0.016879987674867175, 1.0461169087202162},
              {-0.50946748289129662, -0.83979699095593086},
              {1.210879250770881, 0.9935340668134256}},
             kFloat64),
      tensor({{0.128808573, -0.656249881, 1.35605443}, {0.837499917, -0.809616029, 1.07626951}}),
      [](const Tensors& p) {
        return optim::Muon(p, {.lr = 0.05, .weight_decay = 0, .momentum = 0.8, .nesterov = false});
      });
  expect_muon(
      tensor({{0.33746377367907854, -0.91519126955453323, 1.5550219191550263},
              {0.26360253737802603, -0.67407067800433673, 1.1812939912421541}},
             kFloat64),
      tensor({{0.33746377367907854, 0.26360253737802591},
              {-0.915191269554533, -0.67407067800433673},
              {1.5550219191550261, 1.1812939912421541}},
             kFloat64),
      tensor({{0.337962896, -0.915727317, 1.55495238}, {0.26426664, -0.673831284, 1.18091929}}),
      [](const Tensors& p) {
        return optim::Muon(p, {.lr = 0.05, .adjust_lr_fn = "match_rms_adamw"});
      });
  expect_muon(
      tensor({{0.10871770647484537, -0.5003766826529582, 1.0925759011700504},
              {0.84616435392963529, -0.70235850593215221, 0.86821724513299525}},
             kFloat64),
      tensor({{-0.050849917170222018, 1.2645180909765177},
              {-0.2017209232550882, -0.72088809942164334},
              {0.75845086218770397, 0.63947093600713434}},
             kFloat64),
      tensor({{0.108541362, -0.500494838, 1.09302998}, {0.845729232, -0.702483356, 0.867590189}}),
      [](const Tensors& p) {
        return optim::Muon(p, {.lr = 0.05,
                               .ns_coefficients = {1.5, -0.5, 0},
                               .eps = 1e-3,
                               .ns_steps = 8,
                               .adjust_lr_fn = "spectral_unclamped"});
      });
}

TEST(Muon, UpdatesHaveSingularValuesNearOne) {
  const Tensor w = zeros({4, 6}, kFloat64).requires_grad_();
  optim::Muon optimizer({w}, {.lr = 1, .weight_decay = 0});
  w.mutable_grad() = tensor({{3.0, -1.0, 0.5, 0.0, 2.0, 1.0},
                             {0.0, 2.0, -1.5, 1.0, 0.5, -2.0},
                             {1.0, 1.0, 4.0, -3.0, 0.0, 0.5},
                             {-2.0, 0.5, 1.0, 2.0, 1.5, 3.0}},
                            kFloat64);
  optimizer.step();
  // The trace of W W^T is the sum of the squares of the four singular values, that of its square
  // the sum of their fourth powers.
  const Tensor gram = matmul(w, w.t()).detach();
  const double squares = gram.trace().item<double>();
  const double fourths = matmul(gram, gram).trace().item<double>();
  EXPECT_GT(squares, 4 * 0.68 * 0.68);
  EXPECT_LT(fourths, 4 * 1.14 * 1.14 * 1.14 * 1.14);
}

TEST(Muon, EmptyAndZeroMatrices) {
  const Tensor empty_matrix = zeros({3, 0}).requires_grad_();
  const Tensor idle = ones({2, 2}).requires_grad_();
  optim::Muon optimizer({empty_matrix, idle}, {.weight_decay = 0});
  empty_matrix.mutable_grad() = zeros({3, 0});
  idle.mutable_grad() = zeros({2, 2});
  optimizer.step();
  EXPECT_TRUE(equal(idle.detach(), ones({2, 2})));
}

TEST(Optimizers, FrozenParametersStayAsTheyAre) {
  const auto step = [](const auto& make) {
    const Tensor trained = start().requires_grad_();
    const Tensor frozen = start();
    auto optimizer = make(Tensors{trained, frozen});
    (trained * frozen).sum().backward();
    optimizer.step();
    EXPECT_TRUE(equal(frozen, start()));
    EXPECT_FALSE(equal(trained.detach(), start()));
    optimizer.zero_grad();
    EXPECT_FALSE(trained.grad().defined());
  };
  step([](const Tensors& p) { return optim::RMSprop(p); });
  step([](const Tensors& p) { return optim::Adam(p, {.amsgrad = true}); });
  step([](const Tensors& p) { return optim::Muon(p); });
}

TEST(Optimizers, GroupsHaveTheirOptions) {
  const auto expect_same = []<class Optimizer, class Options>(const Options& one,
                                                              const Options& other) {
    const Tensor a = start();
    const Tensor b = start();
    steps(a, target(), [&](const Tensors& p) { return Optimizer(p, one); });
    steps(b, target(), [&](const Tensors& p) { return Optimizer(p, other); });
    const Tensor second = start().requires_grad_();
    const Tensor first = steps(start(), target(), [&](const Tensors& p) {
      Optimizer optimizer({{.params = p, .options = one}, {.params = {second}, .options = other}});
      for (int i = 0; i < 25; ++i) {
        second.mutable_grad() = (second.detach() - target()) * 2;
        optimizer.step();
      }
      return optimizer;
    });
    EXPECT_TRUE(equal(first, a.detach()));
    EXPECT_TRUE(near(second.detach(), b.detach(), 1e-12));
  };
  expect_same.operator()<optim::RMSprop>(
      optim::RMSpropOptions{.momentum = 0.5},
      optim::RMSpropOptions{.lr = 0.02, .alpha = 0.9, .centered = true});
  expect_same.operator()<optim::Adam>(optim::AdamOptions{.lr = 0.1},
                                      optim::AdamOptions{.lr = 0.2, .amsgrad = true});
  expect_same.operator()<optim::Muon>(optim::MuonOptions{.lr = 0.1},
                                      optim::MuonOptions{.lr = 0.2, .momentum = 0.5});
}

std::string names_of(const NamedTensors& state) {
  std::string names;
  for (const auto& [name, x] : state)
    names += name + " ";
  return names;
}

TEST(Optimizers, StatesHavePyTorchsNames) {
  const auto names = [](auto optimizer) {
    for (const Tensor& p : optimizer.parameters())
      p.mutable_grad() = ones_like(p);
    optimizer.step();
    return names_of(optimizer.state_dict());
  };
  const Tensor w = start().requires_grad_();
  const Tensor b = start().requires_grad_();
  const std::string end = "param_groups.0.lr param_groups.0.params ";
  EXPECT_EQ(names(optim::RMSprop({w})), "0.step 0.square_avg " + end);
  EXPECT_EQ(names(optim::RMSprop({w}, {.momentum = 0.9})),
            "0.step 0.square_avg 0.momentum_buffer " + end);
  EXPECT_EQ(names(optim::RMSprop({w}, {.momentum = 0.9, .centered = true})),
            "0.step 0.square_avg 0.momentum_buffer 0.grad_avg " + end);
  EXPECT_EQ(names(optim::RMSprop({{.params = {w}, .options = {.centered = true}},
                                  {.params = {b}, .options = {.momentum = 0.9}}})),
            "0.step 0.square_avg 0.grad_avg 1.step 1.square_avg 1.momentum_buffer " + end +
                "param_groups.1.lr param_groups.1.params ");
  EXPECT_EQ(names(optim::AdamW({w}, {.amsgrad = true})),
            "0.step 0.exp_avg 0.exp_avg_sq 0.max_exp_avg_sq " + end);
  EXPECT_EQ(names(optim::Muon({w})), "0.step 0.momentum_buffer " + end);
}

/// 25 steps, and 10 and 15 with the state loaded into a new optimiser in between, are the same.
template <class Make>
void expect_resume(const Make& make) {
  const Tensor w = start().requires_grad_();
  const auto train = [&](auto& optimizer, int count) {
    for (int i = 0; i < count; ++i) {
      w.mutable_grad() = (w.detach() - target()) * 2;
      optimizer.step();
    }
  };
  auto first = make(Tensors{w});
  train(first, 10);
  auto second = make(Tensors{w});
  second.set_lr(0.5);
  second.load_state_dict(first.state_dict());
  train(second, 15);
  EXPECT_TRUE(equal(w.detach(), steps(start(), target(), make)));
}

TEST(Optimizers, GoOnFromAState) {
  expect_resume(
      [](const Tensors& p) { return optim::RMSprop(p, {.momentum = 0.9, .centered = true}); });
  expect_resume([](const Tensors& p) { return optim::Adam(p, {.lr = 0.1, .amsgrad = true}); });
  expect_resume([](const Tensors& p) { return optim::Muon(p, {.lr = 0.05}); });
  const Tensor w = start().requires_grad_();
  w.mutable_grad() = target();
  optim::Adam plain({w});
  plain.step();
  optim::Adam with_amsgrad({w}, {.amsgrad = true});
  EXPECT_EQ(error_of([&] { with_amsgrad.load_state_dict(plain.state_dict()); }),
            "adam: load_state_dict: '0.max_exp_avg_sq' is missing");
}

TEST(Optimizers, FollowAModuleToAnotherDtype) {
  const auto step = [](const auto& make) {
    const nn::Linear layer(3, 2, /*with_bias=*/false);
    auto optimizer = make(layer.parameters());
    for (const DType t : {kFloat32, kFloat64, kFloat32}) {
      layer.to(t);
      optimizer.zero_grad();
      const Tensor before = layer.weight.detach().clone();
      layer(ones({1, 3}, t)).sum().backward();
      optimizer.step();
      EXPECT_EQ(layer.weight.dtype(), t);
      EXPECT_FALSE(equal(layer.weight.detach(), before));
    }
  };
  step([](const Tensors& p) { return optim::RMSprop(p, {.momentum = 0.9, .centered = true}); });
  step([](const Tensors& p) { return optim::AdamW(p, {.amsgrad = true}); });
  step([](const Tensors& p) { return optim::Muon(p); });
}

TEST(Optimizers, WrongOptions) {
  const Tensor w = start().requires_grad_();
  const auto rmsprop = [&](const optim::RMSpropOptions& options) {
    return error_of([&] { optim::RMSprop({w}, options); });
  };
  EXPECT_EQ(rmsprop({.lr = -1}), "rmsprop: lr is -1, expected 0 or more");
  EXPECT_EQ(rmsprop({.alpha = 1.5}), "rmsprop: alpha is 1.5, expected a number from 0 to 1");
  EXPECT_EQ(rmsprop({.alpha = NAN}), "rmsprop: alpha is nan, expected a number from 0 to 1");
  EXPECT_EQ(rmsprop({.momentum = -1}),
            "rmsprop: eps is 1e-08, weight_decay 0 and momentum -1, expected 0 or more");
  EXPECT_EQ(error_of([&] {
              optim::RMSprop(Tensors{w, w});
            }),
            "rmsprop: parameter 1 of shape [2, 3] is in the list twice");

  const auto muon = [&](const optim::MuonOptions& options) {
    return error_of([&] { optim::Muon({w}, options); });
  };
  EXPECT_EQ(muon({.lr = INFINITY}), "muon: lr is inf, expected 0 or more");
  EXPECT_EQ(muon({.weight_decay = -1}), "muon: weight_decay is -1, expected 0 or more");
  EXPECT_EQ(muon({.momentum = 2}), "muon: momentum is 2, expected a number from 0 to 1");
  EXPECT_EQ(muon({.ns_coefficients = {1, NAN, 0}}),
            "muon: ns_coefficients are 1, nan and 0, expected finite numbers");
  EXPECT_EQ(muon({.eps = 0}), "muon: eps is 0, expected a number above 0");
  EXPECT_EQ(muon({.ns_steps = 100}), "muon: ns_steps is 100, expected a number from 0 to 99");
  EXPECT_EQ(muon({.adjust_lr_fn = "none"}),
            "muon: adjust_lr_fn is 'none', expected 'original', 'match_rms_adamw' or "
            "'spectral_unclamped'");
  EXPECT_EQ(error_of([&] {
              optim::Muon(Tensors{w, ones(3).requires_grad_()});
            }),
            "muon: parameter 1 of shape [3] is not a matrix; use another optimiser for it, such as "
            "AdamW");
  const Tensor integers = ones({2, 2}, kInt64);
  optim::Muon optimizer(Tensors{w, integers});
  w.mutable_grad() = target();
  integers.mutable_grad() = ones({2, 2}, kInt64);
  EXPECT_EQ(error_of([&] { optimizer.step(); }),
            "muon: expected a floating-point tensor, got int64; convert it with .to(kFloat32)");
  EXPECT_TRUE(equal(w.detach(), start()));
}

}  // namespace
}  // namespace gradus::optimizers_test
