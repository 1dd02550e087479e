// GPT-2's files are text, but tokens are any bytes. So the files write each byte as a letter: the
// printable bytes as themselves, the other 68 as U+0100, U+0101, ... A space is Ġ (U+0120).
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace gradus::text {

/// All bytes in the order of their letters, which is the order of their ids in GPT-2's vocabulary.
std::array<unsigned char, 256> bytes_in_order();

/// The bytes as letters, in UTF-8.
std::string to_letters(std::string_view bytes);

/// The bytes that the letters mean; nothing if one of them is no letter of a byte.
std::optional<std::string> from_letters(std::string_view letters);

}  // namespace gradus::text
