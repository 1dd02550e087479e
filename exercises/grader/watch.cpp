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

#include "exercises/grader/process.h"
#include "exercises/grader/verdict_text.h"
#include "tensor/error.h"

namespace gradus::grader {
namespace {

/// Keys come as they are pressed, and unseen. However the program ends, the terminal is as it was.
class RawTerminal {
 public:
  RawTerminal() {
    check(tcgetattr(STDIN_FILENO, &before_) == 0, "exercise: the terminal does not answer");
    keys_ = before_;
    keys_.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys_.c_cc[VMIN] = 1, keys_.c_cc[VTIME] = 0;
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      handle(number, leave);
    handle(SIGTSTP, sleep), handle(SIGCONT, wake);
    tcsetattr(STDIN_FILENO, TCSANOW, &keys_);
  }
  ~RawTerminal() {
    restore();
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT})
      std::signal(number, SIG_DFL);
  }
  RawTerminal(const RawTerminal&) = delete;

  static inline volatile std::sig_atomic_t woken = 0;

 private:
  static void handle(int number, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigaction(number, &action, nullptr);
  }
  static void restore() { tcsetattr(STDIN_FILENO, TCSANOW, &before_); }
  // In signal handlers only calls that are safe there.
  static void leave(int number) {
    kill_processes();
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
  static inline termios before_{}, keys_{};
};

class Screen {
 public:
  Screen(const Grader& grader, Progress& progress, terminal::Depth depth)
      : grader_(grader), exercises_(grader.exercises()), progress_(progress), depth_(depth) {
    const char* term = std::getenv("TERM");
    clears_ = term && *term && std::strcmp(term, "dumb") != 0;
    go_to(progress.current());
  }

  int run() {
    while (true) {
      const Stamp now(grader_.mine(exercise_));
      missing_ = now.complete() ? 0 : missing_ + 1;
      if (!(now == seen_) && (now.complete() || missing_ > 5)) {
        seen_ = now;
        grade();
      } else if (RawTerminal::woken) {
        RawTerminal::woken = 0;
        show();
      }
      pollfd keys{STDIN_FILENO, POLLIN, 0};
      if (poll(&keys, 1, kPollMilliseconds) <= 0) continue;
      char key = 'q';
      if (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 4) return 0;  // 4: Ctrl-D
      press(key);
    }
  }

 private:
  void go_to(const Exercise& e) {
    exercise_ = e, below_.clear(), verdict_ = {};
    progress_.set_current(e);
    provide_answer(exercises_, e);
    for (const Exercise& other : exercises_.used_by(e))
      provide_answer(exercises_, other);
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
    const bool reset_asked = std::exchange(reset_asked_, false);
    note_.clear();
    switch (key) {
      case 'n': {
        const Exercise next = progress_.after(exercise_);
        if (next.folder == exercise_.folder)
          below_ = "All the other exercises are right.\n";
        else
          return go_to(next);
        break;
      }
      case 'h':
        below_ = hint();
        break;
      case 'l':
        below_ = list_text(exercises_, progress_);
        break;
      case 'r':
        seen_ = Stamp();
        return;
      case 'x':
        if (!reset_asked) {
          reset_asked_ = true;
          below_ =
              "Press x once more to begin anew; what you have written is kept under another "
              "name.\n";
        } else {
          const std::filesystem::path kept = reset_answer(exercises_, exercise_);
          note_ = kept.empty() ? "" : "Your answer is kept as " + shortened(kept) + "\n";
          return;
        }
        break;
      default:
        return;
    }
    show();
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

  /// After passing: what to take away, and the solution to compare with.
  std::string praise() const {
    const std::vector<std::string> parts = exercises_.hints(exercise_);
    std::string text = parts.size() > 3 ? wrapped(parts[3]) : "";
    const std::string solution = read_text(exercises_.solution(exercise_));
    text += "solution to compare with: " + shortened(exercises_.solution(exercise_)) + "\n";
    bool begun = false;
    for (const std::string& line : lines_of(solution)) {
      if (begun && line.starts_with("}  // namespace mine")) break;
      if (begun && !(line.empty() && text.ends_with(":\n"))) text += cut("  " + line) + "\n";
      begun |= line.starts_with("namespace mine {");
    }
    return text;
  }

  /// A line of code that fits.
  static std::string cut(const std::string& line) {
    const int width = terminal::width();
    return terminal::columns(line) <= width
               ? line
               : terminal::fit(line, std::max(width - 3, 1), false) + "...";
  }

  /// Paragraphs in lines that fit; a line that begins with a space stays as it is.
  static std::string wrapped(const std::string& text) {
    std::string result;
    std::string paragraph;
    const auto end = [&] {
      if (!paragraph.empty()) result += terminal::wrap(paragraph, terminal::width());
      paragraph.clear();
    };
    for (const std::string& line : lines_of(text)) {
      if (line.empty() || line.starts_with(" "))
        end(), result += line.empty() ? "" : cut(line) + "\n";
      else
        paragraph += (paragraph.empty() ? "" : " ") + line;
    }
    end();
    return result;
  }

  std::string shortened(const std::filesystem::path& file) const {
    return std::filesystem::relative(file, exercises_.source.parent_path().parent_path()).string();
  }

  /// The page: the verdict, what was asked for, the keys; not more lines than the terminal has.
  void show() {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    const size_t rows = known ? size.ws_row : 24;
    std::string page;
    if (!verdict_.sha256.empty())
      page = verdict_text(exercises_, exercise_, verdict_, terminal::width(), depth_);
    else
      page = terminal::bold(exercise_.number() + " " + exercise_.name(), depth_) + "\nedit " +
             shortened(exercises_.answer(exercise_)) + "\n";
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
  std::string below_, note_, shown_for_;
  size_t shown_hint_ = 0;
  int missing_ = 0;  // how many looks in a row
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

int watch(const Grader& grader, Progress& progress, terminal::Depth depth) {
  const RawTerminal raw;
  return Screen(grader, progress, depth).run();
}

}  // namespace gradus::grader
