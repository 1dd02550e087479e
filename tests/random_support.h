// What the tests of random numbers share: the golden values of PyTorch's generator, and draws after
// seed 123.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "lessons/kit/golden_entries.h"
#include "lessons/kit/golden_tensors.h"
#include "tensor/random.h"

namespace gradus {

/// The golden values of this name: a tensor, or a list among the other facts.
template <class T>
std::vector<T> golden_data(const std::string& lesson, const std::string& name) {
  const std::string full_name = lesson + "/" + name;
  const auto& tensors = lessons::golden::tensors();
  const auto found = tensors.find(full_name);
  if (found == tensors.end())
    return lessons::golden::entry(full_name).at("value").get<std::vector<T>>();
  const Tensor values = found->second.to(kFloat64).contiguous();
  std::vector<T> result;
  for (int64_t i = 0; i < values.numel(); ++i)
    result.push_back(static_cast<T>(values.data<double>()[i]));
  return result;
}

template <class T>
uint32_t crc32(const std::vector<T>& values) {
  static const std::vector<uint32_t> table = [] {
    std::vector<uint32_t> t(256);
    for (uint32_t i = 0; i < 256; ++i) {
      t[i] = i;
      for (int bit = 0; bit < 8; ++bit)
        t[i] = (t[i] >> 1) ^ ((t[i] & 1) != 0 ? 0xEDB88320U : 0U);
    }
    return t;
  }();
  const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
  uint32_t crc = 0xFFFFFFFF;
  for (size_t i = 0; i < values.size() * sizeof(T); ++i)
    crc = table[(crc ^ bytes[i]) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

/// n numbers drawn by fill(generator, out, n, args...) after seed 123.
template <class T, class Fill, class... Args>
std::vector<T> draw(int64_t n, Fill fill, Args... args) {
  Generator g(123);
  std::vector<T> out(static_cast<size_t>(n));
  fill(g, out.data(), n, args...);
  return out;
}

template <class T>
std::vector<T> normals(int64_t n) {
  return draw<T>(n, fill_normal<T>, 0.0, 1.0);
}

inline void expect_long(const std::string& lesson, const std::string& name,
                        const std::vector<float>& values) {
  const nlohmann::ordered_json& entry = lessons::golden::entry(lesson + "/" + name);
  const auto head = entry.at("head").get<std::vector<float>>();
  const auto tail = entry.at("tail").get<std::vector<float>>();
  const auto n = static_cast<std::ptrdiff_t>(head.size());
  EXPECT_EQ(std::vector<float>(values.begin(), values.begin() + n), head) << name;
  EXPECT_EQ(std::vector<float>(values.end() - std::ssize(tail), values.end()), tail) << name;
  EXPECT_EQ(crc32(values), entry.at("crc32_le_bytes").get<uint32_t>()) << name;
}

/// The generator has used exactly this many words since seed 123.
inline void expect_words_used(Generator g, unsigned long long count) {
  std::mt19937 reference(123);
  reference.discard(count);
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(g.word(), reference()) << "after " << count << " words";
}

}  // namespace gradus
