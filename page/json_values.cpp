#include "page/json_values.h"

#include <algorithm>
#include <cmath>

#include "tensor/strided.h"

namespace gradus::page {
namespace {

constexpr int kDigits = 5;
constexpr size_t kMostNumbers = 8192;
constexpr int16_t kNan = -32768;
constexpr int16_t kMinusInfinity = -32767;
constexpr int16_t kInfinity = 32767;
constexpr double kLargest = 32766;

int16_t packed(double x, double scale) {
  if (std::isnan(x)) return kNan;
  if (std::isinf(x)) return x < 0 ? kMinusInfinity : kInfinity;
  return static_cast<int16_t>(std::lround(x / scale));
}

Json packed_values(const std::vector<double>& values) {
  double largest = 0;
  for (const double x : values)
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  const double scale = largest > 0 ? largest / kLargest : 1;
  std::string bytes;
  bytes.reserve(2 * values.size());
  for (const double x : values) {
    const auto integer = static_cast<uint16_t>(packed(x, scale));
    bytes += static_cast<char>(integer & 0xFF);
    bytes += static_cast<char>(integer >> 8);
  }
  return {{"scale", scale}, {"i16", base64(bytes)}};
}

}  // namespace

Json number(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
  if (x == std::trunc(x) && std::abs(x) < 1e15) return static_cast<int64_t>(x);
  return std::stod(fmt::format("{:.{}g}", x, kDigits));
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
  dispatch(x.dtype(), [&]<class T>() {
    const T* data = in_order.data<T>();
    std::transform(data, data + x.numel(), values.begin(),
                   [](T value) { return static_cast<double>(value); });
  });
  return values;
}

Json tensor_values(const Shape& shape, const std::vector<double>& values) {
  Json json = {{"shape", shape.vec()}};
  if (values.size() > kMostNumbers)
    json["data"] = packed_values(values);
  else
    json["data"] = numbers(values);
  return json;
}

Json tensor_values(const Tensor& x) { return tensor_values(x.sizes(), elements(x)); }

std::string base64(const std::string& bytes) {
  static constexpr char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t bits = 0;
    for (size_t b = 0; b < 3; ++b)
      bits = bits << 8 | (b < count ? static_cast<unsigned char>(bytes[i + b]) : 0U);
    for (size_t letter = 0; letter < 4; ++letter)
      text += letter <= count ? letters[bits >> (18 - 6 * letter) & 63] : '=';
  }
  return text;
}

}  // namespace gradus::page
