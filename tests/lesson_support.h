// Runs a lesson as a program and returns what it printed.
#pragma once
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

namespace gradus::lessons {

struct EndedProgram {
  int status = -1;
  std::string output;  // with the errors
};

inline EndedProgram run_in_shell(const std::string& command) {
  FILE* const out = popen(command.c_str(), "r");
  if (out == nullptr) return {.output = "popen failed"};
  EndedProgram ended;
  char buffer[4096];
  for (size_t got = 0; (got = fread(buffer, 1, sizeof buffer, out)) > 0;)
    ended.output.append(buffer, got);
  const int status = pclose(out);
  if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
  return ended;
}

/// Runs `program --color=never arguments` in a shell.
inline EndedProgram run_program(const std::string& program, const std::string& arguments) {
  return run_in_shell("'" + program + "' --color=never " + arguments + " 2>&1");
}

/// Runs a lesson and presses Ctrl-C as soon as it says how long its training will take.
inline EndedProgram interrupt_training(const std::string& program) {
  int ends[2];
  if (pipe(ends) != 0) return {.output = "pipe failed"};
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    execl(program.c_str(), program.c_str(), static_cast<char*>(nullptr));
    _exit(99);
  }
  close(ends[1]);
  EndedProgram ended;
  char buffer[4096];
  bool sent = false;
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    ended.output.append(buffer, static_cast<size_t>(got));
    if (!sent && ended.output.find("on this machine") != std::string::npos)
      sent = kill(child, SIGINT) == 0;
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
  return ended;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Expects that the lesson ended with 1 and this message.
inline void expect_refused(const EndedProgram& run, const std::string& message) {
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(contains(run.output, "\nlesson ") || run.output.starts_with("lesson "));
  EXPECT_TRUE(contains(run.output, message)) << run.output;
}

}  // namespace gradus::lessons
