// How far a long piece of work is, and Ctrl-C while it runs.
#pragma once
#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "lessons/kit/pictures.h"

namespace gradus::lessons {

/// "8 s", "3 min 20 s", "2 h 5 min"
std::string duration_text(double seconds);

/// Says what is being done: first, after a trial, about how long it will take on this machine; then
/// step, loss, tokens per second and time left. On a terminal that is one line which is drawn anew,
/// elsewhere about ten lines in all.
///
///   ProgressBar progress("training", steps, lesson.progress_output());
///   while (progress.going()) progress.step(loss, tokens);
class ProgressBar {
 public:
  using Clock = std::function<double()>;             // seconds
  using Cost = std::function<double(int64_t step)>;  // how much work a step is, in any measure
  struct Output {
    std::ostream* stream = nullptr;  // none: nothing is said
    bool redraw = false;             // whether a line can be drawn over
    terminal::Canvas canvas = {};
  };

  /// The first `trial` steps are the measure of the estimate. All steps cost the same unless `cost`
  /// says otherwise.
  ProgressBar(const std::string& work, int64_t steps, const Output& output, const Cost& cost = {},
              int64_t trial = 8, Clock clock = {});
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Whether there is a step to do: some are left, and nobody pressed Ctrl-C. When not, it says
  /// what was reached.
  bool going();
  /// Notes that a step was done.
  void step(double loss, int64_t tokens);

  int64_t steps_done() const { return done_; }
  bool stopped() const { return stopped_; }
  double seconds() const;
  double seconds_per_step() const { return done_ > 0 ? seconds() / static_cast<double>(done_) : 0; }
  /// How long the steps that are left will take, as long as those before for equal work.
  double seconds_left() const;

 private:
  void show();
  std::string status() const;
  void line(const std::string& text);

  const std::string work_;
  const int64_t steps_, trial_;
  const Output output_;
  const Clock clock_;
  const double start_;
  std::vector<double> cost_up_to_;  // the work of the first 0, 1, 2, ... steps
  double shown_at_ = 0, loss_ = 0;
  int64_t done_ = 0, tokens_ = 0, lines_ = 0;
  bool stopped_ = false, ended_ = false, drawn_ = false;
  void (*handler_before_)(int);
};

}  // namespace gradus::lessons
