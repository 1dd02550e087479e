// A terminal that hands over each key at once.
#pragma once
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "tensor/error.h"

namespace gradus::grader {

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

}  // namespace gradus::grader
