#include "exercises/grader/supervisor.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>

// Everything here runs between fork and exec, or between fork and _exit, in a process that may have
// had several threads: only functions that are safe in a signal handler may be called.
namespace gradus::grader {
namespace {

using Clock = std::chrono::steady_clock;

void limit(int what, rlim_t most) {
  const rlimit both{most, most};
  setrlimit(what, &both);
}

/// Gives the file descriptors their numbers 0 to 3. They are moved out of the way first.
void place_descriptors(const Supervision& what) {
  constexpr int kOutOfTheWay = 10;
  const int input = fcntl(what.input, F_DUPFD_CLOEXEC, kOutOfTheWay);
  const int output = fcntl(what.output, F_DUPFD_CLOEXEC, kOutOfTheWay);
  const int report = fcntl(what.report, F_DUPFD_CLOEXEC, kOutOfTheWay);
  dup2(input, 0);
  dup2(output, 1);
  dup2(output, 2);
  dup2(report, kReport);
}

/// The program: the rest of this process.
[[noreturn]] void become(const Supervision& what) {
  setpgid(0, 0);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // it may have stopped its supervisor
#endif
  place_descriptors(what);
  limit(RLIMIT_CORE, 0);
  if (what.limits.megabytes > 0) limit(RLIMIT_DATA, what.limits.megabytes << 20);
  if (*what.directory && chdir(what.directory) != 0) _exit(127);
  execvp(what.words[0], what.words);
  _exit(127);
}

/// Waits for the program, and stops it after its time.
Result wait_for(pid_t program, const Supervision& what) {
  const auto start = Clock::now();
  Result result{.pid = program, .status = 0, .timed_out = false, .left_running = 0, .megabytes = 0};
  rusage usage{};
  while (wait4(program, &result.status, WNOHANG, &usage) == 0) {
    const bool is_late =
        std::chrono::duration<double>(Clock::now() - start).count() > what.limits.seconds;
    result.timed_out |= is_late;
    if (is_late || getppid() != what.grader) kill(program, SIGKILL);
    usleep(1000);
  }
#ifdef __APPLE__
  result.megabytes = static_cast<size_t>(usage.ru_maxrss) >> 20;
#else
  result.megabytes = static_cast<size_t>(usage.ru_maxrss) >> 10;
#endif
  return result;
}

/// Sends SIGKILL to all children of this process. Returns how many there are.
int kill_children() {
  char text[4096];
  const int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  text[std::max<ssize_t>(size, 0)] = '\0';
  int count = 0;
  char* rest = text;
  while (true) {
    char* const number = rest;
    const long pid = std::strtol(number, &rest, 10);
    if (rest == number) return count;
    if (kill(static_cast<pid_t>(pid), SIGKILL) == 0) ++count;
  }
}

/// Removes the children that have ended. Returns whether any are alive.
bool has_children() {
  pid_t ended = 0;
  do {
    ended = waitpid(-1, nullptr, WNOHANG);
  } while (ended > 0);
  return ended == 0;
}

/// Stops all processes that the program has left behind. Returns how many there were. One whose
/// parent is stopped becomes a child of this process, and is found in the next round.
int stop_descendants(pid_t program) {
  constexpr int kMostRounds = 2000;
  int count = 0;
  bool alive = has_children();
  if (kill(-program, SIGKILL) == 0 && !alive) count = 1;
  for (int round = 0; alive && round < kMostRounds; ++round) {
    const int found = kill_children();
    if (round == 0) count = std::max(found, 1);
    usleep(1000);
    alive = has_children();
  }
  return count;
}

}  // namespace

void supervise(const Supervision& what) {
  setpgid(0, 0);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGPIPE, SIGCHLD})
    signal(number, SIG_DFL);
#ifdef __linux__
  prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
  const pid_t program = fork();
  if (program == 0) become(what);
  if (program < 0) _exit(1);
  setpgid(program, program);  // parent and child both do it, because either may run first
  for (const int end : {what.input, what.output, what.report})
    close(end);
  Result result = wait_for(program, what);
  result.left_running = stop_descendants(program);
  const bool written = write(what.result, &result, sizeof result) == sizeof result;
  _exit(written ? 0 : 1);
}

}  // namespace gradus::grader
