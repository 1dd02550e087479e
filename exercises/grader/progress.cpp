#include "exercises/grader/progress.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <regex>

#include "tensor/error.h"

namespace gradus::grader {

namespace fs = std::filesystem;

namespace {

/// Waits for the lock of a file, and holds it. Where there can be no file, there is no lock.
class Lock {
 public:
  explicit Lock(const fs::path& path)
      : file_(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
    if (file_ >= 0) flock(file_, LOCK_EX);
  }
  ~Lock() {
    if (file_ >= 0) close(file_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_;
};

}  // namespace

Progress::Progress(const Exercises& exercises)
    : exercises_(exercises), file_(exercises.mine / "progress.txt") {
  read();
}

void Progress::read() {
  states_.clear();
  current_.clear();
  if (!fs::exists(file_)) return;
  // Lines that do not fit are left out: the file may have been edited by hand.
  // Earlier versions wrote the numbers of that time before the names.
  const std::regex one("(?:\\d\\d_)?(\\S+) (new|to do|wrong|right) (\\d{1,4}) hints?");
  const std::regex now("current (?:\\d\\d_)?(\\S+)");
  std::smatch found;
  for (const std::string& line : lines_of(read_text(file_))) {
    if (std::regex_match(line, found, one)) states_[found[1]] = {found[2], std::stoul(found[3])};
    if (std::regex_match(line, found, now)) current_ = found[1];
  }
}

Progress::State Progress::of(const Exercise& e) const {
  const auto found = states_.find(e.name());
  return found == states_.end() ? State{} : found->second;
}

void Progress::set(const Exercise& e, const State& state) {
  change([&] { states_[e.name()] = state; });
}

void Progress::note_hints(const Exercise& e, size_t hints) {
  change([&] {
    State& state = states_[e.name()];
    state.hints = std::max(state.hints, hints);
  });
}

Exercise Progress::current() const {
  const std::vector<Exercise> all = exercises_.all();
  check(!all.empty(), "{} holds no exercise", exercises_.source.string());
  for (const Exercise& e : all)
    if (e.name() == current_) return e;
  return all[0];
}

void Progress::set_current(const Exercise& e) {
  change([&] { current_ = e.name(); });
}

Exercise Progress::after(const Exercise& e) const {
  std::vector<Exercise> all = exercises_.all();
  const auto later =
      std::find_if(all.begin(), all.end(), [&](const Exercise& x) { return x.folder > e.folder; });
  std::rotate(all.begin(), later, all.end());  // the later ones, then from the first again
  for (const Exercise& other : all)
    if (of(other).verdict != "right" && other.folder != e.folder) return other;
  return e;
}

void Progress::note(const Exercise& e, Outcome outcome) {
  const char* const verdict = outcome == Outcome::right   ? "right"
                              : outcome == Outcome::to_do ? "to do"
                                                          : "wrong";
  change([&] { states_[e.name()].verdict = verdict; });
}

void Progress::change(const std::function<void()>& f) {
  std::error_code ignored;  // write() reports what is wrong
  fs::create_directories(exercises_.mine, ignored);
  const Lock lock(exercises_.mine / ".progress.lock");
  read();
  f();
  write();
}

void Progress::write() const {
  std::string text = "current " + current().name() + "\n";
  for (const auto& [name, state] : states_)
    text += fmt::format("{} {} {} hint{}\n", name, state.verdict, state.hints,
                        state.hints == 1 ? "" : "s");
  // Through a second file, so that the old one stays if this is interrupted.
  const fs::path next = file_.string() + ".new";
  write_text(next, text);
  fs::rename(next, file_);
}

std::string list_text(const Exercises& exercises, const Progress& progress) {
  std::string text;
  size_t right = 0;
  for (const Exercise& e : exercises.all()) {
    const Progress::State state = progress.of(e);
    const std::string hints =
        state.hints ? fmt::format("  {} hint{}", state.hints, state.hints == 1 ? "" : "s") : "";
    text += fmt::format("{} {} {:<26}{}{}\n", progress.current().folder == e.folder ? '>' : ' ',
                        e.number(), e.name(), state.verdict == "new" ? "" : state.verdict, hints);
    right += state.verdict == "right";
  }
  return text + fmt::format("{} of {} right\n", right, exercises.all().size());
}

}  // namespace gradus::grader
