#include "lessons/words/story.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lessons/words/word_tokenizer.h"
#include "tensor/error.h"
#include "terminal/terminal.h"
#include "text/utf8.h"

namespace gradus::lessons {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFewestWords = 100;
constexpr uintmax_t kLongestFile = 10 << 20;  // in bytes

constexpr const char* kOwnText =
    "The harbour was quiet that morning. Old Marta carried her kettle to the end of the pier, sat "
    "down on a wooden box, and made tea, as she had made it every morning for forty years.\n"
    "\"You will fall into the water one day,\" said the boy who sold fish.\n"
    "\"Then the fish will have tea,\" said Marta, and she poured a cup for him, too.\n"
    "A ship came in. It was a small ship, older than the pier, and nobody on it waved. The boy "
    "looked at it for a long time. \"Where does it come from?\" he asked.\n"
    "\"From the other side of the sea,\" said Marta. \"All ships come from the other side of the "
    "sea. That is why we have ships.\"\n"
    "The captain of the small ship came down to the pier. He had no coat, and his hands were red. "
    "Marta gave him her own cup of tea, and he drank it slowly, looking at the water.\n"
    "\"What do I owe you?\" he asked.\n"
    "\"A story,\" said Marta. \"The tea costs a story. The boy pays with fish, but you have no "
    "fish.\"\n"
    "So the captain sat down on the wooden box and told them a story about a ship that looked for "
    "the end of the sea, and the tea grew cold, and nobody fell into the water.\n";

/// The folder with downloaded files: my/data, or the one that GRADUS_DATA names.
fs::path data_folder() {
  const char* named = std::getenv("GRADUS_DATA");
  return named != nullptr && *named != '\0' ? fs::path(named)
                                            : fs::path(GRADUS_SOURCE_DIR "/my/data");
}

std::string read_story(const std::string& path) {
  check(!fs::is_directory(path), "{} is a folder, expected a text", path);
  std::ifstream file(path, std::ios::binary);
  check(file.good(), "{} cannot be read: {}", path, std::strerror(errno));
  std::error_code ignored;
  const uintmax_t bytes = fs::file_size(path, ignored);
  check(bytes <= kLongestFile || bytes == static_cast<uintmax_t>(-1), "{}: it has more than {} MB",
        path, kLongestFile >> 20);
  std::string text(std::istreambuf_iterator<char>(file), {});
  const size_t valid = text::valid_utf8_length(text);
  check(valid == text.size(), "{}: byte {} is not text in UTF-8", path, valid);
  const size_t words = split_into_words(text).size();
  check(words >= kFewestWords, "{}: it has {} words, the lesson needs at least {}", path, words,
        kFewestWords);
  return text;
}

/// FNV-1a (Fowler, Noll and Vo), 64 bits.
uint64_t fingerprint(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// The integers that the book has under this name.
Ids from_book(const std::string& name) {
  const std::string path = GRADUS_GOLDEN_DIR "/text.tsv";
  std::ifstream file(path);
  check(file.good(), "golden: {} cannot be read", path);
  for (std::string line; std::getline(file, line);) {
    const size_t end = line.find_first_of(" \t");  // a shape may follow the name
    if (line.substr(0, end) != name) continue;
    std::istringstream numbers(line.substr(line.rfind('\t') + 1));
    return {std::istream_iterator<int64_t>(numbers), {}};
  }
  fail("golden: there is no '{}'", name);
}

}  // namespace

Story story_of(const Lesson& lesson) {
  if (lesson.text()) return {.source = *lesson.text(), .text = read_story(*lesson.text())};
  const fs::path verdict = data_folder() / "the-verdict/the-verdict.txt";
  if (!fs::exists(verdict)) return {.source = "written for this lesson", .text = kOwnText};
  Story story{.source = "The Verdict, by Edith Wharton", .text = read_story(verdict.string())};
  story.is_verdict = fingerprint(story.text) == 0xffada39b701b2123;
  return story;
}

std::optional<std::string> downloaded(const std::string& name) {
  const fs::path path = data_folder() / name;
  return fs::exists(path) ? std::optional(path.string()) : std::nullopt;
}

std::optional<text::BpeTokenizer> gpt2_tokenizer() {
  for (const char* name : {"gpt2", "gpt2-bpe"}) {
    const fs::path folder = data_folder() / name;
    if (fs::exists(folder / "merges.txt") || fs::exists(folder / "vocab.bpe"))
      return text::BpeTokenizer::from_pretrained(folder.string());
  }
  return {};
}

void compare_with_book(Lesson& lesson, bool by_the_book, const std::string& what,
                       const std::string& name, const Ids& ids) {
  if (!by_the_book) return;
  const Ids expected = from_book(name);
  std::string detail;
  if (ids != expected)
    detail = fmt::format("{} instead of {}", fmt::join(ids, " "), fmt::join(expected, " "));
  lesson.holds(fmt::format("{} as in the book", what), ids == expected, detail);
}

Ids ids_in(const Tensor& x) {
  const Tensor list = x.contiguous();
  return {list.data_ptr<int64_t>(), list.data_ptr<int64_t>() + list.numel()};
}

void show_gpt2_tokens(Lesson& lesson, const std::optional<text::BpeTokenizer>& downloaded) {
  lesson.say(
      "GPT-2's tokenizer works in the same way, with 50,000 merges, which were learned from 40 GB "
      "of text.");
  if (!downloaded)
    return lesson.say(
        "Its files are not here, so this step is left out, and the next steps use the vocabulary "
        "learned above. ./run download gpt2 gets the files.");
  const text::BpeTokenizer& gpt2 = *downloaded;
  lesson.say("It has {} tokens. The book's example:", grouped(gpt2.vocab_size()));
  const std::string first = "Hello, do you like tea? ";
  const std::string second = " In the sunlit terracesof someunknownPlace.";
  Ids both = gpt2.encode(first);
  both.push_back(gpt2.vocab_size() - 1);
  for (const int64_t id : gpt2.encode(second))
    both.push_back(id);
  lesson.line("  {}|<|endoftext|>|{}", pieces(gpt2, first, lesson.canvas()),
              pieces(gpt2, second, lesson.canvas()));
  lesson.lines(fmt::format("  {}", fmt::join(both, " ")));
  compare_with_book(lesson, true, "ids of both texts", "bpe/ids", both);
  lesson.say("'Akwirw ier', which is in no text, becomes {}",
             pieces(gpt2, "Akwirw ier", lesson.canvas()));
  compare_with_book(lesson, true, "its ids", "bpe/akwirw", gpt2.encode("Akwirw ier"));
  lesson.say(
      "<|endoftext|>, the last id, was put between the two texts by the program. encode() never "
      "returns it, because otherwise a user's text could end a document by containing it.");
}

std::string sentence_of(const Story& story) {
  if (story.is_verdict)
    return "\"It's the last he painted, you know,\" Mrs. Gisburn said with pardonable pride.";
  Words words = split_into_words(story.text);
  words.resize(12);
  return fmt::format("{}", fmt::join(words, " "));
}

std::string_view start_of(std::string_view text, size_t n) {
  while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80)
    ++n;
  return text.substr(0, n);
}

std::string first_words(const Words& words, size_t n) {
  Words shown = words;
  shown.resize(std::min(n, words.size()));
  for (std::string& word : shown)
    word = terminal::printable(start_of(word, 20));
  return fmt::format("{}", fmt::join(shown, " | "));
}

std::string visible(std::string_view bytes, const terminal::Canvas& canvas) {
  std::string shown;
  while (!bytes.empty()) {
    const size_t length = text::first_code_point(bytes).length;
    const std::string_view character = bytes.substr(0, std::max<size_t>(length, 1));
    if (length == 0)
      shown += fmt::format("<{:02X}>", static_cast<unsigned char>(bytes[0]));
    else if (character == " ")
      shown += canvas.utf8 ? "·" : "_";
    else
      shown += character == "\n" ? "\\n" : terminal::printable(character);
    bytes.remove_prefix(character.size());
  }
  return shown;
}

std::string pieces(const text::BpeTokenizer& tokenizer, std::string_view text,
                   const terminal::Canvas& canvas) {
  std::string shown;
  for (const int64_t id : tokenizer.encode(text))
    shown += (shown.empty() ? "" : "|") + visible(tokenizer.decode(Ids{id}), canvas);
  return shown;
}

}  // namespace gradus::lessons
