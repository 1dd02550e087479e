#include "gpt/mpirun.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include "tensor/error.h"

namespace gradus::gpt {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    check(pipe(ends.data()) == 0, "--processes: {}", std::strerror(errno));
    from = ends[0];
    to = ends[1];
    fcntl(from, F_SETFL, O_NONBLOCK);
  }
  int from;
  int to;
};

/// After fork. The descriptors of the pipes stay open in mpirun, which closes them when it ends.
[[noreturn]] void become(const std::vector<char*>& words, int output, int errors) {
  setpgid(0, 0);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  execvp(words[0], words.data());
  const char* const reason = std::strerror(errno);
  (void)!write(STDERR_FILENO, reason, std::strlen(reason));
  _exit(127);
}

/// What there is to read now.
std::string read_from(int file) {
  std::string text;
  std::array<char, 4096> bytes{};
  ssize_t n = 0;
  while ((n = read(file, bytes.data(), bytes.size())) > 0)
    text.append(bytes.data(), static_cast<size_t>(n));
  return text;
}

/// The line above and below the messages of MPICH.
bool is_frame(const std::string& line) {
  constexpr size_t kLength = 60;
  return line.size() > kLength && line.find_first_not_of("=\r\n") == std::string::npos;
}

}  // namespace

Mpirun::Mpirun(const std::vector<std::string>& command) {
  const Pipe output;
  const Pipe errors;
  std::vector<char*> words;
  for (const std::string& word : command)
    words.push_back(const_cast<char*>(word.c_str()));  // NOLINT: as execvp has it
  words.push_back(nullptr);
  id_ = fork();
  check(id_ >= 0, "--processes: {}", std::strerror(errno));
  if (id_ == 0) become(words, output.to, errors.to);
  close(output.to);
  close(errors.to);
  output_ = output.from;
  errors_ = errors.from;
}

Mpirun::~Mpirun() {
  close(output_);
  close(errors_);
}

void Mpirun::signal(int number) const { kill(-id_, number); }

std::optional<int> Mpirun::wait() {
  constexpr int kMilliseconds = 100;
  constexpr auto kPause = std::chrono::milliseconds(10);
  std::array<pollfd, 2> events{{{output_, POLLIN, 0}, {errors_, POLLIN, 0}}};
  poll(events.data(), events.size(), kMilliseconds);
  // A pipe that nobody writes to any more makes poll return at once.
  if (((events[0].revents | events[1].revents) & POLLHUP) != 0) std::this_thread::sleep_for(kPause);
  int status = 0;
  const bool has_ended = waitpid(id_, &status, WNOHANG) == id_;
  read_all();
  if (!has_ended) return {};
  if (!line_.empty()) pass_on(line_);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Mpirun::read_all() {
  text_ += read_from(errors_);
  line_ += read_from(output_);
  for (size_t end; (end = line_.find('\n')) != std::string::npos; line_.erase(0, end + 1))
    pass_on(line_.substr(0, end + 1));
}

void Mpirun::pass_on(const std::string& output) {
  is_message_ |= is_frame(output);
  if (is_message_) {
    text_ += output;
    return;
  }
  fmt::print("{}", output);
  std::fflush(stdout);
}

}  // namespace gradus::gpt
