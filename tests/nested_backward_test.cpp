// backward inside the backward of a Function, many levels deep.
#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>
#include <stdexcept>

#include "autograd/function.h"
#include "autograd/graph.h"
#include "tests/engine_support.h"

namespace gradus::nested_backward_test {
namespace {

/// Its backward calls itself on x - 1 until x is 0, as in a test of PyTorch.
struct Nested : autograd::Function<Nested> {
  static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x) {
    const AutoGradMode record_inside(true);
    ctx->saved_data["x"] = x.detach().clone().requires_grad_() - 1;
    return ctx->saved_data["x"].toTensor().detach();
  }
  static autograd::tensor_list backward(autograd::AutogradContext* ctx, autograd::tensor_list dy) {
    const Tensor x = ctx->saved_data["x"].toTensor();
    if (x.item<double>() > 0) {
      const AutoGradMode record_inside(true);
      apply(x).sum().backward();
    }
    return dy;
  }
};

/// The gradient after this number of backward calls inside each other.
double gradient_after(int levels) {
  const Tensor x = leaf(static_cast<double>(levels));
  Nested::apply(x).sum().backward();
  return x.grad().item<double>();
}

void run_with_stack(size_t bytes, const std::function<void()>& f) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, bytes), 0);
  const auto call = [](void* function) -> void* {
    (*static_cast<const std::function<void()>*>(function))();
    return nullptr;
  };
  pthread_t thread{};
  ASSERT_EQ(
      pthread_create(&thread, &attributes, call, const_cast<void*>(static_cast<const void*>(&f))),
      0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST(NestedBackward, WorksForThousandsOfLevels) {
  const int64_t before = autograd::live_nodes();
  EXPECT_EQ(gradient_after(8193), 1);
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(NestedBackward, WorksOnASmallStack) {
  run_with_stack(1 << 20, [] { EXPECT_EQ(gradient_after(8193), 1); });
}

/// Its backward calls its own backward for ever.
struct Endless : autograd::Function<Endless> {
  static Tensor forward(autograd::AutogradContext*, const Tensor& x) { return x * 1; }
  static autograd::tensor_list backward(autograd::AutogradContext*, autograd::tensor_list dy) {
    const AutoGradMode record_inside(true);
    apply(leaf(1.)).backward();
    return dy;
  }
};

TEST(NestedBackward, WithoutAnEndIsAnError) {
  try {
    Endless::apply(leaf(1.)).backward();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.find("backward: ") == 0 &&
                message.find("of backward or grad") != std::string::npos)
        << message;
  }
  EXPECT_EQ(gradient_after(40), 1);  // the engine is usable afterwards
}

/// Calls `at_the_end` 100 levels deep.
struct Deep : autograd::Function<Deep> {
  static inline std::function<void()> at_the_end;
  static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x) {
    ctx->saved_data["level"] = x.item<double>();
    return x * 1;
  }
  static autograd::tensor_list backward(autograd::AutogradContext* ctx, autograd::tensor_list dy) {
    const double level = ctx->saved_data["level"].toDouble();
    if (level == 0) {
      at_the_end();
    } else {
      const AutoGradMode record_inside(true);
      apply(leaf(level - 1)).backward();
    }
    return dy;
  }
};

TEST(NestedBackward, KeepsTheModeAndTheScopeOfItsCaller) {
  bool mode = true;
  std::string scope;
  Deep::at_the_end = [&] {
    mode = is_grad_enabled();
    scope = *Scope::current();
  };
  const Scope block("block0");
  Deep::apply(leaf(100.)).backward();
  EXPECT_FALSE(mode);
  EXPECT_EQ(scope, "block0");
  Deep::apply(leaf(100.)).backward({}, {}, /*create_graph=*/false);
  EXPECT_TRUE(is_grad_enabled());
}

TEST(NestedBackward, PassesExceptionsOn) {
  Deep::at_the_end = [] { throw std::out_of_range("from the deepest level"); };
  const Tensor y = Deep::apply(leaf(100.));
  try {
    y.backward({}, true);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "from the deepest level");
  }
  EXPECT_TRUE(is_grad_enabled());
  Deep::at_the_end = [] {};
  y.backward();
}

/// Keeps a tensor alive through its context.
struct Keeps : autograd::Function<Keeps> {
  static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x, const Tensor& kept) {
    ctx->saved_data["kept"] = kept;
    return x * 1;
  }
  static autograd::tensor_list backward(autograd::AutogradContext*, autograd::tensor_list dy) {
    return {dy[0], Tensor()};
  }
};

TEST(NestedBackward, AChainOfContextsIsFreedWithoutRecursion) {
  const int64_t before = autograd::live_nodes();
  run_with_stack(256 * 1024, [] {
    Tensor y = leaf(1.);
    for (int i = 0; i < 100'000; ++i)
      y = Keeps::apply(leaf(1.),
                       y.requires_grad() ? y.view({}) : y);  // not an input: held by the context
  });
  EXPECT_EQ(autograd::live_nodes(), before);
}

TEST(NestedBackward, AChainOfGradsIsFreedWithoutRecursion) {
  const int64_t before = autograd::live_nodes();
  run_with_stack(256 * 1024, [] {
    Tensor y = leaf(1.);
    for (int i = 0; i < 100'000; ++i) {
      const Tensor next = leaf(1.);
      next.mutable_grad() = y;
      y = next;
    }
  });
  EXPECT_EQ(autograd::live_nodes(), before);
}

}  // namespace
}  // namespace gradus::nested_backward_test
