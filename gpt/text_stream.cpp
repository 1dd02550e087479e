#include "gpt/text_stream.h"

#include <algorithm>

#include "text/utf8.h"

namespace gradus::gpt {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// How many bytes a character has that starts with this byte; 0 if none does.
size_t length_by_first_byte(unsigned char byte) {
  if (byte >= 0xC2 && byte < 0xE0) return 2;
  if (byte >= 0xE0 && byte < 0xF0) return 3;
  if (byte >= 0xF0 && byte < 0xF5) return 4;
  return 0;
}

/// Whether more bytes could make the bytes a character.
bool is_incomplete(std::string_view bytes) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  return bytes.size() < length_by_first_byte(static_cast<unsigned char>(bytes[0])) &&
         std::all_of(bytes.begin() + 1, bytes.end(), continues);
}

}  // namespace

std::string TextStream::add(std::string_view bytes) {
  held_ += bytes;
  std::string out;
  std::string_view left = held_;
  while (!left.empty()) {
    const text::CodePoint point = text::first_code_point(left);
    if (point.length == 0 && is_incomplete(left)) break;
    const bool is_control = point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0);
    if (point.length == 0)
      out += kReplacement;
    else if (for_terminal_ && is_control && point.value != U'\n' && point.value != U'\t')
      out += '?';
    else
      out += left.substr(0, point.length);
    left.remove_prefix(std::max<size_t>(1, point.length));
  }
  held_ = std::string(left);
  return out;
}

std::string TextStream::rest() {
  const bool is_empty = held_.empty();
  held_.clear();
  return is_empty ? "" : std::string(kReplacement);
}

}  // namespace gradus::gpt
