// The memory of tensors and of the kernels' own buffers. Freed memory is kept and reused:
// fresh memory from the system costs page faults, which take longer than most ops.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gradus::kernels {

/// Memory aligned to 64 bytes, or null if there is not enough. bytes > 0. With `zeroed` all bytes
/// are 0; otherwise they are uninitialised, and NaN in debug builds. `bytes` may be more than a
/// pointer can address.
void* allocate(uint64_t bytes, bool zeroed = false);
/// The same, uninitialised; calls fail_out_of_memory() instead of returning null.
void* allocate_or_throw(size_t bytes);
/// Throws gradus::Error. The kernels do not know that class: tensor/tensor.cpp defines the
/// function.
[[noreturn]] void fail_out_of_memory();
/// `bytes` is the number that `allocate` was called with. Any thread may free the memory. Allocates
/// nothing itself, so it cannot fail.
void deallocate(void* memory, size_t bytes);

/// Whether freed memory is kept. Under a sanitizer it is not: the sanitizer must see every
/// allocation and deallocation.
bool keeps_freed_memory();

struct MemoryStats {
  int64_t in_use;  // bytes of tensors, of buffers, and of free small blocks that threads keep
  int64_t cached;  // bytes of free large blocks
  int64_t peak;    // the largest in_use since the start or reset_peak_memory_stats()
};
MemoryStats memory_stats();
void reset_peak_memory_stats();
/// Returns memory to the system: the free small blocks and the ThreadBuffers of the calling thread,
/// and every segment of large blocks in which nothing is in use.
void empty_cache();

/// Memory that a kernel keeps from call to call, so that it allocates only in its first one.
/// Declare it thread_local: each thread then has its own. It is freed when its thread ends or calls
/// empty_cache().
class ThreadBuffer {
 public:
  ThreadBuffer();
  ~ThreadBuffer();
  ThreadBuffer(const ThreadBuffer&) = delete;
  ThreadBuffer& operator=(const ThreadBuffer&) = delete;

  /// At least `bytes` bytes, uninitialised. The next call may return the same memory again.
  void* get(size_t bytes) {
    if (bytes > size_) [[unlikely]]
      grow(bytes);
    return memory_;
  }
  void clear();

  /// Clears all buffers of the calling thread.
  static void clear_all();

 private:
  void grow(size_t bytes);

  void* memory_ = nullptr;
  size_t size_ = 0;
  ThreadBuffer* next_;  // the buffers of one thread form a list
};

}  // namespace gradus::kernels
