#include "tensor/kernels/large_blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <new>

namespace gradus::kernels {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kSegment = size_t{32} << 20;

size_t round_up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

/// `size` bytes aligned to a huge page, or null. The kernel aligns to small pages only, so one huge
/// page more is mapped and the ends are unmapped again.
std::byte* map_huge_pages(size_t size) {
  const size_t mapped_size = size + kHugePage;
  void* const mapped =
      mmap(nullptr, mapped_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* const start = static_cast<std::byte*>(mapped);
  const size_t misalignment = reinterpret_cast<uintptr_t>(start) % kHugePage;
  const size_t surplus = (kHugePage - misalignment) % kHugePage;
  if (surplus > 0) munmap(start, surplus);
  std::byte* const aligned = start + surplus;
  munmap(aligned + size, kHugePage - surplus);
#ifdef MADV_HUGEPAGE
  madvise(aligned, size, MADV_HUGEPAGE);
#endif
  return aligned;
}

}  // namespace

void* LargeBlocks::allocate(size_t bytes, bool* fresh) {
  const std::lock_guard lock(mutex_);
  try {
    return allocate_locked(bytes, fresh);
  } catch (const std::bad_alloc&) {  // there is no memory for a node of blocks_ or free_
    return nullptr;
  }
}

void* LargeBlocks::allocate_locked(size_t bytes, bool* fresh) {
  const auto smallest_fit = [&] { return free_.lower_bound({bytes, nullptr}); };
  auto best = smallest_fit();
  if (best == free_.end()) {
    const bool added = add_segment(std::max(bytes, kSegment)) ||
                       (release_unused() && add_segment(std::max(bytes, kSegment))) ||
                       add_segment(bytes);
    if (!added) return nullptr;
    best = smallest_fit();
  }
  std::byte* const start = best->second;
  Block& block = blocks_.find(start)->second;
  if (block.size > bytes) {
    insert_free(new_block(start + bytes, block.size - bytes, block.segment, block.fresh));
    block.size = bytes;
  }
  cached_ -= static_cast<int64_t>(bytes);
  *fresh = block.fresh;
  block.fresh = false;
  block.free_node = free_.extract(best);
  return start;
}

void LargeBlocks::deallocate(void* memory) {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(static_cast<std::byte*>(memory));
  auto& [start, block] = *found;
  cached_ += static_cast<int64_t>(block.size);
  block.free_node.value() = {block.size, start};
  free_.insert(std::move(block.free_node));
  merge_if_free(found, std::next(found));
  if (found != blocks_.begin()) merge_if_free(std::prev(found), found);
}

void LargeBlocks::release_unused_segments() {
  const std::lock_guard lock(mutex_);
  release_unused();
}

int64_t LargeBlocks::cached() {
  const std::lock_guard lock(mutex_);
  return cached_;
}

/// A block that is in neither container yet. Throws std::bad_alloc; insert_free does not.
LargeBlocks::Blocks::node_type LargeBlocks::new_block(std::byte* start, size_t size,
                                                      std::byte* segment, bool fresh) {
  FreeBlocks free;
  free.emplace(size, start);
  Blocks blocks;
  blocks[start] = {
      .size = size, .segment = segment, .fresh = fresh, .free_node = free.extract(free.begin())};
  return blocks.extract(blocks.begin());
}

void LargeBlocks::insert_free(Blocks::node_type block) {
  free_.insert(std::move(block.mapped().free_node));
  blocks_.insert(std::move(block));
}

/// Merges two neighbours of one segment if both are free.
void LargeBlocks::merge_if_free(Blocks::iterator left, Blocks::iterator right) {
  if (right == blocks_.end()) return;
  Block& a = left->second;
  const Block& b = right->second;
  if (!a.is_free() || !b.is_free() || a.segment != b.segment) return;
  auto node = free_.extract({a.size, left->first});
  free_.erase({b.size, right->first});
  a.size += b.size;
  a.fresh = a.fresh && b.fresh;
  node.value().first = a.size;
  free_.insert(std::move(node));
  blocks_.erase(right);
}

/// Adds a segment of at least `bytes` bytes; false if the system has no memory for it.
bool LargeBlocks::add_segment(size_t bytes) {
  const size_t size = round_up(bytes, kHugePage);
  Blocks::node_type block = new_block(nullptr, size, nullptr, true);
  std::byte* const segment = map_huge_pages(size);
  if (!segment) return false;
  block.key() = segment;
  block.mapped().segment = segment;
  block.mapped().free_node.value().second = segment;
  insert_free(std::move(block));
  cached_ += static_cast<int64_t>(size);
  return true;
}

/// Whether there were any. A segment is unused if it is one free block.
bool LargeBlocks::release_unused() {
  const size_t count = blocks_.size();
  for (auto it = blocks_.begin(); it != blocks_.end();) {
    const auto& [start, block] = *it;
    const auto next = std::next(it);
    const bool first_of_segment = start == block.segment;
    const bool last_of_segment = next == blocks_.end() || next->second.segment != block.segment;
    if (block.is_free() && first_of_segment && last_of_segment) {
      munmap(start, block.size);
      free_.erase({block.size, start});
      cached_ -= static_cast<int64_t>(block.size);
      blocks_.erase(it);
    }
    it = next;
  }
  return blocks_.size() < count;
}

}  // namespace gradus::kernels
