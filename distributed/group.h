// The group of this process, for the rest of distributed/: calls that run beside the computation.
#pragma once
#include <memory>
#include <vector>

#include "distributed/process_group.h"
#include "distributed/worker.h"

namespace gradus::distributed {

/// What was sent and received, and how long that took.
struct Traffic {
  int64_t calls = 0;
  int64_t bytes_sent = 0;
  double seconds = 0;         // in which messages were under way
  double seconds_waited = 0;  // of them, those in which the computation waited
};

/// The seconds of a clock that is never set; all processes of a machine have the same one.
double seconds_now();

/// A call when it has been made; the times are those of seconds_now().
struct Sent {
  Call call;
  double begin = 0;
  double end = 0;
};

class Group {
 public:
  /// `start` is called in the thread that sends the messages.
  explicit Group(const std::function<std::unique_ptr<Transport>()>& start);
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  // Calls that return at once, on contiguous tensors. Get the future with wait(); nothing else may
  // use the memory before.
  std::future<void> start_all_reduce(const Tensor& x);
  std::future<void> start_broadcast(const Tensor& x, int source);
  /// Process r has the elements of x from begins[r] to begins[r + 1], and gets the others.
  std::future<void> start_all_gather(const Tensor& x, const std::vector<int64_t>& begins);
  std::future<void> start_barrier();
  /// Waits, and throws what the call threw.
  void wait(std::future<void> call);

  Traffic traffic() const;
  /// `observe` is called after each call from now on, in the thread that sends the messages. It
  /// must not call the group.
  void observe(const std::function<void(const Sent&)>& observe);

 private:
  std::future<void> submit(Call call, const std::function<void(Transport&, const Call&)>& run);

  int rank_ = 0;
  int size_ = 1;
  int64_t calls_ = 0;
  mutable std::mutex mutex_;
  Traffic traffic_;
  std::function<void(const Sent&)> observer_;
  std::unique_ptr<Transport> transport_;  // belongs to the worker's thread
  Worker worker_;
};

/// The group of this process. Throws if there is none; `op` is for the message.
Group& group(const char* op);

/// Makes the group of this process, for tests with transports of their own.
void set_group(std::unique_ptr<Group> group);

}  // namespace gradus::distributed
