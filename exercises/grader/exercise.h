// The exercises there are, and where each has its files.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace gradus::grader {

struct Exercise {
  std::string folder;  // "06_rms_norm"
  std::string number() const { return folder.substr(0, 2); }
  std::string name() const { return folder.substr(3); }
};

/// The places of one tree of exercises and of its build.
struct Exercises {
  std::filesystem::path source;  // …/exercises
  std::filesystem::path build;   // the build directory of Gradus
  std::filesystem::path mine;    // the learner's answers and progress, one file per exercise

  std::vector<Exercise> all() const;
  /// By number ("6", "06"), name or folder; throws naming what there is.
  Exercise find(const std::string& which) const;
  /// Those whose header this one's includes: its program is made from their answers too.
  std::vector<Exercise> used_by(const Exercise& e) const;

  std::filesystem::path answer(const Exercise& e) const { return mine / (e.name() + ".cpp"); }
  std::filesystem::path header(const Exercise& e) const {
    return source / e.folder / (e.name() + ".h");
  }
  std::filesystem::path stub(const Exercise& e) const { return source / e.folder / "stub.cpp"; }
  std::filesystem::path solution(const Exercise& e) const {
    return source / e.folder / "solution.cpp";
  }
  std::vector<std::filesystem::path> mutants(const Exercise& e) const;
  /// The parts of hints.md: three hints, and what to take away after passing.
  std::vector<std::string> hints(const Exercise& e) const;
  /// Where programs are made, each in a folder that is deleted afterwards.
  std::filesystem::path work() const { return build / "exercises" / "work"; }
};

std::string read_text(const std::filesystem::path& file);
void write_text(const std::filesystem::path& file, const std::string& text);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace gradus::grader
