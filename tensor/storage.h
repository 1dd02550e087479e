// The memory behind tensors. Several tensors may look at one Storage: a tensor, its views, its detached copies.
#pragma once
#include "tensor/memory.h"
#include "tensor/ref.h"

namespace gradus {

struct Storage : RefCounted, memory::Pooled {
  /// Memory aligned for vector instructions: zeros, or uninitialised (NaN in debug builds). Throws Error when there is
  /// not as much.
  explicit Storage(int64_t size, bool zeroed = false);
  ~Storage();
  Storage(const Storage&) = delete;

  std::byte* data = nullptr;
  int64_t bytes = 0;
  std::atomic<uint32_t> version{0};  // grows with every write in place, so that a backward notices it
  std::atomic<int32_t> views{0};     // living tensors made by view ops: history cannot follow a write to these
};

}  // namespace gradus
