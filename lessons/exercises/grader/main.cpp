// ./run exercise …
#include <CLI/CLI.hpp>

#include "lessons/exercises/grader/verify.h"
#include "tensor/error.h"

int main(int argc, char** argv) {
  using namespace gradus;
  CLI::App app("Exercises, graded on every save", "./run exercise");
  std::string only;
  CLI::App* const verifying = app.add_subcommand("verify", "every stub, solution and mutant");
  verifying->add_option("exercise", only);
  CLI11_PARSE(app, argc, argv);
  try {
    const Grader grader(
        {GRADUS_SOURCE_DIR "/lessons/exercises", GRADUS_BUILD_DIR, GRADUS_SOURCE_DIR "/lessons/exercises"});
    if (*verifying) return verify(grader, only);
  } catch (const std::exception& error) {
    fmt::print(stderr, "exercise: {}\n", error.what());
    return 4;
  }
}
