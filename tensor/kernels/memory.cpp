// Blocks of up to 64 KiB come from free lists that each thread keeps for itself, one list for each
// of some fixed sizes, so they need no lock. Larger blocks come from large_blocks.cpp.
#include "tensor/kernels/memory.h"

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

#include "tensor/kernels/large_blocks.h"
#include "tensor/kernels/sanitized.h"

namespace gradus::kernels {
namespace {

constexpr bool kKeepsFreedMemory = !kSanitized;
constexpr std::align_val_t kAlignment{64};
// Of one block. An address space of 32 bits has less than twice as much.
constexpr uint64_t kMaxBytes = uint64_t{1} << (sizeof(size_t) > 4 ? 40 : 31);
constexpr size_t kMaxSmall = size_t{64} << 10;       // the size of the largest small block
constexpr size_t kMaxListBytes = size_t{512} << 10;  // in one free list of one thread

std::atomic<int64_t> in_use{0};
std::atomic<int64_t> peak{0};

void count_allocated(size_t bytes) {
  const int64_t now = in_use += static_cast<int64_t>(bytes);
  int64_t largest = peak.load(std::memory_order_relaxed);
  while (now > largest && !peak.compare_exchange_weak(largest, now)) {
  }
}
void count_freed(size_t bytes) { in_use -= static_cast<int64_t>(bytes); }

void* allocate_from_system(size_t bytes) {
  void* memory = ::operator new(bytes, kAlignment, std::nothrow);
  if (memory) count_allocated(bytes);
  return memory;
}
void return_to_system(void* memory, size_t bytes) {
  ::operator delete(memory, kAlignment);
  count_freed(bytes);
}

// Small blocks.

/// The sizes are 64, 128, 192 and 256 bytes, then four for each power of two. So less than a fifth
/// of a block above 256 bytes is unused.
constexpr size_t size_class(size_t bytes) {
  const size_t lines = (bytes + 63) / 64;
  if (lines <= 4) return lines - 1;
  const auto power = static_cast<size_t>(std::bit_width(lines - 1));
  return 4 * (power - 2) + ((lines - 1) >> (power - 3)) - 4;
}
constexpr size_t class_size(size_t index) {
  return index < 4 ? 64 * (index + 1) : 64 * (index % 4 + 5) << (index / 4 - 1);
}
constexpr size_t kClasses = size_class(kMaxSmall) + 1;
static_assert(class_size(kClasses - 1) == kMaxSmall);

struct FreeBlock {
  FreeBlock* next;
};
struct FreeList {
  FreeBlock* first;
  size_t room;  // for how many more blocks; 0 until the thread first allocates, and after its end
};
constinit thread_local std::array<FreeList, kClasses> free_lists{};

void clear_free_lists() {
  for (size_t index = 0; index < kClasses; ++index) {
    FreeList& list = free_lists[index];
    while (list.first) {
      return_to_system(std::exchange(list.first, list.first->next), class_size(index));
      ++list.room;
    }
  }
}

/// Opens the thread's free lists when it first allocates, and frees their blocks when the thread
/// ends.
struct FreeListOwner {
  FreeListOwner() {
    for (size_t index = 0; index < kClasses; ++index)
      free_lists[index].room = kMaxListBytes / class_size(index);
  }
  ~FreeListOwner() {
    clear_free_lists();
    for (FreeList& list : free_lists)
      list.room = 0;
  }
};
void open_free_lists() { thread_local const FreeListOwner owner; }

void* allocate_small(size_t bytes) {
  const size_t index = size_class(bytes);
  FreeList& list = free_lists[index];
  if (!list.first) [[unlikely]] {
    open_free_lists();
    return allocate_from_system(class_size(index));
  }
  ++list.room;
  return std::exchange(list.first, list.first->next);
}

void deallocate_small(void* memory, size_t bytes) {
  const size_t index = size_class(bytes);
  FreeList& list = free_lists[index];
  if (list.room == 0) [[unlikely]]
    return return_to_system(memory, class_size(index));
  --list.room;
  list.first = new (memory) FreeBlock{list.first};
}

// Large blocks.

/// Never destroyed: tensors may exist until the very end of the program.
LargeBlocks& large_blocks() {
  static LargeBlocks& blocks = *new LargeBlocks;
  return blocks;
}
// Made before main: a child of fork() would wait forever for a thread that was just making it.
[[maybe_unused]] const LargeBlocks& made_early = large_blocks();

size_t round_up_to_page(size_t bytes) {
  return (bytes + LargeBlocks::kPage - 1) / LargeBlocks::kPage * LargeBlocks::kPage;
}

void* allocate_large(size_t bytes, bool* fresh) {
  const size_t size = round_up_to_page(bytes);
  void* const memory = large_blocks().allocate(size, fresh);
  if (memory) count_allocated(size);
  return memory;
}

void deallocate_large(void* memory, size_t bytes) {
  large_blocks().deallocate(memory);
  count_freed(round_up_to_page(bytes));
}

void* allocate_uninitialised(size_t bytes, bool* fresh) {
  if (!kKeepsFreedMemory) return allocate_from_system(bytes);
  return bytes <= kMaxSmall ? allocate_small(bytes) : allocate_large(bytes, fresh);
}

// The buffers of this thread.
constinit thread_local ThreadBuffer* first_buffer = nullptr;

}  // namespace

void* allocate(uint64_t bytes, bool zeroed) {
  if (bytes > kMaxBytes) return nullptr;
  const auto size = static_cast<size_t>(bytes);
  bool fresh = false;
  void* const memory = allocate_uninitialised(size, &fresh);
  if (!memory) return nullptr;
  if (zeroed && !fresh) std::memset(memory, 0, size);
#ifndef NDEBUG
  if (!zeroed) std::memset(memory, 0xFF, size);  // all ones is NaN for float32 and float64
#endif
  return memory;
}

void* allocate_or_throw(size_t bytes) {
  void* const memory = allocate(bytes);
  if (!memory) fail_out_of_memory();
  return memory;
}

void deallocate(void* memory, size_t bytes) {
  if (!kKeepsFreedMemory)
    return_to_system(memory, bytes);
  else if (bytes <= kMaxSmall)
    deallocate_small(memory, bytes);
  else
    deallocate_large(memory, bytes);
}

bool keeps_freed_memory() { return kKeepsFreedMemory; }

MemoryStats memory_stats() {
  return {.in_use = in_use, .cached = large_blocks().cached(), .peak = peak};
}
void reset_peak_memory_stats() { peak = in_use.load(); }
void empty_cache() {
  clear_free_lists();
  ThreadBuffer::clear_all();
  large_blocks().release_unused_segments();
}

ThreadBuffer::ThreadBuffer() : next_(first_buffer) { first_buffer = this; }

ThreadBuffer::~ThreadBuffer() {
  clear();
  ThreadBuffer** link = &first_buffer;
  while (*link != this)
    link = &(*link)->next_;
  *link = next_;
}

void ThreadBuffer::grow(size_t bytes) {
  clear();
  memory_ = allocate_or_throw(bytes);
  size_ = bytes;
}

void ThreadBuffer::clear() {
  if (memory_) deallocate(memory_, size_);
  memory_ = nullptr;
  size_ = 0;
}

void ThreadBuffer::clear_all() {
  for (ThreadBuffer* buffer = first_buffer; buffer; buffer = buffer->next_)
    buffer->clear();
}

}  // namespace gradus::kernels
