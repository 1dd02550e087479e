#include "exercises/grader/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <mutex>

#include "tensor/error.h"

namespace gradus::grader {
namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::array<std::atomic<pid_t>, 64> running;

/// Enters the process in the list that kill_processes reads.
struct Listed {
  explicit Listed(pid_t pid) {
    for (auto& each : running) {
      pid_t nobody = 0;
      if (each.compare_exchange_strong(nobody, pid)) {
        slot = &each;
        return;
      }
    }
  }
  ~Listed() {
    if (slot) *slot = 0;
  }
  std::atomic<pid_t>* slot = nullptr;
};

void limit(int what, rlim_t most) {
  const rlimit both{most, most};
  setrlimit(what, &both);
}

/// Runs in the child between fork and exec, where only few calls are safe.
[[noreturn]] void become(char* const* command, const Limits& limits, const char* directory,
                         int out) {
  setpgid(0, 0);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGPIPE})
    signal(number, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, 0);
  dup2(out, 1);
  dup2(out, 2);
  limit(RLIMIT_CORE, 0);
  if (limits.megabytes) limit(RLIMIT_DATA, limits.megabytes << 20);
  if (*directory && chdir(directory) != 0) _exit(127);
  execvp(command[0], command);
  _exit(127);
}

}  // namespace

Ended run_process(const std::vector<std::string>& command, const Limits& limits,
                  const std::string& directory) {
  std::vector<char*> words;
  for (const std::string& word : command)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);

  static std::mutex one_at_a_time;  // else another child would inherit this one's pipe
  std::unique_lock lock(one_at_a_time);
  int ends[2];
  check(pipe(ends) == 0, "{}: no pipe can be made", command[0]);
  for (const int end : ends)
    fcntl(end, F_SETFD, FD_CLOEXEC);
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child == 0) become(words.data(), limits, directory.c_str(), ends[1]);
  close(ends[1]);
  lock.unlock();
  if (child < 0) {
    close(ends[0]);
    fail("{}: cannot be started, there are too many processes", command[0]);
  }
  setpgid(child, child);  // parent and child both do it, because either may run first
  const Listed listed(child);

  Ended ended;
  constexpr size_t kMostOutput = 64 << 10;
  bool open = true;
  int status = 0;
  rusage usage{};
  while (true) {
    pollfd from{ends[0], POLLIN, 0};
    if (open && poll(&from, 1, 20) > 0) {
      char block[4096];
      const ssize_t n = read(ends[0], block, sizeof block);
      if (n <= 0)
        open = false;
      else if (ended.output.size() < kMostOutput)
        ended.output.append(block, static_cast<size_t>(n));
    } else if (!open) {
      usleep(500);
    }
    if ((!open || from.revents == 0) && wait4(child, &status, WNOHANG, &usage) == child) break;
    if (since(start) > limits.seconds && !ended.timed_out) {
      ended.timed_out = true;
      kill(-child, SIGKILL);
    }
  }
  close(ends[0]);
  ended.seconds = since(start);
  if (WIFEXITED(status))
    ended.status = WEXITSTATUS(status);
  else
    ended.signal = WTERMSIG(status);
#ifdef __APPLE__
  ended.megabytes = static_cast<size_t>(usage.ru_maxrss) >> 20;
#else
  ended.megabytes = static_cast<size_t>(usage.ru_maxrss) >> 10;
#endif
  return ended;
}

std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text)
    word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

Ended run_shell(const std::string& line, const Limits& limits, const std::string& directory) {
  return run_process({"/bin/sh", "-c", line}, limits, directory);
}

void kill_processes() {
  for (const auto& pid : running)
    if (pid != 0) kill(-pid, SIGKILL);
}

}  // namespace gradus::grader
