// What a reader can ask of a lesson on its command line.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lessons/kit/pictures.h"

namespace gradus::lessons {

/// What a lesson is about: its --help and its first screen.
struct About {
  int number;
  std::string title;
  std::vector<std::string> able = {};  // what the reader will be able to do
  std::string question = {};           // what the lesson answers
  std::string golden = {};             // where its numbers are in golden/; "" if the book has none
  std::vector<std::string> playing =
      {};  // of query, seed, text, dropout, quick and pairs: which change something
  std::vector<std::string> exercises = {};  // which of exercises/ follow it
  bool own_text = false;                    // --text is no list of words, the lesson reads it
};

struct Arguments {
  bool step = false, quiet = false, quick = false, mkl_dropout = false;
  std::optional<int64_t> query, seed;
  std::optional<std::string> text, pairs;
  terminal::Canvas canvas;
  bool terminal = false;     // the output is a terminal
  bool interactive = false;  // someone is there to press Enter

  /// What of the book's example was exchanged, such as "--seed and --text"; "" if nothing that the
  /// lesson plays with.
  std::string exchanged(const std::vector<std::string>& playing) const;
};

/// Reads the command line. Where the program has to end now (--help, a mistake), its exit status.
std::optional<int> parse(int argc, const char* const* argv, const About& about,
                         Arguments& arguments);

}  // namespace gradus::lessons
