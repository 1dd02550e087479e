// How the pool works.
//
// One thread at a time has the pool: the caller. It describes its job, opens the gate for as many
// workers as the job has other parts, and wakes those. Then it computes part 0, and after that
// every part that nobody has begun. So a worker that wakes up late, or that other programs keep
// from running, is not waited for, unless it is in the middle of a part. Then the caller closes the
// gate, and waits for those inside. A worker that comes too late finds the gate closed, and sleeps
// on.
//
// A worker tries its own part first: in the next loop of the same length it then finds in its cache
// what it wrote in this one.
//
// Everything here is static and is never destroyed: workers may still sleep when the process ends.
#include "tensor/kernels/thread_pool.h"

#if defined(__wasm__)  // a program of one thread

namespace gradus::kernels {
bool run_in_pool(int, void (*)(const void*, int), const void*) { return false; }
}  // namespace gradus::kernels

#else

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <thread>

#ifdef __linux__
#include <sched.h>
#include <sys/resource.h>
#endif

namespace gradus::kernels {
namespace {

#ifdef __linux__
constexpr bool kCountsReplaced = true;
#else
constexpr bool kCountsReplaced = false;
#endif

using Clock = std::chrono::steady_clock;
constexpr std::chrono::microseconds kSpinTime(50);
constexpr std::chrono::microseconds kYieldTime(1000);  // with the spinning
constexpr std::chrono::microseconds kLongYield(20);    // 1 if nobody else wants the core
constexpr int kAloneFactor = 50;
constexpr std::chrono::seconds kMostAlone(4);
constexpr std::chrono::milliseconds kReplacedOften(50);  // once in this time

/// What the workers inside the gate compute. Written only while the gate is closed and nobody is
/// inside.
struct Job {
  void (*part)(const void* context, int i);
  const void* context;
  int parts;
};
Job job;

/// The time in which nobody calls the workers.
struct Alone {
  Clock::time_point begin;
  Clock::time_point until;  // {}: workers are called
  Clock::duration period;   // `until` is moved on by so much
  int64_t replaced;         // times_replaced() at the beginning of the period
};

struct alignas(64) Slot {
  std::atomic<uint32_t> calls{0};  // worker i waits for slots[i].calls to change
  std::atomic<bool> begun{false};  // somebody has begun part i of the job
};
Slot slots[kMostThreads];

// The upper half counts the workers that may still enter, the lower half those inside. The gate is
// closed when the upper half is 0.
constexpr uint32_t kPlace = 1u << 16;
alignas(64) std::atomic<uint32_t> gate{0};

alignas(64) std::atomic<bool> has_caller{false};
// The next two belong to the caller.
int workers = 0;  // that were started
Alone alone{};
std::atomic<int> core_of_caller{-1};
thread_local bool is_in_a_job = false;

/// Tells the processor that this thread waits in a loop.
void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");  // takes about as long as x86's pause; `yield` does nothing on most
#endif
}

/// How often another thread got the core of this one, although this one had not gone to sleep. A
/// long yield alone does not tell: in a virtual machine it may be the host that took the core.
/// 0 where the system does not count.
int64_t times_replaced() {
#ifdef __linux__
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
#else
  return 0;
#endif
}

/// Returns when `word` is no longer `old`. It spins at first, then yields between two checks, then
/// sleeps. Returns whether another program ran during a yield; then it sleeps at once.
bool wait_while(const std::atomic<uint32_t>& word, uint32_t old) {
  const auto has_changed = [&] { return word.load(std::memory_order_acquire) != old; };
  const Clock::time_point begin = Clock::now();
  Clock::time_point now = begin;
  while (now - begin < kSpinTime) {
    for (int i = 0; i < 32; ++i) {
      if (has_changed()) return false;
      pause();
    }
    now = Clock::now();
  }
  const int64_t replaced = times_replaced();
  bool is_busy = false;
  while (now - begin < kYieldTime && !is_busy) {
    if (has_changed()) return false;
    std::this_thread::yield();
    const Clock::time_point before = now;
    now = Clock::now();
    is_busy = now - before > kLongYield && (!kCountsReplaced || times_replaced() != replaced);
  }
  word.wait(old, std::memory_order_acquire);
  return is_busy;
}

/// Enters the gate if it has a place.
bool enter() {
  uint32_t now = gate.load(std::memory_order_relaxed);
  while (now >= kPlace) {
    if (gate.compare_exchange_weak(now, now - kPlace + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

void leave() {
  if (gate.fetch_sub(1) == 1) gate.notify_one();  // closed, and the last one inside
}

/// Part `own`, then all parts that nobody has begun.
void compute_parts(int own) {
  for (int i = 0; i < job.parts; ++i) {
    const int part = (own + i) % job.parts;
    std::atomic<bool>& begun = slots[part].begun;
    if (begun.load(std::memory_order_relaxed)) continue;
    if (!begun.exchange(true, std::memory_order_relaxed)) job.part(job.context, part);
  }
}

/// Linux likes to wake a thread on the core of the one that woke it. But that core computes its own
/// part of the job, and the two would take turns there, for milliseconds. So a worker that finds
/// itself on that core asks to be on any other. Its affinity stays as it was.
void leave_core_of_caller() {
#ifdef __linux__
  const int core = sched_getcpu();
  if (core < 0 || core != core_of_caller.load(std::memory_order_relaxed)) return;
  cpu_set_t all;
  if (core >= CPU_SETSIZE || sched_getaffinity(0, sizeof all, &all) != 0) return;
  if (CPU_COUNT(&all) < 2) return;
  cpu_set_t others = all;
  CPU_CLR(core, &others);
  sched_setaffinity(0, sizeof others, &others);  // moves this thread at once
  sched_setaffinity(0, sizeof all, &all);
#endif
}

void work(int number) {
  is_in_a_job = true;
  for (;;) {
    const uint32_t calls = slots[number].calls.load(std::memory_order_acquire);
    if (enter()) {
      compute_parts(number);
      leave();
    }
    wait_while(slots[number].calls, calls);
    leave_core_of_caller();
  }
}

/// The child of a fork has only the thread that called fork.
void forget_workers() {
  workers = 0;
  gate.store(0);
  has_caller.store(false);
}

/// Starts workers until there are `wanted`, or until the system allows no more. Returns how many
/// there are.
int start_workers(int wanted) {
  if (workers >= wanted) return workers;
  static const int registered = pthread_atfork(nullptr, nullptr, forget_workers);
  static_cast<void>(registered);
  // Signals from outside are for the program's own threads; those for a thread's own faults are not
  // blocked.
  sigset_t blocked;
  sigset_t before;
  sigfillset(&blocked);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGPROF})
    sigdelset(&blocked, fault);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  try {
    for (; workers < wanted; ++workers)
      std::thread(work, workers + 1).detach();
  } catch (const std::exception&) {  // no more threads: those that there are do the work
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return workers;
}

/// Closes the gate and waits for those inside. If other programs ran meanwhile, the next jobs use
/// no workers for kAloneFactor times as long as this wait: one thread is then faster than two that
/// wait for each other.
void wait_for_workers() {
  uint32_t inside = gate.fetch_and(kPlace - 1) % kPlace;
  if (inside == 0) return;
  const Clock::time_point begin = Clock::now();
  bool is_busy = false;
  while (inside != 0) {
    is_busy |= wait_while(gate, inside);
    inside = gate.load(std::memory_order_acquire);
  }
  if (!is_busy) return;
  const Clock::time_point end = Clock::now();
  const Clock::duration period = kAloneFactor * (end - begin);
  alone = {end, end + period, period, times_replaced()};
}

/// Whether the workers are of use now. When the time without them is over but other programs took
/// the caller's own core again and again meanwhile, it goes on, up to kMostAlone.
bool may_call_workers() {
  if (alone.until == Clock::time_point()) return true;
  const Clock::time_point now = Clock::now();
  if (now < alone.until) return false;
  const int64_t replaced = times_replaced();
  const bool is_busy = (replaced - alone.replaced) * kReplacedOften > alone.period;
  if (is_busy && now < alone.begin + kMostAlone) {
    alone.until = now + alone.period;
    alone.replaced = replaced;
    return false;
  }
  alone.until = {};
  return true;
}

}  // namespace

bool run_in_pool(int parts, void (*part)(const void* context, int i), const void* context) {
  if (is_in_a_job || has_caller.load(std::memory_order_relaxed)) return false;
  if (has_caller.exchange(true, std::memory_order_acquire)) return false;
  int helpers = 0;
  if (may_call_workers()) helpers = std::min(start_workers(parts - 1), parts - 1);
  if (helpers > 0) {
    job = {part, context, parts};
    for (int i = 0; i < parts; ++i)
      slots[i].begun.store(false, std::memory_order_relaxed);
#ifdef __linux__
    core_of_caller.store(sched_getcpu(), std::memory_order_relaxed);
#endif
    gate.store(static_cast<uint32_t>(helpers) * kPlace, std::memory_order_release);
    for (int i = 1; i <= helpers; ++i) {
      slots[i].calls.fetch_add(1);
      slots[i].calls.notify_one();
    }
    is_in_a_job = true;
    compute_parts(0);
    is_in_a_job = false;
    wait_for_workers();
  }
  has_caller.store(false, std::memory_order_release);
  return helpers > 0;
}

}  // namespace gradus::kernels

#endif
