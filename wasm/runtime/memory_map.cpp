// mmap for wasm32-wasi: new pages at the end of the program's memory. WebAssembly fills them with
// zeros and cannot take them back, so munmap does nothing.
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>

extern "C" void* mmap(void* /*wanted_address*/, size_t bytes, int /*protection*/, int flags,
                      int /*file*/, off_t /*offset*/) {
  constexpr size_t kPage = 65536;
  if ((flags & MAP_ANONYMOUS) == 0) {
    errno = ENODEV;  // a file
    return MAP_FAILED;
  }
  const size_t pages = bytes / kPage + (bytes % kPage != 0 ? 1 : 0);
  const size_t first = __builtin_wasm_memory_grow(0, pages);
  if (first == SIZE_MAX) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(first * kPage);
}

extern "C" int munmap(void* /*start*/, size_t /*bytes*/) { return 0; }
