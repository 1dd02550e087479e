#include "text/byte_letters.h"

#include <algorithm>
#include <numeric>

#include "text/utf8.h"

namespace gradus::text {
namespace {

constexpr char32_t kFirstSubstitute = 0x100;

/// Printable in Latin-1, and not a space.
bool is_its_own_letter(unsigned char byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

/// The letter of each byte, and the byte of each letter.
struct Letters {
  std::array<std::string, 256> of_byte;
  std::array<int, 0x144> byte_of{};  // -1: no letter; 68 bytes are substituted, 0x44

  Letters() {
    byte_of.fill(-1);
    char32_t substitute = kFirstSubstitute;
    for (int byte = 0; byte < 256; ++byte) {
      const auto b = static_cast<unsigned char>(byte);
      const char32_t letter = is_its_own_letter(b) ? b : substitute++;
      of_byte[b] = to_utf8(letter);
      byte_of[letter] = byte;
    }
  }
};

const Letters& letters_table() {
  static const Letters& table = *new Letters();
  return table;
}

}  // namespace

std::array<unsigned char, 256> bytes_in_order() {
  std::array<unsigned char, 256> bytes{};
  std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));
  std::stable_partition(bytes.begin(), bytes.end(), is_its_own_letter);
  return bytes;
}

std::string to_letters(std::string_view bytes) {
  std::string letters;
  for (const char c : bytes)
    letters += letters_table().of_byte[static_cast<unsigned char>(c)];
  return letters;
}

std::optional<std::string> from_letters(std::string_view letters) {
  const auto& byte_of = letters_table().byte_of;
  std::string bytes;
  while (!letters.empty()) {
    const CodePoint letter = first_code_point(letters);
    if (letter.length == 0 || letter.value >= byte_of.size()) return {};
    const int byte = byte_of[letter.value];
    if (byte < 0) return {};
    bytes += static_cast<char>(byte);
    letters.remove_prefix(letter.length);
  }
  return bytes;
}

}  // namespace gradus::text
