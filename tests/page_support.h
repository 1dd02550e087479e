// What the tests of page/ share.
#pragma once
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "page/json_values.h"
#include "page/report.h"

namespace gradus::page {

using nlohmann::json;

inline Report new_report() { return Report({.id = "test", .title = "A test", .lede = "Look."}); }

/// The JSON of a report's last panel.
inline json last_panel(const Report& report) { return json::parse(report.json())["panels"].back(); }

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A number of a report: NaN and the infinities are strings.
inline double number_of(const json& value) {
  if (!value.is_string()) return value.get<double>();
  if (value == "nan") return NAN;
  return value == "inf" ? INFINITY : -INFINITY;
}

/// The elements of {"shape", "data"} whose data is a list.
inline std::vector<double> list_of(const json& tensor) {
  std::vector<double> numbers;
  for (const json& value : tensor["data"])
    numbers.push_back(number_of(value));
  return numbers;
}

/// The elements of {"shape", "data"}, also if they are integers in base64.
inline std::vector<double> elements_of(const json& tensor) {
  const json& data = tensor["data"];
  if (data.is_array()) return list_of(tensor);
  const bool is_16 = data.contains("i16");
  const std::string bytes = from_base64(data[is_16 ? "i16" : "i32"].get<std::string>());
  const size_t size = is_16 ? 2 : 4;
  std::vector<double> numbers;
  for (size_t i = 0; i < bytes.size(); i += size) {
    uint32_t integer = 0;
    for (size_t b = 0; b < size; ++b)
      integer |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i + b])) << 8 * b;
    const int64_t value = is_16 ? static_cast<int64_t>(static_cast<int16_t>(integer))
                                : static_cast<int64_t>(static_cast<int32_t>(integer));
    const int64_t most = is_16 ? 32767 : 2147483647;
    const double scale = data["scale"].get<double>();
    numbers.push_back(value == -most - 1 ? NAN
                      : value == -most   ? -INFINITY
                      : value == most    ? INFINITY
                                         : static_cast<double>(value) * scale);
  }
  return numbers;
}

}  // namespace gradus::page
