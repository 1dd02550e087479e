// The screen of a reader: blocks of lines, cut so that each screenful fits into the window.
#pragma once
#include <iosfwd>
#include <string>

#include "terminal/pictures.h"

namespace gradus::lessons {

class Screen {
 public:
  /// With `waits`, someone reads in a terminal: a screenful ends with a prompt. With
  /// `follows_window` the width of the canvas is that of the window, also after it was resized.
  Screen(std::istream& in, std::ostream& out, const terminal::Canvas& canvas, bool waits,
         bool follows_window);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// How to draw; the width is the window's at this moment.
  const terminal::Canvas& canvas();
  /// Prints lines that belong together. Blocks are separated by an empty line; with
  /// `continues_lines` there is none after what line() printed.
  void block(const std::string& text, bool continues_lines = false);
  /// Prints lines that should be on the same screen as the next block, which follows directly.
  void heading(const std::string& text);
  /// Prints one line, directly below the one before if that was printed by line() too. An empty
  /// text ends such lines.
  void line(const std::string& text);
  /// The same for the results of checks.
  void result(const std::string& text);
  /// The same; in a window the next line of this kind replaces it.
  void redrawn(const std::string& text);
  /// The output for something that prints about `lines` lines itself.
  std::ostream& raw(int lines);
  /// Ends the screen: waits for Enter or the space bar. Throws Leave if the reader types q. Without
  /// a reader it does nothing.
  void wait(const std::string& prompt);
  /// Asks, and returns the line that is typed then. What was typed before is dropped.
  std::string ask(const std::string& question);
  void flush();
  /// Nothing follows: prints what is left, without waiting for it alone.
  void end();
  /// From now on nothing waits: the reader leaves.
  void stop_waiting() {
    end();
    waits_ = false;
  }

  /// Thrown when the reader leaves: q, the end of the input, or Ctrl-C in the middle of long work.
  struct Leave {
    int status = 0;
  };
  /// The seconds that the reader took to press Enter.
  double seconds_waited() const { return seconds_waited_; }

 private:
  enum class Last { nothing, block, line, result };

  int room() const;  // the lines of a screenful without the prompt
  void print_line(const std::string& text, Last kind);
  void print(const std::string& text, bool separate, bool can_be_late = true);
  void print_late();
  void more();
  void leave_or_go_on(const std::string& text);
  std::string prompt(const std::string& text);
  std::string prompt_for_key(const std::string& text);
  void print_cut(std::string text);
  std::string read_line();

  std::istream& in_;
  std::ostream& out_;
  terminal::Canvas canvas_;
  bool waits_;
  const bool follows_window_;
  bool hides_keys_ = false;
  std::string held_;  // headings that wait for the next block
  /// One or two lines that did not fit. If more follows, it is on the next screen with them; if a
  /// step ends here, they are above the next one, and the reader need not press Enter for them.
  std::string late_;
  bool late_separate_ = false;  // whether an empty line is above them
  Last last_ = Last::nothing;
  int lines_ = 0;           // of the current screenful
  bool redrawing_ = false;  // the cursor is behind a line that will be replaced
  double seconds_waited_ = 0;
};

/// Keys that are typed while a lesson computes are not shown, since they would move its lines. This
/// shows them again. A signal handler may call it.
void show_typed_keys();

}  // namespace gradus::lessons
