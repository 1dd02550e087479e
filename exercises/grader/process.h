// Running another program under limits, and what became of it.
#pragma once
#include <string>
#include <vector>

namespace gradus::grader {

struct Limits {
  double seconds = 60;
  size_t megabytes = 0;  // 0: as much as there is
};

struct Ended {
  int status = -1;         // its exit status, -1 if it did not exit by itself
  int signal = 0;          // that ended it
  bool timed_out = false;  // it was stopped after Limits::seconds
  size_t megabytes = 0;    // the most memory it held
  double seconds = 0;
  std::string output;  // stdout and stderr together, cut after 64 KB
};

/// Runs command[0], found by PATH, with the rest as its arguments, without stdin, in a process
/// group of its own.
Ended run_process(const std::vector<std::string>& command, const Limits& limits = {},
                  const std::string& directory = "");

/// Runs a line of shell.
Ended run_shell(const std::string& line, const Limits& limits = {},
                const std::string& directory = "");
/// The text as one word of a line of shell.
std::string quoted(const std::string& text);

/// Stops what run_process has started; may be called in a signal handler.
void kill_processes();

}  // namespace gradus::grader
