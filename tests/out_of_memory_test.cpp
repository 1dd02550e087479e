// A program that runs out of memory gets an Error and can go on: whatever was allocated is freed.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "gradus.h"

namespace gradus {
namespace {

/// What a call throws: "Error", the name of another exception, or "" if it returns.
template <class F>
std::string kind_of_exception(const F& f) {
  try {
    f();
    return "";
  } catch (const Error&) {
    return "Error";
  } catch (const std::exception& error) {
    return error.what();
  }
}

/// Runs `f` in a child process whose memory may grow by `bytes`, and expects that it returns "".
template <class F>
void expect_in_child(rlim_t bytes, const F& f) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    std::ifstream statm("/proc/self/statm");
    rlim_t pages[6] = {};
    for (rlim_t& n : pages)
      statm >> n;
    statm.close();
    const rlim_t data = pages[5] * static_cast<rlim_t>(getpagesize()) + bytes;
    const rlimit limit{data, data};
    if (setrlimit(RLIMIT_DATA, &limit) != 0) _exit(2);
    std::string fault;
    const std::string kind = kind_of_exception([&] { fault = f(); });
    if (!kind.empty()) fault = kind;
    const char* const text = fault.c_str();
    if (!fault.empty()) static_cast<void>(write(2, text, fault.size()));
    _exit(fault.empty() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

constexpr rlim_t kMiB = rlim_t{1} << 20;

struct OutOfMemory : testing::Test {
  void SetUp() override {
    if (!kernels::keeps_freed_memory()) GTEST_SKIP() << "a sanitizer ends the program";
    set_num_threads(1);
  }
};

/// Keeps the results of `make` until there is no memory, and frees them; `rounds` times.
std::string fill(int rounds, const std::function<Tensor()>& make) {
  std::vector<Tensor> all;
  all.reserve(1'000'000);
  for (int round = 0; round < rounds; ++round) {
    const std::string kind = kind_of_exception([&] {
      while (all.size() < all.capacity())
        all.push_back(make());
    });
    if (kind != "Error") return fmt::format("round {}: '{}'", round, kind);
    all.clear();
  }
  return "";
}

TEST_F(OutOfMemory, OfTensorsOfAnySizeIsAnError) {
  for (const int64_t n : {3, 100, 5000, 20'000, 3'000'000})
    expect_in_child(100 * kMiB, [n] { return fill(3, [n] { return ones({n}); }); });
}

TEST_F(OutOfMemory, OfAGraphIsAnError) {
  expect_in_child(100 * kMiB, [] {
    const Tensor x = randn({3}).requires_grad_();
    const std::string chain = fill(3, [&x, y = x]() mutable {
      y = y * x;
      return y;
    });
    if (!chain.empty()) return "chain: " + chain;
    const Tensor w = randn({40, 40}).requires_grad_();
    return fill(3, [&] { return layer_norm(matmul(w, w), {40}).softmax(-1); });
  });
}

TEST_F(OutOfMemory, AllOpsWorkAfterwards) {
  expect_in_child(100 * kMiB, [] {
    for (const int64_t n : {3'000'000, 20'000, 100, 3}) {
      const std::string fault = fill(2, [n] { return ones({n}); });
      if (!fault.empty()) return fault;
      const Tensor x = ones({40, 40}).requires_grad_();
      matmul(x, x).sum().backward();
      if (x.grad().sum().item<float>() != 2 * 40 * 40 * 40) return std::string("wrong");
    }
    return std::string();
  });
}

}  // namespace
}  // namespace gradus
