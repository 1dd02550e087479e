// Runs another program under limits.
#pragma once
#include <string>
#include <vector>

namespace gradus::grader {

struct Limits {
  double seconds = 60;
  size_t megabytes = 0;  // of memory; 0: no limit
};

/// How a program ended.
struct Ended {
  int status = -1;         // the exit status, -1 if it did not exit by itself
  int signal = 0;          // the signal that ended it, 0 if none did
  bool timed_out = false;  // it was stopped after Limits::seconds
  size_t megabytes = 0;    // the most memory that it used
  double seconds = 0;
  std::string output;  // stdout and stderr together, cut after 64 KB
};

/// Runs command[0], which is looked up in PATH, with the other words as arguments. It has no stdin
/// and a process group of its own.
Ended run_process(const std::vector<std::string>& command, const Limits& limits = {},
                  const std::string& directory = "");

/// Runs a shell command line.
Ended run_shell(const std::string& line, const Limits& limits = {},
                const std::string& directory = "");
/// Quotes the text, so that it is one word of a shell command line.
std::string quoted(const std::string& text);

/// Stops all programs that run_process has started. Safe in a signal handler.
void kill_processes();

}  // namespace gradus::grader
