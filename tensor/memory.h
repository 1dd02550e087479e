// Where the memory of tensors comes from. What is freed is kept and used again: asking the system
// costs page faults, which take longer than most ops.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gradus {

struct MemoryStats {
  int64_t in_use;  // bytes that tensors have; small blocks that a thread keeps for its next tensors
                   // are counted too
  int64_t cached;  // bytes kept for later tensors
  int64_t peak;    // the largest in_use since the program started or reset_peak_memory_stats()
};
MemoryStats memory_stats();
void reset_peak_memory_stats();
/// Gives the cached memory back to the system, as far as no tensor lies next to it.
void empty_cache();

namespace memory {

/// Memory at a multiple of 64 bytes, or null when there is not as much. With `zeroed`, all bytes
/// are 0; else they are anything, in debug builds NaN. bytes > 0.
void* allocate(size_t bytes, bool zeroed = false);
/// `bytes` is what allocate was given. Any thread may do it.
void deallocate(void* memory, size_t bytes);

/// Whether freed memory is kept: not under sanitizers, which are to see every block come and go.
bool keeps_freed();

/// allocate, or std::bad_alloc.
void* allocate_object(size_t bytes);

/// Base of the small objects behind tensors, which come from the same lists.
struct Pooled {
  static void* operator new(size_t bytes) { return allocate_object(bytes); }
  static void operator delete(void* memory, size_t bytes) { deallocate(memory, bytes); }
};
/// The same for containers.
template <class T>
struct Allocator {
  using value_type = T;
  Allocator() = default;
  template <class U>
  Allocator(const Allocator<U>&) {}  // NOLINT: implicit
  T* allocate(size_t n) { return static_cast<T*>(allocate_object(n * sizeof(T))); }
  void deallocate(T* memory, size_t n) { memory::deallocate(memory, n * sizeof(T)); }
  friend bool operator==(const Allocator&, const Allocator&) { return true; }
};

}  // namespace memory
}  // namespace gradus
