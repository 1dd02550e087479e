#include "tests/bench/peer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace bench {

Peer::Peer(const std::string& what, const std::vector<std::string>& command,
           const Environment& environment)
    : name_(what) {
  int in[2];
  int out[2];
  if (pipe(in) != 0 || pipe(out) != 0) {
    absent_ = std::strerror(errno);
    return;
  }
  for (const int end : {in[1], out[0]})
    fcntl(end, F_SETFD, FD_CLOEXEC);
  std::vector<char*> arguments;
  for (const std::string& word : command)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  child_ = fork();
  if (child_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    for (const auto& [name, value] : environment)
      setenv(name.c_str(), value.c_str(), 1);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  to_ = in[1];
  from_ = fdopen(out[0], "r");
  std::string line;
  if (child_ < 0 || !read_line(line)) {
    absent_ = fmt::format("{} does not run", command[0]);
  } else if (line.rfind("absent ", 0) == 0) {
    absent_ = line.substr(7);
  } else {
    name_ = line;
  }
  if (!absent_.empty()) stop();
}

Peer::~Peer() { stop(); }

void Peer::stop() {
  if (to_ >= 0) close(to_);
  if (from_) std::fclose(from_);
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  to_ = -1;
  from_ = nullptr;
  child_ = -1;
}

bool Peer::read_line(std::string& line) {
  line.clear();
  for (int c; (c = std::fgetc(from_)) != EOF; line += static_cast<char>(c))
    if (c == '\n') return true;
  return false;
}

Answer Peer::ask(const std::string& row, int threads, double seconds) {
  if (child_ < 0) return {0, absent_};
  const std::string request = fmt::format("{} {} {}\n", row, threads, seconds);
  std::string line;
  if (write(to_, request.data(), request.size()) != static_cast<ssize_t>(request.size()) ||
      !read_line(line)) {
    stop();
    absent_ = fmt::format("it ended at {}", row);
    return {0, absent_};
  }
  if (line.rfind("ok ", 0) == 0) return {std::atof(line.c_str() + 3), ""};
  return {0, line.substr(line.find(' ') + 1)};
}

}  // namespace bench
