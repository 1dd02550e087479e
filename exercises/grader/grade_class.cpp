#include "exercises/grader/grade_class.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <csignal>
#include <mutex>

#include "exercises/grader/answers.h"
#include "exercises/grader/class_results.h"
#include "exercises/grader/report_reader.h"
#include "exercises/grader/scratch_folder.h"
#include "exercises/grader/workers.h"
#include "tensor/error.h"

namespace gradus::grader {
namespace {

namespace fs = std::filesystem;

constexpr int kSomeNotGraded = 1;
constexpr int kInterrupted = 130;

/// Notices Ctrl-C. A second one ends the program at once.
class Interrupt {
 public:
  Interrupt() {
    pressed_ = 0;
    struct sigaction action {};
    action.sa_handler = note;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int number : {SIGINT, SIGTERM})
      sigaction(number, &action, nullptr);
  }
  ~Interrupt() {
    for (const int number : {SIGINT, SIGTERM})
      std::signal(number, SIG_DFL);
  }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  static bool is_pressed() { return pressed_ != 0; }

 private:
  static void note(int) {
    pressed_ = 1;
    const char text[] = "\nstopping after the answers that are being graded\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(kInterrupted);
  }
  static inline volatile std::sig_atomic_t pressed_ = 0;
};

bool is_header(const fs::path& file) {
  const fs::path extension = file.extension();
  return extension == ".h" || extension == ".hpp";
}

bool is_answer(const std::vector<Exercise>& exercises, const fs::path& file) {
  return file.extension() == ".cpp" &&
         std::any_of(exercises.begin(), exercises.end(),
                     [&](const Exercise& e) { return file.stem() == e.name(); });
}

/// What is in a student's folder that is not graded: files with a misspelt name; and, if there is
/// no answer, the folders, which may have the answers. A folder my/ beside answers is named, too.
std::vector<std::string> unknown_files(const Exercises& exercises, const Student& student) {
  std::vector<std::string> unknown;
  std::vector<std::string> folders;
  if (student.answers.empty()) return unknown;
  const std::vector<Exercise> all = exercises.all();
  bool has_answers = false;
  for (const auto& entry : fs::directory_iterator(student.answers)) {
    const std::string name = entry.path().filename().string();
    const bool is_known =
        name.starts_with('.') || name == "progress.txt" || is_header(entry.path());
    if (is_answer(all, entry.path()))
      has_answers = true;
    else if (entry.is_directory() && name != "my")
      folders.push_back(name + "/");
    else if (!is_known)
      unknown.push_back(name);
  }
  if (!has_answers) unknown.insert(unknown.end(), folders.begin(), folders.end());
  std::sort(unknown.begin(), unknown.end());
  return unknown;
}

/// Copies a student's answers and headers, with the #include lines of this version. What is not a
/// small file becomes a link to it, so that the grader says what it is, and sees a link to a
/// solution.
void copy_answers(const Exercises& exercises, const fs::path& from, const fs::path& to) {
  constexpr uintmax_t kMostBytes = 1 << 20;
  const std::vector<Exercise> all = exercises.all();
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path& file = entry.path();
    if (!is_answer(all, file) && !is_header(file)) continue;
    std::error_code error;
    const bool is_plain =
        fs::is_regular_file(entry.symlink_status(error)) && fs::hard_link_count(file, error) == 1 &&
        fs::file_size(file, error) <= kMostBytes && access(file.c_str(), R_OK) == 0;
    if (is_plain)
      write_text(to / file.filename(), with_new_includes(exercises, read_text(file)));
    else
      fs::create_symlink(fs::absolute(file), to / file.filename());
  }
}

/// What a teacher may want to know about a right answer.
std::string remark_on(const Exercises& exercises, const Exercise& e) {
  const auto text_of = [](const fs::path& file) {
    std::string text = read_text(file);
    std::erase_if(text, [](unsigned char c) { return std::isspace(c); });
    return text;
  };
  const fs::path solution = exercises.solution(e);
  if (text_of(exercises.answer(e)) != text_of(solution)) return "";
  return "the same text as " + exercises.shown(solution);
}

/// The verdicts on a class as they come in, one after the other in the CSV file.
class ClassGrading {
 public:
  ClassGrading(const Grader& grader, const ClassCall& call, std::vector<Student> students)
      : grader_(grader), csv_(call.csv) {
    all_.students = std::move(students);
    all_.exercises = call.exercises;
    all_.results.resize(all_.students.size() * all_.exercises.size());
    for (const Exercise& e : all_.exercises)
      planned_.push_back(
          planned_checks(read_text(grader.exercises().source / e.folder / "checks.cpp")).size());
    for (size_t i = 0; i < all_.results.size(); ++i) {
      if (has_answer(i))
        open_.push_back(i);
      else
        all_.results[i] = {.verdict = kMissing,
                           .planned = planned_[exercise(i)],
                           .problem = student(i).answers.empty()
                                          ? "there is no folder"
                                          : "there is no " + answer(i).filename().string()};
    }
    write_csv();
  }

  /// Grades several answers at once. An answer that others may have disturbed is graded again,
  /// alone.
  void grade_all() {
    const size_t count = open_.size();
    const bool alone = worker_count() == 1;
    std::vector<size_t> disturbed;
    for_each_on_cores(count, [&](size_t k) {
      if (is_over()) return;
      const size_t i = open_[k];
      bool again = false;
      const ClassResult result = grade(i, again);
      const std::lock_guard lock(mutex_);
      if (again && !alone)
        disturbed.push_back(i);
      else
        keep(i, result);
    });
    std::sort(disturbed.begin(), disturbed.end());
    for (const size_t i : disturbed) {
      bool again = false;
      if (!is_over()) keep(i, grade(i, again));
    }
    check(error_.empty(), "{}", error_);
  }

  const ClassResults& results() const { return all_; }
  size_t count(const std::string& verdict) const {
    return static_cast<size_t>(
        std::count_if(all_.results.begin(), all_.results.end(),
                      [&](const ClassResult& r) { return r.verdict == verdict; }));
  }

 private:
  bool is_over() const { return Interrupt::is_pressed() || has_error_; }
  const Student& student(size_t i) const { return all_.students[i / all_.exercises.size()]; }
  size_t exercise(size_t i) const { return i % all_.exercises.size(); }
  fs::path answer(size_t i) const {
    return student(i).answers / (all_.exercises[exercise(i)].name() + ".cpp");
  }
  bool has_answer(size_t i) const { return !student(i).answers.empty() && is_taken(answer(i)); }

  /// The verdict on a copy of the answer, in a folder whose name no answer can guess.
  ClassResult grade(size_t i, bool& is_disturbed) const {
    const Exercises& exercises = grader_.exercises();
    try {
      const ScratchFolder copy(exercises.work() / ("class." + new_secret()));
      copy_answers(exercises, student(i).answers, copy.path);
      const Grader grader = grader_.with_answers(copy.path);
      Answer answer = grader.mine(all_.exercises[exercise(i)]);
      answer.label = copy.path.filename().string();
      const Verdict verdict = grader.grade(answer);
      is_disturbed = verdict.disturbed;
      ClassResult result = class_result(verdict, planned_[exercise(i)], exercises.shown(copy.path));
      if (verdict.outcome == Outcome::right && result.problem.empty())
        result.problem = remark_on(grader.exercises(), answer.exercise);
      return result;
    } catch (const std::exception& error) {
      is_disturbed = true;
      return {.verdict = kNotGraded,
              .planned = planned_[exercise(i)],
              .problem = terminal::printable(std::string("not graded: ") + error.what())};
    }
  }

  void keep(size_t i, const ClassResult& result) {
    all_.results[i] = result;
    ++graded_;
    try {
      write_csv();
    } catch (const std::exception& error) {
      error_ = error.what();
      has_error_ = true;
    }
    if (!terminal::stdout_is_tty()) return;
    fmt::print("\r{} of {} answers graded", graded_, open_.size());
    std::fflush(stdout);
  }

  /// Through a second file, so that the CSV file is complete at any time.
  void write_csv() const {
    const fs::path next = csv_.string() + ".new";
    write_text(next, class_csv(all_));
    fs::rename(next, csv_);
  }

  const Grader& grader_;
  const fs::path csv_;
  ClassResults all_;
  std::vector<size_t> planned_;  // checks, for each exercise
  std::vector<size_t> open_;     // the results that need grading
  std::mutex mutex_;
  size_t graded_ = 0;
  std::string error_;  // why the CSV file cannot be written
  std::atomic<bool> has_error_ = false;
};

/// A file that this program did not write is not replaced.
void check_csv(const fs::path& csv) {
  check(!is_taken(csv) || (is_file(csv) && read_text(csv).starts_with(class_csv_head())),
        "{} exists and has no results of a class; choose another name with --csv", csv.string());
}

}  // namespace

int grade_class(const Grader& grader, const ClassCall& call, terminal::Depth depth) {
  check_csv(call.csv);
  Roster roster = students_of(call.folder, call.roster, {call.csv, call.roster});
  for (const Student& student : roster.students)
    for (const std::string& file : unknown_files(grader.exercises(), student))
      roster.notices.push_back(
          fmt::format("{}: {} is not graded: no exercise has this name", student.shown(), file));

  const auto start = std::chrono::steady_clock::now();
  ClassGrading grading(grader, call, roster.students);
  const Interrupt interrupt;
  grading.grade_all();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  if (terminal::stdout_is_tty()) fmt::print("\r{:40}\r", "");
  fmt::print("{}", class_table(grading.results(), terminal::width(), depth));
  for (const std::string& notice : roster.notices)
    fmt::print("{}", terminal::wrap(terminal::printable(notice), terminal::width()));
  const size_t all = grading.results().results.size();
  const size_t open = grading.count("");
  fmt::print("{}: {} rows, graded in {:.0f} s\n", call.csv.string(), all - open, seconds);
  if (open > 0) fmt::print("stopped early: {} answers are not graded\n", open);
  if (open > 0) return kInterrupted;
  return grading.count(kNotGraded) > 0 ? kSomeNotGraded : 0;
}

}  // namespace gradus::grader
