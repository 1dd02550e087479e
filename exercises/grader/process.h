// Runs another program under limits. Nothing that it starts is alive afterwards.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace gradus::grader {

struct Limits {
  double seconds = 60;
  size_t megabytes = 0;  // of memory; 0: no limit
};

/// A program to run. It has a process group of its own.
struct Command {
  std::vector<std::string> words;  // words[0] is looked up in PATH
  Limits limits{};
  std::string directory{};  // where it runs; "": here
  std::string input{};      // what it reads from stdin; at most a few KB
};

/// How a program ended.
struct Ended {
  int status = -1;         // the exit status, -1 if it did not exit by itself
  int signal = 0;          // the signal that ended it, 0 if none did
  bool timed_out = false;  // it was stopped after Limits::seconds
  int left_running = 0;    // how many of the processes that it started still ran, and were stopped
  pid_t pid = 0;           // its process; 0 if its supervisor was stopped (supervisor.h)
  size_t megabytes = 0;    // the most memory that it used
  double seconds = 0;
  std::string output;  // stdout and stderr together, cut after 64 KB
  std::string report;  // what it wrote to file descriptor kReport, cut after 1 MB
};

/// A file descriptor that every program gets, besides stdin, stdout and stderr.
inline constexpr int kReport = 3;

Ended run_process(const Command& command);

/// The words of a command that runs a line in a shell.
std::vector<std::string> shell(const std::string& line);
/// Quotes the text, so that it is one word of a shell command line.
std::string quoted(const std::string& text);

}  // namespace gradus::grader
