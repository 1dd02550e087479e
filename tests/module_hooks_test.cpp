// Hooks of layers, and containers of modules and functions of any type.
#include "nn/containers.h"
#include "nn/embedding.h"
#include "nn/gelu.h"
#include "nn/gpt.h"
#include "nn/recurrent.h"
#include "tests/golden.h"

namespace gradus::module_hooks_test {
namespace {

using nn::AnyModule;
using nn::Linear;
using nn::Module;
using testing::error_of;

// hooks

TEST(ForwardHook, ReplacesTheResultAndCanBeRemoved) {
  const Linear layer(2, 3);
  const Linear copy = layer;
  const Tensor x = ones({1, 2});
  const Tensor y = layer(x);
  const nn::RemovableHandle first = layer.register_forward_hook(
      [](const Module&, const Tensor& in, const Tensor& out) { return out + in.sum(); });
  const nn::RemovableHandle second = layer.register_forward_hook(
      [](const Module&, const Tensor&, const Tensor& out) { return out * 2; });
  EXPECT_TRUE(allclose(copy(x), (y + 2) * 2));  // copies share hooks
  EXPECT_TRUE(equal(layer.forward(x), y));      // forward itself has none
  first.remove();
  first.remove();
  EXPECT_TRUE(allclose(layer(x), y * 2));
  second.remove();
  EXPECT_TRUE(equal(layer(x), y));
}

TEST(ForwardHook, MayReturnNothing) {
  const Linear layer(2, 3);
  std::string seen;
  layer.register_forward_hook([&](const Module& m, const Tensor& x, const Tensor& y) {
    seen += fmt::format("{} {} {};", m.name(), x.sizes(), y.sizes());
  });
  layer.register_forward_hook([](const Module&, const Tensor&, const Tensor&) { return Tensor(); });
  const Tensor x = ones({4, 2});
  EXPECT_TRUE(equal(layer(x), layer.forward(x)));
  EXPECT_EQ(seen, "Linear [4, 2] [4, 3];");
}

TEST(ForwardHook, BeforeTheCall) {
  const Linear layer(2, 2);
  const Tensor x = randn({3, 2});
  const nn::RemovableHandle twice =
      layer.register_forward_pre_hook([](const Module&, const Tensor& in) { return in * 2; });
  Tensor seen;
  const nn::RemovableHandle watch =
      layer.register_forward_pre_hook([&](const Module&, const Tensor& in) { seen = in; });
  Tensor input_of_hook;
  layer.register_forward_hook(
      [&](const Module&, const Tensor& in, const Tensor&) { input_of_hook = in; });
  EXPECT_TRUE(equal(layer(x), layer.forward(x * 2)));
  EXPECT_TRUE(equal(seen, x * 2) && equal(input_of_hook, x * 2));
  twice.remove();
  EXPECT_TRUE(equal(layer(x), layer.forward(x)));
}

TEST(ForwardHook, HasGradients) {
  const Linear layer(2, 2);
  layer.register_forward_pre_hook([](const Module&, const Tensor& x) { return x * x; });
  layer.register_forward_hook([](const Module&, const Tensor&, const Tensor& y) { return y * 3; });
  const Tensor x = tensor({{1.0, 2.0}}).requires_grad_();
  layer(x).sum().backward();
  const Tensor columns = layer.weight.detach().sum(0);
  EXPECT_TRUE(allclose(x.grad(), tensor({{2.0, 4.0}}) * 3 * columns));
}

TEST(ForwardHook, RunsInsideContainers) {
  const Linear inner(2, 2);
  const nn::Sequential both{inner, [](const Tensor& x) { return x + 1; }, nn::GELU()};
  inner.register_forward_hook(
      [](const Module&, const Tensor&, const Tensor& y) { return zeros_like(y); });
  EXPECT_TRUE(equal(both(ones({1, 2})), gelu(ones({1, 2}))));
  both[1].register_forward_pre_hook([](const Module&, const Tensor& x) { return x + 1; });
  both[1].register_forward_hook([](const Module& m, const Tensor& x, const Tensor& y) {
    EXPECT_EQ(m.name(), "Functional");
    EXPECT_TRUE(equal(x + 1, y));
    return y + 1;
  });
  EXPECT_TRUE(equal(both(ones({1, 2})), gelu(full({1, 2}, 3.))));
}

TEST(ForwardHook, SeesTheFirstTensorOfATuple) {
  const nn::GRU gru(2, 3);
  const nn::LSTM lstm(2, 3);
  std::vector<Shape> seen;
  const auto watch = [&](const Module&, const Tensor&, const Tensor& y) {
    seen.push_back(y.sizes());
    return y * 0;
  };
  gru.register_forward_hook(watch);
  lstm.register_forward_hook(watch);
  const Tensor x = randn({5, 1, 2});
  EXPECT_TRUE(equal(std::get<0>(gru(x)), zeros({5, 1, 3})));
  EXPECT_TRUE(equal(std::get<0>(lstm(x)), zeros({5, 1, 3})));
  EXPECT_EQ(seen, std::vector<Shape>(2, Shape{5, 1, 3}));
}

struct Pair {
  int64_t number = 0;
};
struct OtherTypes : nn::Layer<OtherTypes> {
  Pair forward(int64_t n) const { return {n + 1}; }
};
struct ByValue : nn::Layer<ByValue> {
  Tensor forward(Tensor x, double factor = 2) const { return std::move(x) * factor; }
};
struct ChangesItsArgument : nn::Layer<ChangesItsArgument> {
  Tensor forward(std::vector<int>& list) const {
    list.push_back(1);
    return ones(1);
  }
};

TEST(ForwardHook, LayersOfOtherTypes) {
  const OtherTypes layer;
  int calls = 0;
  layer.register_forward_pre_hook([](const Module&, const Tensor& x) {
    EXPECT_FALSE(x.defined());
    return ones(1);
  });
  layer.register_forward_hook([&](const Module&, const Tensor& x, const Tensor& y) {
    EXPECT_FALSE(x.defined() || y.defined());
    ++calls;
    return ones(1);
  });
  EXPECT_EQ(layer(4).number, 5);
  EXPECT_EQ(calls, 1);
  const ByValue by_value;
  Tensor input;
  by_value.register_forward_hook([&](const Module&, const Tensor& x, const Tensor&) { input = x; });
  EXPECT_TRUE(equal(by_value(ones(2), 3), full(2, 3.)));
  EXPECT_TRUE(equal(input, ones(2)));
  const ChangesItsArgument changes;
  std::vector<int> list;
  changes.register_forward_hook(
      [](const Module&, const Tensor&, const Tensor& y) { return y * 2; });
  EXPECT_TRUE(equal(changes(list), ones(1)));
  EXPECT_EQ(list.size(), 1u);
}

TEST(ForwardHook, MayChangeTheHooksWhileTheyRun) {
  const nn::GELU layer;
  nn::RemovableHandle itself;
  int calls = 0;
  itself = layer.register_forward_hook([&](const Module& m, const Tensor&, const Tensor&) {
    ++calls;
    itself.remove();
    m.register_forward_hook([&](const Module&, const Tensor&, const Tensor&) { calls += 10; });
  });
  layer(ones(1));
  EXPECT_EQ(calls, 1);
  layer(ones(1));
  EXPECT_EQ(calls, 11);
  nn::RemovableHandle of_nothing;
  of_nothing.remove();
  {
    const nn::GELU gone;
    of_nothing = gone.register_forward_hook([](const Module&, const Tensor&, const Tensor&) {});
  }
  of_nothing.remove();
}

TEST(ForwardHook, AnErrorOfAHookLeavesTheLayerUsable) {
  const nn::GELU layer;
  const nn::RemovableHandle hook = layer.register_forward_hook(
      [](const Module&, const Tensor&, const Tensor&) -> Tensor { throw Error("no"); });
  EXPECT_EQ(error_of([&] { layer(ones(1)); }), "no");
  hook.remove();
  EXPECT_TRUE(equal(layer(zeros(1)), zeros(1)));
}

struct OwnCall : Module {
  Tensor operator()(const Tensor& x) const { return x; }
};

TEST(ForwardHook, WrongRegistrations) {
  const auto hook = [](const Module&, const Tensor&, const Tensor& y) { return y; };
  EXPECT_EQ(error_of([&] { OwnCall().register_forward_hook(hook); }),
            "register_forward_hook: OwnCall is not derived from nn::Layer, so no hook would be "
            "called");
  EXPECT_EQ(error_of([] { nn::GELU().register_forward_hook(nn::ForwardHook()); }),
            "register_forward_hook: the hook is empty");
  EXPECT_EQ(error_of([] { nn::GELU().register_forward_pre_hook(nn::ForwardPreHook()); }),
            "register_forward_pre_hook: the hook is empty");
  const nn::Gpt gpt(
      {.vocab_size = 3, .context_length = 2, .emb_dim = 2, .n_heads = 1, .n_layers = 1});
  for (const Module& m : gpt.modules())
    m.register_forward_hook(hook);
  gpt(zeros({1, 2}, kInt64));
}

// containers

/// A module that has only forward.
struct OnlyForward : Module {
  const Linear linear = register_module("linear", Linear(3, 3));
  Tensor forward(const Tensor& x) const { return linear(x); }
};
/// No module at all.
struct Doubles {
  Tensor forward(const Tensor& x) const { return x * 2; }
};

TEST(Containers, SequentialOfAnythingThatHasForward) {
  const OnlyForward module;
  nn::Sequential model{module, Doubles()};
  model.push_back(gradus::neg);
  const Tensor x = randn({2, 3});
  EXPECT_TRUE(equal(model(x), neg(module.linear(x) * 2)));
  EXPECT_EQ(to_string(model),
            "Sequential(\n"
            "  (0): OnlyForward(\n"
            "    (linear): Linear(in_features=3, out_features=3, bias=True)\n"
            "  )\n"
            "  (1): Functional()\n"
            "  (2): Functional()\n"
            ")");
  EXPECT_EQ(model.parameters().size(), 2u);
}

TEST(Containers, SequentialIsIndexedAndIterated) {
  nn::Sequential model{Linear(2, 3), nn::GELU()};
  const Tensor x = randn({4, 2});
  EXPECT_FALSE(model.is_empty());
  EXPECT_TRUE(nn::Sequential().is_empty());
  EXPECT_EQ(model[0].name(), "Linear");
  EXPECT_TRUE(model.at<Linear>(0).weight.is_same(model.parameters()[0]));
  EXPECT_TRUE(equal(model[1](model[0](x)), model(x)));
  Tensor y = x;
  for (const AnyModule& module : model)
    y = module.forward(y);
  EXPECT_TRUE(equal(y, model(x)));
  model.push_back("head", Linear(3, 1));
  EXPECT_TRUE(model.parameter("head.bias").is_same(model.at<Linear>(2).bias));
  EXPECT_EQ(error_of([&] { model[3]; }), "sequential: index 3 of 3 modules");
  EXPECT_EQ(error_of([&] { model.at<nn::GELU>(0); }), "any_module: it is a Linear, not a GELU");
  EXPECT_EQ(error_of([&] { model.push_back("head", nn::GELU()); }),
            "register_module: there is already something named 'head'");
  EXPECT_EQ(model.size(), 3u);
}

TEST(Containers, AListOfModules) {
  const nn::ModuleList list{Linear(2, 2), Linear(2, 3)};
  static_assert(std::same_as<decltype(list), const nn::ModuleList<Linear>>);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].weight.size(0), 3);
  nn::ModuleList<Linear> copy(std::vector<Linear>{list[0]});
  copy.extend({list[1], list[1]});
  EXPECT_EQ(copy.size(), 3u);
  EXPECT_TRUE(copy[2].weight.is_same(list[1].weight));
  EXPECT_FALSE(copy.is_empty());
}

TEST(Containers, AListOfSeveralTypes) {
  struct Net : nn::Layer<Net> {
    const nn::ModuleList<AnyModule> layers;
    Net()
        : layers(register_module("layers",
                                 nn::ModuleList<AnyModule>{Linear(2, 3), nn::GELU(), Doubles()})) {}
    Tensor forward(Tensor x) const {
      for (const AnyModule& layer : layers)
        x = layer(x);
      return x;
    }
  };
  const Net net;
  const Tensor x = randn({1, 2});
  const Linear& first = net.layers[0].get<Linear>();
  EXPECT_TRUE(equal(net(x), gelu(first(x)) * 2));
  EXPECT_EQ(to_string(net),
            "Net(\n"
            "  (layers): ModuleList(\n"
            "    (0): Linear(in_features=2, out_features=3, bias=True)\n"
            "    (1): GELU(approximate='none')\n"
            "    (2): Functional()\n"
            "  )\n"
            ")");
  EXPECT_EQ(to_string(net.layers[0]), "Linear(in_features=2, out_features=3, bias=True)");
  const AnyModule copy = net.layers[0];
  EXPECT_TRUE(copy.get<Linear>().weight.is_same(first.weight));
}

}  // namespace
}  // namespace gradus::module_hooks_test
