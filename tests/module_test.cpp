// Modules: handles that share, registration, calls and scopes, saving and loading. Forgotten layers
// have a test of their own.

#include <filesystem>

#include "autograd/graph.h"
#include "nn/gpt.h"
#include "nn/save.h"
#include "tensor/random.h"
#include "tests/golden.h"
#include "tests/temporary.h"

namespace gradus::module_test {
namespace {

using testing::error_of;
using testing::near;

std::vector<std::string> names(const nn::Module& module) {
  std::vector<std::string> list;
  for (const auto& [name, p] : module.named_parameters())
    list.push_back(name);
  return list;
}

struct Net : nn::Module {
  const nn::Linear hidden, out;
  const nn::Dropout dropout;
  Net()
      : hidden(register_module("hidden", nn::Linear(2, 3))),
        out(register_module("out", nn::Linear(3, 1, /*with_bias=*/false))),
        dropout(register_module("dropout", nn::Dropout(0.5))) {}
  Tensor operator()(const Tensor& x) const { return out(dropout(relu(hidden(x)))); }
};

TEST(Module, NamesParametersInOrder) {
  EXPECT_EQ(names(Net()), (std::vector<std::string>{"hidden.weight", "hidden.bias", "out.weight"}));
  EXPECT_EQ(Net().parameters().size(), 3u);
  EXPECT_TRUE(Net().hidden.weight.requires_grad());
}

TEST(Module, CopiesShare) {
  const Net net;
  const Net copy = net;
  const nn::Module base = net;
  EXPECT_TRUE(copy.hidden.weight.is_same(net.hidden.weight));
  base.eval();
  EXPECT_FALSE(net.dropout.is_training());
  EXPECT_TRUE(equal(copy(ones({1, 2})), net(ones({1, 2}))));
  net.train();
  EXPECT_TRUE(copy.dropout.is_training());
  static_assert(!std::is_copy_assignable_v<Net> &&
                !std::is_assignable_v<decltype((net.hidden)), nn::Linear>);
  static_assert(!std::is_assignable_v<decltype((net.hidden.weight)), Tensor>);
}

TEST(Module, ZeroGrad) {
  const Net net;
  net.eval();
  net(ones({1, 2})).sum().backward();
  EXPECT_TRUE(net.out.weight.grad().defined());
  net.zero_grad(/*set_to_none=*/false);
  EXPECT_TRUE(equal(net.out.weight.grad(), zeros({1, 3})));
  net.zero_grad();
  EXPECT_FALSE(net.out.weight.grad().defined());
}

TEST(Module, ToConvertsTheTensorsThemselves) {
  const Net net;
  net.eval();
  const Tensor weight = net.hidden.weight;
  const Tensor before = weight.detach().clone();
  net(ones({1, 2})).sum().backward();
  net.to(kFloat64);
  EXPECT_EQ(weight.dtype(), kFloat64);
  EXPECT_EQ(weight.grad().dtype(), kFloat64);
  EXPECT_TRUE(weight.is_leaf() && weight.requires_grad());
  EXPECT_TRUE(equal(weight.detach(), before.to(kFloat64)));
  const Tensor once = weight.grad().clone();
  net(ones({1, 2}, kFloat64)).sum().backward();
  EXPECT_TRUE(near(weight.grad(), once * 2));
  net.to(kFloat32);
  EXPECT_TRUE(equal(weight.detach(), before));
  EXPECT_EQ(error_of([&] { net.to(kInt64); }),
            "to: parameters are floating-point numbers, they cannot become int64");
}

TEST(Module, AnOlderGraphDetectsTo) {
  const nn::Linear layer(2, 2);
  const Tensor y = (layer.weight * layer.weight).sum();
  layer.to(kFloat64);
  layer.to(kFloat32);
  EXPECT_NE(error_of([&] { y.backward(); }).find("changed in place"), std::string::npos);
}

struct Named : nn::Module {
  template <class F>
  explicit Named(const F& f) {
    f(*this);
  }
  using nn::Module::register_module;
  using nn::Module::register_parameter;
};

TEST(Module, AnUndefinedParameterIsNotRegistered) {
  const Named net([](Named& n) {
    EXPECT_FALSE(n.register_parameter("bias", Tensor()).defined());
    EXPECT_FALSE(n.register_parameter("other", Tensor(), /*requires_grad=*/false).defined());
  });
  EXPECT_TRUE(net.parameters().empty());
}

TEST(Module, RefusesBadRegistrations) {
  const auto error = [](auto f) { return error_of([&] { Named net(f); }); };
  EXPECT_EQ(error([](Named& n) { n.register_parameter("", ones(2)); }),
            "register_parameter: '' is not a valid name; it must not be empty or contain a dot");
  EXPECT_EQ(error([](Named& n) { n.register_module("a.b", nn::Linear(1, 1)); }),
            "register_module: 'a.b' is not a valid name; it must not be empty or contain a dot");
  EXPECT_EQ(error([](Named& n) {
              n.register_parameter("w", ones(2));
              n.register_module("w", nn::Linear(1, 1));
            }),
            "register_module: there is already something named 'w'");
  EXPECT_EQ(error([](Named& n) { n.register_parameter("w", ones(2).requires_grad_() * 2); }),
            "register_parameter: 'w' was computed from tensors that need gradients; register its "
            "detach()");
  EXPECT_EQ(error([](Named& n) { n.register_module("self", n); }),
            "register_module: 'self' contains the module that it would be part of");
  nn::Sequential outer;
  nn::Sequential inner{outer};
  EXPECT_EQ(error_of([&] { outer.push_back(inner); }),
            "register_module: '0' contains the module that it would be part of");
}

TEST(Module, SharedTensorsCountOnce) {
  const nn::Linear one(2, 2);
  const nn::Sequential model{one, nn::Linear(one.weight), one};
  EXPECT_EQ(names(model), (std::vector<std::string>{"0.weight", "0.bias"}));
}

TEST(Module, KeepsFrozenAndIntegerParameters) {
  const Named net([](Named& n) {
    n.register_parameter("frozen", ones(2), /*requires_grad=*/false);
    n.register_parameter("steps", zeros(1, kInt64), false);
  });
  net.to(kFloat64);
  EXPECT_EQ(net.parameters()[0].dtype(), kFloat64);
  EXPECT_FALSE(net.parameters()[0].requires_grad());
  EXPECT_EQ(net.parameters()[1].dtype(), kInt64);
}

TEST(Module, EmbeddingSharesAGivenTable) {
  const Tensor table = tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}});
  const nn::Embedding frozen = nn::Embedding::from_pretrained(table);
  EXPECT_TRUE(frozen.weight.is_same(table));
  EXPECT_FALSE(table.requires_grad());
  EXPECT_EQ(names(frozen), (std::vector<std::string>{"weight"}));
  EXPECT_TRUE(equal(frozen(tensor({2, 0})), tensor({{5.0, 6.0}, {1.0, 2.0}})));
  EXPECT_EQ(to_string(frozen), "Embedding(3, 2)");
  EXPECT_TRUE(nn::Embedding::from_pretrained(table, /*freeze=*/false).weight.requires_grad());
  EXPECT_TRUE(nn::Embedding(table).weight.requires_grad());
}

TEST(Module, ToConvertsAViewAndKeepsItsLayout) {
  const Tensor matrix = randn({2, 3});
  const Tensor column = matrix.t().select(1, 1);
  const Tensor before = column.clone();
  const Named net([&](Named& n) { n.register_parameter("column", column); });
  net.to(kFloat64);
  EXPECT_TRUE(equal(column.detach(), before.to(kFloat64)));
  (column * column).sum().backward();
  EXPECT_TRUE(near(column.grad(), before.to(kFloat64) * 2));
  EXPECT_EQ(matrix.dtype(), kFloat32);
}

// calls and scopes

/// A layer whose forward has a default argument that is not zero.
struct Scale : nn::Layer<Scale> {
  Tensor forward(const Tensor& x, double factor = 3, const Tensor& offset = {}) const {
    const Tensor y = x * factor;
    return offset.defined() ? y + offset : y;
  }
};

TEST(Layer, IsCalledLikeItsForward) {
  const Scale scale;
  const Scale braces{};
  const Tensor x = ones(2);
  EXPECT_TRUE(equal(scale(x), full(2, 3.)));
  EXPECT_TRUE(equal(scale(x), scale.forward(x)));
  EXPECT_TRUE(equal(braces(x, 2), full(2, 2.)));
  EXPECT_TRUE(equal(scale(x, {}), zeros(2)));
  EXPECT_TRUE(equal(scale(x, 2, {}), full(2, 2.)));
  EXPECT_TRUE(equal(scale(x, 2, x), full(2, 3.)));
  static_assert(std::is_invocable_r_v<Tensor, const Scale&, const Tensor&, int>);
  static_assert(!std::is_invocable_v<const Scale&, std::string>);
  static_assert(!std::is_invocable_v<const nn::Linear&, const Tensor&, const Tensor&>);
}

/// The scopes of the graph's nodes, without repetitions, oldest node first.
std::vector<std::string> scopes_of(const Tensor& y) {
  std::vector<std::string> scopes;
  for (const auto& node : autograd::graph(y))
    if (!node.scope.empty() && (scopes.empty() || scopes.back() != node.scope))
      scopes.push_back(node.scope);
  std::reverse(scopes.begin(), scopes.end());
  return scopes;
}

TEST(Layer, ACallOpensItsScopeOnceAndForwardDoesNot) {
  const nn::Sequential inner{nn::Linear(2, 2)};
  const nn::Sequential outer{inner, nn::Linear(2, 2)};
  const Tensor x = ones({1, 2});
  EXPECT_EQ(scopes_of(outer(x)), (std::vector<std::string>{"0.0", "1"}));
  EXPECT_EQ(scopes_of(inner(x)), (std::vector<std::string>{"0.0"}));
  EXPECT_EQ(scopes_of(inner.forward(x)), (std::vector<std::string>{"0"}));
}

// containers

TEST(Containers, SequentialTakesModulesAndFunctions) {
  manual_seed(1);
  nn::Sequential model{nn::Linear(2, 3), [](const Tensor& x) { return x.relu(); },
                       nn::Linear(3, 1)};
  EXPECT_EQ(names(model), (std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias"}));
  const nn::Sequential copy = model;
  model.push_back(gradus::neg);
  EXPECT_EQ(copy.size(), 4u);
  const Tensor x = randn({4, 2});
  EXPECT_TRUE(equal(copy(x), model.forward(x)));
  EXPECT_EQ(model(x).sizes(), (Shape{4, 1}));
}

TEST(Containers, AnEmptySequentialCannotBeCalled) {
  EXPECT_EQ(error_of([] { nn::Sequential()(ones(2)); }),
            "sequential: it has no layers, so it cannot be called");
}

TEST(Containers, ModuleList) {
  nn::ModuleList<nn::Linear> list;
  list.push_back(nn::Linear(2, 2));
  list.push_back(nn::Linear(2, 2, false));
  EXPECT_EQ(names(list), (std::vector<std::string>{"0.weight", "0.bias", "1.weight"}));
  size_t seen = 0;
  for (const nn::Linear& layer : list)
    seen += layer.parameters().size();
  EXPECT_EQ(seen, 3u);
  EXPECT_EQ(error_of([&] { list[2]; }), "module_list: index 2 of a list of 2");
}

// files

class Files : public ::testing::Test {
 protected:
  const std::string path = temporary_path("module.safetensors").string();
  ~Files() override { std::filesystem::remove(path); }
};

TEST_F(Files, RoundTrip) {
  const nn::GptConfig config{.vocab_size = 7,
                             .context_length = 4,
                             .emb_dim = 8,
                             .n_heads = 2,
                             .n_layers = 2,
                             .drop_rate = 0,
                             .tied_head = true};
  const nn::Gpt saved(config);
  const nn::Gpt loaded(config);
  const Tensor ids = tensor({{1, 2, 6}});
  nn::save(saved, path);
  const Tensor weight = loaded.tok_emb.weight;
  EXPECT_FALSE(equal(saved(ids), loaded(ids)));
  nn::load(loaded, path);
  EXPECT_TRUE(equal(saved(ids), loaded(ids)));
  EXPECT_TRUE(weight.is_same(loaded.out_head.weight) && weight.is_leaf() && weight.requires_grad());
}

TEST_F(Files, AGraphDetectsThatLoadChangedATensor) {
  const Net net;
  net.eval();
  nn::save(net, path);
  const Tensor y = net(ones({1, 2}).requires_grad_()).sum();
  nn::load(net, path);
  EXPECT_NE(error_of([&] { y.backward(); }).find("changed in place"), std::string::npos);
}

TEST_F(Files, LoadChecksEverythingBeforeItWrites) {
  const nn::Sequential model{nn::Linear(2, 3), nn::Linear(3, 1)};
  const Tensor before = model.parameters()[0].detach().clone();
  const auto error = [&](const NamedTensors& tensors) {
    save_safetensors(path, tensors);
    const std::string message = error_of([&] { nn::load(model, path); });
    EXPECT_TRUE(equal(model.parameters()[0].detach(), before));
    return message;
  };
  const Tensor w0 = zeros({3, 2});
  const Tensor b0 = zeros(3);
  const Tensor w1 = zeros({1, 3});
  const Tensor b1 = zeros(1);
  EXPECT_EQ(error({{"0.weight", w0}, {"0.bias", b0}, {"1.weight", zeros({3, 1})}, {"1.bias", b1}}),
            "load: " + path + ": '1.weight' is [3, 1] in the file and [1, 3] in the model");
  EXPECT_EQ(
      error({{"0.weight", w0}, {"0.bias", b0}, {"1.weight", w1}, {"1.bias", b1.to(kFloat64)}}),
      "load: " + path + ": '1.bias' is float64 in the file and float32 in the model");
  EXPECT_EQ(
      error({{"0.weight", w0}, {"0.bias", b0}, {"head.weight", w1}}),
      "load: " + path +
          ": the file is of another model: missing '1.weight', '1.bias'; unexpected 'head.weight'");
  EXPECT_EQ(error({{"0.weight", w0}, {"0.bias", b0}, {"1.weight", w1}, {"1.bias", b1}, {"x", b1}}),
            "load: " + path + ": the file is of another model: unexpected 'x'");
  EXPECT_NE(error_of([&] { nn::load(model, path + ".none"); }).find(".none"), std::string::npos);
}

}  // namespace
}  // namespace gradus::module_test
