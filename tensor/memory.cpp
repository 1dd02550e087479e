// Blocks of up to 64 KiB come from lists that each thread keeps for itself, one for each of some
// sizes. Larger ones are cut from segments of at least 32 MiB in huge pages: the smallest free
// block that is large enough is split, and a freed block grows together with its free neighbours.
// Sanitizers see every block come and go.
#include "tensor/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <utility>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GRADUS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define GRADUS_SANITIZED 1
#endif
#endif

namespace gradus {
namespace {

#ifdef GRADUS_SANITIZED
constexpr bool kPassThrough = true;
#else
constexpr bool kPassThrough = false;
#endif
constexpr std::align_val_t kAlignment{64};
constexpr size_t kMost = size_t{1} << 40, kPage = 4096, kHugePage = size_t{2} << 20,
                 kSegment = size_t{32} << 20;
constexpr size_t kSmall = size_t{64} << 10;    // the largest small block
constexpr size_t kListed = size_t{512} << 10;  // bytes of one size that a thread keeps

constexpr size_t round_up(size_t n, size_t step) { return (n + step - 1) / step * step; }

std::atomic<int64_t> in_use{0}, peak{0};

void count(size_t bytes, int sign) {
  const int64_t now = in_use += sign * static_cast<int64_t>(bytes);
  int64_t most = peak.load(std::memory_order_relaxed);
  while (now > most && !peak.compare_exchange_weak(most, now)) {
  }
}

void* take_from_system(size_t bytes) {
  void* memory = ::operator new(bytes, kAlignment, std::nothrow);
  if (memory) count(bytes, 1);
  return memory;
}
void give_to_system(void* memory, size_t bytes) {
  ::operator delete(memory, kAlignment);
  count(bytes, -1);
}

// small blocks

/// Sizes are 64, 128, 192, 256 bytes, then four for each power of two: a block is less than a
/// quarter too large.
constexpr size_t size_class(size_t bytes) {
  const size_t lines = (bytes + 63) / 64;
  if (lines <= 4) return lines - 1;
  const auto power = static_cast<size_t>(std::bit_width(lines - 1));
  return 4 * (power - 2) + ((lines - 1) >> (power - 3)) - 4;
}
constexpr size_t class_size(size_t index) {
  return index < 4 ? 64 * (index + 1) : 64 * (index % 4 + 5) << (index / 4 - 1);
}
constexpr size_t kClasses = size_class(kSmall) + 1;
static_assert(class_size(kClasses - 1) == kSmall);

struct FreeBlock {
  FreeBlock* next;
};
struct FreeList {
  FreeBlock* first;
  size_t room;  // how many more blocks it takes; none at all after the thread's end
};
constinit thread_local std::array<FreeList, kClasses> free_lists{};

/// Opens the lists when the thread first needs one, and gives their blocks back when the thread
/// ends.
struct ListKeeper {
  ListKeeper() {
    for (size_t c = 0; c < kClasses; ++c)
      free_lists[c].room = kListed / class_size(c);
  }
  ~ListKeeper() {
    clear();
    for (FreeList& list : free_lists)
      list.room = 0;
  }
  static void clear() {
    for (size_t c = 0; c < kClasses; ++c) {
      for (FreeList& list = free_lists[c]; list.first; ++list.room)
        give_to_system(std::exchange(list.first, list.first->next), class_size(c));
    }
  }
};
void open_lists() { thread_local const ListKeeper keeper; }

void* allocate_small(size_t bytes) {
  const size_t index = size_class(bytes);
  FreeList& list = free_lists[index];
  if (!list.first) [[unlikely]] {
    open_lists();
    return take_from_system(class_size(index));
  }
  ++list.room;
  return std::exchange(list.first, list.first->next);
}

void deallocate_small(void* memory, size_t bytes) {
  const size_t index = size_class(bytes);
  FreeList& list = free_lists[index];
  if (list.room == 0) [[unlikely]] {
    open_lists();
    if (list.room == 0) return give_to_system(memory, class_size(index));
  }
  --list.room;
  list.first = new (memory) FreeBlock{list.first};
}

// large blocks

class Segments {
 public:
  /// A block of `bytes`, a multiple of kPage. `fresh` becomes true if it was never used, so that it
  /// holds zeros.
  void* allocate(size_t bytes, bool* fresh) {
    const std::lock_guard lock(mutex_);
    auto best = free_.lower_bound({bytes, nullptr});
    if (best == free_.end()) {
      if (!add_segment(bytes) && !(release_unused() && add_segment(bytes))) return nullptr;
      best = free_.lower_bound({bytes, nullptr});
    }
    const auto at = blocks_.find(best->second);
    free_.erase(best);
    Block& block = at->second;
    if (block.size > bytes) {
      const Block rest{block.size - bytes, block.segment, true, block.fresh};
      free_.emplace(rest.size, at->first + bytes);
      blocks_.emplace_hint(std::next(at), at->first + bytes, rest);
    }
    cached_ -= static_cast<int64_t>(bytes);
    count(bytes, 1);
    *fresh = block.fresh;
    block = {bytes, block.segment, false, false};
    return at->first;
  }

  void deallocate(void* memory) {
    const std::lock_guard lock(mutex_);
    const auto at = blocks_.find(static_cast<std::byte*>(memory));
    cached_ += static_cast<int64_t>(at->second.size);
    count(at->second.size, -1);
    at->second.free = true;
    free_.emplace(at->second.size, at->first);
    join(at, std::next(at));
    if (at != blocks_.begin()) join(std::prev(at), at);
  }

  /// Gives back the segments of which nothing is in use.
  void release() {
    const std::lock_guard lock(mutex_);
    release_unused();
  }
  int64_t cached() {
    const std::lock_guard lock(mutex_);
    return cached_;
  }

 private:
  struct Block {
    size_t size;
    std::byte* segment;  // where that begins
    bool free, fresh;    // fresh: never used
  };
  using Blocks = std::map<std::byte*, Block>;

  /// Makes one block of two neighbours if both are free.
  void join(Blocks::iterator a, Blocks::iterator b) {
    if (b == blocks_.end() || !a->second.free || !b->second.free ||
        a->second.segment != b->second.segment)
      return;
    free_.erase({a->second.size, a->first});
    free_.erase({b->second.size, b->first});
    a->second.size += b->second.size;
    a->second.fresh &= b->second.fresh;
    free_.emplace(a->second.size, a->first);
    blocks_.erase(b);
  }

  bool add_segment(size_t bytes) {
    const size_t size = round_up(std::max(bytes, kSegment), kHugePage);
    const size_t span = size + kHugePage;
    void* const memory =
        mmap(nullptr, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    auto* const start = static_cast<std::byte*>(memory);
    const size_t before = (kHugePage - reinterpret_cast<uintptr_t>(start) % kHugePage) % kHugePage;
    if (before > 0) munmap(start, before);
    std::byte* const segment = start + before;
    munmap(segment + size, kHugePage - before);
#ifdef MADV_HUGEPAGE
    madvise(segment, size, MADV_HUGEPAGE);
#endif
    blocks_[segment] = {size, segment, true, true};
    free_.emplace(size, segment);
    cached_ += static_cast<int64_t>(size);
    return true;
  }

  bool release_unused() {
    const size_t before = blocks_.size();
    for (auto at = blocks_.begin(); at != blocks_.end();) {
      const auto [start, block] = *at;
      const auto next = std::next(at);
      if (block.free && start == block.segment &&
          (next == blocks_.end() || next->second.segment != start)) {
        munmap(start, block.size);
        free_.erase({block.size, start});
        cached_ -= static_cast<int64_t>(block.size);
        blocks_.erase(at);
      }
      at = next;
    }
    return blocks_.size() < before;
  }

  std::mutex mutex_;
  Blocks blocks_;                                 // all, by address
  std::set<std::pair<size_t, std::byte*>> free_;  // those not in use, by size
  int64_t cached_ = 0;
};

/// Never destroyed: tensors may live as long as the program.
Segments& segments() {
  static Segments& all = *new Segments;
  return all;
}

}  // namespace

void* memory::allocate(size_t bytes, bool zeroed) {
  if (bytes > kMost) return nullptr;
  bool fresh = false;
  void* const memory = kPassThrough      ? take_from_system(bytes)
                       : bytes <= kSmall ? allocate_small(bytes)
                                         : segments().allocate(round_up(bytes, kPage), &fresh);
  if (!memory) return nullptr;
  if (zeroed && !fresh) std::memset(memory, 0, bytes);
#ifndef NDEBUG
  if (!zeroed) std::memset(memory, 0xFF, bytes);  // all ones is NaN for float32 and float64
#endif
  return memory;
}

void memory::deallocate(void* memory, size_t bytes) {
  if (kPassThrough)
    give_to_system(memory, bytes);
  else if (bytes <= kSmall)
    deallocate_small(memory, bytes);
  else
    segments().deallocate(memory);
}

bool memory::keeps_freed() { return !kPassThrough; }

void* memory::allocate_object(size_t bytes) {
  void* const memory = allocate(bytes);
  if (!memory) throw std::bad_alloc();
  return memory;
}

MemoryStats memory_stats() { return {in_use, segments().cached(), peak}; }
void reset_peak_memory_stats() { peak = in_use.load(); }
void empty_cache() {
  ListKeeper::clear();
  segments().release();
}

}  // namespace gradus
