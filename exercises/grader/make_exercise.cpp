#include "exercises/grader/make_exercise.h"

#include <fmt/format.h>

#include <regex>

#include "tensor/error.h"

namespace gradus::grader {

namespace fs = std::filesystem;

Exercise make_exercise(const Exercises& exercises, const std::string& name) {
  check(std::regex_match(name, std::regex("[a-z][a-z0-9_]{0,39}")),
        "new: '{}' - a name is made of small letters, digits and _, and begins with a letter",
        name);
  const std::vector<Exercise> all = exercises.all();
  for (const Exercise& e : all)
    check(e.name() != name, "new: {} has this name already", e.folder);
  const int last = all.empty() ? 0 : std::stoi(all.back().number());
  check(last < 99, "new: there are 99 exercises already");
  const Exercise e{fmt::format("{:02}_{}", last + 1, name)};

  const fs::path from = exercises.source / "skeleton";
  const auto make = [&](const fs::path& skeleton, const fs::path& file) {
    const std::string numbered =
        std::regex_replace(read_text(from / skeleton), std::regex("NN_NAME"), e.folder);
    write_text(file, std::regex_replace(numbered, std::regex("NAME"), name));
  };
  for (const char* file : {"README.md", "hints.md", "checks.cpp"})
    make(file, exercises.source / e.folder / file);
  make("NAME.h", exercises.header(e));
  make("stub.cpp", exercises.stub(e));
  make("solution.cpp", exercises.solution(e));
  for (const auto& mutant : fs::directory_iterator(from / "mutants"))
    make(mutant.path(), exercises.source / e.folder / "mutants" / mutant.path().filename());
  return e;
}

}  // namespace gradus::grader
