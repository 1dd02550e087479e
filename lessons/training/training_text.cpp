#include "lessons/training/training_text.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "gpt/train_text.h"
#include "tensor/error.h"
#include "text/token_file.h"

namespace gradus::lessons {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = GRADUS_SOURCE_DIR;
const fs::path kShakespeare = kRoot / "my/data/tiny-shakespeare/input.txt";

/// The headers and sources of the library, always in the same order.
std::vector<std::string> sources() {
  std::vector<std::string> paths;
  for (const char* folder : {"tensor", "autograd", "nn", "check", "text", "gpt"})
    for (const auto& entry : fs::directory_iterator(kRoot / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".h" || extension == ".cpp") paths.push_back(entry.path().string());
    }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// At most so many bytes of a text in UTF-8. No character is cut in two.
std::string_view beginning(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (text[bytes] & 0xC0) == 0x80)
    --bytes;
  return text.substr(0, bytes);
}

Tensor ids_of(const text::CharTokenizer& letters, std::string_view part, int64_t context_length,
              const char* name) {
  const std::vector<int64_t> ids = letters.encode(part);
  check(std::ssize(ids) > context_length,
        "--text: its {} part has {} letters, expected at least {}, a window of {} and one more",
        name, ids.size(), context_length + 1, context_length);
  return tensor(ids);
}

}  // namespace

TrainingText training_text(const Lesson& lesson, int64_t context_length,
                           std::optional<size_t> at_most) {
  std::string source = "the source code of Gradus (--text FILE: another one)";
  std::vector<std::string> paths;
  if (lesson.text())
    paths = {source = *lesson.text()};
  else if (fs::exists(kShakespeare))
    paths = {source = kShakespeare.string()};
  else
    paths = sources();
  const std::string everything = gpt::read_texts(paths);
  const std::string_view text = beginning(everything, at_most.value_or(everything.size()));
  const auto [train, validation] = text::split_text(text);
  text::CharTokenizer letters(text);
  return {.source = source,
          .letters = letters,
          .train = ids_of(letters, train, context_length, "training"),
          .validation = ids_of(letters, validation, context_length, "validation"),
          .prompt = text.find('\n') != std::string_view::npos
                        ? "\n"
                        : letters.decode(std::vector<int64_t>{0})};
}

std::string shown_letter(const std::string& letter) {
  if (letter == " ") return "_";
  if (letter == "\n") return "\\n";
  return terminal::printable(letter);
}

std::string shown_text(const std::string& written) {
  std::istringstream lines(written);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    line = terminal::printable(line);
    out += "  " + (terminal::columns(line) > 76 ? terminal::fit(line, 76, false) : line) + "\n";
  }
  return out;
}

}  // namespace gradus::lessons
