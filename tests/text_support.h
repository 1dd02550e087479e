// Shared by the tests of text/: real files, which are not in the repository, and a base64 decoder.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace gradus {

/// The bytes of a file; empty if there is none.
inline std::string file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The path of a file or folder that ./run download or the person who runs the tests provides:
/// NAME in my/data or in ../shared/data, else nothing.
inline std::optional<std::string> real_data(const std::string& name) {
  for (const char* folder : {GRADUS_SOURCE_DIR "/my/data/", GRADUS_SOURCE_DIR "/../shared/data/"})
    if (std::filesystem::exists(folder + name)) return folder + name;
  return {};
}

inline std::string from_base64(const std::string& text) {
  static const std::string digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(digits.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

}  // namespace gradus
