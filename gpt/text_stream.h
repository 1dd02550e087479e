#pragma once
#include <string>
#include <string_view>

namespace gradus::gpt {

/// Text that comes in pieces of bytes. A token of byte-pair encoding may end in the middle of a
/// character, which is held back until the rest of it comes.
class TextStream {
 public:
  /// For a terminal, control characters other than the end of a line and the tab become '?', so
  /// that the text cannot send commands to it.
  explicit TextStream(bool for_terminal) : for_terminal_(for_terminal) {}

  /// The characters that are complete now. Bytes that are not UTF-8 become U+FFFD.
  std::string add(std::string_view bytes);
  /// What is still held back, at the end of the text.
  std::string rest();

 private:
  const bool for_terminal_;
  std::string held_;
};

}  // namespace gradus::gpt
