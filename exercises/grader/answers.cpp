#include "exercises/grader/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "exercises/grader/source_file.h"

namespace gradus::grader {
namespace {

namespace fs = std::filesystem;

/// The first path kept/stem.1.ext, kept/stem.2.ext, ... that is free.
fs::path free_path(const Exercises& exercises, const fs::path& name) {
  fs::path path;
  for (int i = 1; path.empty() || is_taken(path); ++i)
    path = exercises.mine / "kept" /
           fmt::format("{}.{}{}", name.stem().string(), i, name.extension().string());
  return path;
}

/// The answer that an earlier version kept in its own folder, whatever number the exercise had.
fs::path earlier_answer(const fs::path& earlier, const Exercise& e) {
  if (!fs::is_directory(earlier)) return {};
  for (const auto& entry : fs::directory_iterator(earlier)) {
    const Exercise other{entry.path().filename().string()};
    const fs::path answer = entry.path() / (e.name() + ".cpp");
    if (other.is_numbered() && other.name() == e.name() && fs::exists(answer)) return answer;
  }
  return {};
}

std::string without_spaces(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c); });
  return text;
}

/// Writes the text of an earlier file to `target`, or to kept/ if `target` has another text.
/// Returns whether it is at `target`. `nothing_there` says that `target` may be replaced.
bool adopt(const Exercises& exercises, const std::string& text, const fs::path& target,
           bool nothing_there, const fs::path& name_if_kept) {
  if (nothing_there) {
    write_text(target, text);
    return true;
  }
  if (is_file(target) && read_text(target) == text) return true;
  write_text(free_path(exercises, name_if_kept), text);
  return false;
}

std::vector<std::string> adopt_answer_files(const Exercises& exercises, const fs::path& earlier) {
  std::vector<std::string> moved;
  for (const Exercise& e : exercises.all()) {
    const fs::path old = earlier_answer(earlier, e);
    const fs::path answer = exercises.answer(e);
    if (old.empty()) continue;
    const std::string text = with_new_includes(exercises, read_text(old));
    const std::string stub = read_text(exercises.stub(e));
    if (without_spaces(text) == without_spaces(stub)) continue;  // nothing was written yet
    const bool nothing_there = !is_taken(answer) || (is_file(answer) && read_text(answer) == stub);
    const bool in_place = adopt(exercises, text, answer, nothing_there, e.name() + ".cpp");
    fs::remove(old);
    moved.push_back(in_place ? e.name() : e.name() + " (in kept/)");
  }
  return moved;
}

bool adopt_kept_files(const Exercises& exercises, const fs::path& earlier) {
  if (!fs::is_directory(earlier / "kept")) return false;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(earlier / "kept"))
    if (entry.is_regular_file()) files.push_back(entry.path());
  for (const fs::path& old : files) {
    const fs::path target = exercises.mine / "kept" / old.filename();
    adopt(exercises, with_new_includes(exercises, read_text(old)), target, !fs::exists(target),
          old.filename());
    fs::remove(old);
  }
  std::error_code not_empty;
  fs::remove(earlier / "kept", not_empty);
  return !files.empty();
}

bool adopt_progress(const Exercises& exercises, const fs::path& earlier) {
  const fs::path old = earlier / "progress.txt";
  const fs::path target = exercises.mine / "progress.txt";
  if (!fs::exists(old)) return false;
  adopt(exercises, read_text(old), target, !fs::exists(target), "progress.txt");
  fs::remove(old);
  return true;
}

}  // namespace

std::string with_new_includes(const Exercises& exercises, std::string text) {
  text = std::regex_replace(text, std::regex("#include \"lessons/exercises/"),
                            "#include \"exercises/");
  for (const Exercise& e : exercises.all())
    text = std::regex_replace(text, std::regex("#include \"exercises/\\d\\d_" + e.name() + "/"),
                              "#include \"exercises/" + e.folder + "/");
  return text;
}

void provide_answer(const Exercises& exercises, const Exercise& e) {
  std::vector<Exercise> needed = exercises.used_by(e);
  needed.push_back(e);
  for (const Exercise& each : needed)
    if (!is_taken(exercises.answer(each)))
      write_text(exercises.answer(each), read_text(exercises.stub(each)));
}

fs::path reset_answer(const Exercises& exercises, const Exercise& e) {
  const fs::path answer = exercises.answer(e);
  fs::path kept;
  const bool is_stub = is_file(answer) && read_text(answer) == read_text(exercises.stub(e));
  if (is_taken(answer) && !is_stub) {
    kept = free_path(exercises, e.name() + ".cpp");
    fs::create_directories(kept.parent_path());
    fs::rename(answer, kept);
  }
  write_text(answer, read_text(exercises.stub(e)));
  return kept;
}

std::string correct_includes(const Exercises& exercises) {
  std::vector<std::string> corrected;
  for (const Exercise& e : exercises.all()) {
    const fs::path answer = exercises.answer(e);
    if (!problem_of_source(exercises, answer).empty()) continue;
    const std::string text = read_text(answer);
    const std::string now = with_new_includes(exercises, text);
    if (now == text) continue;
    write_text(answer, now);
    corrected.push_back(exercises.shown(answer));
  }
  if (corrected.empty()) return "";
  return fmt::format("The exercises have new numbers; the #include lines of {} are corrected\n",
                     fmt::join(corrected, ", "));
}

std::string adopt_answers(const Exercises& exercises, const fs::path& earlier) {
  const std::vector<std::string> answers = adopt_answer_files(exercises, earlier);
  const bool kept = adopt_kept_files(exercises, earlier);
  const bool progress = adopt_progress(exercises, earlier);
  if (answers.empty() && !kept && !progress) return "";
  const std::string names = fmt::format("{}", fmt::join(answers, ", "));
  return fmt::format(
      "Moved from {} to {}: {}\n", exercises.shown(earlier), exercises.shown(exercises.mine),
      answers.empty() ? "your progress and kept answers" : "your answers to " + names);
}

}  // namespace gradus::grader
