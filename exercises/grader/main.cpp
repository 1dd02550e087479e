// ./run exercise …
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <set>

#include "exercises/grader/answers.h"
#include "exercises/grader/grade_class.h"
#include "exercises/grader/make_exercise.h"
#include "exercises/grader/task_text.h"
#include "exercises/grader/timing.h"
#include "exercises/grader/verdict_text.h"
#include "exercises/grader/verify.h"
#include "exercises/grader/watch.h"
#include "tensor/error.h"
#include "terminal/options.h"

namespace {

using namespace gradus;
using namespace gradus::grader;

namespace fs = std::filesystem;

constexpr int kWrongCall = 4;
const fs::path kRoot = GRADUS_SOURCE_DIR;

/// The command line.
struct Call {
  CLI::App app{
      "Exercises, graded on every save. Without a name: the current one. Keys show the task, hints "
      "and more.\nWith --once, or without a terminal, it checks once. The exit status is then 0 "
      "right, 1 wrong or to do, 2 does not compile, 3 stopped or crashed.",
      "./run exercise"};
  std::string which;   // the exercise to show
  std::string only;    // the exercise to reset or verify
  std::string name;    // of a new exercise
  std::string folder;  // of a class
  std::string roster;
  std::string csv = "results.csv";
  std::vector<std::string> asked;  // the exercises that a class had to do
  std::string color = "auto";
  std::string answers = kRoot / "my";
  int rounds = 4;
  bool once = false;
  bool without_mutants = false;
  CLI::App* list = nullptr;
  CLI::App* make = nullptr;
  CLI::App* reset = nullptr;
  CLI::App* verify = nullptr;
  CLI::App* timing = nullptr;
  CLI::App* of_class = nullptr;

  Call() {
    app.add_option("exercise", which,
                   "a name or number, or: list, new, reset, verify, timing, class");
    app.add_flag("--once", once, "check once, without waiting for the next save");
    app.add_option("--color", color, "auto, never, 256, truecolor or always");
    app.add_option("--answers", answers, "the folder of your answers and your progress (my)")
        ->type_name("FOLDER");
    app.require_subcommand(0, 1);
    list = command("list", "the exercises in order, which are right, hints used");
    make = command("new", "makes the files of a new exercise");
    make->add_option("name", name, "small letters, digits and _")->required();
    reset = command("reset", "start an exercise over; your answer is kept under another name");
    reset->add_option("exercise", only)->required();
    verify = command("verify", "tests the grader: every stub, solution and mutant");
    verify->add_option("exercise", only);
    verify->add_flag("--without-mutants", without_mutants, "stubs and solutions only");
    timing = command("timing", "the time from save to verdict, over all exercises");
    timing->add_option("--rounds", rounds)->check(CLI::Range(1, 100));
    add_class();
  }

 private:
  void add_class() {
    of_class = command("class",
                       "grades the answers of a class: a table, and a CSV file with a row for each "
                       "student and exercise (docs/course.md)");
    of_class->add_option("folder", folder, "has a folder for each student, with NAME.cpp in it")
        ->required();
    of_class->add_option("--roster", roster, "a name on each line, or CSV with id,name")
        ->type_name("FILE");
    of_class->add_option("--csv", csv, "where the results are written (results.csv)")
        ->type_name("FILE");
    of_class->add_option("--only", asked, "the exercises to grade: softmax,rope (all)")
        ->type_name("NAMES")
        ->delimiter(',');
  }
  CLI::App* command(const std::string& word, const std::string& description) {
    CLI::App* const sub = app.add_subcommand(word, description);
    sub->fallthrough();
    return sub;
  }
};

int check_once(const Grader& grader, Progress& progress, const Exercise& e, terminal::Depth depth) {
  const Exercises& exercises = grader.exercises();
  provide_answer(exercises, e);
  const Verdict verdict = grader.grade(grader.mine(e));
  progress.note(e, verdict.outcome);
  fmt::print("{}{}", verdict_text(e, verdict, terminal::width(), depth),
             graded_text(exercises, e, verdict, terminal::width(), depth));
  if (verdict.outcome == Outcome::right)
    fmt::print("\n{}", after_passing(exercises, e, progress, terminal::width()));
  return exit_status(verdict.outcome);
}

int make_new(const Exercises& exercises, const std::string& name) {
  const Exercise e = make_exercise(exercises, name);
  fmt::print(
      "Made exercises/{0} with its README, header, stub, checks, hints, solution and mutants.\n"
      "It is y = x * weight so far. Change all of it, then: ./run exercise verify {0}\n",
      e.folder);
  return 0;
}

int reset(const Exercises& exercises, const Exercise& e) {
  const fs::path kept = reset_answer(exercises, e);
  fmt::print("{} is the stub again{}\n", exercises.shown(exercises.answer(e)),
             kept.empty() ? "" : "; your answer is kept as " + exercises.shown(kept));
  return 0;
}

int list(const Exercises& exercises, const Progress& progress) {
  fmt::print("{}", list_text(exercises, progress));
  return 0;
}

/// The exercises of these names, in the order of the course; all of them if there are no names.
std::vector<Exercise> chosen(const Exercises& exercises, const std::vector<std::string>& names) {
  std::set<std::string> folders;
  for (const std::string& name : names)
    folders.insert(exercises.find(name).folder);
  std::vector<Exercise> list = exercises.all();
  std::erase_if(list,
                [&](const Exercise& e) { return !folders.empty() && !folders.contains(e.folder); });
  return list;
}

int run(const Call& call) {
  const Exercises exercises{kRoot / "exercises", GRADUS_BUILD_DIR, fs::absolute(call.answers)};
  if (*call.make) return make_new(exercises, call.name);
  const terminal::Depth depth = terminal::color_depth(call.color, terminal::stdout_is_tty());
  if (*call.of_class)
    return grade_class(Grader(exercises),
                       {.folder = call.folder,
                        .roster = call.roster,
                        .csv = call.csv,
                        .exercises = chosen(exercises, call.asked)},
                       depth);

  std::string notice;
  if (exercises.mine == kRoot / "my")
    notice = adopt_answers(exercises, kRoot / "lessons/exercises");
  notice += correct_includes(exercises);
  const bool is_interactive = terminal::stdin_is_tty() && terminal::stdout_is_tty();
  const bool watches = is_interactive && !call.once && call.app.get_subcommands().empty();
  if (!watches) fmt::print("{}", notice);

  if (*call.reset) return reset(exercises, exercises.find(call.only));
  Progress progress(exercises);
  if (*call.list) return list(exercises, progress);
  const Grader grader(exercises);
  if (*call.verify) return verify(grader, call.only, !call.without_mutants);
  if (*call.timing) return timing(exercises, call.rounds);

  const Exercise e = call.which.empty() ? progress.current() : exercises.find(call.which);
  if (watches) {
    progress.set_current(e);
    return watch(grader, progress, depth, notice);
  }
  return check_once(grader, progress, e, depth);
}

/// The checks run in another folder than the caller's.
void make_data_folder_absolute() {
  const char* named = std::getenv("GRADUS_DATA");
  if (named && *named) setenv("GRADUS_DATA", fs::absolute(named).c_str(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  Call call;
  try {
    call.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return terminal::exit_parsing(call.app, error, kWrongCall);
  }
  try {
    make_data_folder_absolute();
    return run(call);
  } catch (const std::exception& error) {
    fmt::print(stderr, "exercise: {}\n", error.what());
    return kWrongCall;
  }
}
