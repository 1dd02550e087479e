#include "tensor/kernels/large_blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>

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
  const auto smallest_fit = [&] { return free_.lower_bound({bytes, nullptr}); };
  auto best = smallest_fit();
  if (best == free_.end()) {
    const bool added = add_segment(bytes) || (release_unused() && add_segment(bytes));
    if (!added) return nullptr;
    best = smallest_fit();
  }
  const auto found = blocks_.find(best->second);
  free_.erase(best);
  auto& [start, block] = *found;
  if (block.size > bytes) {
    Block rest = block;
    rest.size = block.size - bytes;
    free_.emplace(rest.size, start + bytes);
    blocks_.emplace_hint(std::next(found), start + bytes, rest);
  }
  cached_ -= static_cast<int64_t>(bytes);
  *fresh = block.fresh;
  block.size = bytes;
  block.free = false;
  block.fresh = false;
  return start;
}

void LargeBlocks::deallocate(void* memory) {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(static_cast<std::byte*>(memory));
  auto& [start, block] = *found;
  cached_ += static_cast<int64_t>(block.size);
  block.free = true;
  free_.emplace(block.size, start);
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

/// Merges two neighbours of one segment if both are free.
void LargeBlocks::merge_if_free(Blocks::iterator left, Blocks::iterator right) {
  if (right == blocks_.end()) return;
  Block& a = left->second;
  const Block& b = right->second;
  if (!a.free || !b.free || a.segment != b.segment) return;
  free_.erase({a.size, left->first});
  free_.erase({b.size, right->first});
  a.size += b.size;
  a.fresh = a.fresh && b.fresh;
  free_.emplace(a.size, left->first);
  blocks_.erase(right);
}

/// Adds a segment in which a block of `bytes` fits; false if the system has no memory for it.
bool LargeBlocks::add_segment(size_t bytes) {
  const size_t size = round_up(std::max(bytes, kSegment), kHugePage);
  std::byte* const segment = map_huge_pages(size);
  if (!segment) return false;
  blocks_[segment] = {.size = size, .segment = segment, .free = true, .fresh = true};
  free_.emplace(size, segment);
  cached_ += static_cast<int64_t>(size);
  return true;
}

/// Whether there were any. A segment is unused if it is one free block.
bool LargeBlocks::release_unused() {
  const size_t count = blocks_.size();
  for (auto it = blocks_.begin(); it != blocks_.end();) {
    const auto [start, block] = *it;
    const auto next = std::next(it);
    const bool first_of_segment = start == block.segment;
    const bool last_of_segment = next == blocks_.end() || next->second.segment != block.segment;
    if (block.free && first_of_segment && last_of_segment) {
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
