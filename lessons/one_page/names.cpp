#include "lessons/one_page/names.h"

#include <filesystem>

namespace gradus::lessons {
namespace {

constexpr const char* kDownloaded = "my/data/names/names.txt";

/// FNV-1a (Fowler, Noll and Vo), 64 bits, of the words with a line end after each.
uint64_t fingerprint(const Words& words) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3; };
  for (const std::string& word : words) {
    for (const char c : word)
      add(c);
    add('\n');
  }
  return hash;
}

Names from_file(const std::string& path) {
  Names names{.source = path, .words = read_words(path)};
  names.of_karpathy = fingerprint(names.words) == 0x9682a4e5e24a370b;
  return names;
}

}  // namespace

Names names_of(const Lesson& lesson) {
  if (lesson.text()) return from_file(*lesson.text());
  const std::string downloaded = std::string(GRADUS_SOURCE_DIR "/") + kDownloaded;
  if (std::filesystem::exists(downloaded)) return from_file(downloaded);
  return {.source = "made up by the lesson", .words = make_words(), .made_up = true};
}

}  // namespace gradus::lessons
