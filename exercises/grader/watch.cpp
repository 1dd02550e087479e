#include "exercises/grader/watch.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>

#include "exercises/grader/answers.h"
#include "exercises/grader/page_text.h"
#include "exercises/grader/pages.h"
#include "exercises/grader/raw_terminal.h"
#include "exercises/grader/task_text.h"
#include "exercises/grader/verdict_text.h"

namespace gradus::grader {
namespace {

constexpr int kControlD = 4;
/// While a file is missing, an editor may be replacing it. The answer is graded without it only if
/// it is missing more often than this in a row.
constexpr int kMaxMissing = 5;
const std::vector<std::string> kKeys{"save: check", "t task",  "h hint",  "n next",
                                     "l list",      "x reset", "r again", "q quit"};

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
      } else if (RawTerminal::woken || size_ != window()) {
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
    below_ = {};
    is_asked_ = false;
    verdict_ = {};
    progress_.set_current(e);
    provide_answer(exercises_, e);
    seen_ = Stamp();
  }

  void grade() {
    below_ = [] { return "checking ...\n"; };
    is_asked_ = false;
    if (clears_) show();
    verdict_ = grader_.grade(grader_.mine(exercise_));
    progress_.note(exercise_, verdict_.outcome);
    below_ = {};
    if (verdict_.outcome == Outcome::right)
      below_ = [this] {
        return after_passing(exercises_, exercise_, progress_, terminal::width());
      };
    show();
  }

  void press(char key) {
    const bool is_second_x = std::exchange(reset_asked_, false) && key == 'x';
    note_.clear();
    switch (key) {
      case ' ':
        draw((page_ + 1) % pages_.count());
        return;
      case 'b':
        draw(page_ > 0 ? page_ - 1 : pages_.count() - 1);
        return;
      case 't':
        answer([this] { return complete_task(exercises_, exercise_, terminal::width()); });
        return;
      case 'n':
        next();
        return;
      case 'h':
        next_hint();
        answer([this] { return hint(); });
        return;
      case 'l':
        progress_.read();  // another session may have changed it
        answer([this] { return list_text(exercises_, progress_); });
        return;
      case 'r':
        seen_ = Stamp();  // the answer is then graded again
        return;
      case 'x':
        if (is_second_x) {
          reset();
          return;
        }
        reset_asked_ = true;
        answer([] {
          return "Press x once more to start over; your answer is kept under another name.\n";
        });
        return;
      default:
        return;
    }
  }

  /// Shows what a key asked for.
  void answer(std::function<std::string()> text) {
    below_ = std::move(text);
    is_asked_ = true;
    show();
  }

  void next() {
    const Exercise other = progress_.after(exercise_);
    if (other.folder != exercise_.folder) {
      go_to(other);
    } else {
      answer([] { return "All the other exercises are right.\n"; });
    }
  }

  void reset() {
    const std::filesystem::path kept = reset_answer(exercises_, exercise_);
    if (!kept.empty()) note_ = "Your answer is kept as " + exercises_.shown(kept) + "\n";
  }

  size_t count_hints() const { return std::min(exercises_.hints(exercise_).size(), size_t{3}); }

  void next_hint() {
    shown_hint_ =
        shown_hint_ >= count_hints() || shown_for_ != exercise_.folder ? 1 : shown_hint_ + 1;
    shown_for_ = exercise_.folder;
    if (count_hints() == 0) return;
    progress_.note_hints(exercise_, shown_hint_);
  }

  std::string hint() const {
    const size_t last = count_hints();
    if (last == 0) return "There is no hint.\n";
    const char* const key = shown_hint_ < last ? "h: the next one" : "h: the first one again";
    return fmt::format("hint {} of {}   {}\n", shown_hint_, last, last > 1 ? key : "") +
           plain_text(exercises_.hints(exercise_)[shown_hint_ - 1], terminal::width());
  }

  static std::pair<int, int> window() { return {terminal::width(), terminal::height()}; }

  bool is_graded() const { return !verdict_.sha256.empty(); }
  bool is_started() const { return is_graded() && verdict_.outcome != Outcome::to_do; }

  std::string verdict() const {
    const int width = terminal::width();
    std::string text = is_graded()
                           ? verdict_text(exercise_, verdict_, width, depth_)
                           : terminal::bold(exercise_.number() + " " + exercise_.name(), depth_);
    if (is_started()) text += graded_text(exercises_, exercise_, verdict_, width, depth_);
    if (!text.ends_with("\n")) text += "\n";
    return text + note_;
  }

  /// The verdict; before the first one, and while nothing is written yet, also the task. An answer
  /// to a key is more important than the task: if only one of them fits, it is the answer.
  std::string head(const std::string& below, size_t rows) const {
    const std::string text = verdict();
    if (is_started()) return text;
    const std::string with_task = text + short_task(exercises_, exercise_, terminal::width());
    const bool fits = lines_of(with_task + "\n" + below).size() <= rows;
    return is_asked_ && !fits ? text : with_task;
  }

  /// Draws the verdict and the text that a key asked for.
  void show() {
    size_ = window();
    const size_t keys = lines_of(in_lines(kKeys, terminal::width())).size();
    const auto height = static_cast<size_t>(terminal::height());
    // an empty line, the line about the pages, the keys, and the line of the cursor
    const size_t others = 1 + 1 + keys + 1;
    const size_t most = std::numeric_limits<std::ptrdiff_t>::max();
    const size_t rows = !clears_ ? most : height > others + 4 ? height - others : 4;
    const std::string below = below_ ? below_() : "";
    pages_ = Pages(head(below, rows), below, rows, is_asked_);
    draw(pages_.first());
  }

  void draw(size_t page) {
    page_ = page;
    std::string text = clears_ ? "\033[H\033[2J" : "\n";
    for (const std::string& line : pages_.lines(page))
      text += line + "\n";
    std::string footer = "\n";
    if (pages_.count() > 1) footer += pages_.keys(page) + "\n";
    footer += in_lines(kKeys, terminal::width());
    for (const std::string& line : lines_of(footer))
      text += line.empty() ? "\n" : terminal::dim(line, depth_) + "\n";
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
  std::function<std::string()> below_;  // the text under the verdict, for the window's width
  bool is_asked_ = false;               // whether a key asked for it
  Pages pages_;                         // verdict and text
  size_t page_ = 0;                     // the one on the screen
  std::pair<int, int> size_;            // of the window, for which they were cut
  std::string note_;                    // a line about what was done; the next key removes it
  std::string shown_for_;               // the exercise of the hint shown last
  size_t shown_hint_ = 0;               // and its number
  int missing_ = 0;                     // how many times in a row a file of the answer was missing
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
