// The allocator of large blocks: it keeps freed ones, merges neighbours and uses huge pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace gradus::kernels {

/// Allocates large blocks. They are cut from segments: memory from the system, at least 32 MiB, in
/// huge pages. A request splits the smallest free block that is large enough; a freed block is
/// merged with its free neighbours. All functions may be called by several threads.
class LargeBlocks {
 public:
  static constexpr size_t kPage = 4096;

  /// A block of `bytes` bytes, a multiple of kPage, or null. `fresh` becomes true if the block was
  /// never used, so that it holds zeros.
  void* allocate(size_t bytes, bool* fresh);
  void deallocate(void* memory);
  /// Returns the segments in which nothing is in use to the system.
  void release_unused_segments();
  /// Bytes of free blocks.
  int64_t cached();

 private:
  struct Block {
    size_t size;
    std::byte* segment;  // the start of its segment
    bool free;
    bool fresh;  // never used
  };
  using Blocks = std::map<std::byte*, Block>;

  void merge_if_free(Blocks::iterator left, Blocks::iterator right);
  bool add_segment(size_t bytes);
  bool release_unused();

  std::mutex mutex_;
  Blocks blocks_;                                 // all blocks, by address
  std::set<std::pair<size_t, std::byte*>> free_;  // the free blocks, by size and address
  int64_t cached_ = 0;
};

}  // namespace gradus::kernels
