// The command line of a lesson.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "terminal/pictures.h"

namespace gradus::lessons {

/// A lesson describes itself: for its first screen, for --help, and with --about for the tests.
struct About {
  int number;
  std::string title;
  std::string builds =
      {};           // for the map of the course: what the reader will have built, in 40 letters
  int seconds = 1;  // how long the lesson computes, on 2 cores; for the map, too
  std::vector<std::string> goals = {};  // "After this lesson you can ..."
  std::string question = {};            // the question that the lesson answers
  /// The section of lessons/golden/ with the lesson's numbers; "" if the book has none.
  std::string golden = {};
  /// The usual mistakes that the lesson shows: how their names in 11_pitfalls/ begin.
  std::vector<std::string> pitfalls = {};
  /// The options that change something in this lesson: query, seed, text, dropout, quick, pairs,
  /// examples, keep, all.
  std::vector<std::string> options = {};
  std::string query = {};                   // what --query is in this lesson, for --help
  std::vector<std::string> exercises = {};  // the exercises that follow the lesson
  /// What --text is in this lesson, for --help; "" if it is a list of words for the example.
  std::string own_text = {};
};

struct Arguments {
  bool step = false, quiet = false, quick = false, mkl_dropout = false;
  bool keep = false;                // keep the trained models, and use those kept before
  bool all = false;                 // print what is otherwise only compared
  bool code = false;                // print the code of each step
  std::optional<std::string> page;  // the file that gets the lesson as a page
  std::string wasm;                 // the program for this page
  bool json = false;                // print the lesson's report, and nothing else
  int64_t from = 1;                 // the first step that is shown
  std::optional<int64_t> query, seed;
  std::optional<std::string> text, pairs, examples;
  terminal::Canvas canvas;
  bool terminal = false;     // the output is a terminal
  bool interactive = false;  // someone is there to press Enter

  /// The given options that replace a part of the book's example, such as "--seed and --text"; ""
  /// if there are none. Only options that the lesson has count.
  std::string exchanged(const std::vector<std::string>& options) const;
};

/// Reads the command line. Returns the exit status if the program must end now (after --help,
/// --about or a mistake).
std::optional<int> parse(int argc, const char* const* argv, const About& about,
                         Arguments& arguments);

}  // namespace gradus::lessons
