// Shows the progress of long work, and handles Ctrl-C while it runs.
#pragma once
#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "terminal/pictures.h"

namespace gradus::terminal {

/// "8 s", "3 min 20 s", "2 h 5 min"
std::string duration_text(double seconds);

/// Shows the progress of work. After a few trial steps it says how long the work will take on this
/// machine; then it shows step, loss, tokens per second and the time left. On a terminal this is
/// one line that is redrawn, elsewhere about ten lines in all.
///
///   ProgressBar progress("training", steps, lesson.progress());
///   while (progress.going()) progress.step(loss, tokens);
class ProgressBar {
 public:
  using Clock = std::function<double()>;             // seconds
  using Cost = std::function<double(int64_t step)>;  // the work of a step, in any unit
  struct Output {
    std::ostream* stream = nullptr;  // null: nothing is shown
    bool redraw = false;             // whether a line can be redrawn
    Canvas canvas = {};
    /// Learns of every step, and of every line that is printed above the bar and at its end; also
    /// if there is no stream.
    std::function<void(const std::string& work, int64_t step, double loss)> on_step = {};
    std::function<void(const std::string& text)> on_line = {};
  };

  /// The time is estimated from the first `trial` steps; with 0 no estimate is printed. All steps
  /// cost the same unless `cost` is given. Work that continues starts with steps_before: that many
  /// of the steps were done earlier.
  ProgressBar(const std::string& work, int64_t steps, const Output& output, const Cost& cost = {},
              int64_t trial = 8, Clock clock = {}, int64_t steps_before = 0);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Whether there is another step to do: some are left, and Ctrl-C was not pressed. At the end it
  /// prints a summary.
  bool going();
  /// Call this after each step.
  void step(double loss, int64_t tokens);
  /// Prints a text above the bar.
  void print(const std::string& text);

  int64_t steps_done() const { return done_; }
  bool stopped() const { return stopped_; }
  double seconds() const;
  double seconds_per_step() const {
    const int64_t done_here = done_ - steps_before_;
    return done_here > 0 ? seconds() / static_cast<double>(done_here) : 0;
  }
  /// The estimated time of the remaining steps, from the time per unit of work so far.
  double seconds_left() const;

 private:
  void show();
  void print_line(const std::string& text);
  std::string status() const;
  /// The work of the first n steps.
  double cost_of(int64_t n) const;

  const std::string work_;
  const int64_t steps_, steps_before_, trial_;
  const Output output_;
  const Clock clock_;
  const double start_;
  std::vector<double> cost_up_to_;  // of the first 0, 1, 2, ... steps; empty: all cost the same
  double shown_at_ = 0, loss_ = 0;
  int64_t done_, tokens_ = 0, lines_;
  bool stopped_ = false, ended_ = false, drawn_ = false;
  void (*handler_before_)(int);
};

}  // namespace gradus::terminal
