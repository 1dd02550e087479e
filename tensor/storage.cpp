#include "tensor/storage.h"

#include <cstring>
#include <new>

#include "tensor/error.h"

namespace gradus {
namespace {
constexpr std::align_val_t kAlignment{64};
constexpr int64_t kMostBytes = int64_t{1} << 40;
}  // namespace

Storage::Storage(int64_t size) : bytes(size) {
  if (size == 0) return;
  const auto wanted = static_cast<size_t>(size);
  void* memory = size <= kMostBytes ? ::operator new(wanted, kAlignment, std::nothrow) : nullptr;
  check(memory != nullptr, "empty: there is no memory for a tensor of {} bytes", size);
  data = static_cast<std::byte*>(memory);
#ifndef NDEBUG
  std::memset(data, 0xFF, wanted);  // all ones is NaN for float32 and float64
#endif
}

Storage::~Storage() { ::operator delete(data, kAlignment); }

}  // namespace gradus
