// Splits a text into words as GPT-2 does. Byte-pair encoding merges inside a word only.
#pragma once
#include <memory>
#include <string_view>

struct pcre2_real_match_data_8;  // PCRE2's header is included by word_splitter.cpp only

namespace gradus::text {

/// Gives the words of a text one after another; together they are the text. A word is an English
/// ending such as 's or 'll, or a run of letters, of digits or of other characters, each with the
/// space to its left, or a run of spaces. The bytes may be anything: a run of bytes that are not
/// UTF-8 is a word, too.
class WordSplitter {
 public:
  /// The text must stay where it is as long as words are taken.
  explicit WordSplitter(std::string_view text);
  /// The next word; empty after the last one.
  std::string_view next();

 private:
  struct FreeMatch {
    void operator()(pcre2_real_match_data_8* match) const;
  };

  std::string_view take(size_t length);

  std::string_view rest_;  // not split yet
  size_t valid_length_;    // of rest_: so many bytes are known to be UTF-8
  std::unique_ptr<pcre2_real_match_data_8, FreeMatch> match_;
};

}  // namespace gradus::text
