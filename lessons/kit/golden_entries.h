// Reads lessons/golden/lessons.json: single values, summaries of long tensors (the first and last
// values, mean, standard deviation and CRC-32), and notes on how a value was made. The lessons and
// the tests share this reader.
#pragma once
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tensor/error.h"

namespace gradus::lessons::golden {

/// The entry of this name, such as "05_gpt_block/block_768/parameters"; null if there is none.
inline const nlohmann::ordered_json& entry_or_null(const std::string& name) {
  static const nlohmann::ordered_json sections = [] {
    const std::string path = GRADUS_GOLDEN_DIR "/lessons.json";
    std::ifstream file(path);
    check(file.good(), "golden: {} cannot be read", path);
    try {
      return nlohmann::ordered_json::parse(file).at("lessons");
    } catch (const nlohmann::ordered_json::exception& e) {
      fail("golden: {} - {}", path, e.what());
    }
  }();
  static const nlohmann::ordered_json none;
  const size_t slash = name.find('/');
  if (slash == std::string::npos) return none;
  const auto section = sections.find(name.substr(0, slash));
  if (section == sections.end()) return none;
  const auto found = section->find(name.substr(slash + 1));
  return found == section->end() ? none : *found;
}

/// The entry of this name. Throws if there is none.
inline const nlohmann::ordered_json& entry(const std::string& name) {
  const nlohmann::ordered_json& found = entry_or_null(name);
  check(!found.is_null(), "golden: there is no '{}'", name);
  return found;
}

}  // namespace gradus::lessons::golden
