// gradus tokenize: text from standard input to token ids on standard output, and back.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "gpt/commands.h"
#include "tensor/files.h"
#include "terminal/options.h"
#include "terminal/terminal.h"
#include "text/tokenizer.h"

namespace gradus::gpt {
namespace {

std::string read_standard_input() {
  std::string bytes;
  std::string block(1 << 20, '\0');
  while (const size_t count = std::fread(block.data(), 1, block.size(), stdin))
    bytes.append(block, 0, count);
  check(std::ferror(stdin) == 0, "standard input cannot be read: {}", std::strerror(errno));
  return bytes;
}

void write_standard_output(std::string_view bytes) {
  const bool done = std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
  check(done, "standard output cannot be written: {}", std::strerror(errno));
}

void finish_standard_output() {
  const bool done = std::fflush(stdout) == 0;
  check(done, "standard output cannot be written: {}", std::strerror(errno));
}

/// Writes the ids on one line, with spaces between them.
void write_ids(const std::vector<int64_t>& ids) {
  constexpr size_t kBlock = 1 << 16;
  fmt::memory_buffer text;
  for (size_t i = 0; i < ids.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{}{}", i == 0 ? "" : " ", ids[i]);
    if (text.size() < kBlock) continue;
    write_standard_output({text.data(), text.size()});
    text.clear();
  }
  text.push_back('\n');
  write_standard_output({text.data(), text.size()});
}

/// The integers of a text, which have white space between them.
std::vector<int64_t> ids_in(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::vector<int64_t> ids;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    if (text.empty()) return ids;
    const std::string_view word = text.substr(0, text.find_first_of(kSpace));
    int64_t id = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    const bool is_id = error == std::errc() && stop == word.data() + word.size();
    check(is_id, "'{}' at position {} is not a token id", printable(word.substr(0, 40)),
          ids.size());
    ids.push_back(id);
    text.remove_prefix(word.size());
  }
}

}  // namespace

int run_tokenize(int argc, char** argv) {
  CLI::App app("Text from standard input to token ids on standard output, and back.",
               "gradus tokenize");
  std::string dir;
  bool decode = false;
  app.add_option("--tokenizer", dir,
                 "Folder with vocab.json, and merges.txt for byte-pair encoding")
      ->required()
      ->type_name("DIR");
  app.add_flag("--decode", decode, "Ids, separated by spaces, to the bytes that they mean");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return terminal::exit_parsing(app, e, 2);
  }
  const text::Tokenizer tokenizer = text::load_tokenizer(dir);
  if (terminal::stdin_is_tty())
    fmt::print(stderr, "Type {}, then Enter and Ctrl-D.\n", decode ? "token ids" : "a text");
  const std::string input = read_standard_input();
  if (decode)
    write_standard_output(tokenizer.decode(ids_in(input)));
  else
    write_ids(tokenizer.encode(input));
  finish_standard_output();
  return 0;
}

}  // namespace gradus::gpt
