#include "exercises/grader/grade.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

#include "exercises/grader/compiler_message.h"
#include "exercises/grader/process.h"
#include "exercises/grader/report_reader.h"
#include "exercises/grader/scratch_folder.h"
#include "exercises/grader/source_file.h"
#include "tensor/error.h"
#include "tensor/kernels/sanitized.h"

namespace gradus::grader {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A sanitizer needs much more time and memory than the program.
constexpr Limits kLimits =
    kSanitized ? Limits{.seconds = 60, .megabytes = 0} : Limits{.seconds = 5, .megabytes = 96};

/// When the library's headers, which are compiled beforehand, last changed.
fs::file_time_type headers_changed(const Exercises& exercises) {
  fs::file_time_type newest = fs::file_time_type::min();
  for (const auto& entry :
       fs::directory_iterator(exercises.build / "exercises/CMakeFiles/exercise_answers.dir"))
    if (entry.path().filename().string().starts_with("cmake_pch"))
      newest = std::max(newest, entry.last_write_time());
  return newest;
}

/// How a program ended that did not end as it should. `verb` is for one that exited by itself.
std::string crash_message(const Ended& ended, const std::string& verb) {
  switch (ended.signal) {
    case SIGSEGV:
    case SIGBUS:
      return "it crashed: memory was used that does not belong to it (an index past the end, or a "
             "function that calls itself without end)";
    case SIGFPE:
      return "it crashed: an integer was divided by zero";
    case SIGABRT:
      return "it aborted: an assertion of the standard library failed, or an exception left a "
             "noexcept function";
    case SIGKILL:
      return "it was killed from outside";
    case 0:
      return fmt::format("it {} exit status {}", verb, ended.status);
    default:
      return fmt::format("it was ended by signal {} ({})", ended.signal, strsignal(ended.signal));
  }
}

/// One answer on its way to a verdict. Each step returns whether the next one can follow.
class Grading {
 public:
  Grading(const Exercises& exercises, const BuildCommands& commands, const Answer& answer)
      : exercises_(exercises),
        commands_(commands),
        answer_(answer),
        scratch_(exercises.work() / fmt::format("{}.{}", answer.label, getpid())) {}

  const Verdict& verdict() const { return verdict_; }

  /// Compiles the answer and the answers that it uses.
  bool compile() {
    if (!is_source(answer_.file)) return false;
    verdict_.sha256 = sha256_of(answer_.file);
    const fs::path object = scratch_.path / "answer.o";
    if (!compile_file(answer_.file, object)) return false;
    objects_.push_back(object);
    return std::all_of(answer_.used.begin(), answer_.used.end(),
                       [this](const fs::path& file) { return compile_used(file); });
  }

  bool link() {
    const std::string& folder = answer_.exercise.folder;
    const fs::path checks = exercises_.build / "exercises/CMakeFiles" /
                            ("exercise_" + folder + ".dir") / folder / "checks.cpp.o";
    std::string line = "LC_ALL=C exec " + commands_.link;
    for (const fs::path& object : objects_)
      line += " " + quoted(object.string());
    line += " " + quoted(checks.string()) + " " + commands_.libraries + " -o " +
            quoted(program().string());
    const Ended linked = run_process({.words = shell(line), .directory = commands_.directory});
    verdict_.compile_seconds = seconds();
    verdict_.compiler += linked.output;
    if (linked.status == 0) return true;
    end(Outcome::does_not_compile, linker_message(linked.output, answer_.file));
    return false;
  }

  /// Runs the checks. The answer is right if all checks of the plan ran and passed, in the process
  /// that was started here, and if this process ended as it should.
  void run_checks() {
    verdict_.checks = planned_checks(read_text(checks_file()));
    const std::string secret = new_secret();
    const Ended ended =
        run_process({.words = shell("OMP_NUM_THREADS=1 exec " + quoted(program().string())),
                     .limits = kLimits,
                     .directory = scratch_.path.string(),
                     .input = secret});
    verdict_.printed = ended.output;
    verdict_.disturbed = ended.timed_out || ended.signal == SIGKILL;
    const ReportState state =
        read_report(ended.report, secret + std::to_string(ended.pid), verdict_);
    if (ended.timed_out)
      return end(Outcome::stopped,
                 fmt::format("it was stopped after {} s: an infinite loop?", kLimits.seconds));
    if (ended.pid == 0)
      return end(Outcome::stopped, "it stopped the process that watches it, and was stopped, too");
    if (state == ReportState::spoilt)
      return end(Outcome::stopped,
                 "the report of the checks has lines that the checks did not write: the answer "
                 "wrote into it, "
                 "copied its process with fork(), or has checks of its own");
    if (state == ReportState::unfinished)
      return end(Outcome::stopped,
                 crash_message(ended, "exited before the end of the checks, with"));
    if (!verdict_.failed.empty()) return end(has_to_do() ? Outcome::to_do : Outcome::wrong);
    if (ended.status != 0)
      return end(Outcome::stopped, "all checks passed, but at the end of the program " +
                                       crash_message(ended, "ended with") +
                                       ". Look at the destructors of global and static objects");
    if (ended.left_running > 0)
      return end_over_budget(
          "processes",
          fmt::format("it started other processes, and {} of them "
                      "still ran at its end: {} stopped",
                      ended.left_running, ended.left_running == 1 ? "it was" : "they were"));
    if (kLimits.megabytes > 0 && ended.megabytes > kLimits.megabytes)
      return end_over_budget("memory", fmt::format("it used {} MB of memory; {} MB are enough",
                                                   ended.megabytes, kLimits.megabytes));
    end(Outcome::right);
  }

 private:
  bool is_source(const fs::path& file) {
    const std::string problem = problem_of_source(exercises_, file);
    if (!problem.empty()) end(Outcome::does_not_compile, problem);
    return problem.empty();
  }

  fs::path checks_file() const {
    return exercises_.source / answer_.exercise.folder / "checks.cpp";
  }

  std::string sha256_of(const fs::path& file) const {
    const Ended ended = run_process({.words = {commands_.cmake, "-E", "sha256sum", file.string()}});
    return ended.output.substr(0, 64);
  }

  bool compile_file(const fs::path& file, const fs::path& object) {
    const fs::path dependencies = scratch_.path / "answer.d";
    const std::string line = "LC_ALL=C exec " + commands_.compile + " -MD -MF " +
                             quoted(dependencies.string()) + " -o " + quoted(object.string()) +
                             " -c " + quoted(file.string());
    const Ended compiled = run_process({.words = shell(line), .directory = commands_.directory});
    verdict_.compile_seconds = seconds();
    verdict_.compiler += compiled.output;
    const bool was_killed = compiled.output.find("Killed") != std::string::npos;
    verdict_.disturbed = compiled.timed_out || (compiled.status != 0 && was_killed);
    if (compiled.timed_out)
      end(Outcome::does_not_compile,
          file.filename().string() + ": the compiler did not finish within a minute");
    else if (compiled.status != 0)
      end(Outcome::does_not_compile, compiler_message(compiled.output, file, read_text(file)));
    return compiled.status == 0 && includes_no_solution(file, dependencies);
  }

  bool includes_no_solution(const fs::path& file, const fs::path& dependencies) {
    const std::string solution = included_solution(exercises_, file, dependencies);
    if (!solution.empty())
      end(Outcome::wrong, fmt::format("{} includes {}: write your own; the solution is shown when "
                                      "your answer is right",
                                      file.filename().string(), solution));
    return solution.empty();
  }

  /// Compiles an answer that this one uses. It changes seldom, so its object file is kept.
  bool compile_used(const fs::path& file) {
    if (!is_source(file)) return false;
    const fs::path kept = exercises_.work() / "objects" / (sha256_of(file) + ".o");
    std::error_code missing;
    const bool is_new_enough = fs::last_write_time(kept, missing) > headers_changed(exercises_);
    if (!is_new_enough) {
      const fs::path object = scratch_.path / "used.o";
      if (!compile_file(file, object)) return false;
      fs::create_directories(kept.parent_path());
      fs::rename(object, kept);
    }
    objects_.push_back(kept);
    return true;
  }

  bool has_to_do() const {
    return std::any_of(verdict_.checks.begin(), verdict_.checks.end(),
                       [](const CheckResult& c) { return c.state == CheckResult::to_do; });
  }

  /// Notes the outcome. Without a message, the one from the report stays.
  void end(Outcome outcome, const std::string& message = "") {
    verdict_.outcome = outcome;
    verdict_.seconds = seconds();
    if (!message.empty()) verdict_.message = message;
  }

  void end_over_budget(const std::string& of, const std::string& message) {
    verdict_.failed = "budget." + of;
    end(Outcome::wrong, message);
  }

  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  fs::path program() const { return scratch_.path / "program"; }

  const Exercises& exercises_;
  const BuildCommands& commands_;
  const Answer& answer_;
  const Clock::time_point start_ = Clock::now();
  const ScratchFolder scratch_;
  std::vector<fs::path> objects_;
  Verdict verdict_;
};

}  // namespace

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::right:
      return "right";
    case Outcome::to_do:
      return "to do";
    case Outcome::wrong:
      return "wrong";
    case Outcome::does_not_compile:
      return "does not compile";
    case Outcome::stopped:
      return "stopped";
  }
  return "";
}

int exit_status(Outcome outcome) {
  switch (outcome) {
    case Outcome::right:
      return 0;
    case Outcome::to_do:
    case Outcome::wrong:
      return 1;
    case Outcome::does_not_compile:
      return 2;
    case Outcome::stopped:
      return 3;
  }
  return 3;
}

BuildCommands::BuildCommands(const fs::path& build) {
  const std::string advice = "build the target 'exercises' first";
  const fs::path database = build / "compile_commands.json";
  const fs::path facts = build / "exercises/build.txt";
  check(fs::exists(database) && fs::exists(facts), "{} has no exercises: {}", build.string(),
        advice);
  // An answer is compiled with the command of a stub.
  for (const auto& entry : nlohmann::json::parse(read_text(database))) {
    const std::string file = entry.at("file");
    const std::string command = entry.at("command");
    const size_t output = command.rfind(" -o ");
    if (!file.ends_with("/stub.cpp") || output == std::string::npos) continue;
    compile = command.substr(0, output);
    directory = entry.at("directory");
    break;
  }
  for (const std::string& line : lines_of(read_text(facts))) {
    if (line.starts_with("cmake ")) cmake = line.substr(6);
    if (line.starts_with("link ")) link = line.substr(5);
    if (line.starts_with("libraries ")) libraries = line.substr(10);
  }
  check(!compile.empty() && !link.empty(), "{} does not say how an answer is compiled: {}",
        build.string(), advice);
}

Grader::Grader(Exercises exercises)
    : exercises_(std::move(exercises)), commands_(exercises_.build) {}

Grader Grader::with_answers(const fs::path& folder) const {
  Grader other = *this;
  other.exercises_.mine = folder;
  return other;
}

Verdict Grader::grade(const Answer& answer) const {
  Grading grading(exercises_, commands_, answer);
  if (grading.compile() && grading.link()) grading.run_checks();
  return grading.verdict();
}

Answer Grader::mine(const Exercise& e) const {
  Answer answer{e, exercises_.answer(e), {}, e.folder};
  for (const Exercise& other : exercises_.used_by(e))
    answer.used.push_back(exercises_.answer(other));
  return answer;
}

Answer Grader::stub(const Exercise& e) const {
  Answer answer{e, exercises_.stub(e), {}, e.folder + ".stub"};
  for (const Exercise& other : exercises_.used_by(e))
    answer.used.push_back(exercises_.stub(other));
  return answer;
}

Answer Grader::solution(const Exercise& e) const { return mutant(e, exercises_.solution(e)); }

Answer Grader::mutant(const Exercise& e, const fs::path& file) const {
  const bool is_solution = file == exercises_.solution(e);
  Answer answer{e, file, {}, e.folder + "." + (is_solution ? "solution" : file.stem().string())};
  for (const Exercise& other : exercises_.used_by(e))
    answer.used.push_back(exercises_.solution(other));
  return answer;
}

}  // namespace gradus::grader
