#include "exercises/grader/watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "exercises/grader/answers.h"
#include "exercises/grader/verdict_text.h"
#include "tensor/error.h"

namespace gradus::grader {
namespace {

constexpr int kControlD = 4;
/// While a file is missing, an editor may be replacing it. The answer is graded without it only if
/// it is missing more often than this in a row.
constexpr int kMaxMissing = 5;

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
    below_ = verdict_.outcome == Outcome::right ? praise() : "";
    show();
  }

  void press(char key) {
    const bool is_second_x = std::exchange(reset_asked_, false) && key == 'x';
    note_.clear();
    switch (key) {
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
    return fmt::format("hint {} of {}\n", shown_hint_, last) + wrapped(hints[shown_hint_ - 1]);
  }

  /// The text after passing: what to remember, and a solution to compare with.
  std::string praise() const {
    const std::vector<std::string> parts = exercises_.hints(exercise_);
    std::string text = parts.size() > 3 ? wrapped(parts[3]) : "";
    const std::string solution = read_text(exercises_.solution(exercise_));
    text += "solution to compare with: " + exercises_.shown(exercises_.solution(exercise_)) + "\n";
    bool is_inside = false;
    for (const std::string& line : lines_of(solution)) {
      if (is_inside && line.starts_with("}  // namespace mine")) break;
      const bool is_first_blank = line.empty() && text.ends_with(":\n");
      if (is_inside && !is_first_blank) text += cut("  " + line) + "\n";
      if (line.starts_with("namespace mine {")) is_inside = true;
    }
    return text;
  }

  /// A line of code, cut to the width of the terminal.
  static std::string cut(const std::string& line) {
    const int width = terminal::width();
    return terminal::columns(line) <= width
               ? line
               : terminal::fit(line, std::max(width - 3, 1), false) + "...";
  }

  /// Paragraphs, wrapped to the width of the terminal. A line that begins with a space is kept.
  static std::string wrapped(const std::string& text) {
    std::string result;
    std::string paragraph;
    const auto end = [&] {
      if (!paragraph.empty()) result += terminal::wrap(paragraph, terminal::width());
      paragraph.clear();
    };
    for (const std::string& line : lines_of(text)) {
      if (line.empty() || line.starts_with(" ")) {
        end();
        if (!line.empty()) result += cut(line) + "\n";
      } else {
        paragraph += (paragraph.empty() ? "" : " ") + line;
      }
    }
    end();
    return result;
  }

  /// Draws the page: the verdict, the text that a key asked for, and the keys. It has no more lines
  /// than the terminal.
  void show() {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    const size_t rows = known ? size.ws_row : 24;
    std::string page;
    if (!verdict_.sha256.empty())
      page = verdict_text(exercises_, exercise_, verdict_, terminal::width(), depth_);
    else
      page = terminal::bold(exercise_.number() + " " + exercise_.name(), depth_) + "\nedit " +
             exercises_.shown(exercises_.answer(exercise_)) + "\n";
    page += note_ + "\n" + below_;
    std::vector<std::string> lines = lines_of(page);
    if (clears_ && rows > 4 && lines.size() > rows - 3) {
      lines.resize(rows - 4);
      lines.push_back("... (a taller terminal shows more)");
    }
    std::string text = clears_ ? "\033[H\033[2J" : "\n";
    for (const std::string& line : lines)
      text += line + "\n";
    text +=
        "\n" +
        terminal::dim("save to check   n next   h hint   l list   x reset   r check again   q quit",
                      depth_) +
        "\n";
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
