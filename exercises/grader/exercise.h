// The exercises and their files.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace gradus::grader {

struct Exercise {
  std::string folder;  // "06_rms_norm"
  std::string number() const { return folder.substr(0, 2); }
  std::string name() const { return folder.substr(3); }
  /// Whether the folder has a number and a name.
  bool is_numbered() const;
};

/// The folders of the exercises, of the build and of the learner.
struct Exercises {
  std::filesystem::path source;  // exercises/
  std::filesystem::path build;   // the build directory of Gradus
  std::filesystem::path mine;    // my/: the learner's answers, one file each, and the progress

  std::vector<Exercise> all() const;
  /// Finds an exercise by number ("6", "06"), name or folder, also by a folder with a number that
  /// it had before. The error names all exercises.
  Exercise find(const std::string& which) const;
  /// The exercises whose headers this one's header includes. The program of e is linked with the
  /// answers to them.
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
  /// The parts of hints.md: three hints, and a text to read after passing.
  std::vector<std::string> hints(const Exercise& e) const;
  /// Programs are built here, each in a folder that is deleted afterwards.
  std::filesystem::path work() const { return build / "exercises" / "work"; }
  /// A path as it is shown to a learner, relative to the root of the tree: "my/rms_norm.cpp".
  std::string shown(const std::filesystem::path& path) const;
};

/// Whether there is a file, a folder, or a link that may lead nowhere.
bool is_taken(const std::filesystem::path& path);
/// Whether there is a file, perhaps by a link.
bool is_file(const std::filesystem::path& path);
std::string read_text(const std::filesystem::path& file);
void write_text(const std::filesystem::path& file, const std::string& text);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace gradus::grader
