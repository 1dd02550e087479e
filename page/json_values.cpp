#include "page/json_values.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "tensor/strided.h"

namespace gradus::page {
namespace {

constexpr int kDigits = 5;
constexpr size_t kMostPlainNumbers = 4096;
// The integers beyond these encode NaN and the infinities.
constexpr double kLargest16 = 32766;
constexpr double kLargest32 = 2147483646;
constexpr std::string_view kLetters =  // of base64
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The integer for x on a scale; the special values are the first two and the last integer.
template <class Integer>
Integer packed(double x, double scale) {
  using Limits = std::numeric_limits<Integer>;
  if (std::isnan(x)) return Limits::min();
  if (std::isinf(x)) return x < 0 ? Limits::min() + 1 : Limits::max();
  return static_cast<Integer>(std::llround(x / scale));
}

template <class Integer>
std::string packed_bytes(const std::vector<double>& values, double scale) {
  std::string bytes;
  bytes.reserve(sizeof(Integer) * values.size());
  for (const double x : values) {
    const auto integer = static_cast<uint32_t>(packed<Integer>(x, scale));
    for (size_t byte = 0; byte < sizeof(Integer); ++byte)
      bytes += static_cast<char>(integer >> 8 * byte & 0xFF);
  }
  return base64(bytes);
}

/// Integers are kept as they are if they fit, fractions are rounded.
Json packed_values(const std::vector<double>& values) {
  double largest = 0;
  bool are_integers = true;
  for (const double x : values) {
    if (!std::isfinite(x)) continue;
    largest = std::max(largest, std::abs(x));
    are_integers = are_integers && x == std::trunc(x);
  }
  if (are_integers && largest > kLargest16 && largest <= kLargest32)
    return {{"scale", 1}, {"i32", packed_bytes<int32_t>(values, 1)}};
  const bool fits = are_integers && largest <= kLargest16;
  const double least = std::numeric_limits<double>::min();
  const double scale = fits || largest == 0 ? 1 : std::max(least, largest / kLargest16);
  return {{"scale", scale}, {"i16", packed_bytes<int16_t>(values, scale)}};
}

}  // namespace

Json number(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
  if (x == std::trunc(x) && std::abs(x) < 1e15) return static_cast<int64_t>(x);
  // Not std::stod, which throws for numbers below the smallest normal one.
  const double rounded = std::strtod(fmt::format("{:.{}g}", x, kDigits).c_str(), nullptr);
  constexpr double kMost = std::numeric_limits<double>::max();
  return std::clamp(rounded, -kMost, kMost);
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double x : values)
    list.push_back(number(x));
  return list;
}

std::vector<double> elements(const Tensor& x) {
  const Tensor in_order = as_contiguous(x);
  std::vector<double> values(static_cast<size_t>(x.numel()));
  dispatch_stored(x.dtype(), [&]<class T>() {
    const T* data = in_order.data<T>();
    std::transform(data, data + x.numel(), values.begin(),
                   [](T value) { return static_cast<double>(value); });
  });
  return values;
}

Json tensor_values(const Shape& shape, const std::vector<double>& values, Packing packing) {
  Json json = {{"shape", shape.vec()}};
  if (packing == Packing::always || values.size() > kMostPlainNumbers)
    json["data"] = packed_values(values);
  else
    json["data"] = numbers(values);
  return json;
}

Json tensor_values(const Tensor& x) { return tensor_values(x.sizes(), elements(x)); }

std::string base64(const std::string& bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t bits = 0;
    for (size_t b = 0; b < 3; ++b)
      bits = bits << 8 | (b < count ? static_cast<unsigned char>(bytes[i + b]) : 0U);
    for (size_t letter = 0; letter < 4; ++letter)
      text += letter <= count ? kLetters[bits >> (18 - 6 * letter) & 63] : '=';
  }
  return text;
}

std::string from_base64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;  // of the bits that are not in a byte yet
  for (const char letter : text) {
    const size_t value = kLetters.find(letter);
    if (value == std::string_view::npos) break;  // '=' at the end
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

}  // namespace gradus::page
