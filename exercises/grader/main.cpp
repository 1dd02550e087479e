// ./run exercise …
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "exercises/grader/process.h"
#include "exercises/grader/timing.h"
#include "exercises/grader/verdict_text.h"
#include "exercises/grader/verify.h"
#include "exercises/grader/watch.h"
#include "tensor/error.h"

namespace {

using namespace gradus;
using namespace gradus::grader;

constexpr int kWrongCall = 4;

int check_once(const Grader& grader, Progress& progress, const Exercise& e, terminal::Depth depth) {
  const Exercises& exercises = grader.exercises();
  provide_answer(exercises, e);
  for (const Exercise& other : exercises.used_by(e))
    provide_answer(exercises, other);
  const Verdict verdict = grader.grade(grader.mine(e));
  progress.note(e, verdict.outcome);
  fmt::print("{}", verdict_text(exercises, e, verdict, terminal::width(), depth));
  return exit_status(verdict.outcome);
}

int make(const Exercises& exercises, const std::string& name) {
  const Exercise e = make_exercise(exercises, name);
  fmt::print(
      "made exercises/{0}, with its stub, checks, solution and mutants\n"
      "It is y = x * weight so far. Change all of it, then: ./run exercise verify {0}\n",
      e.folder);
  return 0;
}

int reset(const Exercises& exercises, const Exercise& e) {
  const std::filesystem::path kept = reset_answer(exercises, e);
  fmt::print("{} is as it was at first{}\n", exercises.answer(e).string(),
             kept.empty() ? "" : "; yours is kept as " + kept.string());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Exercises, graded on every save. Without a name: the current one, with keys for the next, "
      "hints and more.\n"
      "With a name or number: one check, which ends with 0 right, 1 wrong or to do, 2 does not "
      "compile, 3 stopped or "
      "crashed.",
      "./run exercise");
  std::string which;
  std::string only;
  std::string name;
  std::string color = "auto";
  std::string answers = GRADUS_SOURCE_DIR "/my";
  int rounds = 4;
  bool without_mutants = false;
  app.add_option("exercise", which, "a name or number, or: list, new, reset, verify, timing");
  app.add_option("--color", color, "auto, never, 256, truecolor or always");
  app.add_option("--answers", answers, "where your answers and your progress lie")
      ->type_name("FOLDER");
  app.require_subcommand(0, 1);
  const auto command = [&](const char* word, const char* about) {
    CLI::App* const sub = app.add_subcommand(word, about);
    sub->fallthrough();
    return sub;
  };
  CLI::App* const listing = command("list", "the order, what is right, hints used");
  CLI::App* const making = command("new", "the skeleton of a further exercise");
  making->add_option("name", name, "small letters, digits and _")->required();
  CLI::App* const resetting =
      command("reset", "begin an exercise anew; your answer is kept under another name");
  resetting->add_option("exercise", only)->required();
  CLI::App* const verifying =
      command("verify", "tests the grader: every stub, solution and mutant");
  verifying->add_option("exercise", only);
  verifying->add_flag("--without-mutants", without_mutants, "stubs and solutions alone");
  CLI::App* const taking_time = command("timing", "from save to verdict, over all exercises");
  taking_time->add_option("--rounds", rounds)->check(CLI::Range(1, 100));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongCall;
  }
  try {
    const Exercises exercises{GRADUS_SOURCE_DIR "/exercises", GRADUS_BUILD_DIR,
                              std::filesystem::absolute(answers)};
    if (*making) return make(exercises, name);
    if (*resetting) return reset(exercises, exercises.find(only));
    Progress progress(exercises);
    if (*listing) return fmt::print("{}", list_text(exercises, progress)), 0;
    const Grader grader(exercises);
    if (*verifying) return verify(grader, only, !without_mutants);
    if (*taking_time) return timing(exercises, rounds);

    const bool tty = terminal::stdin_is_tty() && terminal::stdout_is_tty();
    const terminal::Depth depth = terminal::color_depth(color, terminal::stdout_is_tty());
    if (!which.empty()) return check_once(grader, progress, exercises.find(which), depth);
    if (!tty) return check_once(grader, progress, progress.current(), depth);
    return watch(grader, progress, depth);
  } catch (const std::exception& error) {
    fmt::print(stderr, "exercise: {}\n", error.what());
    return kWrongCall;
  }
}
