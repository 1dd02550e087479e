// Prints the words of many texts, one a line: natively PCRE2 finds them, in WebAssembly
// wasm/runtime/pcre2.cpp. parity.test.mjs compares the output.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "text/word_splitter.h"

namespace {

void print_words(const std::string& text) {
  gradus::text::WordSplitter splitter(text);
  for (std::string_view word = splitter.next(); !word.empty(); word = splitter.next()) {
    for (const char c : word)
      std::printf("%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    std::printf("\n");
  }
  std::printf("\n");
}

/// A text of `pieces` random pieces: letters and digits of several scripts, spaces of every kind,
/// and bytes that are not UTF-8.
std::string random_text(int pieces, uint32_t& state) {
  static const std::vector<std::string> all = {
      "a",      "Zebra",  "'s", "'ll",     "'",      "''",     "it's",     " ",
      "  ",     "\n",     "\t", "\r\n",    "\v",     "\x1c",   "0",        "2026",
      "!?",     "(",      "é",  "ß",       "Ж",      "语言",   "अ",        "٣",
      "²",      "½",      "Ⅷ",  "\u00a0",  "\u0085", "\u2003", "\u200b",   "\u3000",
      "\ufeff", "\u180e", "👍",  "e\u0301", "\u2028", "\xff",   "\xe2\x82", "_"};
  std::string text;
  for (int i = 0; i < pieces; ++i) {
    state = state * 1664525 + 1013904223;
    text += all[(state >> 16) % all.size()];
  }
  return text;
}

}  // namespace

int main() {
  print_words("");
  print_words("I'll say it's 2 o'clock,  don't you?  \n");
  print_words(std::string(5000, 'x') + " " + std::string(700, ' ') + "y" + std::string(600, '.'));
  print_words(std::string(63, ' ') + "é" + std::string(64, ' ') + "\n\nend ");
  uint32_t state = 1;
  for (int i = 0; i < 2000; ++i)
    print_words(random_text(1 + i % 40, state));
  return 0;
}
