#include "gpt/processes.h"

#include <fcntl.h>
#include <fmt/format.h>
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

/// Whether a process has left a reason for the end of all: an error of its own, or a kill.
bool others_have_reason(const fs::path& folder) {
  if (fs::exists(folder / kErrorFile)) return true;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(kKilledFile)) return true;
  return false;
}

/// A process that cannot reach another one aborts, perhaps before that other's end is recorded.
void wait_for_reason_of_others(const fs::path& folder) {
  constexpr auto kPatience = std::chrono::seconds(2);
  constexpr auto kPause = std::chrono::milliseconds(10);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!others_have_reason(folder) && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(kPause);
}

/// The new process goes on. The old one, which mpirun knows, waits for it, and if it is killed says
/// when: mpirun, when it notices, kills the others, and nobody could say which was the first.
void continue_in_child(const fs::path& folder, const std::string& rank) {
  const pid_t id = fork();
  check(id >= 0, "--processes: {}", std::strerror(errno));
  if (id == 0) {
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    std::ofstream(folder / rank) << getpid() << '\n';
    return;
  }
  int status = 0;
  while (waitpid(id, &status, 0) < 0 && errno == EINTR) {
  }
  const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) != SIGABRT;
  if (!was_killed && status != 0) wait_for_reason_of_others(folder);
  if (!WIFSIGNALED(status)) std::_Exit(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  std::ofstream(folder / (kKilledFile + rank)) << now << ' ' << signal << '\n';
  std::_Exit(128 + signal);
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
  if (const char* const folder = std::getenv(kFolderVariable)) continue_in_child(folder, rank);
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
