// A layer that is a member of a module must be registered in it, else it would be neither trained
// nor saved. Which layers are found, and which ones are not meant.
#include <array>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <thread>

#include "nn/containers.h"
#include "nn/linear.h"
#include "nn/save.h"
#include "tests/golden.h"
#include "tests/temporary.h"

namespace gradus::forgotten_layers_test {
namespace {

using nn::Linear;
using testing::error_of;

std::string forgotten(const std::string& module, const std::string& layer = "Linear") {
  return module + ": it has a layer (" + layer +
         ") as a member and never registered it; use register_module(name, layer)";
}
template <class M>
std::string error() {
  return error_of([] { M().parameters(); });
}

// the position of the forgotten layer

struct First : nn::Module {
  const Linear a, b;
  First() : a(2, 2), b(register_module("b", Linear(2, 2))) {}
};
struct Last : nn::Layer<Last> {
  const Linear a, b;
  Last() : a(register_module("a", Linear(2, 2))), b(2, 2) {}
  Tensor forward(const Tensor& x) const { return b(a(x)); }
};
struct Only : nn::Layer<Only> {
  const Linear a;
  Only() : a(2, 2) {}
  Tensor forward(const Tensor& x) const { return a(x); }
};
struct Initialised : nn::Module {
  const Linear a = register_module("a", Linear(2, 2));
  const Linear b{2, 2};
};

TEST(ForgottenLayer, IsAnErrorAtEveryPosition) {
  EXPECT_EQ(error<First>(), forgotten("First"));
  EXPECT_EQ(error<Last>(), forgotten("Last"));
  EXPECT_EQ(error<Only>(), forgotten("Only"));
  EXPECT_EQ(error<Initialised>(), forgotten("Initialised"));
}

TEST(ForgottenLayer, IsAnErrorWithEveryFunctionThatNeedsAllLayers) {
  const std::string path = temporary_path("forgotten.safetensors").string();
  const Last net;
  EXPECT_EQ(error_of([&] { net.named_parameters(); }), forgotten("Last"));
  EXPECT_EQ(error_of([&] { net.zero_grad(); }), forgotten("Last"));
  EXPECT_EQ(error_of([&] { net.to(kFloat64); }), forgotten("Last"));
  EXPECT_EQ(error_of([&] { net.eval(); }), forgotten("Last"));
  EXPECT_TRUE(net.is_training() && net.a.is_training());
  EXPECT_EQ(error_of([&] { nn::save(net, path); }), forgotten("Last"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ForgottenLayer, IsAnErrorWhereverItsModuleIs) {
  const std::string expected = forgotten("Last");
  EXPECT_EQ(error_of([] { std::make_unique<Last>()->parameters(); }), expected);
  EXPECT_EQ(error_of([] { std::make_shared<Last>()->parameters(); }), expected);
  static const Last in_static_memory;
  EXPECT_EQ(error_of([] { in_static_memory.parameters(); }), expected);
  const std::vector<Last> several(3);
  EXPECT_EQ(error_of([&] { several[2].parameters(); }), expected);
  std::thread([&] { EXPECT_EQ(error_of([&] { several[1].parameters(); }), expected); }).join();
  struct Trainer {
    const Last net;
    const Linear next;
  };
  const Trainer trainer{Last(), Linear(2, 2)};
  EXPECT_EQ(error_of([&] { trainer.net.parameters(); }), expected);
}

TEST(ForgottenLayer, IsAnErrorForEveryHandle) {
  const auto original = std::make_unique<Last>();
  const nn::Module handle = *original;
  const Last copy = *original;
  EXPECT_EQ(error_of([&] { copy.parameters(); }), forgotten("Last"));
  EXPECT_EQ(error_of([&] { handle.parameters(); }), forgotten("Last"));
  const Last moved = std::move(*original);
  EXPECT_EQ(error_of([&] { moved.parameters(); }), forgotten("Last"));
  std::vector<Last> list;
  list.push_back(Last());
  list.push_back(Last());
  EXPECT_EQ(error_of([&] { list[0].parameters(); }), forgotten("Last"));
}

// base classes

TEST(ForgottenLayer, InABaseClassIsAnError) {
  struct Base : nn::Module {
    const Linear a;
    Base() : a(2, 2) {}
    Tensor forward(const Tensor& x) const { return a(x); }
  };
  struct Derived : nn::Layer<Derived, Base> {
    const Linear b;
    Derived() : b(register_module("b", Linear(2, 2))) {}
  };
  EXPECT_EQ(error<Derived>(), forgotten("Derived"));
}

TEST(ForgottenLayer, InAClassDerivedFromALayerIsAnError) {
  struct Adapter : Linear {
    const Linear extra;
    Adapter() : Linear(2, 2), extra(2, 2) {}
  };
  struct Further : Adapter {
    const int number = 0;
  };
  EXPECT_EQ(error<Adapter>(), forgotten("Linear"));
  EXPECT_EQ(error<Further>(), forgotten("Linear"));
}

TEST(ForgottenLayer, InASecondBaseClassIsAnError) {
  struct Body {
    const Linear a{2, 2};
  };
  struct Net : nn::Module, Body {};
  EXPECT_EQ(error<Net>(), forgotten("Net"));
}

// members that contain layers

struct InAnOptional : nn::Module {
  std::optional<Linear> a;
  InAnOptional() { a.emplace(2, 2); }
};
struct MovedIntoAnOptional : nn::Module {
  const std::optional<Linear> a = Linear(2, 2);
};
struct InAnArray : nn::Module {
  const std::array<Linear, 2> a{Linear(2, 2), Linear(2, 2)};
};
struct InAPair : nn::Module {
  const std::pair<int, Linear> a{1, Linear(2, 2)};
};
struct InATuple : nn::Module {
  const std::tuple<int, Linear> a{1, Linear(2, 2)};
};
struct InAStruct : nn::Module {
  struct {
    int number = 1;
    Linear layer{2, 2};
  } a;
};
struct InASequential : nn::Module {
  const nn::Sequential a{Linear(2, 2)};
};
struct MovedFromAnArgument : nn::Module {
  Linear a;
  explicit MovedFromAnArgument(Linear layer) : a(std::move(layer)) {}
};

TEST(ForgottenLayer, InsideAMemberIsAnError) {
  EXPECT_EQ(error<InAnOptional>(), forgotten("InAnOptional"));
  EXPECT_EQ(error<MovedIntoAnOptional>(), forgotten("MovedIntoAnOptional"));
  EXPECT_EQ(error<InAnArray>(), forgotten("InAnArray"));
  EXPECT_EQ(error<InAPair>(), forgotten("InAPair"));
  EXPECT_EQ(error<InATuple>(), forgotten("InATuple"));
  EXPECT_EQ(error<InAStruct>(), forgotten("InAStruct"));
  EXPECT_EQ(error<InASequential>(), forgotten("InASequential", "Sequential"));
  EXPECT_EQ(error_of([] { MovedFromAnArgument(Linear(2, 2)).parameters(); }),
            forgotten("MovedFromAnArgument"));
}

TEST(ForgottenLayer, MadeAfterTheConstructorIsAnError) {
  struct Lazy : nn::Module {
    std::optional<Linear> a;
  };
  Lazy net;
  EXPECT_EQ(net.parameters().size(), 0u);
  for (int i = 0; i < 3; ++i)
    net.a.emplace(2, 2);
  EXPECT_EQ(error_of([&] { net.parameters(); }), forgotten("Lazy"));
  net.a.reset();
  EXPECT_EQ(net.parameters().size(), 0u);
}

TEST(ForgottenLayer, AnywhereInAChildIsAnError) {
  struct Parent : nn::Module {
    const Last child;
    Parent() : child(register_module("child", Last())) {}
  };
  EXPECT_EQ(error_of([] { Parent(); }), forgotten("Last"));
  EXPECT_EQ(error_of([] { nn::Sequential{Last()}; }), forgotten("Last"));
  EXPECT_EQ(error_of([] { nn::ModuleList<Last>().push_back(Last()); }), forgotten("Last"));
  const InAnOptional net;
  EXPECT_EQ(error_of([&] {
              nn::Sequential{nn::Sequential(), net.a.value()}.push_back(Only());
            }),
            forgotten("Only"));
  struct Grows : nn::Module {
    std::optional<Linear> late;
  };
  struct Owner : nn::Module {
    Grows child;
    Owner() { register_module("child", child); }
  };
  Owner owner;
  EXPECT_EQ(owner.parameters().size(), 0u);
  owner.child.late.emplace(2, 2);
  EXPECT_EQ(error_of([&] { owner.parameters(); }), forgotten("Grows"));
}

// no false alarms

TEST(ForgottenLayer, RegisteringLaterIsNoError) {
  struct Late : nn::Module {
    const Linear a, b;
    Late() : a(2, 2), b(register_module("b", Linear(2, 2))) { register_module("a", a); }
    void add(const std::string& name) { register_module(name, Linear(2, 2)); }
  };
  Late net;
  const Linear other(2, 2);
  net.add("c");
  EXPECT_EQ(net.named_parameters().front().first, "b.weight");
  EXPECT_EQ(net.parameters().size(), 6u);
}

TEST(ForgottenLayer, RegisteredInAnotherMemberIsNoError) {
  struct Net : nn::Module {
    const Linear a, b;
    const nn::Sequential both;
    Net() : a(2, 2), b(2, 2), both(register_module("both", nn::Sequential{a, b})) {}
  };
  EXPECT_EQ(Net().parameters().size(), 4u);
}

TEST(ForgottenLayer, NeighboursAreNoError) {
  struct Neighbours {
    const nn::Sequential before{Linear(2, 2)};
    const Linear after{2, 2};
    const nn::ModuleList<Linear> last{1, [] { return Linear(2, 2); }};
  };
  const Neighbours all;
  EXPECT_EQ(all.before.parameters().size(), 2u);
  EXPECT_EQ(all.after.parameters().size(), 2u);
  EXPECT_EQ(all.last.parameters().size(), 2u);
  const std::array<Linear, 3> layers{Linear(2, 2), Linear(2, 2), Linear(2, 2)};
  for (const Linear& layer : layers)
    EXPECT_EQ(layer.parameters().size(), 2u);
}

std::list<Linear>& global_list() {
  static std::list<Linear> list;
  return list;
}

TEST(ForgottenLayer, LayersElsewhereAreNoError) {
  struct Net : nn::Module {
    const Linear a, b;
    explicit Net(std::optional<Linear>& slot)
        : a(register_module("a", Linear(2, 2))), b(register_module("b", with_others(slot))) {}
    static Linear with_others(std::optional<Linear>& slot) {
      static const Linear in_static_memory(2, 2);
      const Linear local(2, 2);
      global_list().emplace_back(2, 2);
      std::thread([] { global_list().emplace_back(2, 2); }).join();
      slot.emplace(2, 2);
      Linear result(local.weight);
      return result;
    }
  };
  std::optional<Linear> before;
  EXPECT_EQ(Net(before).parameters().size(), 3u);
  struct Both {
    std::optional<Linear> left;
    const Net net{left};
  };
  EXPECT_EQ(Both().net.parameters().size(), 3u);
}

TEST(ForgottenLayer, ACopyOfALayerMadeElsewhereIsNoError) {
  struct Net : nn::Module {
    const Linear frozen, a;
    explicit Net(const Linear& layer)
        : frozen(layer), a(register_module("a", Linear(layer.weight.detach().clone()))) {}
  };
  EXPECT_EQ(Net(Linear(2, 2)).parameters().size(), 1u);
}

TEST(ForgottenLayer, MemoryThatIsUsedAgainIsNoError) {
  alignas(Last) std::array<std::byte, sizeof(Last)> memory;
  auto* const net = new (memory.data()) Last;
  net->~Last();
  for (size_t at = 0; at + sizeof(Linear) <= memory.size(); at += alignof(Linear)) {
    auto* const layer = new (memory.data() + at) Linear(2, 2);
    EXPECT_EQ(layer->parameters().size(), 2u);
    layer->~Linear();
  }
  nn::Module outlives;
  {
    const nn::Sequential net_of_the_block{Linear(2, 2)};
    outlives.~Module();
    new (&outlives) nn::Module(net_of_the_block);
  }
  const Linear other(2, 2);
  EXPECT_EQ(outlives.parameters().size(), 2u);
}

TEST(ForgottenLayer, AggregatesWork) {
  struct Plain : nn::Module {
    const Linear a = register_module("a", Linear(2, 2));
  };
  const Plain one;
  const Plain two{};
  EXPECT_EQ(one.parameters().size() + two.parameters().size(), 4u);
}

TEST(ForgottenLayer, ThousandsOfModulesAreFast) {
  std::list<Linear> all;
  for (int i = 0; i < 20000; ++i)
    all.emplace_back(1, 1);
  EXPECT_EQ(all.back().parameters().size(), 2u);
}

TEST(ForgottenLayer, ModulesMadeByManyThreads) {
  std::vector<std::thread> threads;
  std::vector<std::string> errors(4);
  for (std::string& message : errors)
    threads.emplace_back([&message] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(nn::Sequential{Linear(2, 2)}.parameters().size(), 2u);
        message = error<Last>();
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(errors, std::vector<std::string>(4, forgotten("Last")));
}

}  // namespace
}  // namespace gradus::forgotten_layers_test
