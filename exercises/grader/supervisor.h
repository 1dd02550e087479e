// The process between the grader and a program that it runs. It starts the program, waits for it,
// stops it when its time is over or the grader has gone, and then stops every process that the
// program has left behind.
//
// On Linux the supervisor becomes the parent of all orphans among its descendants, also of those
// that have moved to another process group or session, and so it finds them. Other systems have
// nothing like that: there it finds the processes in the program's group only.
#pragma once
#include "exercises/grader/process.h"

namespace gradus::grader {

/// What the supervisor is to do. It holds only pointers: after fork() no memory may be allocated.
struct Supervision {
  char* const* words;
  const char* directory;
  Limits limits;
  pid_t grader;               // the process that waits for the result
  int input, output, report;  // the ends of pipes that the program gets
  int result;                 // where the supervisor writes its Result
};

/// How the program ended, as the supervisor writes it.
struct Result {
  pid_t pid;
  int status;  // as waitpid gives it
  bool timed_out;
  int left_running;
  size_t megabytes;
};

/// The supervisor: runs in a new process, and ends it.
[[noreturn]] void supervise(const Supervision& what);

}  // namespace gradus::grader
