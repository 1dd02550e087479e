// Modules are printed as Python's PyTorch prints them. tests/torch_modules.txt has what PyTorch
// 2.15 prints for modules of the same classes, names and arguments.
#include <fstream>
#include <sstream>

#include "autograd/anomaly.h"
#include "nn/activations.h"
#include "nn/encoder_decoder.h"
#include "nn/gpt.h"
#include "nn/lora.h"
#include "nn/losses.h"
#include "nn/rms_norm.h"
#include "tests/golden.h"

namespace gradus::module_print_test {
namespace {

using nn::Linear;

/// What PyTorch prints for each module of the file.
std::map<std::string, std::string> printed_by_torch() {
  std::ifstream file(GRADUS_SOURCE_DIR "/tests/torch_modules.txt");
  std::map<std::string, std::string> all;
  std::string name;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("### ")) {
      name = line.substr(4);
    } else {
      std::string& text = all[name];
      text += (text.empty() ? "" : "\n") + line;
    }
  }
  return all;
}

/// Compares modules with those of the file, and whether all of the file were compared.
class PrintedByTorch {
 public:
  ~PrintedByTorch() {
    for (const auto& [name, text] : expected_)
      ADD_FAILURE() << "not compared: " << name;
  }
  template <class M>
  void compare(const std::string& name, const M& module) {
    EXPECT_EQ(to_string(module), expected_[name]) << name;
    expected_.erase(name);
  }

 private:
  std::map<std::string, std::string> expected_ = printed_by_torch();
};

struct Net : nn::Module {
  const Linear hidden, out;
  const nn::Dropout dropout;
  Net()
      : hidden(register_module("hidden", Linear(2, 3))),
        out(register_module("out", Linear(3, 1, /*with_bias=*/false))),
        dropout(register_module("dropout", nn::Dropout(0.5))) {}
};
struct Empty : nn::Layer<Empty> {
  Tensor forward(const Tensor& x) const { return x; }
};

Linear square() { return {2, 2}; }

void compare_activations_and_losses(PrintedByTorch& torch) {
  torch.compare("relu", nn::ReLU());
  torch.compare("leaky relu", nn::LeakyReLU(0.2));
  torch.compare("elu", nn::ELU());
  torch.compare("tanh", nn::Tanh());
  torch.compare("sigmoid", nn::Sigmoid());
  torch.compare("silu", nn::SiLU());
  torch.compare("softplus", nn::Softplus(2));
  torch.compare("softmax", nn::Softmax(-1));
  torch.compare("log softmax", nn::LogSoftmax(1));
  torch.compare("identity", nn::Identity());
  torch.compare("flatten", nn::Flatten());
  torch.compare("rms norm", nn::RMSNorm(4));
  torch.compare("rms norm with eps",
                nn::RMSNorm({2, 4}, {.eps = 1e-6, .elementwise_affine = false}));
  torch.compare("mse loss", nn::MSELoss());
  torch.compare("l1 loss", nn::L1Loss());
  torch.compare("smooth l1 loss", nn::SmoothL1Loss());
  torch.compare("huber loss", nn::HuberLoss());
  torch.compare("cross entropy loss", nn::CrossEntropyLoss());
  torch.compare("nll loss", nn::NLLLoss());
  torch.compare("bce loss", nn::BCELoss());
  torch.compare("bce with logits loss", nn::BCEWithLogitsLoss());
  torch.compare("kl div loss", nn::KLDivLoss());
  torch.compare("cosine similarity", nn::CosineSimilarity());
}

TEST(ModulePrint, LayersAreThoseOfPython) {
  PrintedByTorch torch;
  compare_activations_and_losses(torch);
  torch.compare("linear", Linear(3, 2));
  torch.compare("linear without bias", Linear(3, 2, false));
  torch.compare("embedding", nn::Embedding(10, 3));
  torch.compare("layer norm", nn::LayerNorm(4));
  torch.compare("layer norm of two dimensions",
                nn::LayerNorm({2, 4}, {.eps = 0.1, .elementwise_affine = false}));
  torch.compare("layer norm with a large eps", nn::LayerNorm(4, {.eps = 1e16}));
  torch.compare("layer norm with a small eps", nn::LayerNorm(4, {.eps = 1.25e-7}));
  torch.compare("layer norm with eps 0.0001", nn::LayerNorm(4, {.eps = 0.0001}));
  torch.compare("dropout", nn::Dropout(0.1));
  torch.compare("dropout of all", nn::Dropout(1));
  torch.compare("dropout of a third", nn::Dropout(1 / 3.));
  torch.compare("gelu", nn::GELU());
  torch.compare("gelu tanh", nn::GELU("tanh"));
  torch.compare("rnn", nn::RNN(3, 4));
  torch.compare("rnn with options", nn::RNN(3, 4,
                                            {.num_layers = 2,
                                             .nonlinearity = "relu",
                                             .bias = false,
                                             .batch_first = true,
                                             .dropout = 0.5,
                                             .bidirectional = true}));
  torch.compare("gru", nn::GRU(3, 4, {.batch_first = true}));
  torch.compare("lstm", nn::LSTM(3, 4, {.num_layers = 2, .dropout = 0.25}));
  torch.compare("net", Net());
  torch.compare("empty", Empty());
  torch.compare("empty sequential in a list",
                nn::ModuleList<nn::Sequential>(1, [] { return nn::Sequential(); }));
  torch.compare("empty list", nn::ModuleList<Linear>());
  torch.compare(
      "nested sequential",
      nn::Sequential{Linear(2, 3), nn::GELU(), nn::Sequential{Linear(3, 3), nn::Dropout(0.5)}});
  torch.compare("equal children of sequential", nn::Sequential{square(), square()});
  nn::ModuleList<Linear> list(3, square);
  list.push_back(Linear(2, 2, false));
  list.push_back(square());
  list.push_back(square());
  torch.compare("list", list);
  nn::ModuleList<nn::Sequential> sequentials(12, [] {
    return nn::Sequential{square(), nn::GELU()};
  });
  sequentials.push_back(nn::Sequential{square()});
  torch.compare("list of sequentials", sequentials);
  nn::ModuleList<nn::ModuleList<Linear>> lists;
  for (const int64_t count : {2, 2, 1})
    lists.push_back(nn::ModuleList<Linear>(count, square));
  torch.compare("list of lists", lists);
  torch.compare(
      "gpt",
      nn::Gpt({.vocab_size = 50, .context_length = 8, .emb_dim = 12, .n_heads = 2, .n_layers = 3}));
}

TEST(ModulePrint, EveryHandleAndEveryFormPrintTheSame) {
  const Net net;
  const nn::Module base = net;
  std::ostringstream out;
  out << net;
  EXPECT_EQ(out.str(), to_string(net));
  EXPECT_EQ(fmt::format("{}", net), to_string(net));
  EXPECT_EQ(fmt::format("{}", base), to_string(net));
  EXPECT_EQ(to_string(nn::Module(nn::GRU(2, 3))), "GRU(2, 3)");
}

// names of classes

template <class... T>
struct Generic : nn::Layer<Generic<T...>> {
  Tensor forward(const Tensor& x) const { return x; }
};
template <>
struct Generic<int> : nn::Module {
  template <class F>
  explicit Generic(const F&) {}
};
struct Adapter : Linear {
  Adapter() : Linear(2, 2) {}
};
struct Aggregate : nn::Module {
  const Linear a = register_module("a", square());
};

TEST(ModulePrint, TheNameIsThatOfTheClass) {
  struct Local : nn::Layer<Local> {
    Tensor forward(const Tensor& x) const { return x; }
  };
  EXPECT_EQ(Local().name(), "Local");
  EXPECT_EQ(to_string(Local()), "Local()");
  EXPECT_EQ((Generic<std::pair<Local, std::vector<Linear>>, Net>().name()), "Generic");
  EXPECT_EQ(to_string(Generic<>()), "Generic()");
  EXPECT_EQ(to_string(Generic<int>([] {})), "Generic()");
  EXPECT_EQ(nn::GRU(1, 1).name(), "GRU");
  EXPECT_EQ(nn::ModuleList<Linear>().name(), "ModuleList");
  EXPECT_EQ(Net().name(), "Net");
  EXPECT_EQ(to_string(Adapter()), "Adapter(in_features=2, out_features=2, bias=True)");
  const std::string line = "\n  (a): Linear(in_features=2, out_features=2, bias=True)\n)";
  EXPECT_EQ(to_string(Aggregate{}), "Aggregate(" + line);
  // clang-format off
  EXPECT_EQ(to_string(nn::Sequential{Adapter(), Local(), Aggregate{}.a, Generic<>()}),
            "Sequential(\n"
            "  (0): Adapter(in_features=2, out_features=2, bias=True)\n"
            "  (1): Local()\n"
            "  (2): Linear(in_features=2, out_features=2, bias=True)\n"
            "  (3): Generic()\n"
            ")");
  // clang-format on
  EXPECT_EQ(to_string(nn::BahdanauDecoder({.source_vocab_size = 2, .target_vocab_size = 2}))
                .substr(0, 18),
            "BahdanauDecoder(\n ");
}

// arguments

struct Prints : nn::Layer<Prints> {
  explicit Prints(const std::vector<nn::PrintedArgument>& arguments) { set_extra_repr(arguments); }
  Tensor forward(const Tensor& x) const { return x; }
  void add(const std::string& name) { register_module(name, square()); }
};

TEST(ModulePrint, ArgumentsAreValuesOfPython) {
  const Shape none{};
  EXPECT_EQ(to_string(Prints({})), "Prints()");
  EXPECT_EQ(to_string(Prints({{"", 3}})), "Prints(3)");
  EXPECT_EQ(to_string(Prints({{"a", true}, {"b", size_t{7}}, {"c", 2.}, {"d", -1e-20}})),
            "Prints(a=True, b=7, c=2.0, d=-1e-20)");
  EXPECT_EQ(to_string(Prints({{"inf", INFINITY}, {"nan", NAN}, {"f", 0.5f}})),
            "Prints(inf=inf, nan=nan, f=0.5)");
  EXPECT_EQ(to_string(Prints({{"s", "a\n\x1b"}, {"t", std::string("b")}})),
            "Prints(s='a\\x0a\\x1b', t='b')");
  EXPECT_EQ(to_string(Prints({{"", none}, {"", Shape{3}}, {"", Shape{3, 4}}})),
            "Prints((), (3,), (3, 4))");
}

TEST(ModulePrint, ArgumentsComeBeforeTheChildren) {
  Prints module({{"size", 2}});
  module.add("one");
  EXPECT_EQ(to_string(module),
            "Prints(\n"
            "  size=2\n"
            "  (one): Linear(in_features=2, out_features=2, bias=True)\n"
            ")");
}

TEST(ModulePrint, NamesInErrorsAreThoseOfTheClasses) {
  struct Base : nn::Module {
    const Linear a{1, 1};
    Tensor forward(const Tensor& x) const { return a(x); }
  };
  struct Derived : nn::Layer<Derived, Base> {};
  EXPECT_NE(
      testing::error_of([] { Derived().parameters(); }).find("Derived: it has a layer (Linear)"),
      std::string::npos);
}

}  // namespace
}  // namespace gradus::module_print_test
