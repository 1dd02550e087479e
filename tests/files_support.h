// Shared by the tests of files: a temporary folder, and functions that make files by hand.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tensor/factories.h"
#include "tensor/files.h"
#include "tensor/strided.h"
#include "tests/temporary.h"

namespace gradus {

class Files : public ::testing::Test {
 protected:
  Files() : folder_(temporary_path("files")) { std::filesystem::create_directories(folder_); }
  ~Files() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string put(const std::string& name, const std::string& bytes) const {
    std::filesystem::remove(path(name));  // much faster than overwriting the file
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  std::string bytes_of(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t files_in_folder() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_),
                                             std::filesystem::directory_iterator()));
  }

  const std::filesystem::path folder_;
};

template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// 1, 2, 3, ..., or true, false, true, ...
inline Tensor counted(const Shape& sizes, DType t) {
  const Tensor x = empty(sizes, t);
  dispatch(t, [&]<class T>() {
    for (int64_t i = 0; i < x.numel(); ++i)
      x.data<T>()[i] = static_cast<T>(t == kBool ? i % 2 == 0 : i + 1);
  });
  return x;
}

/// Whether dtype, sizes and bits are the same.
inline bool same(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.sizes() == b.sizes())) return false;
  const Tensor p = as_contiguous(a);
  const Tensor q = as_contiguous(b);
  return dispatch_stored(a.dtype(), [&]<class T>() {
    const auto bytes = static_cast<size_t>(a.numel()) * sizeof(T);
    return bytes == 0 || std::memcmp(p.data<T>(), q.data<T>(), bytes) == 0;
  });
}

inline std::string little_endian(uint64_t number, size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; ++i, number >>= 8)
    text += static_cast<char>(number & 0xFF);
  return text;
}
inline std::string safetensors(const std::string& header, const std::string& data) {
  return little_endian(header.size(), 8) + header + data;
}
inline std::string npy(const std::string& header, const std::string& data, char version = 1) {
  return "\x93NUMPY" + std::string{version, '\0'} +
         little_endian(header.size(), version == 1 ? 2 : 4) + header + data;
}

inline const DType kAll[] = {kFloat32, kFloat64, kInt64, kBool};
inline const Shape kShapes[] = {{},     {0},       {1},          {5},
                                {2, 3}, {3, 0, 2}, {2, 1, 3, 2}, {1, 2, 1, 2, 1, 2, 1, 2}};

}  // namespace gradus
