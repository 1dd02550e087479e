#include "gpt/processes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "distributed/agree.h"
#include "gpt/launcher.h"
#include "terminal/terminal.h"

namespace gradus::gpt {
namespace {

namespace fs = std::filesystem;

/// The number of this process if mpirun, mpiexec or srun has started it: they set one of these.
const char* rank_variable() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"})
    if (const char* const rank = std::getenv(name)) return rank;
  return nullptr;
}

pid_t forked() {
  const pid_t id = fork();
  check(id >= 0, "--processes: {}", std::strerror(errno));
  return id;
}

/// Waits for a child and returns its status. SIGCHLD and SIGTERM are blocked, and in `signals`. If
/// SIGTERM comes before the child has ended, this ends both.
int status_of(pid_t child, const sigset_t& signals) {
  int status = 0;
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (waitpid(child, &status, WNOHANG) == child) return status;
    if (signal != SIGTERM) continue;
    kill(child, SIGKILL);
    std::_Exit(128 + SIGTERM);
  }
}

/// Waits for the training process, and if it was killed writes down when. mpirun, when it notices,
/// kills the others, and nobody could say which was the first.
[[noreturn]] void watch(pid_t id, const sigset_t& signals, const fs::path& folder,
                        const std::string& rank) {
  const int status = status_of(id, signals);
  const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) != SIGABRT;
  // A process that cannot reach another one aborts, perhaps before that other's end is recorded.
  if (!was_killed && status != 0) wait_for_reason(folder);
  if (!WIFSIGNALED(status)) std::_Exit(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  std::ofstream(folder / (kKilledFile + rank)) << now << ' ' << signal << '\n';
  std::_Exit(128 + signal);
}

/// The training goes on in a grandchild of this process, which mpirun knows. Between them is one
/// that watches the training. It has a process group of its own: mpirun ends those that it knows,
/// and the watcher must outlive them to say what has happened.
void continue_in_grandchild(const fs::path& folder, const std::string& rank) {
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, SIGTERM);
#ifdef __linux__
  const pid_t parent = getpid();
  if (const pid_t watcher = forked()) {
    int status = 0;
    while (waitpid(watcher, &status, 0) < 0 && errno == EINTR) {
    }
    std::_Exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
  setpgid(0, 0);
#endif
  pthread_sigmask(SIG_BLOCK, &signals, &before);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) std::_Exit(128 + SIGTERM);
#endif
  if (const pid_t id = forked()) watch(id, signals, folder, rank);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::ofstream(folder / rank) << getpid() << '\n';
}

/// Makes a file standard output; "" changes nothing.
void write_output_to(const char* path) {
  const int file = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (file < 0) return;
  dup2(file, STDOUT_FILENO);
  close(file);
}

/// mpirun gives a process a terminal even if its own output is a file.
void choose_output() {
  const char* const terminal = std::getenv(kTerminalVariable);
  if (!distributed::is_first_process())
    write_output_to("/dev/null");
  else if (terminal != nullptr)
    write_output_to(terminal);
  else
    terminal::treat_stdout_as_file();
}

/// For run_processes if it has started this process, else to standard error.
void report(const std::string& message) {
  const char* const folder = std::getenv(kFolderVariable);
  if (folder == nullptr) {
    fmt::print(stderr, "{}\n", message);
    return;
  }
  std::ofstream(fs::path(folder) / kErrorFile) << message << '\n';
}

}  // namespace

void join_processes(const distributed::ProcessGroupOptions& options) {
  const char* const rank = rank_variable();
  if (rank == nullptr) return;
  if (const char* const folder = std::getenv(kFolderVariable)) continue_in_grandchild(folder, rank);
  distributed::init_process_group(options);
  const char* const expected = std::getenv(kProcessesVariable);
  check(expected == nullptr || std::to_string(distributed::get_world_size()) == expected,
        "the process is alone: the mpirun that was used is not that of {}, with which this program "
        "was built; the variable GRADUS_MPIRUN says where that is",
        distributed::mpi_library());
  choose_output();
}

std::string processes_options() {
  const char* const processes = std::getenv(kProcessesVariable);
  if (processes == nullptr || !distributed::is_initialized()) return "";
  const bool needs_leave = geteuid() == 0 && distributed::mpi_library() == "Open MPI";
  return fmt::format(" --processes {}{}", processes, needs_leave ? " --allow-run-as-root" : "");
}

int end_with_error(const std::string& message, bool all_have_it) {
  if (distributed::process_count() == 1) {
    report(message);
    return 1;
  }
  if (!distributed::is_first_process()) {
    // The first process ends this one meanwhile if it has an error, too.
    constexpr auto kPatience = std::chrono::seconds(2);
    std::this_thread::sleep_for(kPatience);
  }
  report(all_have_it ? message
                     : fmt::format("{} (process {} of {})", message, distributed::process_rank(),
                                   distributed::process_count()));
  std::fflush(nullptr);
  std::_Exit(1);  // without leaving the group, so mpirun ends the others
}

}  // namespace gradus::gpt
