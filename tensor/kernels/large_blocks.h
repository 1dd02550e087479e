// The allocator of large blocks: it keeps freed ones, merges neighbours and uses huge pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "tensor/kernels/fork.h"

namespace gradus::kernels {

/// Allocates large blocks. They are cut from segments: memory from the system, 32 MiB or more if
/// there is enough, in huge pages. A request splits the smallest free block that is large enough; a
/// freed block is merged with its free neighbours. All functions may be called by several threads.
/// Never destroyed.
class LargeBlocks {
 public:
  static constexpr size_t kPage = 4096;

  /// A block of `bytes` bytes, a multiple of kPage, or null. `fresh` becomes true if the block was
  /// never used, so that it holds zeros.
  void* allocate(size_t bytes, bool* fresh);
  /// Allocates no memory itself, so it cannot fail.
  void deallocate(void* memory);
  /// Returns the segments in which nothing is in use to the system.
  void release_unused_segments();
  /// Bytes of free blocks.
  int64_t cached();

 private:
  using FreeBlocks = std::set<std::pair<size_t, std::byte*>>;  // by size and address
  struct Block {
    size_t size;
    std::byte* segment;  // the start of its segment
    bool fresh;          // never used
    // The node for free_, kept while the block is in use. A free block's node is in free_.
    FreeBlocks::node_type free_node;

    bool is_free() const { return free_node.empty(); }
  };
  using Blocks = std::map<std::byte*, Block>;

  void* allocate_locked(size_t bytes, bool* fresh);
  static Blocks::node_type new_block(std::byte* start, size_t size, std::byte* segment, bool fresh);
  void insert_free(Blocks::node_type block);
  void merge_if_free(Blocks::iterator left, Blocks::iterator right);
  bool add_segment(size_t bytes);
  bool release_unused();

  ForkSafeMutex mutex_;
  Blocks blocks_;  // all blocks, by address
  FreeBlocks free_;
  int64_t cached_ = 0;
};

}  // namespace gradus::kernels
