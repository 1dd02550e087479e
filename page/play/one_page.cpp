// play_one_page: lesson 10 as a page. It trains the lesson's GPT on a list of words and shows the
// tensors that each line of its source computed.
//
//   play_one_page --json
//   play_one_page --text names.txt --word anna --page one_page.html
#include <sstream>

#include "lessons/one_page/word_lists.h"
#include "page/play/kit/program.h"
#include "page/play/kit/source.h"
#include "page/play/one_page/report.h"

namespace {

using namespace gradus;

constexpr size_t kLongestList = 100'000;  // bytes that a reader can type or paste
constexpr int64_t kLargestSeed = int64_t{1} << 53;

/// The text of lesson 10, as it was compiled.
std::string source_of_lesson() {
  for (const page::EmbeddedFile& file : page::embedded_files())
    if (file.path == "lessons/10_gpt_on_one_page.cpp") return std::string(file.text);
  fail("the source of lesson 10 is not in this program");
}

page::one_page::PageOptions options_of(const page::Flags& flags) {
  page::one_page::PageOptions options{.shown = flags.at("--word"),
                                      .seed = page::integer_flag(flags, "--seed", 0, kLargestSeed),
                                      .source = source_of_lesson()};
  const std::string& typed = flags.at("--words");
  const std::string& file = flags.at("--text");
  check(typed.empty() || file.empty(), "--words and --text cannot be given together");
  if (!file.empty()) {
    options.words = lessons::read_words(file);
    options.origin = file;
    options.reruns = false;
  }
  if (!typed.empty()) {
    check(typed.size() <= kLongestList, "--words has {} bytes, expected at most {}", typed.size(),
          kLongestList);
    std::istringstream text(typed);
    options.words = lessons::words_in(text, "your list");
    options.origin = "your list";
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const page::Flags defaults = {{"--words", ""}, {"--text", ""}, {"--word", ""}, {"--seed", "42"}};
  return page::play(argc, argv, defaults, [](const page::Flags& flags) {
    return page::one_page::report_of(options_of(flags));
  });
}
