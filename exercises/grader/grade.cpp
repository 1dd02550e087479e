#include "exercises/grader/grade.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

#include "exercises/grader/compiler_message.h"
#include "exercises/grader/process.h"
#include "tensor/error.h"

namespace gradus::grader {
namespace {

namespace fs = std::filesystem;

#if defined(__SANITIZE_ADDRESS__) || defined(GRADUS_SANITIZED)
constexpr Limits kLimits{.seconds = 60};  // the sanitizers have their own, large, ideas of memory
#else
constexpr Limits kLimits{.seconds = 5, .megabytes = 96};
#endif

/// A folder of this process's own, gone at the end.
struct Scratch {
  explicit Scratch(fs::path where) : path(std::move(where)) { fs::create_directories(path); }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path path;
};

std::string unescaped(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size())
      result += text[i];
    else
      result += text[++i] == 'n' ? '\n' : text[i];
  }
  return result;
}

/// What the checks wrote; returns whether they came to their end.
bool read_report(const std::string& text, Verdict& verdict) {
  bool ended = false;
  CheckResult* now = nullptr;
  for (const std::string& line : lines_of(text)) {
    const size_t tab = std::min(line.find('\t'), line.size());
    const std::string word = line.substr(0, tab);
    const std::string rest = unescaped(line.substr(std::min(tab + 1, line.size())));
    if (word == "plan") {
      const size_t dot = rest.find('.');
      verdict.checks.push_back(
          {rest.substr(0, dot), rest.substr(dot + 1), CheckResult::not_reached, {}});
    } else if (word == "start") {
      verdict.failed = rest;
      for (CheckResult& each : verdict.checks)
        if (each.stage + "." + each.name == rest) now = &each;
    } else if (word == "end") {
      ended = true;
    } else if (now) {
      if (word == "note") now->notes.push_back(rest);
      if (word == "pass") now->state = CheckResult::passed, verdict.failed.clear();
      if (word == "fail") now->state = CheckResult::failed, verdict.message = rest;
      if (word == "todo") now->state = CheckResult::to_do, verdict.message = rest;
    }
  }
  return ended;
}

std::string crash(const Ended& ended) {
  switch (ended.signal) {
    case SIGSEGV:
    case SIGBUS:
      return "it crashed: memory was touched that is not there (an index past the end, or a "
             "function that calls itself "
             "without end)";
    case SIGFPE:
      return "it crashed: a whole number was divided by zero";
    case SIGABRT:
      return "it aborted: an assertion of the standard library failed, or an exception left a "
             "noexcept function";
    case SIGKILL:
      return "it was killed from outside";
    case 0:
      return fmt::format("it left the checks early, with exit status {}", ended.status);
    default:
      return fmt::format("it was ended by signal {} ({})", ended.signal, strsignal(ended.signal));
  }
}

}  // namespace

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

Grader::Grader(Exercises exercises) : exercises_(std::move(exercises)) {
  const std::string again = "build the target 'exercises' first";
  const fs::path commands = exercises_.build / "compile_commands.json";
  const fs::path facts = exercises_.build / "exercises/build.txt";
  check(fs::exists(commands) && fs::exists(facts), "{} has no exercises: {}",
        exercises_.build.string(), again);
  for (const auto& entry : nlohmann::json::parse(read_text(commands))) {
    const std::string file = entry.at("file");
    const std::string command = entry.at("command");
    const size_t output = command.rfind(" -o ");
    if (!file.ends_with("/stub.cpp") || output == command.npos) continue;
    compile_ = command.substr(0, output), directory_ = entry.at("directory");
    break;
  }
  for (const std::string& line : lines_of(read_text(facts))) {
    if (line.starts_with("cmake ")) cmake_ = line.substr(6);
    if (line.starts_with("link ")) link_ = line.substr(5);
    if (line.starts_with("libraries ")) libraries_ = line.substr(10);
  }
  check(!compile_.empty() && !link_.empty(), "{} does not say how an answer is compiled: {}",
        exercises_.build.string(), again);
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
  const bool solution = file == exercises_.solution(e);
  Answer answer{e, file, {}, e.folder + "." + (solution ? "solution" : file.stem().string())};
  for (const Exercise& other : exercises_.used_by(e))
    answer.used.push_back(exercises_.solution(other));
  return answer;
}

fs::file_time_type Grader::headers_changed() const {
  fs::file_time_type newest = fs::file_time_type::min();
  for (const auto& entry :
       fs::directory_iterator(exercises_.build / "exercises/CMakeFiles/exercise_answers.dir"))
    if (entry.path().filename().string().starts_with("cmake_pch"))
      newest = std::max(newest, entry.last_write_time());
  return newest;
}

Verdict Grader::grade(const Answer& answer) const {
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const Scratch scratch(exercises_.work() / fmt::format("{}.{}", answer.label, getpid()));
  const fs::path& work = scratch.path;
  Verdict verdict;
  const auto give = [&](Outcome outcome, const std::string& message) {
    verdict.outcome = outcome, verdict.seconds = seconds();
    if (!message.empty()) verdict.message = message;
    return verdict;
  };

  // compile
  std::vector<fs::path> files{answer.file};
  files.insert(files.end(), answer.used.begin(), answer.used.end());
  std::string objects;
  for (size_t i = 0; i < files.size(); ++i) {
    const fs::path& file = files[i];
    fs::path object = work / fmt::format("answer{}.o", i);
    if (!fs::exists(file))
      return give(
          Outcome::does_not_compile,
          fmt::format("{} does not exist; x in ./run exercise puts it back", file.string()));
    const Ended hash = run_process({cmake_, "-E", "sha256sum", file.string()});
    // What the answer is built on changes seldom: its objects are kept.
    const fs::path kept = exercises_.work() / "objects" / (hash.output.substr(0, 64) + ".o");
    if (i == 0) {
      verdict.sha256 = hash.output.substr(0, 64);
    } else if (std::error_code none; fs::last_write_time(kept, none) > headers_changed()) {
      objects += " " + quoted(kept.string());
      continue;
    }
    const Ended compiled = run_shell("LC_ALL=C exec " + compile_ + " -o " +
                                         quoted(object.string()) + " -c " + quoted(file.string()),
                                     {}, directory_);
    verdict.compile_seconds = seconds();
    verdict.compiler += compiled.output;
    if (compiled.timed_out)
      return give(Outcome::does_not_compile,
                  file.filename().string() + ": the compiler did not come to an end in a minute");
    if (compiled.status != 0)
      return give(Outcome::does_not_compile,
                  compiler_message(compiled.output, file, read_text(file)));
    if (i > 0) {
      fs::create_directories(kept.parent_path());
      fs::rename(object, kept);
      object = kept;
    }
    objects += " " + quoted(object.string());
  }

  // link
  const fs::path program = work / "program";
  const fs::path report = work / "report.txt";
  const fs::path checks = exercises_.build / "exercises/CMakeFiles" /
                          ("exercise_" + answer.exercise.folder + ".dir") / answer.exercise.folder /
                          "checks.cpp.o";
  const Ended linked =
      run_shell("LC_ALL=C exec " + link_ + objects + " " + quoted(checks.string()) + " " +
                    libraries_ + " -o " + quoted(program.string()),
                {}, directory_);
  verdict.compile_seconds = seconds();
  verdict.compiler += linked.output;
  if (linked.status != 0)
    return give(Outcome::does_not_compile, linker_message(linked.output, answer.file));

  // run
  fs::remove(report);
  const Ended ended = run_shell(
      "OMP_NUM_THREADS=1 exec " + quoted(program.string()) + " " + quoted(report.string()), kLimits,
      work.string());
  verdict.printed = ended.output;
  const bool complete = fs::exists(report) && read_report(read_text(report), verdict);
  if (ended.timed_out)
    return give(Outcome::stopped,
                fmt::format("it was stopped after {} s: a loop without end?", kLimits.seconds));
  if (!complete) return give(Outcome::stopped, crash(ended));
  if (verdict.failed.empty() && kLimits.megabytes && ended.megabytes > kLimits.megabytes) {
    verdict.failed = "budget.memory";
    return give(Outcome::wrong, fmt::format("it took {} MB of memory; {} MB are plenty",
                                            ended.megabytes, kLimits.megabytes));
  }
  if (verdict.failed.empty()) return give(Outcome::right, "");
  const bool to_do =
      std::any_of(verdict.checks.begin(), verdict.checks.end(),
                  [](const CheckResult& c) { return c.state == CheckResult::to_do; });
  return give(to_do ? Outcome::to_do : Outcome::wrong, "");
}

}  // namespace gradus::grader
