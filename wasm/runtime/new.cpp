// operator new for wasm32-wasi: that of libc++abi, which is built without exceptions, ends the
// program when there is no memory. operator delete stays libc++abi's; it calls std::free.
#include <cstdlib>
#include <new>

namespace {

void* allocate_or_null(size_t bytes) { return std::malloc(bytes > 0 ? bytes : 1); }

void* allocate_or_null(size_t bytes, std::align_val_t alignment) {
  const auto a = static_cast<size_t>(alignment);
  const size_t padded = (bytes + a - 1) / a * a;  // as std::aligned_alloc wants it
  if (padded < bytes) return nullptr;
  return std::aligned_alloc(a, padded > 0 ? padded : a);
}

void* or_throw(void* memory) {
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(size_t bytes) { return or_throw(allocate_or_null(bytes)); }
void* operator new[](size_t bytes) { return or_throw(allocate_or_null(bytes)); }
void* operator new(size_t bytes, std::align_val_t a) {
  return or_throw(allocate_or_null(bytes, a));
}
void* operator new[](size_t bytes, std::align_val_t a) {
  return or_throw(allocate_or_null(bytes, a));
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return allocate_or_null(bytes); }
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes);
}
void* operator new(size_t bytes, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes, a);
}
void* operator new[](size_t bytes, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes, a);
}
