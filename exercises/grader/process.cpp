#include "exercises/grader/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>

#include "exercises/grader/supervisor.h"
#include "tensor/error.h"

namespace gradus::grader {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostOutput = 64 << 10;
constexpr size_t kMostReport = 1 << 20;

/// One end of a pipe.
class End {
 public:
  explicit End(int fd) : fd_(fd) {}
  End(End&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~End() { shut(); }
  End(const End&) = delete;
  int fd() const { return fd_; }
  void shut() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

struct Pipe {
  End from, to;
};

Pipe new_pipe(const std::string& command) {
  int ends[2];
  check(pipe(ends) == 0, "{}: no pipe can be made", command);
  for (const int end : ends)
    fcntl(end, F_SETFD, FD_CLOEXEC);
  return {End(ends[0]), End(ends[1])};
}

/// Reads what is there, and keeps at most `most` bytes of it. Shuts the end if nothing can follow.
void read_some(End& end, std::string& text, size_t most) {
  char block[4096];
  const ssize_t n = read(end.fd(), block, sizeof block);
  if (n <= 0)
    end.shut();
  else if (text.size() < most)
    text.append(block, static_cast<size_t>(n));
}

/// Reads all three until the supervisor has ended. What a process that lives on keeps open is then
/// read only as far as it was written.
std::string read_all(End& output, End& report, End& result, Ended& ended) {
  std::string text;
  while (true) {
    pollfd ends[] = {{output.fd(), POLLIN, 0}, {report.fd(), POLLIN, 0}, {result.fd(), POLLIN, 0}};
    const bool over = result.fd() < 0;
    const int ready = poll(ends, 3, over ? 0 : -1);
    if (ready == 0 || (output.fd() < 0 && report.fd() < 0 && over)) return text;
    if (ready < 0) continue;  // interrupted by a signal
    if (ends[0].revents) read_some(output, ended.output, kMostOutput);
    if (ends[1].revents) read_some(report, ended.report, kMostReport);
    if (ends[2].revents) read_some(result, text, sizeof(Result));
  }
}

}  // namespace

Ended run_process(const Command& command) {
  std::vector<char*> words;
  for (const std::string& word : command.words)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);

  static std::mutex one_at_a_time;  // else another child would inherit the ends of these pipes
  std::unique_lock lock(one_at_a_time);
  Pipe input = new_pipe(command.words[0]);
  Pipe output = new_pipe(command.words[0]);
  Pipe report = new_pipe(command.words[0]);
  Pipe result = new_pipe(command.words[0]);
  const auto size = static_cast<ssize_t>(command.input.size());
  check(write(input.to.fd(), command.input.data(), command.input.size()) == size,
        "{}: its input cannot be written", command.words[0]);
  input.to.shut();
  const Supervision supervision{.words = words.data(),
                                .directory = command.directory.c_str(),
                                .limits = command.limits,
                                .grader = getpid(),
                                .input = input.from.fd(),
                                .output = output.to.fd(),
                                .report = report.to.fd(),
                                .result = result.to.fd()};
  const auto start = Clock::now();
  const pid_t supervisor = fork();
  if (supervisor == 0) supervise(supervision);
  for (End* end : {&input.from, &output.to, &report.to, &result.to})
    end->shut();
  lock.unlock();
  check(supervisor > 0, "{}: cannot be started, there are too many processes", command.words[0]);

  Ended ended;
  const std::string text = read_all(output.from, report.from, result.from, ended);
  while (waitpid(supervisor, nullptr, 0) < 0 && errno == EINTR) {
  }
  ended.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  ended.signal = SIGKILL;  // of a program whose supervisor did not tell how it ended
  if (text.size() != sizeof(Result)) return ended;
  Result told{};
  std::memcpy(&told, text.data(), sizeof told);
  ended.pid = told.pid;
  ended.timed_out = told.timed_out;
  ended.left_running = told.left_running;
  ended.megabytes = told.megabytes;
  ended.signal = WIFSIGNALED(told.status) ? WTERMSIG(told.status) : 0;
  if (WIFEXITED(told.status)) ended.status = WEXITSTATUS(told.status);
  return ended;
}

std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text)
    word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

std::vector<std::string> shell(const std::string& line) { return {"/bin/sh", "-c", line}; }

}  // namespace gradus::grader
