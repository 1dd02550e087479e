#include "distributed/process_group.h"

#include "autograd/grad_mode.h"
#include "distributed/group.h"
#include "tensor/strided.h"

namespace gradus::distributed {
namespace {

std::unique_ptr<Group>& group_of_process() {
  static std::unique_ptr<Group> group;
  return group;
}

/// Calls f with contiguous memory that has the elements of x, and then writes them to x.
template <class F>
void change(const char* op, const Tensor& x, const F& f) {
  check(!x.requires_grad() || x.is_leaf() || !is_grad_enabled(),
        "{}: x was computed from others, and a gradient would not know of the other processes; "
        "call it with x.detach()",
        op);
  const Tensor values = as_contiguous(x.detach());
  f(values);
  if (values.impl().storage != x.impl().storage) copy_elements(x, values);
  ++x.impl().storage->version;  // the backward pass of an older graph then throws
}

}  // namespace

Group& group(const char* op) {
  check(group_of_process() != nullptr, "{}: there is no group; call init_process_group() before",
        op);
  return *group_of_process();
}
void set_group(std::unique_ptr<Group> group) { group_of_process() = std::move(group); }

void init_process_group(const ProcessGroupOptions& options) {
  check(!is_initialized(), "init_process_group: this process is in a group already");
  if (options.network) check_speed(*options.network);
  set_group(std::make_unique<Group>([&]() -> std::unique_ptr<Transport> {
    std::unique_ptr<Transport> transport = start_mpi(options.timeout);
    if (!options.network) return transport;
    return std::make_unique<SlowNetwork>(std::move(transport), *options.network);
  }));
}
void destroy_process_group() {
  group("destroy_process_group");
  barrier();
  set_group(nullptr);
}
bool is_initialized() { return group_of_process() != nullptr; }

int64_t get_rank() { return group("get_rank").rank(); }
int64_t get_world_size() { return group("get_world_size").size(); }

void all_reduce(const Tensor& x) {
  Group& all = group("all_reduce");
  check(x.dtype() != kBool, "all_reduce: a bool tensor has no sum; convert it with .to(kInt64)");
  change("all_reduce", x, [&](const Tensor& values) { all.wait(all.start_all_reduce(values)); });
}

void broadcast(const Tensor& x, int64_t src) {
  Group& all = group("broadcast");
  check(src >= 0 && src < all.size(), "broadcast: src is {}, and there are {} processes", src,
        all.size());
  change("broadcast", x, [&](const Tensor& values) {
    all.wait(all.start_broadcast(values, static_cast<int>(src)));
  });
}

void barrier() {
  Group& all = group("barrier");
  all.wait(all.start_barrier());
}

}  // namespace gradus::distributed
