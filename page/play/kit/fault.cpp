#include "page/play/kit/fault.h"

#include <algorithm>

namespace gradus::page {

int64_t characters(const std::string& text, size_t byte) {
  const auto starts_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  };
  const auto end = static_cast<int64_t>(std::min(byte, text.size()));
  return std::count_if(text.begin(), text.begin() + end, starts_character);
}

Json fault_json(const std::string& text, const ExpressionError& fault) {
  return {{"message", fault.what()},
          {"where", place_in_words(text, fault.place.first)},
          {"first", characters(text, fault.place.first)},
          {"last", characters(text, fault.place.last)}};
}

}  // namespace gradus::page
