#include "lessons/one_page/word_lists.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "lessons/kit/python_random.h"
#include "tensor/error.h"
#include "terminal/terminal.h"

namespace gradus::lessons {
namespace {

constexpr size_t kLongestLine = 1000;        // in bytes
constexpr int64_t kLongestFile = 100 << 20;  // in bytes

const std::string kConsonants = "bdfgklmnprstvz";
const std::string kVowels = "aeiou";
const std::string kLast = "nrs";

std::string without_spaces_around(const std::string& line) {
  constexpr const char* spaces = " \t\n\v\f\r";
  const size_t first = line.find_first_not_of(spaces);
  if (first == std::string::npos) return "";
  return line.substr(first, line.find_last_not_of(spaces) - first + 1);
}

/// Reads a line, or of a longer one kLongestLine + 1 bytes. Returns whether there was one.
bool read_line(std::istream& file, std::string& line) {
  line.clear();
  char c = 0;
  while (line.size() <= kLongestLine && file.get(c) && c != '\n')
    line += c;
  return !line.empty() || c == '\n';
}

}  // namespace

Words read_words(const std::string& path) {
  check(!std::filesystem::is_directory(path),
        "{} is a folder, expected a file with one word a line", path);
  std::ifstream file(path);
  check(file.good(), "{} cannot be read: {}", path, std::strerror(errno));
  return words_in(file, path);
}

Words words_in(std::istream& text, const std::string& origin) {
  Words words;
  int64_t bytes = 0;
  std::string line;
  for (int64_t number = 1; read_line(text, line); ++number) {
    bytes += std::ssize(line) + 1;
    check(line.size() <= kLongestLine,
          "{}: line {} has more than {} bytes, expected one word a line", origin, number,
          kLongestLine);
    check(bytes <= kLongestFile, "{}: it has more than {} MB", origin, kLongestFile >> 20);
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // a byte order mark
    const std::string word = without_spaces_around(line);
    check(terminal::printable(word) == word,
          "{}: line {} is not text in UTF-8, or it has control characters", origin, number);
    if (!word.empty()) words.push_back(word);
  }
  check(!words.empty(), "{} has no words, expected one word a line", origin);
  return words;
}

Words make_words() {
  PythonRandom random(1);
  const auto one_of = [&](const std::string& letters) {
    // The first letters are the most frequent, as letters of real languages differ in frequency.
    const uint32_t n = static_cast<uint32_t>(letters.size());
    return letters[std::min(random.randrange(n), random.randrange(n))];
  };
  std::set<std::string> known;
  Words words;
  while (words.size() < 2000) {
    std::string word;
    for (uint32_t left = 2 + random.randrange(2); left > 0; --left)
      word += {one_of(kConsonants), one_of(kVowels)};
    if (random.randrange(3) == 0) word += one_of(kLast);
    if (known.insert(word).second) words.push_back(word);
  }
  return words;
}

bool follows_the_rule(const std::string& word) {
  const auto is_one_of = [](char c, const std::string& letters) {
    return letters.find(c) != std::string::npos;
  };
  const size_t syllables = word.size() / 2;
  bool right = syllables == 2 || syllables == 3;
  for (size_t i = 0; i < 2 * syllables; ++i)
    right = right && is_one_of(word[i], i % 2 == 0 ? kConsonants : kVowels);
  return right && (word.size() % 2 == 0 || is_one_of(word.back(), kLast));
}

}  // namespace gradus::lessons
