#include "text/word_splitter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tensor/error.h"
#include "text/utf8.h"

namespace gradus::text {
namespace {

/// From GPT-2's encoder.py, https://github.com/openai/gpt-2 (Radford et al., 2019).
constexpr const char* kPattern =
    R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

struct Pattern {
  pcre2_code* code = nullptr;
  bool has_jit = false;

  Pattern() {
    int error = 0;
    PCRE2_SIZE at = 0;
    code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(kPattern), PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_UCP, &error, &at, nullptr);
    check(code != nullptr, "tokenizer: PCRE2 does not compile GPT-2's pattern, error {}", error);
    has_jit = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
  }
};

/// Compiled once and never freed: other static objects may still encode when the program ends.
const Pattern& pattern() {
  static const Pattern& compiled = *new Pattern();
  return compiled;
}

}  // namespace

void WordSplitter::FreeMatch::operator()(pcre2_real_match_data_8* match) const {
  pcre2_match_data_free(match);
}

WordSplitter::WordSplitter(std::string_view text)
    : rest_(text),
      valid_length_(valid_utf8_length(text)),
      match_(pcre2_match_data_create(1, nullptr)) {
  if (!match_) throw Error(out_of_memory);
}

std::string_view WordSplitter::take(size_t length) {
  const std::string_view word = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return word;
}

std::string_view WordSplitter::next() {
  if (rest_.empty()) return {};
  if (valid_length_ == 0) {
    size_t length = 1;
    while (length < rest_.size() && first_code_point(rest_.substr(length)).length == 0)
      ++length;
    const std::string_view word = take(length);
    valid_length_ = valid_utf8_length(rest_);
    return word;
  }
  // The text was checked already: with PCRE2_MATCH_INVALID_UTF, PCRE2 without JIT would check the
  // rest of the text again for every word.
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(rest_.data());
  const Pattern& p = pattern();
  const int found = p.has_jit ? pcre2_jit_match(p.code, subject, valid_length_, 0,
                                                PCRE2_NO_UTF_CHECK, match_.get(), nullptr)
                              : pcre2_match(p.code, subject, valid_length_, 0, PCRE2_NO_UTF_CHECK,
                                            match_.get(), nullptr);
  check(found > 0, "tokenizer: PCRE2 found no word, error {}", found);
  const size_t length = pcre2_get_ovector_pointer(match_.get())[1];
  valid_length_ -= length;
  return take(length);
}

}  // namespace gradus::text
