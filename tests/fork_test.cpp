// A child of fork() has only the thread that called fork. It can use the library all the same.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "gradus.h"
#include "tensor/kernels/sanitized.h"

namespace gradus {
namespace {

/// Runs `f` in a child process and expects that it returns true within 20 seconds.
template <class F>
void expect_in_child(const F& f) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(f() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

/// A product, gradients, random numbers and a layer; large enough for several threads.
double use_the_library() {
  manual_seed(1);
  const nn::Sequential model{nn::Linear(300, 300), nn::Linear(300, 300)};
  const Scope scope("fork");
  const Tensor y = model(randn({300, 300}));
  (y * y).mean().backward();
  return model.parameters()[0].grad().abs().sum().item<double>();
}

struct Fork : testing::Test {
  void SetUp() override { set_num_threads(3); }
};

TEST_F(Fork, TheChildComputesWhatTheParentComputes) {
  const double expected = use_the_library();
  expect_in_child([&] { return use_the_library() == expected; });
  expect_in_child([] { return get_num_threads() == 3; });
  EXPECT_EQ(use_the_library(), expected);
}

TEST_F(Fork, TheChildMaySetTheNumberOfThreads) {
  const double expected = use_the_library();
  expect_in_child([&] {
    set_num_threads(4);
    return use_the_library() == expected;
  });
}

TEST_F(Fork, AChildOfAChildComputes) {
  const double expected = use_the_library();
  expect_in_child([&] {
    expect_in_child([&] { return use_the_library() == expected; });
    return use_the_library() == expected && !HasFailure();
  });
}

TEST_F(Fork, WhileOtherThreadsUseTheLibrary) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers' own malloc hangs in the child";
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  const auto repeat = [&](const std::function<void()>& f) {
    threads.emplace_back([&stop, f] {
      while (!stop) {
        for (int i = 0; i < 100; ++i)
          f();
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      }
    });
  };
  repeat([] { empty({100'000}); });
  repeat([] { rand({100}); });
  repeat([] { nn::Dropout(); });
  repeat([] { const Scope scope("a name"); });
  for (int i = 0; i < 100; ++i)
    expect_in_child([] {
      const Scope scope("child");
      const nn::Linear layer(200, 200);
      return layer(rand({200, 200})).numel() == 40'000;
    });
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
}

}  // namespace
}  // namespace gradus
