#include "lessons/translation/number_words.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "tensor/error.h"

namespace gradus::lessons::numbers {
namespace {

struct Word {
  const char *german, *english;
};
constexpr std::array<Word, 21> kSmall{
    {{"null", "zero"},         {"eins", "one"},          {"zwei", "two"},
     {"drei", "three"},        {"vier", "four"},         {"fünf", "five"},
     {"sechs", "six"},         {"sieben", "seven"},      {"acht", "eight"},
     {"neun", "nine"},         {"zehn", "ten"},          {"elf", "eleven"},
     {"zwölf", "twelve"},      {"dreizehn", "thirteen"}, {"vierzehn", "fourteen"},
     {"fünfzehn", "fifteen"},  {"sechzehn", "sixteen"},  {"siebzehn", "seventeen"},
     {"achtzehn", "eighteen"}, {"neunzehn", "nineteen"}, {"zwanzig", "twenty"}}};
constexpr std::array<Word, 10> kTens{{{"", ""},
                                      {"", ""},
                                      {"zwanzig", "twenty"},
                                      {"dreißig", "thirty"},
                                      {"vierzig", "forty"},
                                      {"fünfzig", "fifty"},
                                      {"sechzig", "sixty"},
                                      {"siebzig", "seventy"},
                                      {"achtzig", "eighty"},
                                      {"neunzig", "ninety"}}};

/// A 1 is "eins" at the end of a number, "ein" before another piece, and "eine" before "Million".
Word unit(int64_t n, const char* one) {
  const Word word = kSmall[static_cast<size_t>(n)];
  return n == 1 ? Word{one, word.english} : word;
}

void append(Translation& t, const Word& word) {
  t.alignment.push_back(static_cast<int64_t>(t.german.size()));
  t.german.emplace_back(word.german);
  t.english.emplace_back(word.english);
}

/// Numbers from 1 to 999; `one` is the German 1 at the end.
void append_below_thousand(Translation& t, int64_t n, const char* one) {
  if (n >= 100) {
    append(t, unit(n / 100, "ein"));
    append(t, {"hundert", "hundred"});
    n %= 100;
  }
  if (n == 0) return;
  const Word ten = kTens[static_cast<size_t>(n / 10)];
  if (n <= 20) return append(t, unit(n, one));
  if (n % 10 == 0) return append(t, ten);
  const Word last = unit(n % 10, "ein");
  const auto at = static_cast<int64_t>(t.german.size());
  t.german.insert(t.german.end(), {last.german, "und", ten.german});
  t.english.insert(t.english.end(), {ten.english, last.english});
  t.alignment.insert(t.alignment.end(), {at + 2, at});
}

/// The pieces of one language, each once, in the order in which the numbers use them first.
Words all_pieces(int64_t largest, Words Translation::*language) {
  Words all{","};
  for (int64_t n = 0; n <= largest; n = n < 1'000 ? n + 1 : n + 1'000'000) {
    const Translation t = translate(n);
    for (const std::string& piece : t.*language)
      if (std::find(all.begin(), all.end(), piece) == all.end()) all.push_back(piece);
  }
  return all;
}

bool is_million(const std::string& piece) { return piece.starts_with("Million"); }

}  // namespace

Translation translate(int64_t n) {
  check(n >= 0 && n <= kLargest, "number words: {} - a number is from 0 to {}", n, kLargest);
  Translation t;
  if (n == 0) append(t, kSmall[0]);
  if (n >= 1'000'000) {
    append(t, unit(n / 1'000'000, "eine"));
    append(t, {n < 2'000'000 ? "Million" : "Millionen", "million"});
  }
  if (const int64_t thousands = n / 1'000 % 1'000; thousands > 0) {
    append_below_thousand(t, thousands, "ein");
    append(t, {"tausend", "thousand"});
  }
  append_below_thousand(t, n % 1'000, "eins");
  return t;
}

Translation translate(const std::vector<int64_t>& list) {
  check(!list.empty(), "number words: the list is empty - it needs at least one number");
  Translation all;
  for (const int64_t n : list) {
    if (!all.german.empty()) append(all, {",", ","});
    const auto at = static_cast<int64_t>(all.german.size());
    const Translation one = translate(n);
    all.german.insert(all.german.end(), one.german.begin(), one.german.end());
    all.english.insert(all.english.end(), one.english.begin(), one.english.end());
    for (const int64_t from : one.alignment)
      all.alignment.push_back(at + from);
  }
  return all;
}

std::string written_german(const Words& pieces) {
  std::string text;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const bool space =
        i > 0 && (pieces[i - 1] == "," || is_million(pieces[i - 1]) || is_million(pieces[i]));
    text += (space && pieces[i] != "," ? " " : "") + pieces[i];
  }
  return text;
}

std::string written_english(const Words& pieces) {
  const auto is_ten = [](const std::string& piece) {
    return std::any_of(kTens.begin() + 2, kTens.end(),
                       [&](const Word& ten) { return ten.english == piece; });
  };
  const auto is_unit = [](const std::string& piece) {
    return std::any_of(kSmall.begin() + 1, kSmall.begin() + 10,
                       [&](const Word& u) { return u.english == piece; });
  };
  std::string text;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0 && pieces[i] != ",") text += is_ten(pieces[i - 1]) && is_unit(pieces[i]) ? "-" : " ";
    text += pieces[i];
  }
  return text;
}

Words german_pieces(const std::string& text) {
  static const Words known = [] {
    Words words = all_german();
    std::stable_sort(words.begin(), words.end(),
                     [](const auto& a, const auto& b) { return a.size() > b.size(); });
    return words;
  }();
  Words pieces;
  std::istringstream stream(text);
  for (std::string word; stream >> word;)
    for (std::string_view rest = word; !rest.empty();) {
      const auto longest = std::find_if(known.begin(), known.end(),
                                        [&](const auto& w) { return rest.starts_with(w); });
      check(longest != known.end(), "number words: '{}' - no German number word begins with '{}'",
            word, rest);
      pieces.push_back(*longest);
      rest.remove_prefix(longest->size());
    }
  check(!pieces.empty(), "number words: the text is empty - it needs at least one number word");
  return pieces;
}

Words all_german(int64_t largest) { return all_pieces(largest, &Translation::german); }
Words all_english(int64_t largest) { return all_pieces(largest, &Translation::english); }

bool held_out(int64_t n) { return n > 20 && n < 1'000 && n % 11 == 10; }

std::vector<int64_t> below_thousand(bool held) {
  std::vector<int64_t> list;
  for (int64_t n = 0; n < 1'000; ++n)
    if (held_out(n) == held) list.push_back(n);
  return list;
}

}  // namespace gradus::lessons::numbers
