// A thread that runs tasks one after another. All messages of a process go through one, so that
// they are sent while the other threads compute.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

namespace gradus::distributed {

class Worker {
 public:
  Worker() : thread_([this] { run(); }) {}
  /// Runs the tasks that are left.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Adds a task. The future is ready when it has run, and throws what it threw.
  std::future<void> submit(std::function<void()> task);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::packaged_task<void()>> tasks_;
  bool ends_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace gradus::distributed
