// What a module consists of: buffers, children, state_dict and load_state_dict.
#include <filesystem>

#include "nn/gpt.h"
#include "nn/save.h"
#include "tests/golden.h"
#include "tests/temporary.h"

namespace gradus::state_dict_test {
namespace {

using nn::Linear;
using testing::error_of;

using Names = std::vector<std::string>;

template <class T>
Names names(const std::vector<std::pair<std::string, T>>& named) {
  Names list;
  for (const auto& [name, value] : named)
    list.push_back(name);
  return list;
}
Tensor get(const NamedTensors& named, const std::string& name) {
  for (const auto& [own_name, x] : named)
    if (own_name == name) return x;
  return {};
}

/// Normalises with a running mean, which is a buffer.
struct RunningMean : nn::Layer<RunningMean> {
  const Tensor scale;
  const Tensor mean;     // of what it was given
  const Tensor count;    // of calls
  const Tensor scratch;  // not part of the state
  RunningMean()
      : scale(register_parameter("scale", ones(2))),
        mean(register_buffer("mean", zeros(2))),
        count(register_buffer("count", zeros({}, kInt64))),
        scratch(register_buffer("scratch", zeros(2), /*persistent=*/false)) {}
  Tensor forward(const Tensor& x) const {
    if (is_training()) {
      const NoGradGuard no_grad;
      mean.mul_(0.5).add_(x.mean(0) * 0.5);
      count.add_(1);
    }
    return (x - mean) * scale;
  }
};
struct Net : nn::Layer<Net> {
  const Linear in;
  const RunningMean norm;
  const Linear out;
  const Tensor offset;
  Net()
      : in(register_module("in", Linear(3, 2))),
        norm(register_module("norm", RunningMean())),
        out(register_module("out", Linear(2, 1, false))),
        offset(register_buffer("offset", full({1}, 2.))) {}
  Tensor forward(const Tensor& x) const { return out(norm(in(x))) + offset; }
};

// buffers

TEST(Buffers, AreListedAndNotTrained) {
  const Net net;
  EXPECT_EQ(names(net.named_buffers()),
            (Names{"offset", "norm.mean", "norm.count", "norm.scratch"}));
  EXPECT_EQ(net.buffers().size(), 4u);
  EXPECT_TRUE(net.buffers()[1].is_same(net.norm.mean));
  EXPECT_EQ(names(net.named_parameters()),
            (Names{"in.weight", "in.bias", "norm.scale", "out.weight"}));
  EXPECT_FALSE(net.norm.mean.requires_grad());
  net(ones({4, 3})).sum().backward();
  EXPECT_FALSE(net.norm.mean.grad().defined());
  EXPECT_EQ(net.norm.count.item<int64_t>(), 1);
}

TEST(Buffers, AreConverted) {
  const Net net;
  net.to(kFloat64);
  EXPECT_EQ(net.norm.mean.dtype(), kFloat64);
  EXPECT_EQ(net.norm.scratch.dtype(), kFloat64);
  EXPECT_EQ(net.norm.count.dtype(), kInt64);
  EXPECT_EQ(net(ones({4, 3}, kFloat64)).dtype(), kFloat64);
}

struct Open : nn::Module {
  using nn::Module::register_buffer;
  using nn::Module::register_module;
  using nn::Module::register_parameter;
};

TEST(Buffers, WrongRegistrations) {
  Open open;
  open.register_parameter("w", ones(2));
  open.register_buffer("b", ones(2));
  const Tensor leaf = ones(2).requires_grad_();
  EXPECT_EQ(error_of([&] { open.register_buffer("w", ones(2)); }),
            "register_buffer: there is already something named 'w'");
  EXPECT_EQ(error_of([&] { open.register_parameter("b", ones(2)); }),
            "register_parameter: there is already something named 'b'");
  EXPECT_EQ(error_of([&] { open.register_module("b", Linear(1, 1)); }),
            "register_module: there is already something named 'b'");
  EXPECT_EQ(error_of([&] { open.register_buffer("a.b", ones(2)); }),
            "register_buffer: 'a.b' is not a valid name; it must not be empty or contain a dot");
  EXPECT_EQ(error_of([&] { open.register_buffer("c", Tensor()); }),
            "register_buffer: 'c' is undefined, it was never given a value");
  for (const Tensor& x : {leaf, leaf * 2})
    EXPECT_EQ(error_of([&] { open.register_buffer("c", x); }),
              "register_buffer: 'c' needs gradients, so it is no buffer; register its detach(), "
              "or use register_parameter");
}

// the tree

TEST(Tree, ChildrenAndModules) {
  const Net net;
  EXPECT_EQ(names(net.named_children()), (Names{"in", "norm", "out"}));
  EXPECT_EQ(names(net.named_modules()), (Names{"", "in", "norm", "out"}));
  EXPECT_EQ(net.children().size(), 3u);
  EXPECT_EQ(net.modules().size(), 4u);
  EXPECT_EQ(net.children()[0].name(), "Linear");
  EXPECT_TRUE(net.modules()[1].parameters()[0].is_same(net.in.weight));
  net.children()[1].eval();
  EXPECT_FALSE(net.norm.is_training());
  const nn::Sequential model{nn::Sequential{Linear(1, 1), nn::GELU()}, relu};
  EXPECT_EQ(names(model.named_modules()), (Names{"", "0", "0.0", "0.1", "1"}));
}

TEST(Tree, ASharedModuleIsListedOnce) {
  const Linear one(2, 2);
  const nn::Sequential model{one, nn::Sequential{one}, one};
  EXPECT_EQ(names(model.named_children()), (Names{"0", "1"}));
  EXPECT_EQ(names(model.named_modules()), (Names{"", "0", "1"}));
}

TEST(Tree, ApplyVisitsChildrenFirst) {
  const nn::Sequential model{nn::Sequential{Linear(1, 1), nn::GELU()}, nn::Dropout(0.5)};
  Names visited;
  model.apply([&](const nn::Module& m) { visited.push_back(m.name()); });
  EXPECT_EQ(visited, (Names{"Linear", "GELU", "Sequential", "Dropout", "Sequential"}));
  const Net net;
  net.apply([](const nn::Module& m) {
       const NoGradGuard no_grad;
       if (m.name() == "Linear") m.parameter("weight").fill_(7);
     })
      .eval();
  EXPECT_TRUE(equal(net.in.weight.detach(), full({2, 3}, 7.)));
  EXPECT_TRUE(equal(net.norm.scale.detach(), ones(2)));
  EXPECT_FALSE(net.norm.is_training());
  EXPECT_EQ(error_of([&] { net.apply({}); }), "apply: the function is empty");
}

TEST(Tree, ParameterByName) {
  const Net net;
  EXPECT_TRUE(net.parameter("in.bias").is_same(net.in.bias));
  EXPECT_TRUE(net.in.parameter("weight").is_same(net.in.weight));
  const nn::Gpt gpt({.vocab_size = 3,
                     .context_length = 2,
                     .emb_dim = 2,
                     .n_heads = 1,
                     .n_layers = 1,
                     .tied_head = true});
  EXPECT_TRUE(gpt.parameter("out_head.weight").is_same(gpt.tok_emb.weight));
  const std::string has = "; it has 'in.weight', 'in.bias', 'norm.scale', 'out.weight'";
  for (const std::string name :
       {"", "in", "in.", ".in", "in.x", "x.weight", "in.weight.x", "norm.mean"})
    EXPECT_EQ(error_of([&] { net.parameter(name); }),
              "parameter: Net has no parameter '" + name + "'" + has);
  EXPECT_EQ(error_of([] { nn::GELU().parameter("w"); }),
            "parameter: GELU has no parameter 'w'; it has none");
}

TEST(Tree, AForgottenLayerIsAnError) {
  struct Forgets : nn::Module {
    const Linear a{1, 1};
  };
  const Forgets net;
  const std::string message =
      "Forgets: it has a layer (Linear) as a member and never registered it; use "
      "register_module(name, layer)";
  EXPECT_EQ(error_of([&] { net.buffers(); }), message);
  EXPECT_EQ(error_of([&] { net.children(); }), message);
  EXPECT_EQ(error_of([&] { net.modules(); }), message);
  EXPECT_EQ(error_of([&] { net.state_dict(); }), message);
  EXPECT_EQ(error_of([&] { net.load_state_dict({}); }), message);
}

// state_dict

TEST(StateDict, HasTheOrderOfPyTorch) {
  const Net net;
  // The order of Python's state_dict for the same module.
  EXPECT_EQ(names(net.state_dict()), (Names{"offset", "in.weight", "in.bias", "norm.scale",
                                            "norm.mean", "norm.count", "out.weight"}));
  const Linear one(2, 2, false);
  EXPECT_EQ(names(nn::Sequential{one, one}.state_dict()), (Names{"0.weight", "1.weight"}));
}

TEST(StateDict, SharesMemoryAndIsDetached) {
  const Net net;
  const Tensor weight = get(net.state_dict(), "in.weight");
  EXPECT_FALSE(weight.requires_grad());
  weight.fill_(3);
  EXPECT_TRUE(equal(net.in.weight.detach(), full({2, 3}, 3.)));
  EXPECT_TRUE(get(net.state_dict(/*keep_vars=*/true), "in.weight").is_same(net.in.weight));
}

TEST(StateDict, RoundTrip) {
  const Net trained;
  trained(randn({4, 3}));
  const Net fresh;
  const Tensor weight = fresh.in.weight;
  const nn::IncompatibleKeys keys = fresh.load_state_dict(trained.state_dict());
  EXPECT_TRUE(keys.missing_keys.empty() && keys.unexpected_keys.empty());
  EXPECT_TRUE(weight.is_same(fresh.in.weight) && weight.requires_grad() && weight.is_leaf());
  trained.eval();
  fresh.eval();
  const Tensor x = randn({2, 3});
  EXPECT_TRUE(equal(trained(x), fresh(x)));
  EXPECT_EQ(fresh.norm.count.item<int64_t>(), 1);
  fresh.load_state_dict(fresh.state_dict());
  EXPECT_TRUE(equal(trained(x), fresh(x)));
}

TEST(StateDict, NotStrictTakesWhatThereIs) {
  const Net net;
  const Tensor before = net.out.weight.detach().clone();
  const nn::IncompatibleKeys keys =
      net.load_state_dict({{"in.bias", full(2, 5.)}, {"head.weight", ones(1)}}, /*strict=*/false);
  EXPECT_EQ(keys.missing_keys,
            (Names{"offset", "in.weight", "norm.scale", "norm.mean", "norm.count", "out.weight"}));
  EXPECT_EQ(keys.unexpected_keys, Names{"head.weight"});
  EXPECT_TRUE(equal(net.in.bias.detach(), full(2, 5.)));
  EXPECT_TRUE(equal(net.out.weight.detach(), before));
}

TEST(StateDict, OneErrorNamesEverythingAndNothingChanges) {
  const Net net;
  const NamedTensors before = net.state_dict();
  NamedTensors copies;
  for (const auto& [name, x] : before)
    copies.emplace_back(name, x.clone());
  const NamedTensors wrong{{"offset", full({1}, 9.)},       {"in.weight", zeros({3, 2})},
                           {"in.bias", zeros(2, kFloat64)}, {"norm.mean", zeros(2)},
                           {"norm.mean", zeros(2)},         {"norm.count", Tensor()},
                           {"norm.scratch", zeros(2)},      {"a\nb", zeros(2)}};
  const std::string misfits =
      "load_state_dict: the dict does not fit the module Net: 'norm.mean' is given twice; "
      "'norm.count' is undefined; 'in.weight' is [3, 2] in the dict and [2, 3] in the module; "
      "'in.bias' is float64 in the dict and float32 in the module";
  EXPECT_EQ(error_of([&] { net.load_state_dict(wrong); }),
            misfits + "; missing 'norm.scale', 'out.weight'; unexpected 'norm.scratch', 'a\\x0ab'");
  EXPECT_EQ(error_of([&] { net.load_state_dict(wrong, /*strict=*/false); }), misfits);
  for (size_t i = 0; i < copies.size(); ++i)
    EXPECT_TRUE(equal(before[i].second, copies[i].second)) << copies[i].first;
}

TEST(StateDict, AnExpandedBufferCannotBeWritten) {
  Open open;
  open.register_parameter("w", ones(2));
  open.register_buffer("b", ones(1).expand({3}));
  EXPECT_EQ(error_of([&] {
              open.load_state_dict({{"w", zeros(2)}, {"b", zeros(3)}});
            }),
            "load_state_dict: the dict does not fit the module Open: 'b' is an expanded tensor in "
            "the module, so it cannot be written");
  EXPECT_TRUE(equal(open.parameter("w").detach(), ones(2)));
}

TEST(StateDict, AGraphDetectsThatItChangedATensor) {
  const Linear layer(2, 2);
  const Tensor y = layer(ones({1, 2}).requires_grad_()).sum();
  layer.load_state_dict(layer.state_dict());
  EXPECT_NE(error_of([&] { y.backward(); }).find("changed in place"), std::string::npos);
}

TEST(StateDict, FilesHaveTheBuffers) {
  const std::string path = temporary_path("buffers.safetensors").string();
  const Net trained;
  trained(randn({4, 3}));
  nn::save(trained, path);
  const Net fresh;
  nn::load(fresh, path);
  EXPECT_TRUE(equal(fresh.norm.mean, trained.norm.mean));
  EXPECT_EQ(fresh.norm.count.item<int64_t>(), 1);
  EXPECT_EQ(load_safetensors(path).size(), 7u);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace gradus::state_dict_test
