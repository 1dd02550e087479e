#include "lessons/kit/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "tensor/error.h"
#include "terminal/options.h"

namespace gradus::lessons {
namespace {

std::string help(const About& about) {
  std::string out =
      fmt::format("Lesson {:02}: {}\n\nAfter this lesson you can:\n", about.number, about.title);
  for (const std::string& line : about.goals)
    out += "  - " + terminal::wrap(line, 80, 4).substr(4);
  out += "\n" + terminal::wrap("The question: " + about.question, 80) + "\n";
  out += about.golden.empty() ? "The exit status is 0 if every result is as expected, else 1."
                              : "The exit status is 0 if every number is the book's, else 1.";
  return out;
}

/// One fact a line, for programs.
std::string facts(const About& about) {
  std::string out = fmt::format("number {:02}\ntitle {}\nbuilds {}\nseconds {}\n", about.number,
                                about.title, about.builds, about.seconds);
  for (const std::string& name : about.options)
    out += fmt::format("option {}\n", name);
  for (const std::string& name : about.exercises)
    out += fmt::format("exercise {}\n", name);
  if (!about.golden.empty()) out += fmt::format("golden {}/\n", about.golden);
  for (const std::string& name : about.pitfalls)
    out += fmt::format("golden 11_pitfalls/{}\n", name);
  return out;
}

/// Adds the options that only some lessons have. --help does not show those that this lesson does
/// not have; they are accepted, since ./run lessons gives its options to all lessons.
void add_options_of(const About& about, CLI::App& app, Arguments& arguments, std::string& dropout) {
  const auto only_if_had = [&](CLI::Option* option) {
    const std::string name = option->get_name().substr(2);
    const auto& had = about.options;
    if (std::find(had.begin(), had.end(), name) == had.end()) option->group("");
    return option;
  };
  only_if_had(app.add_flag("--all", arguments.all,
                           "Print every tensor, also those that are otherwise only checked"));
  only_if_had(terminal::add_integer(app, "--query", arguments.query, about.query));
  only_if_had(
      terminal::add_integer(app, "--seed", arguments.seed, "Another seed for the random numbers"));
  only_if_had(app.add_option(
      "--text", arguments.text,
      about.own_text.empty()
          ? "Your own words, 2 to 12; a word that is not the book's gets a random vector"
          : about.own_text));
  only_if_had(app.add_flag("--quick", arguments.quick,
                           "Train for a few steps only, to see that everything runs"));
  only_if_had(
      app.add_flag("--keep", arguments.keep,
                   "Keep the trained models, and use those of an earlier run instead of training"));
  only_if_had(app.add_option(
      "--pairs", arguments.pairs,
      "Learn from the sentence pairs of this file, too: source, tab, target in each line"));
  only_if_had(
      app.add_option("--examples", arguments.examples,
                     "Classify the texts of this file instead: label, tab, text in each line"));
  only_if_had(
      app.add_option("--dropout", dropout,
                     "The dropout masks: book, or mkl, as older PyTorch packages for Linux and "
                     "Windows drew them")
          ->check(CLI::IsMember({"book", "mkl"})));
}

}  // namespace

std::string Arguments::exchanged(const std::vector<std::string>& options) const {
  std::string out;
  for (const auto& [given, name] : {std::pair{query.has_value(), "query"},
                                    {seed.has_value(), "seed"},
                                    {text.has_value(), "text"}})
    if (given && std::find(options.begin(), options.end(), name) != options.end())
      out += (out.empty() ? "--" : " and --") + std::string(name);
  return out;
}

std::optional<int> parse(int argc, const char* const* argv, const About& about,
                         Arguments& arguments) {
  CLI::App app(help(about), fmt::format("./run lesson {}", about.number));
  std::string color = "auto";
  std::string dropout = "book";
  bool no_code = false;
  bool about_only = false;
  app.add_flag("--step", arguments.step,
               "Wait for Enter or space after each screen, and ask you to guess some results");
  app.add_flag("--quiet", arguments.quiet, "Print only whether each step's numbers are right");
  app.add_flag("--code", arguments.code,
               "Print the program's lines that compute each step (the default in a terminal)");
  app.add_flag("--no-code", no_code, "Do not print the program's lines");
  terminal::add_integer(app, "--from", arguments.from, "Begin at this step; the first is 1");
  add_options_of(about, app, arguments, dropout);
  app.add_option("--page", arguments.page,
                 "Write the lesson as a page, too: one HTML file, with attention to click through")
      ->type_name("FILE");
  app.add_option("--wasm", arguments.wasm,
                 "The lesson compiled to WebAssembly, for --page: the page can run it again")
      ->type_name("FILE")
      ->group("");
  app.add_flag("--json", arguments.json, "Print the page's numbers and texts only, as JSON");
  app.add_option("--color", color, "Colours: auto, never, 256, truecolor or always")
      ->check(CLI::IsMember({"auto", "never", "256", "truecolor", "always"}));
  app.add_flag("--about", about_only,
               "Print facts about the lesson, one in each line, for programs");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return terminal::exit_parsing(app, e, 2);
  }
  if (about_only) {
    fmt::print("{}", facts(about));
    return 0;
  }
  arguments.mkl_dropout = dropout == "mkl";
  const bool tty = terminal::stdout_is_tty();
  arguments.terminal = tty;
  arguments.code = (arguments.code || tty) && !no_code && !arguments.quiet;
  arguments.canvas = {terminal::color_depth(color, tty), terminal::width(), terminal::utf8()};
  arguments.interactive =
      arguments.step && !arguments.quiet && tty && terminal::stdin_is_tty() && !arguments.json;
  return {};
}

}  // namespace gradus::lessons
