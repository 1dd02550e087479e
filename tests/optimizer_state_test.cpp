// What optimisers keep: state_dict and load_state_dict, and groups of parameters.

#include <filesystem>

#include "nn/gpt.h"
#include "nn/optim.h"
#include "nn/save.h"
#include "tensor/random.h"
#include "tensor/threads.h"
#include "tests/golden.h"
#include "tests/temporary.h"

namespace gradus::optimizer_state_test {
namespace {

using testing::error_of;
using testing::near;
using Tensors = std::vector<Tensor>;

nn::Gpt small_gpt() {
  return nn::Gpt({.vocab_size = 13,
                  .context_length = 8,
                  .emb_dim = 16,
                  .n_heads = 2,
                  .n_layers = 2,
                  .drop_rate = 0.2,
                  .tied_head = true});
}

template <class Optimizer>
void train(const nn::Gpt& model, Optimizer& optimizer, int steps) {
  for (int s = 0; s < steps; ++s) {
    const Tensor ids = randint(13, {3, 9});
    const Tensor logits = model(ids.narrow(1, 0, 8));  // (3, 8, 13)
    optimizer.zero_grad();
    cross_entropy(logits.flatten(0, 1), ids.narrow(1, 1, 8).flatten()).backward();
    optimizer.step();
  }
}

/// 20 steps, and 10 + 10 steps with all that is kept in a file in between, give the same bits.
template <class Make>
void expect_exact_resume(const Make& make) {
  set_num_threads(1);
  const std::string path = temporary_path("state").string();
  manual_seed(3);
  const nn::Gpt model = small_gpt();
  auto optimizer = make(model);
  train(model, optimizer, 10);
  NamedTensors kept = optimizer.state_dict();
  for (const auto& [name, p] : model.named_parameters())
    kept.emplace_back("model." + name, p);
  randn({1});  // one more normal number is computed and not yet returned
  kept.emplace_back("rng_state", get_rng_state());
  save_safetensors(path, kept);
  train(model, optimizer, 10);

  manual_seed(99);
  const nn::Gpt resumed = small_gpt();
  auto other = make(resumed);
  other.set_lr(0.5);
  NamedTensors state;
  std::map<std::string, Tensor> rest;
  for (const auto& [name, x] : load_safetensors(path))
    if (name.starts_with("model.") || name == "rng_state")
      rest.emplace(name, x);
    else
      state.emplace_back(name, x);
  std::filesystem::remove(path);
  for (const auto& [name, p] : resumed.named_parameters())
    p.detach().copy_(rest.at("model." + name));
  other.load_state_dict(state);
  set_rng_state(rest.at("rng_state"));
  train(resumed, other, 10);
  const Tensors expected = model.parameters();
  const Tensors result = resumed.parameters();
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_TRUE(equal(result[i], expected[i])) << i;
  const NamedTensors end = optimizer.state_dict();
  const NamedTensors other_end = other.state_dict();
  ASSERT_EQ(end.size(), other_end.size());
  for (size_t i = 0; i < end.size(); ++i) {
    EXPECT_EQ(end[i].first, other_end[i].first);
    EXPECT_TRUE(equal(end[i].second, other_end[i].second)) << end[i].first;
  }
}

TEST(OptimizerState, TenAndTenStepsAreTwenty) {
  expect_exact_resume([](const nn::Gpt& m) { return optim::SGD(m.parameters(), {.lr = 0.1}); });
  expect_exact_resume([](const nn::Gpt& m) {
    return optim::SGD(m.parameters(),
                      {.lr = 0.1, .momentum = 0.9, .dampening = 0.5, .weight_decay = 0.01});
  });
  expect_exact_resume([](const nn::Gpt& m) { return optim::Adam(m.parameters(), {.lr = 0.01}); });
  expect_exact_resume([](const nn::Gpt& m) { return optim::AdamW(m.parameters(), {.lr = 0.01}); });
  expect_exact_resume([](const nn::Gpt& m) {
    return optim::AdamW({{.params = m.trf_blocks.parameters(), .options = {.lr = 0.01}},
                         {.params = m.tok_emb.parameters(), .options = {.lr = 0.02}}});
  });
}

TEST(OptimizerState, NamesShapesAndDtypes) {
  const Tensor a = ones({2, 3}).requires_grad_();
  const Tensor never = ones(4).requires_grad_();
  const Tensor b = ones({}, kFloat64).requires_grad_();
  optim::AdamW optimizer(
      {{.params = {a, never}, .options = {.lr = 0.1}}, {.params = {b}, .options = {.lr = 0.2}}});
  for (int s = 0; s < 2; ++s) {
    a.mutable_grad() = full({2, 3}, 2.0);
    b.mutable_grad() = full({}, 1.0, kFloat64);
    optimizer.step();
  }
  std::map<std::string, std::string> found;
  for (const auto& [name, x] : optimizer.state_dict())
    found[name] = fmt::format("{} {}", x.sizes(), x.dtype());
  const std::map<std::string, std::string> expected{{"0.step", "[] int64"},
                                                    {"0.exp_avg", "[2, 3] float32"},
                                                    {"0.exp_avg_sq", "[2, 3] float32"},
                                                    {"2.step", "[] int64"},
                                                    {"2.exp_avg", "[] float64"},
                                                    {"2.exp_avg_sq", "[] float64"},
                                                    {"param_groups.0.lr", "[] float64"},
                                                    {"param_groups.0.params", "[2] int64"},
                                                    {"param_groups.1.lr", "[] float64"},
                                                    {"param_groups.1.params", "[1] int64"}};
  EXPECT_EQ(found, expected);
  const NamedTensors state = optimizer.state_dict();
  EXPECT_EQ(state[0].second.item<int64_t>(), 2);
  EXPECT_NEAR(state[1].second[0][0].item<double>(), 2 * (1 - 0.9 * 0.9), 1e-6);

  optim::SGD sgd({a}, {.momentum = 0.9});
  EXPECT_EQ(sgd.state_dict().size(), 2u);  // no step, so no buffer
  sgd.step();
  EXPECT_EQ(sgd.state_dict()[1].first, "0.momentum_buffer");
}

TEST(OptimizerState, LoadingCopies) {
  const Tensor a = ones(3).requires_grad_();
  const auto step = [&](optim::Adam& optimizer) {
    a.mutable_grad() = ones(3);
    optimizer.step();
  };
  optim::Adam first({a}, {.lr = 0.25});
  step(first);
  optim::Adam second({a});
  second.load_state_dict(first.state_dict());
  EXPECT_EQ(second.lr(), 0.25);
  step(second);
  step(second);
  EXPECT_EQ(first.state_dict()[0].second.item<int64_t>(), 1);
  EXPECT_NEAR(first.state_dict()[1].second[0].item<double>(), 0.1, 1e-6);
  EXPECT_EQ(second.state_dict()[0].second.item<int64_t>(), 3);
  // A parameter that is not contiguous, and a state that is not.
  const Tensor b = ones({3, 2}).t().requires_grad_();
  optim::Adam third({b});
  b.mutable_grad() = randn({2, 3});
  third.step();
  NamedTensors state = third.state_dict();
  for (auto& [name, x] : state)
    if (x.dim() == 2) x = x.t().contiguous().t();
  optim::Adam fourth({b});
  fourth.load_state_dict(state);
  EXPECT_TRUE(equal(fourth.state_dict()[1].second, third.state_dict()[1].second));
}

class Misfits : public ::testing::Test {
 protected:
  const Tensor a_ = ones(3).requires_grad_();
  const Tensor b_ = ones({2, 2}).requires_grad_();
  optim::AdamW optimizer_{
      {{.params = {a_}, .options = {.lr = 0.1}}, {.params = {b_}, .options = {.lr = 0.2}}}};
  NamedTensors state_;

  Misfits() {
    a_.mutable_grad() = ones(3);
    b_.mutable_grad() = ones({2, 2});
    optimizer_.step();
    for (const auto& [name, x] : optimizer_.state_dict())
      state_.emplace_back(name, x.clone());
    optimizer_.step();
  }
  /// The message about the state with one tensor replaced; an undefined one is left out.
  std::string error_with(const std::string& name, const Tensor& value) {
    NamedTensors state;
    for (const auto& entry : state_)
      if (entry.first != name) state.push_back(entry);
    if (value.defined()) state.emplace_back(name, value);
    return error_of_state(state);
  }
  std::string error_of_state(const NamedTensors& state) {
    NamedTensors before;
    for (const auto& [name, x] : optimizer_.state_dict())
      before.emplace_back(name, x.clone());
    const std::string error = error_of([&] { optimizer_.load_state_dict(state); });
    const NamedTensors after = optimizer_.state_dict();
    EXPECT_EQ(before.size(), after.size());
    for (size_t i = 0; i < before.size(); ++i)
      EXPECT_TRUE(equal(before[i].second, after[i].second)) << before[i].first;
    const std::string start = "adamw: load_state_dict: ";
    EXPECT_EQ(error.substr(0, start.size()), start);
    return error.substr(std::min(error.size(), start.size()));
  }
};

TEST_F(Misfits, ThrowAndChangeNothing) {
  EXPECT_EQ(error_with("0.exp_avg", ones(4)), "'0.exp_avg' is [4] float32, expected [3] float32");
  EXPECT_EQ(error_with("1.exp_avg_sq", ones({2, 2}, kFloat64)),
            "'1.exp_avg_sq' is [2, 2] float64, expected [2, 2] float32");
  EXPECT_EQ(error_with("1.exp_avg_sq", {}), "'1.exp_avg_sq' is missing");
  EXPECT_EQ(error_with("1.step", {}), "'1.exp_avg' does not belong to this optimiser");
  EXPECT_EQ(error_with("1.step", tensor(1.5)), "'1.step' is [] float32, expected [] int64");
  EXPECT_EQ(error_with("1.step", full({}, 0, kInt64)), "'1.step' is 0, expected 1 or more");
  EXPECT_EQ(error_with("2.exp_avg", ones(3)), "'2.exp_avg' does not belong to this optimiser");
  EXPECT_EQ(error_with("0.momentum_buffer", ones(3)),
            "'0.momentum_buffer' does not belong to this optimiser");
  EXPECT_EQ(error_with("param_groups.1.lr", {}), "1 groups of parameters, expected 2");
  EXPECT_EQ(error_with("param_groups.2.lr", full({}, 1.0, kFloat64)),
            "3 groups of parameters, expected 2");
  EXPECT_EQ(error_with("param_groups.1.lr", full({}, NAN, kFloat64)),
            "lr is nan, expected 0 or more");
  EXPECT_EQ(error_with("param_groups.0.params", tensor({0, 1})),
            "'param_groups.0.params' is [2] int64, expected [1] int64");
  EXPECT_EQ(error_with("param_groups.0.params", tensor({1})), "group 0 has other parameters");
  EXPECT_EQ(error_of_state({}), "0 groups of parameters, expected 2");
  NamedTensors twice = state_;
  twice.push_back(twice[0]);
  EXPECT_EQ(error_of_state(twice), "'0.step' is given twice");
  EXPECT_EQ(error_with("x\n", ones(1)), "'x\\x0a' does not belong to this optimiser");
  twice = state_;
  twice[1].second = Tensor();
  EXPECT_EQ(error_of_state(twice), "'0.exp_avg' is undefined");
}

TEST(OptimizerState, OptimizersThatKeepTheirBuffersThemselvesHaveNone) {
  struct Own : optim::Optimizer {
    explicit Own(const Tensors& p) : Optimizer("own", p, 0.1) {}
  };
  Own own({ones(2)});
  const std::string message = "own: it keeps its buffers itself, so it has no state_dict";
  EXPECT_EQ(error_of([&] { own.state_dict(); }), message);
  EXPECT_EQ(error_of([&] { own.load_state_dict({}); }), message);
}

TEST(ParamGroups, EachHasItsOptions) {
  const auto steps = [](const auto& make) {
    const Tensor a = tensor({1.0, -2.0}).requires_grad_();
    const Tensor b = tensor({{3.0, 4.0}}).requires_grad_();
    auto optimizers = make(a, b);
    for (int s = 0; s < 3; ++s) {
      a.mutable_grad() = tensor({0.5, 0.25});
      b.mutable_grad() = tensor({{-1.0, 2.0}});
      for (auto& optimizer : optimizers)
        optimizer.step();
    }
    return cat({a.detach(), b.detach().flatten()});
  };
  const auto expect_same = [&]<class Optimizer, class Options>(const Options& one,
                                                               const Options& other) {
    const Tensor together = steps([&](const Tensor& a, const Tensor& b) {
      std::vector<Optimizer> list;
      list.push_back(
          Optimizer({{.params = {b}, .options = one}, {.params = {a}, .options = other}}));
      return list;
    });
    const Tensor apart = steps([&](const Tensor& a, const Tensor& b) {
      std::vector<Optimizer> list;
      list.push_back(Optimizer({b}, one));
      list.push_back(Optimizer({a}, other));
      return list;
    });
    EXPECT_TRUE(equal(together, apart));
  };
  using optim::AdamOptions;
  using optim::AdamWOptions;
  using optim::SGDOptions;
  expect_same.operator()<optim::SGD>(SGDOptions{.lr = 0.1, .momentum = 0.9},
                                     SGDOptions{.lr = 0.2, .weight_decay = 0.1});
  expect_same.operator()<optim::Adam>(AdamOptions{.lr = 0.1, .weight_decay = 0.5},
                                      AdamOptions{.lr = 0.2, .betas = {0.5, 0.6}, .eps = 0.1});
  expect_same.operator()<optim::AdamW>(AdamWOptions{.weight_decay = 0.3},
                                       AdamWOptions{.weight_decay = 0});
}

TEST(ParamGroups, LearningRatesKeepTheirRatio) {
  const Tensor a = ones(1).requires_grad_();
  const Tensor b = ones(1).requires_grad_();
  const auto make = [&](double first, double second) {
    return optim::AdamW(
        {{.params = {a}, .options = {.lr = first}}, {.params = {b}, .options = {.lr = second}}});
  };
  optim::AdamW optimizer = make(0.1, 0.3);
  EXPECT_EQ(optimizer.parameters().size(), 2u);
  EXPECT_EQ(optimizer.lr(1), 0.3);
  optimizer.set_lr(0.2);
  EXPECT_EQ(optimizer.lr(), 0.2);
  EXPECT_NEAR(optimizer.lr(1), 0.6, 1e-15);
  optimizer.set_lr(0);
  optimizer.set_lr(0.1);
  EXPECT_NEAR(optimizer.lr(1), 0.3, 1e-15);
  optim::CosineSchedule schedule(optimizer, {.warmup_steps = 2, .total_steps = 4, .min_lr = 0.01});
  const optim::AdamW moved = std::move(optimizer);
  for (int s = 0; s < 6; ++s) {
    EXPECT_EQ(moved.lr(0), schedule.lr(s));
    EXPECT_NEAR(moved.lr(1), 3 * schedule.lr(s), 1e-15);
    schedule.step();
  }
  EXPECT_EQ(error_of([&] { make(0, 0.3).set_lr(0.1); }),
            "adamw: group 1 was made with lr 0.3 and group 0 with lr 0, so set_lr cannot keep "
            "their ratio");
  optim::AdamW zeros = make(0, 0);
  zeros.set_lr(0.1);
  EXPECT_EQ(zeros.lr(1), 0.1);
  EXPECT_EQ(error_of([&] { moved.lr(2); }), "adamw: group 2 of 2");
  EXPECT_EQ(error_of([&] { make(0.1, -1); }), "adamw: lr is -1, expected 0 or more");
  EXPECT_EQ(error_of([&] {
              optim::SGD({{.params = {a}}, {.params = {b, a}}});
            }),
            "sgd: parameter 2 of shape [1] is in the list twice");
  EXPECT_EQ(error_of([&] { optim::SGD(std::vector<optim::ParamGroup<optim::SGDOptions>>{}); }),
            "sgd: expected at least one group of parameters");
}

TEST(ParamGroups, AScheduleGoesOnAtAnyStep) {
  const Tensor a = ones(1).requires_grad_();
  optim::SGD optimizer({a}, {.lr = 1});
  const optim::CosineScheduleOptions options{.warmup_steps = 3, .total_steps = 20};
  optim::CosineSchedule all(optimizer, options);
  for (int s = 0; s < 7; ++s)
    all.step();
  const double seventh = optimizer.lr();
  all.step();
  const double eighth = optimizer.lr();
  optimizer.set_lr(1);
  auto resumed_options = options;
  resumed_options.first_step = 7;
  optim::CosineSchedule resumed(optimizer, resumed_options);
  EXPECT_EQ(optimizer.lr(), seventh);
  resumed.step();
  EXPECT_EQ(optimizer.lr(), eighth);
  resumed_options.first_step = -1;
  EXPECT_EQ(error_of([&] { optim::CosineSchedule(optimizer, resumed_options); }),
            "cosine_schedule: first_step is -1, expected 0 or more");
}

}  // namespace
}  // namespace gradus::optimizer_state_test
