// How much memory tensors use, and how to return what is kept for later; and the allocator for
// small objects of the library.
#pragma once
#include <cstddef>

#include "tensor/kernels/memory.h"

namespace gradus {

/// Bytes: `in_use` by tensors and by the kernels' buffers, `cached` for later tensors, and `peak`,
/// the largest `in_use` since the start or reset_peak_memory_stats(). Free small blocks that a
/// thread keeps for its next tensors count as in use.
using MemoryStats = kernels::MemoryStats;
/// What this process uses now.
inline MemoryStats memory_stats() { return kernels::memory_stats(); }
/// Sets `peak` to what is in use.
inline void reset_peak_memory_stats() { kernels::reset_peak_memory_stats(); }
/// Returns the memory that is kept for later to the system: the calling thread's small blocks and
/// kernel buffers, and the large blocks of all threads where no tensor is left in the same segment.
inline void empty_cache() { kernels::empty_cache(); }

namespace memory {

/// Base class of small objects, such as those that a Tensor refers to: they come from the same free
/// lists as the memory of small tensors.
struct Pooled {
  static void* operator new(size_t bytes) { return kernels::allocate_or_throw(bytes); }
  static void operator delete(void* memory, size_t bytes) { kernels::deallocate(memory, bytes); }
};

/// The same for containers.
template <class T>
struct Allocator {
  using value_type = T;
  Allocator() = default;
  template <class U>
  Allocator(const Allocator<U>&) {}  // NOLINT: containers convert their allocator implicitly
  T* allocate(size_t n) { return static_cast<T*>(kernels::allocate_or_throw(n * sizeof(T))); }
  void deallocate(T* memory, size_t n) { kernels::deallocate(memory, n * sizeof(T)); }
  friend bool operator==(const Allocator&, const Allocator&) { return true; }
};

}  // namespace memory
}  // namespace gradus
