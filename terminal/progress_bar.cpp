#include "terminal/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <ostream>

#include "tensor/error.h"

namespace gradus::terminal {
namespace {

volatile std::sig_atomic_t interrupted = 0;
void (*volatile outer_handler)(int) = SIG_DFL;  // of SIGINT, before the bar

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string bar(double part, int width, bool utf8) {
  std::string out;
  for (int i = 0; i < width; ++i) {
    const bool full = i < static_cast<int>(std::lround(part * width));
    out += utf8 ? (full ? "█" : "░") : (full ? "#" : ".");
  }
  return out;
}

}  // namespace

std::string duration_text(double seconds) {
  const auto s = static_cast<int64_t>(std::llround(std::clamp(seconds, 0.0, 1e9)));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600)
    return s % 60 ? fmt::format("{} min {} s", s / 60, s % 60) : fmt::format("{} min", s / 60);
  return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
}

ProgressBar::ProgressBar(const std::string& work, int64_t steps, const Output& output,
                         const Cost& cost, int64_t trial, Clock clock, int64_t steps_before)
    : work_(work),
      steps_(steps),
      steps_before_(steps_before),
      trial_(std::clamp<int64_t>(trial, 0, std::max<int64_t>(1, steps - steps_before))),
      output_(output),
      clock_(clock ? std::move(clock) : steady_seconds),
      start_(clock_()),
      done_(steps_before),
      lines_(steps > 0 ? steps_before * 10 / steps : 0) {
  check(steps >= 0, "progress: {} steps of '{}' - expected 0 or more", steps, work);
  check(0 <= steps_before && steps_before <= steps,
        "progress: {} steps of '{}' were done before, and there are {}", steps_before, work, steps);
  if (cost) cost_up_to_.push_back(0);
  for (int64_t s = 0; cost && s < steps; ++s)
    cost_up_to_.push_back(cost_up_to_.back() + cost(s));
  interrupted = 0;
  // The first Ctrl-C ends the work, a second one the program.
  handler_before_ = std::signal(SIGINT, [](int) {
    interrupted = 1;
    std::signal(SIGINT, outer_handler);
  });
  outer_handler = handler_before_;
}

ProgressBar::~ProgressBar() { std::signal(SIGINT, handler_before_); }

double ProgressBar::seconds() const { return clock_() - start_; }

double ProgressBar::cost_of(int64_t n) const {
  return cost_up_to_.empty() ? static_cast<double>(n) : cost_up_to_[static_cast<size_t>(n)];
}

double ProgressBar::seconds_left() const {
  const double done_here = cost_of(done_) - cost_of(steps_before_);
  return done_here > 0 ? seconds() * (cost_of(steps_) - cost_of(done_)) / done_here : 0;
}

bool ProgressBar::going() {
  if (ended_) return false;
  if (!interrupted && done_ < steps_) return true;
  ended_ = true;
  stopped_ = done_ < steps_;
  const std::string reached = done_ > steps_before_ ? fmt::format("; loss {:.4f}", loss_) : "";
  if (stopped_)
    print(fmt::format("{}: stopped after {} of {} steps and {}{}", work_, done_, steps_,
                      duration_text(seconds()), reached));
  else
    print(fmt::format("{}: {} steps in {}{}", work_, done_ - steps_before_,
                      duration_text(seconds()), reached));
  return false;
}

void ProgressBar::step(double loss, int64_t tokens) {
  ++done_;
  tokens_ += tokens;
  const int64_t done_here = done_ - steps_before_;
  loss_ += (loss - loss_) * std::max(0.05, 1.0 / static_cast<double>(done_here));
  if (output_.on_step) output_.on_step(work_, done_, loss);
  if (done_here == trial_ && done_ < steps_)
    print_line(fmt::format("{}: {} steps, about {} on this machine", work_, steps_,
                           duration_text(seconds() + seconds_left())));
  if (done_here >= trial_ && done_ < steps_) show();
}

std::string ProgressBar::status() const {
  const double so_far = seconds();
  return fmt::format("step {} of {}, loss {:.4f}, {:.0f} tokens/s, {} left", done_, steps_, loss_,
                     so_far > 0 ? static_cast<double>(tokens_) / so_far : 0.0,
                     duration_text(seconds_left()));
}

void ProgressBar::show() {
  if (!output_.stream) return;
  if (!output_.redraw) {
    if (done_ * 10 / steps_ <= lines_) return;
    lines_ = done_ * 10 / steps_;
    return print_line(work_ + ": " + status());
  }
  if (drawn_ && clock_() - shown_at_ < 0.1) return;
  shown_at_ = clock_();
  drawn_ = true;
  const int width = output_.canvas.width - 1;  // a line of the full width would be broken
  const double part = static_cast<double>(done_) / static_cast<double>(steps_);
  std::string text = status();
  const int room = width - columns(text) - 1;
  if (room >= 10) text = bar(part, std::min(room, 24), output_.canvas.utf8) + " " + text;
  *output_.stream << "\r" << fit(text, width, false) << std::flush;
}

void ProgressBar::print(const std::string& text) {
  if (output_.on_line) output_.on_line(text);
  print_line(text);
}

void ProgressBar::print_line(const std::string& text) {
  if (!output_.stream) return;
  if (drawn_)
    *output_.stream << "\r" << std::string(static_cast<size_t>(output_.canvas.width - 1), ' ')
                    << "\r";
  drawn_ = false;
  *output_.stream << text << "\n" << std::flush;
}

}  // namespace gradus::terminal
