// The time of an op is the time from the allocation of its result until it records its gradient.
// The result of a view is not allocated: its time counts as 0. A backward is measured by the
// engine, without the calls inside it.
#include "autograd/profile.h"

#include <algorithm>
#include <chrono>
#include <ostream>

#include "autograd/saved.h"
#include "tensor/observers.h"

namespace gradus::autograd {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

thread_local Profiler* profiler_of_thread = nullptr;

void add(Profile::Cost& sum, const Profile::Cost& cost) {
  sum.calls += cost.calls;
  sum.seconds += cost.seconds;
  sum.bytes += cost.bytes;
}

double seconds(const Profile::Row& row) { return row.forward.seconds + row.backward.seconds; }

}  // namespace

struct Profiler {
  struct Allocation {
    const Storage* storage;
    int64_t bytes;
    double time;
  };

  void count(const char* op, ProfiledCall::Kind kind, const Profile::Cost& cost) {
    for (Profile* profile : profiles) {
      Profile::Row& row = profile->rows_.try_emplace(op, Profile::Row{op, {}, {}}).first->second;
      add(kind == ProfiledCall::Kind::Forward ? row.forward : row.backward, cost);
    }
  }

  std::vector<Profile*> profiles;       // of this thread, the innermost last
  std::vector<Allocation> allocations;  // since the last op ended
  int64_t allocated = 0;                // bytes, in total
  Profile::Cost inside;  // the sum of the calls inside the innermost ProfiledCall that is running
};

Profile::Profile() {
  if (!profiler_of_thread) {
    own_profiler_ = std::make_unique<Profiler>();
    profiler_of_thread = own_profiler_.get();
  }
  profiler_of_thread->profiles.push_back(this);
  ++observers::in_use;
}

Profile::~Profile() {
  --observers::in_use;
  profiler_of_thread->profiles.pop_back();
  if (own_profiler_) profiler_of_thread = nullptr;
}

std::vector<Profile::Row> Profile::rows() const {
  std::vector<Row> sorted;
  for (const auto& [op, row] : rows_)
    sorted.push_back(row);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Row& a, const Row& b) { return seconds(a) > seconds(b); });
  return sorted;
}

std::ostream& operator<<(std::ostream& out, const Profile& profile) {
  std::vector<Profile::Row> rows = profile.rows();
  Profile::Row total{"total", {}, {}};
  size_t width = total.op.size();
  for (const Profile::Row& row : rows) {
    add(total.forward, row.forward);
    add(total.backward, row.backward);
    width = std::max(width, row.op.size());
  }
  rows.push_back(total);
  out << fmt::format("{:<{}}  {:>8} {:>10} {:>10}  {:>8} {:>10} {:>10}\n", "op", width, "forward",
                     "ms", "MB", "backward", "ms", "MB");
  const auto cost = [](const Profile::Cost& c) {
    return fmt::format("  {:>8} {:>10.3f} {:>10.3f}", c.calls, c.seconds * 1e3,
                       static_cast<double>(c.bytes) / 1e6);
  };
  for (const Profile::Row& row : rows)
    out << fmt::format("{:<{}}{}{}\n", row.op, width, cost(row.forward), cost(row.backward));
  return out;
}

void profile_result(const char* op, const Tensor& y) {
  Profiler* profiler = profiler_of_thread;
  if (!profiler) return;
  if (y.impl().base) return profiler->count(op, ProfiledCall::Kind::Forward, {.calls = 1});
  Profile::Cost cost{.calls = 1};
  std::vector<Profiler::Allocation>& allocations = profiler->allocations;
  // From the end: an earlier allocation may have been freed and its address used again.
  auto last = std::find_if(allocations.rbegin(), allocations.rend(), [&](const auto& allocation) {
    return allocation.storage == y.impl().storage.get();
  });
  if (last != allocations.rend()) {
    cost.seconds = now() - last->time;
    for (auto allocation = last.base() - 1; allocation != allocations.end(); ++allocation)
      cost.bytes += allocation->bytes;
  }
  profiler->count(op, ProfiledCall::Kind::Forward, cost);
  allocations.clear();
}

ProfiledCall::ProfiledCall(const char* op, Kind kind) : op_(op), kind_(kind) {
  if (!observers::active()) return;
  const bool is_part_of_backward = kind == Kind::Forward && RunningBackward::is_active();
  if (!profiler_of_thread || is_part_of_backward) return;
  profiler_ = profiler_of_thread;
  inside_outer_call_ = std::exchange(profiler_->inside, Profile::Cost());
  allocated_before_ = profiler_->allocated;
  start_ = now();
}

ProfiledCall::~ProfiledCall() {
  if (!profiler_) return;
  const double seconds = now() - start_;
  const int64_t bytes = profiler_->allocated - allocated_before_;
  const Profile::Cost& inside = profiler_->inside;
  profiler_->count(
      op_, kind_, {.calls = 1, .seconds = seconds - inside.seconds, .bytes = bytes - inside.bytes});
  profiler_->inside = inside_outer_call_;
  add(profiler_->inside, {.calls = 1, .seconds = seconds, .bytes = bytes});
  profiler_->allocations.clear();
}

Profiler* current_profiler() { return profiler_of_thread; }
void set_current_profiler(Profiler* profiler) { profiler_of_thread = profiler; }

}  // namespace gradus::autograd

namespace gradus {

void observers::allocated(const Storage& storage) {
  autograd::Profiler* profiler = autograd::profiler_of_thread;
  if (!profiler) return;
  profiler->allocated += storage.bytes;
  if (!RunningBackward::is_active())
    profiler->allocations.push_back({&storage, storage.bytes, autograd::now()});
}

}  // namespace gradus
