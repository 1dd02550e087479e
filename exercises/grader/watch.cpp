#include "exercises/grader/watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "exercises/grader/answers.h"
#include "exercises/grader/page_text.h"
#include "exercises/grader/task_text.h"
#include "exercises/grader/verdict_text.h"
#include "tensor/error.h"

namespace gradus::grader {
namespace {

constexpr int kControlD = 4;
/// While a file is missing, an editor may be replacing it. The answer is graded without it only if
/// it is missing more often than this in a row.
constexpr int kMaxMissing = 5;
constexpr const char* kKeys =
    "save: check   t task   h hint   n next   l list   x reset   r again   q quit";

/// Switches the terminal so that each key arrives when it is pressed and is not echoed. However the
/// program ends, the terminal is restored.
class RawTerminal {
 public:
  RawTerminal() {
    check(tcgetattr(STDIN_FILENO, &before_) == 0, "exercise: the terminal does not answer");
    keys_ = before_;
    keys_.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys_.c_cc[VMIN] = 1;
    keys_.c_cc[VTIME] = 0;
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      handle(number, leave);
    handle(SIGTSTP, sleep);
    handle(SIGCONT, wake);
    tcsetattr(STDIN_FILENO, TCSANOW, &keys_);
  }
  ~RawTerminal() {
    restore();
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT})
      std::signal(number, SIG_DFL);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  static inline volatile std::sig_atomic_t woken = 0;

 private:
  static void handle(int number, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigaction(number, &action, nullptr);
  }
  static void restore() { tcsetattr(STDIN_FILENO, TCSANOW, &before_); }
  // These run as signal handlers: they call only functions that are safe there.
  static void leave(int number) {
    restore();
    const char end[] = "\033[0m\n";
    if (write(STDOUT_FILENO, end, sizeof end - 1) < 0) _exit(1);
    std::signal(number, SIG_DFL);
    raise(number);
  }
  static void sleep(int number) {
    restore();
    std::signal(number, SIG_DFL);
    raise(number);
  }
  static void wake(int) {
    tcsetattr(STDIN_FILENO, TCSANOW, &keys_);
    handle(SIGTSTP, sleep);
    woken = 1;
  }
  static inline termios before_{};  // the settings of the program that started this one
  static inline termios keys_{};    // the settings while keys are read
};

class Screen {
 public:
  Screen(const Grader& grader, Progress& progress, terminal::Depth depth, std::string notice)
      : grader_(grader),
        exercises_(grader.exercises()),
        progress_(progress),
        depth_(depth),
        note_(std::move(notice)) {
    const char* term = std::getenv("TERM");
    clears_ = term && *term && std::strcmp(term, "dumb") != 0;
    go_to(progress.current());
  }

  int run() {
    while (true) {
      const Stamp now(grader_.mine(exercise_));
      missing_ = now.complete() ? 0 : missing_ + 1;
      if (!(now == seen_) && (now.complete() || missing_ > kMaxMissing)) {
        seen_ = now;
        grade();
      } else if (RawTerminal::woken) {
        RawTerminal::woken = 0;
        show();
      }
      pollfd keys{STDIN_FILENO, POLLIN, 0};
      if (poll(&keys, 1, kPollMilliseconds) <= 0) continue;
      char key = 'q';
      if (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == kControlD) return 0;
      press(key);
    }
  }

 private:
  void go_to(const Exercise& e) {
    exercise_ = e;
    below_.clear();
    first_ = 0;
    alone_ = false;
    verdict_ = {};
    progress_.set_current(e);
    provide_answer(exercises_, e);
    seen_ = Stamp();
  }

  void grade() {
    below_ = "checking ...\n";
    if (clears_) show();
    verdict_ = grader_.grade(grader_.mine(exercise_));
    progress_.note(exercise_, verdict_.outcome);
    below_ = verdict_.outcome == Outcome::right
                 ? after_passing(exercises_, exercise_, progress_, terminal::width())
                 : "";
    first_ = 0;
    alone_ = false;
    show();
  }

  void press(char key) {
    const bool is_second_x = std::exchange(reset_asked_, false) && key == 'x';
    note_.clear();
    first_ = key == ' ' ? first_ + shown_ : 0;
    alone_ = key == 'l' || key == 't' || (alone_ && key == ' ');
    switch (key) {
      case ' ':
        break;
      case 't':
        below_ = complete_task(exercises_, exercise_, terminal::width());
        break;
      case 'n':
        next();
        return;
      case 'h':
        below_ = hint();
        break;
      case 'l':
        below_ = list_text(exercises_, progress_);
        break;
      case 'r':
        seen_ = Stamp();  // the answer is then graded again
        return;
      case 'x':
        if (is_second_x) {
          reset();
          return;
        }
        reset_asked_ = true;
        below_ = "Press x once more to start over; your answer is kept under another name.\n";
        break;
      default:
        return;
    }
    show();
  }

  void next() {
    const Exercise other = progress_.after(exercise_);
    if (other.folder != exercise_.folder) {
      go_to(other);
    } else {
      below_ = "All the other exercises are right.\n";
      show();
    }
  }

  void reset() {
    const std::filesystem::path kept = reset_answer(exercises_, exercise_);
    if (!kept.empty()) note_ = "Your answer is kept as " + exercises_.shown(kept) + "\n";
  }

  std::string hint() {
    const std::vector<std::string> hints = exercises_.hints(exercise_);
    Progress::State state = progress_.of(exercise_);
    const size_t last = std::min(hints.size(), size_t{3});
    if (last == 0) return "There is no hint.\n";
    shown_hint_ = shown_hint_ >= last || shown_for_ != exercise_.folder ? 1 : shown_hint_ + 1;
    shown_for_ = exercise_.folder;
    state.hints = std::max(state.hints, shown_hint_);
    progress_.set(exercise_, state);
    return fmt::format("hint {} of {}\n", shown_hint_, last) +
           plain_text(hints[shown_hint_ - 1], terminal::width());
  }

  /// The verdict; before the first one, and while nothing is written yet, also the task.
  std::string head(size_t rows) const {
    const int width = terminal::width();
    std::string text =
        verdict_.sha256.empty()
            ? terminal::bold(exercise_.number() + " " + exercise_.name(), depth_) + "\n"
            : verdict_text(exercises_, exercise_, verdict_, width, depth_);
    text += note_;
    const bool is_started = !verdict_.sha256.empty() && verdict_.outcome != Outcome::to_do;
    if (is_started) return text;
    const size_t used = lines_of(text + "\n\n" + below_).size();
    const std::string task =
        "\n" + short_task(exercises_, exercise_, width, rows > used ? rows - used : 0);
    // a hint is more important than the task, which is only a key away
    const bool fits = used + lines_of(task).size() <= rows + 1;
    if (below_.empty() || fits) text += task;
    return text;
  }

  /// Draws the page: the verdict, the text that a key asked for, and the keys. It has no more lines
  /// than the terminal; the space bar shows the rest.
  void show() {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    const size_t all_rows = clears_ && known ? size.ws_row : 24;
    const bool fits = terminal::columns(kKeys) <= terminal::width();
    const std::string all_keys = fits ? kKeys : terminal::wrap(kKeys, terminal::width());
    const std::vector<std::string> keys = lines_of(all_keys);
    const size_t rows = all_rows > keys.size() + 6 ? all_rows - keys.size() - 2 : 4;
    std::vector<std::string> lines = lines_of(below_);
    if (first_ >= lines.size()) first_ = 0;
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(first_));
    if (first_ == 0 && !alone_) {
      std::vector<std::string> above = lines_of(head(rows) + "\n");
      const size_t below = lines.size();
      lines.insert(lines.begin(), above.begin(), above.end());
      shown_ = rows > above.size() + 1 ? std::min(below, rows - above.size() - 1) : below;
    } else {
      shown_ = std::min(lines.size(), rows - 1);
    }
    if (clears_ && lines.size() > rows) {
      lines.resize(rows - 1);
      lines.push_back(terminal::dim("... space bar: more", depth_));
    }
    std::string text = clears_ ? "\033[H\033[2J" : "\n";
    for (const std::string& line : lines)
      text += line + "\n";
    text += "\n";
    for (const std::string& line : keys)
      text += terminal::dim(line, depth_) + "\n";
    fmt::print("{}", text);
    std::fflush(stdout);
  }

  const Grader& grader_;
  const Exercises& exercises_;
  Progress& progress_;
  terminal::Depth depth_;
  bool clears_ = false, reset_asked_ = false;
  Exercise exercise_;
  Stamp seen_;
  Verdict verdict_;
  std::string below_;      // the part of the page under the verdict
  size_t first_ = 0;       // the first line of it that is shown
  bool alone_ = false;     // whether it is shown without the verdict
  size_t shown_ = 0;       // and how many are
  std::string note_;       // a line about what was done; the next key removes it
  std::string shown_for_;  // the exercise of the hint shown last
  size_t shown_hint_ = 0;  // and its number
  int missing_ = 0;        // how many times in a row a file of the answer was missing
};

}  // namespace

Stamp::Stamp(const Answer& answer) {
  std::vector<std::filesystem::path> files{answer.file};
  files.insert(files.end(), answer.used.begin(), answer.used.end());
  for (const auto& file : files) {
    std::error_code missing;
    const auto time = std::filesystem::last_write_time(file, missing);
    const auto size = std::filesystem::file_size(file, missing);
    complete_ &= !missing;
    files_.emplace_back(missing ? -1 : time.time_since_epoch().count(), size);
  }
}

int watch(const Grader& grader, Progress& progress, terminal::Depth depth,
          const std::string& notice) {
  const RawTerminal raw;
  return Screen(grader, progress, depth, notice).run();
}

}  // namespace gradus::grader
