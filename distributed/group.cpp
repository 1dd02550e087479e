#include "distributed/group.h"

#include "distributed/collectives.h"
#include "tensor/checks.h"

namespace gradus::distributed {
namespace {

std::span<std::byte> bytes_of(const Tensor& x) {
  const int64_t size = element_size(x.dtype());
  std::byte* const begin = x.impl().storage->data + x.impl().offset * size;
  return {begin, static_cast<size_t>(x.numel() * size)};
}

/// Counts the bytes that another transport sends.
class Counted : public Transport {
 public:
  explicit Counted(Transport& other) : other_(other) {}
  int rank() const override { return other_.rank(); }
  int size() const override { return other_.size(); }
  void exchange(const Exchange& bytes, const Call& call) override {
    other_.exchange(bytes, call);
    if (bytes.to >= 0) sent_ += static_cast<int64_t>(bytes.send.size());
  }
  int64_t sent() const { return sent_; }

 private:
  Transport& other_;
  int64_t sent_ = 0;
};

}  // namespace

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Group::Group(const std::function<std::unique_ptr<Transport>()>& start) {
  worker_
      .submit([&] {
        transport_ = start();
        rank_ = transport_->rank();
        size_ = transport_->size();
      })
      .get();
}

Group::~Group() {
  worker_.submit([this] { transport_.reset(); }).wait();
}

std::future<void> Group::submit(Call call,
                                const std::function<void(Transport&, const Call&)>& run) {
  call.number = calls_++;
  return worker_.submit([this, call, run] {
    const double start = seconds_now();
    Counted counted(*transport_);
    run(counted, call);
    const double end = seconds_now();
    const std::lock_guard lock(mutex_);
    ++traffic_.calls;
    traffic_.bytes_sent += counted.sent();
    traffic_.seconds += end - start;
    if (observer_) observer_({.call = call, .begin = start, .end = end});
  });
}

void Group::observe(const std::function<void(const Sent&)>& observe) {
  const std::lock_guard lock(mutex_);
  observer_ = observe;
}

// The tasks own their tensors: a program that fails may forget a call.
std::future<void> Group::start_all_reduce(const Tensor& x) {
  return submit({.op = Call::Op::all_reduce, .dtype = x.dtype(), .elements = x.numel()},
                [x](Transport& t, const Call& call) {
                  dispatch_number("all_reduce", x.dtype(), [&]<class T>() {
                    distributed::all_reduce(t, call, x.data<T>(), x.numel());
                  });
                });
}

std::future<void> Group::start_broadcast(const Tensor& x, int source) {
  return submit({.op = Call::Op::broadcast, .dtype = x.dtype(), .elements = x.numel()},
                [x, source](Transport& t, const Call& call) {
                  distributed::broadcast(t, call, bytes_of(x), source);
                });
}

std::future<void> Group::start_all_gather(const Tensor& x, const std::vector<int64_t>& begins) {
  std::vector<size_t> in_bytes;
  for (const int64_t begin : begins)
    in_bytes.push_back(static_cast<size_t>(begin * element_size(x.dtype())));
  return submit({.op = Call::Op::all_gather, .dtype = x.dtype(), .elements = x.numel()},
                [x, in_bytes](Transport& t, const Call& call) {
                  all_gather(t, call, bytes_of(x), in_bytes);
                });
}

std::future<void> Group::start_barrier() {
  return submit({.op = Call::Op::barrier},
                [](Transport& t, const Call& call) { distributed::barrier(t, call); });
}

void Group::wait(std::future<void> call) {
  const double start = seconds_now();
  call.wait();
  {
    const std::lock_guard lock(mutex_);
    traffic_.seconds_waited += seconds_now() - start;
  }
  call.get();
}

Traffic Group::traffic() const {
  const std::lock_guard lock(mutex_);
  return traffic_;
}

}  // namespace gradus::distributed
