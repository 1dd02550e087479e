// UTF-8: code points in bytes that may be anything.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace gradus::text {

/// A code point and the number of bytes that it has in UTF-8.
struct CodePoint {
  char32_t value = 0;
  size_t length = 0;  // 0: the bytes do not start with a valid code point
};

/// The code point at the start of the bytes. Overlong forms, surrogates and numbers above U+10FFFF
/// are not valid.
CodePoint first_code_point(std::string_view bytes);

/// The length in bytes of the longest valid start.
size_t valid_utf8_length(std::string_view bytes);

std::string to_utf8(char32_t code_point);

}  // namespace gradus::text
