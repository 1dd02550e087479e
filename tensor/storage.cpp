#include "tensor/storage.h"

#include "tensor/error.h"

namespace gradus {

Storage::Storage(int64_t size, bool zeroed) : bytes(size) {
  if (size == 0) return;
  data = static_cast<std::byte*>(memory::allocate(static_cast<size_t>(size), zeroed));
  check(data != nullptr, "empty: there is no memory for a tensor of {} bytes", size);
}

Storage::~Storage() {
  if (data) memory::deallocate(data, static_cast<size_t>(bytes));
}

}  // namespace gradus
