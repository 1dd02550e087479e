#include "tensor/threads.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <thread>
#ifdef __linux__
#include <sched.h>
#endif

#include "gradus.h"
#include "tensor/kernels/parallel.h"
#include "tests/emulated.h"

namespace gradus {
namespace {

struct RestoreThreads {
  const int before = get_num_threads();
  ~RestoreThreads() { set_num_threads(before); }
};

/// The bits of the losses of a few training steps with dropout, and of all parameters and gradients
/// after them.
std::vector<uint32_t> train(int threads) {
  set_num_threads(threads);
  manual_seed(7);
  nn::Gpt model({.vocab_size = 501,
                 .context_length = 40,
                 .emb_dim = 72,
                 .n_heads = 3,
                 .n_layers = 2,
                 .drop_rate = 0.1});
  optim::AdamW optimizer(model.parameters(), {.lr = 1e-3});
  const Tensor ids = randint(501, {4, 33});
  const Tensor target = randint(501, {4, 33});
  std::vector<uint32_t> bits;
  const auto add = [&](const Tensor& x) {
    const Tensor row = x.detach().contiguous();
    for (int64_t i = 0; i < row.numel(); ++i)
      bits.push_back(std::bit_cast<uint32_t>(row.data_ptr<float>()[i]));
  };
  for (int step = 0; step < 3; ++step) {
    optimizer.zero_grad();
    const Tensor loss = cross_entropy(model(ids).view({-1, 501}), target.view(-1));
    loss.backward();
    nn::utils::clip_grad_norm_(model.parameters(), 1.0);
    optimizer.step();
    add(loss);
  }
  for (const Tensor& parameter : model.parameters()) {
    add(parameter);
    add(parameter.grad());
  }
  return bits;
}

TEST(Threads, TrainingGivesTheSameBitsForAnyNumberOfThreads) {
  const RestoreThreads restore;
  const std::vector<uint32_t> one = train(1);
  EXPECT_GT(one.size(), 100'000u);
  for (const int threads : {2, 3, 5})
    EXPECT_TRUE(train(threads) == one) << threads;
}

/// Calls body in `threads` threads at once, each of which waits until all of them have begun. While
/// other programs need the cores a loop gets fewer threads, so this tries again.
template <class Body>
bool run_together(int threads, const Body& body) {
  for (int attempt = 0; attempt < 200; ++attempt) {
    std::atomic<int> begun{0};
    std::atomic<int> items{0};
    std::atomic<int> together{0};
    kernels::parallel_for(300, 1, [&](int64_t begin, int64_t end) {
      items += static_cast<int>(end - begin);
      ++begun;
      const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
      while (begun < threads && std::chrono::steady_clock::now() < give_up)
        std::this_thread::yield();
      if (begun < threads) return;
      ++together;
      body();
    });
    EXPECT_EQ(items, 300);
    if (together == threads) return true;
  }
  return false;
}

TEST(Threads, TheChosenNumberIsUsed) {
  if (emulated()) GTEST_SKIP() << "an emulator has one thread";
  const RestoreThreads restore;
  for (const int threads : {1, 2, 3, 8, 2, 5}) {
    set_num_threads(threads);
    EXPECT_EQ(get_num_threads(), threads);
    EXPECT_TRUE(run_together(threads, [] {})) << threads;
  }
}

TEST(Threads, WithoutWorkTheySleep) {
  const RestoreThreads restore;
  set_num_threads(4);
  kernels::parallel_for(4, 1, [](int64_t, int64_t) {});
  const auto processor_time = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  const double before = processor_time();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(processor_time() - before, 0.05);
}

TEST(Threads, SignalsAreForTheProgramsOwnThreads) {
  if (emulated()) GTEST_SKIP() << "an emulator has one thread";
  const RestoreThreads restore;
  set_num_threads(3);
  const auto caller = std::this_thread::get_id();
  std::atomic<int> blocked{0};
  EXPECT_TRUE(run_together(3, [&] {
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, nullptr, &set);
    if (std::this_thread::get_id() != caller) blocked += sigismember(&set, SIGINT);
  }));
  EXPECT_EQ(blocked, 2);
  sigset_t own;
  pthread_sigmask(SIG_SETMASK, nullptr, &own);
  EXPECT_EQ(sigismember(&own, SIGINT), 0);
}

TEST(Threads, SmallLoopsStaySerial) {
  const RestoreThreads restore;
  set_num_threads(4);
  const auto caller = std::this_thread::get_id();
  int chunks = 0;
  kernels::parallel_for(100, 100, [&](int64_t begin, int64_t end) {
    ++chunks;
    EXPECT_TRUE(begin == 0 && end == 100 && std::this_thread::get_id() == caller);
  });
  EXPECT_EQ(chunks, 1);
}

TEST(Threads, ALoopInsideALoopStaysInItsThread) {
  const RestoreThreads restore;
  set_num_threads(3);
  std::atomic<int> wrong{0};
  std::atomic<int> inner{0};
  kernels::parallel_for(3, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto outer = std::this_thread::get_id();
      kernels::parallel_for(10, 1, [&](int64_t first, int64_t last) {
        inner += static_cast<int>(last - first);
        wrong += std::this_thread::get_id() != outer;
      });
    }
  });
  EXPECT_EQ(inner, 30);
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, ThreadsOfTheCallerDoNotEachGetATeam) {
  const RestoreThreads restore;
  constexpr int kCallers = 4;
  constexpr int kTeam = 4;
  set_num_threads(kTeam);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<int> items{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c) {
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 5; ++repeat) {
        kernels::parallel_for(kTeam, 1, [&](int64_t begin, int64_t end) {
          const int now = ++running;
          int largest = most;
          while (now > largest && !most.compare_exchange_weak(largest, now)) {
          }
          std::this_thread::sleep_for(std::chrono::milliseconds(2 * (end - begin)));
          items += static_cast<int>(end - begin);
          --running;
        });
      }
    });
  }
  for (std::thread& caller : callers)
    caller.join();
  EXPECT_EQ(items, kCallers * kTeam * 5);
  EXPECT_LE(most, kCallers + kTeam - 1);  // kCallers * kTeam if each caller had its own threads
}

// Run again by CMake with OMP_NUM_THREADS=3 and 5000, and below on one core.
TEST(Threads, TheDefaultIsTheNumberOfUsableCores) {
  const int threads = get_num_threads();
  EXPECT_GE(threads, 1);
  if (const char* asked = std::getenv("OMP_NUM_THREADS")) {
    const int allowed = std::min(std::atoi(asked), 1024);
    EXPECT_EQ(threads, allowed);
    set_num_threads(threads);  // accepts its own default
    return;
  }
#ifdef __linux__
  cpu_set_t cores;
  ASSERT_EQ(sched_getaffinity(0, sizeof cores, &cores), 0);
  EXPECT_LE(threads, CPU_COUNT(&cores));
#else
  EXPECT_LE(threads, static_cast<int>(std::thread::hardware_concurrency()));
#endif
}

#ifdef __linux__
TEST(Threads, AProcessBoundToOneCoreUsesOneThread) {
  if (std::system("taskset -V > /dev/null 2>&1") != 0) GTEST_SKIP() << "needs taskset";
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  cpu_set_t cores;
  ASSERT_EQ(sched_getaffinity(0, sizeof cores, &cores), 0);
  int core = 0;
  while (!CPU_ISSET(core, &cores))
    ++core;
  const std::string call =
      "taskset -c " + std::to_string(core) + " '" + self +
      "' --gtest_brief=1 --gtest_filter=Threads.TheDefaultIsTheNumberOfUsableCores";
  EXPECT_EQ(std::system(call.c_str()), 0);
}
#endif

}  // namespace
}  // namespace gradus
