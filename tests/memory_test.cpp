#include "tensor/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <deque>
#include <fstream>
#include <mutex>
#include <thread>

#include "expect_error.h"
#include "gradus.h"
#include "tests/temporary.h"

namespace gradus {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

Tensor of_bytes(int64_t bytes) { return empty({bytes / 4}); }
int64_t address(const Tensor& x) { return reinterpret_cast<int64_t>(x.data_ptr<float>()); }

/// Equal, except for the small objects that a few tensors consist of besides their elements.
void expect_about(int64_t actual, int64_t expected) {
  EXPECT_LE(expected, actual);
  EXPECT_LE(actual, expected + 4096);
}

struct Memory : testing::Test {
  void SetUp() override {
    if (!kernels::keeps_freed_memory()) GTEST_SKIP() << "nothing is kept under a sanitizer";
    empty_cache();
  }
};

TEST(MemoryOfAnyBuild, IsAlignedForVectors) {
  std::vector<Tensor> kept;
  for (int64_t n = 1; n < 40'000; n += 1 + n / 7) {
    kept.push_back(empty({n}));
    EXPECT_EQ(address(kept.back()) % 64, 0) << n;
  }
}

TEST(MemoryOfAnyBuild, BlocksDoNotOverlap) {
  std::vector<Tensor> kept;
  for (int64_t n = 1; n < 3'000'000; n += 1 + n / 5) {
    kept.push_back(full({n}, static_cast<double>(kept.size())));
    if (kept.size() % 3 == 0)
      kept[kept.size() / 2] = full({n / 2 + 1}, static_cast<double>(kept.size() / 2));
  }
  for (size_t i = 0; i < kept.size(); ++i)
    EXPECT_TRUE(equal(kept[i], full_like(kept[i], static_cast<double>(i)))) << i;
}

TEST(MemoryOfAnyBuild, ZerosAreZeroInUsedMemory) {
  for (const int64_t n : {3, 1000, 100'000, 20'000'000}) {
    EXPECT_EQ(zeros({n}).sum().item<float>(), 0);
    ones({n});
    EXPECT_EQ(zeros({n}).sum().item<float>(), 0);
    ones({n});
    EXPECT_EQ(zeros_like(ones({n})).sum().item<float>(), 0);
  }
}

/// UBSan would report an offset that is added to a null pointer.
TEST(MemoryOfAnyBuild, TensorsWithoutElementsHaveAnAddress) {
  const std::string path = temporary_path("no_elements").string();
  for (const DType t : {kFloat32, kFloat64, kInt64, kBool}) {
    const Tensor x = zeros({3, 2, 0}, t);
    EXPECT_NE(x.impl().storage->data, nullptr);
    const Tensor view = x[2].select(0, 1);
    EXPECT_GT(view.storage_offset(), 0);
    EXPECT_EQ(view.clone().sizes(), Shape{0});
    EXPECT_TRUE(equal(cat({view, view}), view) && equal(view.flatten(), view.contiguous()));
    EXPECT_EQ(x.narrow(1, 1, 1).transpose(0, 2).contiguous().sizes(), (Shape{0, 1, 3}));
    view.copy_(view.clone());
    view.fill_(1);
    save_npy(path, view);
    EXPECT_TRUE(equal(load_npy(path), view));
    save_safetensors(path, {{"x", view}});
    EXPECT_TRUE(equal(load_safetensors(path)[0].second, view));
  }
  const Tensor x = zeros({2, 3, 0}).requires_grad_();
  const Tensor y = matmul(x[1], zeros({0, 4}));
  EXPECT_TRUE(equal(y, zeros({3, 4})));
  (y.sum() + x[1].exp().sum() + softmax(x[1], 0).sum()).backward();
  EXPECT_EQ(x.grad().sizes(), x.sizes());
}

TEST(MemoryOfAnyBuild, NegativeZeroKeepsItsSign) {
  EXPECT_TRUE(std::signbit(full({2}, -0.0)[1].item<float>()));
  EXPECT_FALSE(std::signbit(full({2}, 0.0)[1].item<float>()));
}

TEST(MemoryOfAnyBuild, MoreThanThereIsIsAnError) {
  expect_error([] { empty({int64_t{1} << 40}); },
               "out of memory: a tensor of 4398046511104 bytes could not be allocated");
  expect_error([] { zeros({int64_t{1} << 50}); },
               "out of memory: a tensor of 4503599627370496 bytes could not be allocated");
  EXPECT_EQ(ones({3}).sum().item<float>(), 3);
}

TEST_F(Memory, FreedBlocksAreUsedAgain) {
  for (const int64_t bytes : {int64_t{4}, int64_t{400}, int64_t{60'000}, kMiB, 40 * kMiB}) {
    const int64_t before = address(of_bytes(bytes));
    EXPECT_EQ(address(of_bytes(bytes)), before) << bytes;
  }
}

TEST_F(Memory, LargeBlocksBeginAtAHugePage) {
  const Tensor x = of_bytes(50 * kMiB);
  EXPECT_EQ(address(x) % (2 * kMiB), 0);
}

TEST_F(Memory, FreedNeighboursBecomeOneBlock) {
  const int64_t held = memory_stats().cached + memory_stats().in_use;
  Tensor a = of_bytes(10 * kMiB);
  Tensor b = of_bytes(10 * kMiB);
  Tensor c = of_bytes(10 * kMiB);
  const int64_t start = address(a);
  const int64_t middle = address(b);
  b = {};
  b = of_bytes(10 * kMiB);
  EXPECT_EQ(address(b), middle);  // the smallest free block that is large enough
  a = b = c = {};
  EXPECT_EQ(address(of_bytes(32 * kMiB)), start);
  expect_about(memory_stats().cached + memory_stats().in_use, held + 32 * kMiB);
}

TEST_F(Memory, StatsCountInUseCachedAndPeak) {
  const MemoryStats before = memory_stats();
  EXPECT_EQ(before.cached, 0);
  Tensor x = of_bytes(100 * kMiB);
  expect_about(memory_stats().in_use, before.in_use + 100 * kMiB);
  x = {};
  expect_about(memory_stats().in_use, before.in_use);
  EXPECT_EQ(memory_stats().cached, 100 * kMiB);
  EXPECT_GE(memory_stats().peak, before.in_use + 100 * kMiB);
  reset_peak_memory_stats();
  EXPECT_EQ(memory_stats().peak, memory_stats().in_use);
  of_bytes(64 * kMiB);
  expect_about(memory_stats().peak, before.in_use + 64 * kMiB);
  empty_cache();
  EXPECT_EQ(memory_stats().cached, 0);
}

TEST_F(Memory, EmptyCacheKeepsWhatIsInUse) {
  const Tensor x = full({5 * kMiB}, 7);
  const Tensor y = of_bytes(4 * kMiB);
  of_bytes(100 * kMiB);
  empty_cache();
  EXPECT_TRUE(equal(x, full_like(x, 7)));
}

/// Memory in use after a product whose result is freed again.
int64_t in_use_after_product(const Tensor& a, const Tensor& b) {
  matmul(a, b);
  return memory_stats().in_use;
}

TEST_F(Memory, PackingBuffersOfProductsAreCountedKeptAndReturned) {
  const int threads = get_num_threads();
  set_num_threads(1);  // the size of the buffers depends on it
  const Tensor a = ones({64, 64});
  const Tensor b = ones({300, 200});
  const Tensor c = ones({200, 100});
  const int64_t before = memory_stats().in_use;
  const int64_t after = in_use_after_product(a, a);
  EXPECT_GE(after, before + 4 * kMiB);
  expect_about(in_use_after_product(a, a), after);
  expect_about(in_use_after_product(b, c), after);
  empty_cache();
  expect_about(memory_stats().in_use, before);
  EXPECT_GE(in_use_after_product(a, a), before + 4 * kMiB);
  set_num_threads(threads);
}

TEST_F(Memory, EmptyCacheMayBeCalledDuringAProductOfAnotherThread) {
  const Tensor a = randn({100, 70});
  const Tensor b = randn({70, 90});
  const Tensor expected = matmul(a, b);
  std::atomic<bool> done = false;
  int wrong = 0;
  std::thread products([&] {
    for (int i = 0; i < 200; ++i)
      wrong += !equal(matmul(a, b), expected);
    done = true;
  });
  while (!done)
    empty_cache();
  products.join();
  EXPECT_EQ(wrong, 0);
}

TEST(MemoryOfAnyBuild, PackingBuffersAreFreedWithTheirThread) {
  const Tensor a = ones({64, 64});
  const int64_t before = memory_stats().in_use;
  std::thread([&] { matmul(a, a); }).join();
  EXPECT_EQ(memory_stats().in_use, before);
}

int64_t virtual_bytes() {
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * 4096;
}

/// 0 if there is memory for a second tensor, after the cached memory of the first was returned to
/// the system, but not for a third.
int allocate_beyond_the_cache() {
  of_bytes(600 * kMiB);  // stays in the cache
  const auto most = static_cast<rlim_t>(virtual_bytes() + 300 * kMiB);
  const rlimit limit{most, most};
  setrlimit(RLIMIT_AS, &limit);
  const Tensor x = of_bytes(800 * kMiB);
  try {
    of_bytes(800 * kMiB);
  } catch (const Error&) {
    return x.numel() == 200 * kMiB ? 0 : 2;
  }
  return 1;
}

TEST_F(Memory, TheCacheIsReturnedBeforeAnAllocationFails) {
  if (virtual_bytes() == 0) GTEST_SKIP() << "needs /proc";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(_exit(allocate_beyond_the_cache()), testing::ExitedWithCode(0), "");
}

TEST(MemoryOfAnyBuild, TensorsAreFreedByOtherThreads) {
  const int64_t before = memory_stats().in_use;
  {
    std::mutex mutex;
    std::deque<Tensor> queue;
    int wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {  // makes tensors
        for (int i = 0; i < 2000; ++i) {
          const Tensor x = full({1 + i % 97 * (i % 50 == 0 ? 3000 : 1)}, i);
          const std::lock_guard lock(mutex);
          queue.push_back(x);
        }
      });
      threads.emplace_back([&] {  // reads and frees them
        for (int taken = 0; taken < 2000;) {
          Tensor x;
          {
            const std::lock_guard lock(mutex);
            if (queue.empty()) continue;
            x = std::exchange(queue.front(), {});
            queue.pop_front();
          }
          ++taken;
          const float first = x[0].item<float>();
          const float last = x[-1].item<float>();
          const std::lock_guard lock(mutex);
          wrong += first != last;
        }
      });
    }
    for (std::thread& thread : threads)
      thread.join();
    EXPECT_EQ(wrong, 0);
  }
  EXPECT_EQ(memory_stats().in_use, before);  // a thread frees its lists when it ends
}

TEST(MemoryOfAnyBuild, TensorsMayOutliveTheirThreadsLists) {
  static Tensor until_exit = ones({10});
  std::thread([] {
    thread_local Tensor first;  // constructed before the thread's free lists, destroyed after them
    first = ones({100});
    ones({100});
  }).join();
  EXPECT_EQ(until_exit.sum().item<float>(), 10);
}

}  // namespace
}  // namespace gradus
