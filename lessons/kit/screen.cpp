#include "lessons/kit/screen.h"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <utility>

namespace gradus::lessons {
namespace {

constexpr int kLeastLines = 8;  // a smaller window gets screenfuls of this size
constexpr int kLeastWidth = 20;
constexpr int kFewLines = 2;  // they get no screen of their own

int count_lines(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

/// The position after n lines of the text.
size_t after_lines(const std::string& text, int n) {
  size_t at = 0;
  for (int i = 0; i < n; ++i)
    at = text.find('\n', at) + 1;
  return at;
}

/// Where to cut a text of which `room` lines fit: after the last of them that is followed by an
/// empty line; if there is none in the second half, after `room` lines.
size_t place_to_cut(const std::string& text, int room) {
  const size_t end = after_lines(text, room);
  const size_t gap = text.rfind("\n\n", end - 1);
  return gap != std::string::npos && gap + 1 > after_lines(text, room / 2) ? gap + 1 : end;
}

termios settings_before;                     // of the terminal, before the lesson
volatile std::sig_atomic_t keys_hidden = 0;  // whether the lesson has changed them

void hide_typed_keys() {
  termios hiding = settings_before;
  hiding.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  keys_hidden = 1;
  tcsetattr(STDIN_FILENO, TCSANOW, &hiding);
}

std::string without_empty_lines_around(const std::string& text) {
  const size_t first = std::min(text.find_first_not_of('\n'), text.size());
  std::string out = text.substr(first);
  while (out.ends_with('\n'))
    out.pop_back();
  return out + "\n";
}

}  // namespace

Screen::Screen(std::istream& in, std::ostream& out, const terminal::Canvas& canvas, bool waits,
               bool follows_window)
    : in_(in), out_(out), canvas_(canvas), waits_(waits), follows_window_(follows_window) {
  hides_keys_ = waits && &in == &std::cin && tcgetattr(STDIN_FILENO, &settings_before) == 0;
  if (hides_keys_) hide_typed_keys();
}

Screen::~Screen() {
  end();
  show_typed_keys();
}

void show_typed_keys() {
  if (keys_hidden != 0) tcsetattr(STDIN_FILENO, TCSANOW, &settings_before);
  keys_hidden = 0;
}

const terminal::Canvas& Screen::canvas() {
  if (follows_window_) canvas_.width = std::max(kLeastWidth, terminal::width());
  return canvas_;
}

int Screen::room() const {
  return std::max(kLeastLines, follows_window_ ? terminal::height() : 24) - 1;
}

void Screen::block(const std::string& text, bool continues_lines) {
  const bool joined = continues_lines && last_ == Last::line && held_.empty();
  const std::string all = held_ + without_empty_lines_around(text);
  held_.clear();
  print(all, last_ != Last::nothing && !joined);
  last_ = Last::block;
}

void Screen::heading(const std::string& text) { held_ += text; }

void Screen::line(const std::string& text) {
  if (!text.empty())
    print_line(text, Last::line);
  else if (last_ == Last::line)
    last_ = Last::block;
}

void Screen::result(const std::string& text) { print_line(text, Last::result); }

void Screen::print_line(const std::string& text, Last kind) {
  const bool joined = last_ == kind && held_.empty();
  const std::string all = held_ + text + "\n";
  held_.clear();
  print(all, last_ != Last::nothing && !joined, /*can_be_late=*/kind != Last::line);
  last_ = kind;
}

void Screen::redrawn(const std::string& text) {
  if (!follows_window_) return line(text);
  if (!redrawing_) {
    flush();
    print_late();
    if (waits_ && lines_ + 1 > room()) more();
  }
  const std::string shown = terminal::fit(text, canvas().width - 1, false);
  out_ << (redrawing_ ? "\r" : "") << shown << std::flush;
  redrawing_ = true;
  last_ = Last::line;
}

void Screen::flush() {
  if (!held_.empty()) block(std::exchange(held_, ""));
  out_.flush();
}

std::ostream& Screen::raw(int lines) {
  flush();
  print_late();
  if (waits_ && lines_ > 0 && lines_ + lines + 1 > room()) more();
  if (last_ != Last::nothing) out_ << "\n";
  out_.flush();
  lines_ += lines + 1;
  last_ = Last::block;
  return out_;
}

void Screen::print(const std::string& text, bool separate, bool can_be_late) {
  const std::string folded = follows_window_ ? terminal::fold(text, canvas().width) : text;
  if (std::exchange(redrawing_, false)) {
    out_ << "\n";
    ++lines_;
  }
  if (!waits_) {
    out_ << (separate ? "\n" : "") << folded;
    return;
  }
  const int lines = count_lines(folded);
  const int with_gap = lines + (separate ? 1 : 0);
  if (!late_.empty() && can_be_late && count_lines(late_) + with_gap <= kFewLines) {
    late_ += (separate ? "\n" : "") + folded;
    return;
  }
  print_late();
  if (lines_ > 0 && lines_ + with_gap > room()) {
    if (can_be_late && lines <= kFewLines) {
      late_ = folded;
      late_separate_ = separate;
      return;
    }
    more();
  }
  if (separate && (lines_ > 0 || lines != room())) {
    out_ << "\n";
    ++lines_;
  }
  print_cut(folded);
}

void Screen::print_cut(std::string text) {
  while (lines_ + count_lines(text) > room()) {
    const size_t cut = place_to_cut(text, room() - lines_);
    out_ << text.substr(0, cut);
    text = text.substr(cut);
    more();
  }
  out_ << text;
  lines_ += count_lines(text);
}

void Screen::print_late() {
  if (late_.empty()) return;
  more();
  end();
}

void Screen::end() {
  const std::string text = std::exchange(late_, "");
  if (text.empty()) return;
  out_ << (late_separate_ ? "\n" : "") << text;
  lines_ += count_lines(text) + (late_separate_ ? 1 : 0);
}

void Screen::wait(const std::string& prompt) {
  if (!waits_) return;
  flush();
  leave_or_go_on(prompt);
  end();
}

void Screen::more() { leave_or_go_on("Enter or space: more (q: leave) "); }

void Screen::leave_or_go_on(const std::string& text) {
  const std::string line = terminal::dim(text, canvas_.depth);
  const std::string answer = hides_keys_ ? prompt_for_key(line) : prompt(line);
  if (answer == "q") throw Leave{};
}

/// Waits for Enter, the space bar or q, which need no Enter. Ctrl-D ends the input.
std::string Screen::prompt_for_key(const std::string& text) {
  constexpr char kControlD = 4;
  tcflush(STDIN_FILENO, TCIFLUSH);
  termios keys = settings_before;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &keys);
  out_ << text << std::flush;
  const auto start = std::chrono::steady_clock::now();
  char key = 0;
  bool ended = false;
  while (!ended && key != '\n' && key != ' ' && key != 'q')
    ended = read(STDIN_FILENO, &key, 1) <= 0 || key == kControlD;
  seconds_waited_ +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  hide_typed_keys();
  lines_ = 0;
  const char* term = std::getenv("TERM");
  const bool can_erase = term && std::string(term) != "dumb";
  out_ << (can_erase ? "\r\x1b[K" : "\n") << std::flush;
  if (ended) throw Leave{};
  return key == 'q' ? "q" : "";
}

std::string Screen::ask(const std::string& question) {
  flush();
  print_late();
  return prompt(question);
}

std::string Screen::prompt(const std::string& text) {
  if (&in_ == &std::cin) tcflush(STDIN_FILENO, TCIFLUSH);
  show_typed_keys();
  out_ << text;
  const std::string answer = read_line();
  if (hides_keys_) hide_typed_keys();
  lines_ = 0;
  return answer;
}

std::string Screen::read_line() {
  out_.flush();
  const auto start = std::chrono::steady_clock::now();
  std::string line;
  const bool ended = !std::getline(in_, line);
  seconds_waited_ +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!ended) return line;
  out_ << "\n";
  throw Leave{};
}

}  // namespace gradus::lessons
