// What processes compute together, with threads as the processes: sums, copies, parts, and calls
// that do not fit each other.
#include <gtest/gtest.h>

#include <cmath>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "distributed/collectives.h"
#include "distributed/gradient_reducer.h"
#include "distributed/slow_network.h"
#include "distributed/worker.h"
#include "gradus.h"
#include "tests/expect_error.h"

namespace gradus::distributed {
namespace {

/// The messages between all threads.
class Mail {
 public:
  struct Message {
    Call call;
    std::vector<std::byte> bytes;
  };
  void send(int from, int to, Message message) {
    const std::lock_guard lock(mutex_);
    boxes_[{from, to}].push_back(std::move(message));
    changed_.notify_all();
  }
  Message receive(int from, int to) {
    std::unique_lock lock(mutex_);
    auto& box = boxes_[{from, to}];
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !box.empty(); }))
      fail("no message from {} to {}", from, to);
    Message message = std::move(box.front());
    box.pop_front();
    return message;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<int, int>, std::deque<Message>> boxes_;
};

class ThreadTransport : public Transport {
 public:
  ThreadTransport(Mail& mail, int rank, int size) : mail_(mail), rank_(rank), size_(size) {}
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void exchange(const Exchange& bytes, const Call& call) override {
    if (bytes.to >= 0) {
      mail_.send(rank_, bytes.to, {call, {bytes.send.begin(), bytes.send.end()}});
      sent_ += bytes.send.size();
    }
    if (bytes.from < 0) return;
    const Mail::Message message = mail_.receive(bytes.from, rank_);
    check_same_call(call, rank_, message.call, bytes.from);
    check(message.bytes.size() == bytes.receive.size(), "{} bytes", message.bytes.size());
    std::copy(message.bytes.begin(), message.bytes.end(), bytes.receive.begin());
  }
  size_t sent() const { return sent_; }

 private:
  Mail& mail_;
  const int rank_;
  const int size_;
  size_t sent_ = 0;
};

/// Runs f(transport) in a thread for each process. Returns the messages of the errors.
template <class F>
std::vector<std::string> run(int processes, const F& f) {
  Mail mail;
  std::vector<std::string> errors(static_cast<size_t>(processes));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < processes; ++rank) {
    threads.emplace_back([&, rank] {
      ThreadTransport transport(mail, rank, processes);
      try {
        f(transport);
      } catch (const Error& e) {
        errors[static_cast<size_t>(rank)] = e.what();
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  return errors;
}

/// Numbers of very different sizes: another order of additions gives other bits.
std::vector<float> numbers(int rank, int64_t n) {
  std::vector<float> x(static_cast<size_t>(n));
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = std::sin(static_cast<float>(i * 37 + static_cast<size_t>(rank) * 101)) *
           std::pow(10.0F, static_cast<float>((i + static_cast<size_t>(rank) * 3) % 9));
  return x;
}

/// The sum over ranks begin ... end - 1, as a binary tree.
std::vector<float> tree(int begin, int end, int64_t n) {
  if (end - begin == 1) return numbers(begin, n);
  const int middle = begin + (end - begin) / 2;
  std::vector<float> sum = tree(begin, middle, n);
  const std::vector<float> right = tree(middle, end, n);
  for (size_t i = 0; i < sum.size(); ++i)
    sum[i] += right[i];
  return sum;
}

TEST(AllReduce, IsTheTreeOverTheRanksInEveryBit) {
  for (const int processes : {1, 2, 4, 8}) {
    for (const int64_t n : {0, 1, 2, 3, 7, 64, 1001}) {
      const std::vector<float> expected = tree(0, processes, n);
      run(processes, [&](ThreadTransport& t) {
        std::vector<float> x = numbers(t.rank(), n);
        all_reduce(t, {}, x.data(), n);
        EXPECT_EQ(x, expected) << processes << " processes, " << n << " numbers";
      });
    }
  }
}

TEST(AllReduce, GivesAllTheSameBitsForAnyNumberOfProcesses) {
  for (const int processes : {3, 5, 6, 7, 9}) {
    constexpr int64_t n = 103;
    std::vector<std::vector<float>> results(static_cast<size_t>(processes));
    run(processes, [&](ThreadTransport& t) {
      std::vector<float> x = numbers(t.rank(), n);
      all_reduce(t, {}, x.data(), n);
      results[static_cast<size_t>(t.rank())] = x;
      std::vector<int64_t> counts(n);
      std::iota(counts.begin(), counts.end(), t.rank());
      all_reduce(t, {}, counts.data(), n);
      for (int64_t i = 0; i < n; ++i)
        EXPECT_EQ(counts[static_cast<size_t>(i)], i * processes + processes * (processes - 1) / 2);
    });
    for (const auto& result : results)
      EXPECT_EQ(result, results[0]);
  }
}

TEST(AllReduce, SendsOnlyWhatTheLowerBoundAllows) {
  constexpr int64_t n = 1024;
  for (const int processes : {2, 4, 8}) {
    run(processes, [&](ThreadTransport& t) {
      std::vector<float> x(n, 1);
      all_reduce(t, {}, x.data(), n);
      EXPECT_EQ(t.sent(), static_cast<size_t>(2 * n * (processes - 1) / processes) * sizeof(float));
    });
  }
}

TEST(Broadcast, GivesAllTheBytesOfOne) {
  for (int processes = 1; processes <= 9; ++processes) {
    for (int source = 0; source < processes; ++source) {
      run(processes, [&](ThreadTransport& t) {
        int value = t.rank() * 10;
        broadcast(t, {}, std::as_writable_bytes(std::span(&value, 1)), source);
        EXPECT_EQ(value, source * 10);
      });
    }
  }
}

TEST(AllGather, PartsMayHaveAnySize) {
  for (int processes = 1; processes <= 9; ++processes) {
    run(processes, [&](ThreadTransport& t) {
      std::vector<size_t> begins{0};
      for (int r = 0; r < processes; ++r)
        begins.push_back(begins.back() + static_cast<size_t>(r % 3));  // some are empty
      std::vector<std::byte> bytes(begins.back());
      for (size_t i = begins[static_cast<size_t>(t.rank())];
           i < begins[static_cast<size_t>(t.rank()) + 1]; ++i)
        bytes[i] = static_cast<std::byte>(i + 1);
      all_gather(t, {}, bytes, begins);
      for (size_t i = 0; i < bytes.size(); ++i)
        EXPECT_EQ(bytes[i], static_cast<std::byte>(i + 1));
    });
  }
}

TEST(Calls, ThatDoNotFitEachOtherAreErrors) {
  const auto errors = run(2, [](ThreadTransport& t) {
    std::vector<float> x(4);
    const int64_t n = t.rank() == 0 ? 4 : 2;
    all_reduce(t, {.number = 3, .op = Call::Op::all_reduce, .elements = n}, x.data(), n);
  });
  EXPECT_EQ(errors[0],
            "the processes make different calls: process 0 all_reduce of 4 float32, call 3, "
            "process 1 all_reduce of 2 float32, call 3");
  EXPECT_EQ(errors[1],
            "the processes make different calls: process 1 all_reduce of 2 float32, call 3, "
            "process 0 all_reduce of 4 float32, call 3");
}

/// A network of one process.
class NoNetwork : public Transport {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void exchange(const Exchange& /*bytes*/, const Call& /*call*/) override {}
};

TEST(SlowNetwork, TakesTheTimeOfItsModel) {
  SlowNetwork network(std::make_unique<NoNetwork>(),
                      {.seconds_per_message = 0.02, .bytes_per_second = 1e6});
  const std::vector<std::byte> bytes(30'000);
  const auto start = std::chrono::steady_clock::now();
  network.exchange({.to = 0, .send = bytes}, {});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_GE(seconds.count(), 0.02 + 0.03);
  EXPECT_LT(seconds.count(), 5);
}

TEST(SlowNetwork, RefusesSpeedsThatAreNone) {
  expect_error(
      [] { check_speed({.seconds_per_message = -1, .bytes_per_second = 1}); },
      "init_process_group: a message of the network takes -1 seconds, expected a finite number "
      "of 0 or more");
  expect_error(
      [] { check_speed({.bytes_per_second = 0}); },
      "init_process_group: the network sends 0 bytes per second, expected a finite number above "
      "0");
}

TEST(GradientReducer, SendsInTheOrderOfTheFirstBackward) {
  set_group(std::make_unique<Group>([] { return std::make_unique<NoNetwork>(); }));
  std::vector<int64_t> sent;  // the elements of each message, one of which is a flag
  group("test").observe([&](const Sent& call) {
    if (call.call.op == Call::Op::all_reduce) sent.push_back(call.call.elements);
  });
  const std::vector<Tensor> parameters{zeros({10}), zeros({20}), zeros({30}), zeros({40})};
  GradientReducer reducer(parameters, /*bucket_bytes=*/4);
  const auto backward = [&](const std::vector<size_t>& order) {
    for (const size_t i : order)
      reducer.add(i, full_like(parameters[i], static_cast<double>(i)));
    const std::vector<Tensor> sums = reducer.finish();
    for (const size_t i : order)
      EXPECT_TRUE(equal(sums[i], full_like(parameters[i], static_cast<double>(i))));
    EXPECT_EQ(std::count_if(sums.begin(), sums.end(), [](const Tensor& x) { return x.defined(); }),
              std::ssize(order));
  };
  backward({1, 0, 2});  // parameter 3 has no gradient
  EXPECT_EQ(sent, (std::vector<int64_t>{41, 31, 21, 11}));
  sent.clear();
  backward({1, 0, 2});
  EXPECT_EQ(sent, (std::vector<int64_t>{21, 11, 31, 41}));
  sent.clear();
  backward({3, 2, 1, 0});
  EXPECT_EQ(sent, (std::vector<int64_t>{21, 11, 31, 41}));
  set_group(nullptr);
}

TEST(Worker, RunsTasksInOrderAndPassesErrorsOn) {
  std::vector<int> order;
  Worker worker;
  auto first = worker.submit([&] { order.push_back(1); });
  auto second = worker.submit([&] {
    order.push_back(2);
    fail("the second");
  });
  auto third = worker.submit([&] { order.push_back(3); });
  third.get();
  first.get();
  EXPECT_THROW(second.get(), Error);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

}  // namespace
}  // namespace gradus::distributed
