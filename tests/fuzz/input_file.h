// Shared by the fuzzers of file readers: the bytes that libFuzzer makes, as a file.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "tensor/strided.h"
#include "tensor/tensor.h"
#include "tests/temporary.h"

namespace gradus::fuzz {

/// A path in a folder of this process, which is removed when the process ends.
inline std::string scratch_path(const std::string& name) { return temporary_path(name).string(); }

/// Writes the bytes to a file and returns its path.
inline std::string input_file(std::span<const uint8_t> bytes) {
  static const std::string path = scratch_path("input");
  std::filesystem::remove(path);  // much faster than overwriting the file
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  return path;
}

/// Ends the process, which libFuzzer reports as a finding.
inline void require(bool ok, const char* claim) {
  if (ok) return;
  fmt::print(stderr, "not true: {}\n", claim);
  std::abort();
}

/// Whether dtype, sizes and bits are the same.
inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.sizes() == b.sizes())) return false;
  const Tensor p = as_contiguous(a);
  const Tensor q = as_contiguous(b);
  return dispatch(a.dtype(), [&]<class T>() {
    const auto bytes = static_cast<size_t>(a.numel()) * sizeof(T);
    return bytes == 0 || std::memcmp(p.data<T>(), q.data<T>(), bytes) == 0;
  });
}

}  // namespace gradus::fuzz
