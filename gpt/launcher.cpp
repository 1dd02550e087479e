// Starts mpirun for run_processes, and says at the end which process failed.
#include "gpt/launcher.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "distributed/mpi_transport.h"
#include "gpt/mpirun.h"
#include "gpt/processes.h"
#include "tensor/error.h"

namespace gradus::gpt {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t interrupts = 0;
void count_interrupt(int /*signal*/) { interrupts = interrupts + 1; }

/// Counts Ctrl-C, and signals that ask this process to end, while it exists.
class InterruptCounter {
 public:
  InterruptCounter()
      : at_interrupt_(std::signal(SIGINT, count_interrupt)),
        at_termination_(std::signal(SIGTERM, count_interrupt)) {}
  ~InterruptCounter() {
    std::signal(SIGINT, at_interrupt_);
    std::signal(SIGTERM, at_termination_);
  }
  InterruptCounter(const InterruptCounter&) = delete;
  InterruptCounter& operator=(const InterruptCounter&) = delete;

 private:
  void (*at_interrupt_)(int);
  void (*at_termination_)(int);
};

/// A new folder, which the destructor removes. A test may choose one that stays.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    if (const char* const chosen = std::getenv("GRADUS_PROCESSES_TEST_FOLDER")) {
      path_ = chosen;
      stays_ = true;
      return;
    }
    std::string name = (fs::temp_directory_path() / "gradus-XXXXXX").string();
    check(mkdtemp(name.data()) != nullptr, "--processes: no folder can be made in {}: {}",
          fs::temp_directory_path().string(), std::strerror(errno));
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code error;
    if (!stays_) fs::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }
  std::optional<pid_t> id_of(int64_t rank) const {
    std::ifstream file(path_ / std::to_string(rank));
    pid_t id = 0;
    if (file >> id) return id;
    return {};
  }
  /// Whether a process has been started.
  bool has_ids() const {
    std::error_code error;
    return fs::directory_iterator(path_, error) != fs::directory_iterator();
  }
  /// What is in a file, "" if there is none.
  std::string text(const std::string& name) const {
    std::ifstream file(path_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  fs::path path_;
  bool stays_ = false;
};

/// Whether Open MPI is told by its own variables that it may start processes for root.
bool root_is_allowed() {
  return std::getenv("OMPI_ALLOW_RUN_AS_ROOT") != nullptr &&
         std::getenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM") != nullptr;
}
bool is_open_mpi() { return distributed::mpi_library() == "Open MPI"; }

std::vector<std::string> command_of(const ProcessesOptions& options) {
  std::vector<std::string> command{distributed::mpirun(), "-n", std::to_string(options.processes)};
  if (is_open_mpi()) {
    // There may be more processes than cores, and the threads of a process may use any core.
    command.insert(command.end(), {"--oversubscribe", "--bind-to", "none"});
    if (options.allow_root) command.emplace_back("--allow-run-as-root");
  }
  command.insert(command.end(), options.command.begin(), options.command.end());
  return command;
}

void set_variables(const ProcessesOptions& options, const fs::path& folder) {
  const auto cores = static_cast<int64_t>(std::thread::hardware_concurrency());
  const std::string threads = std::to_string(std::max<int64_t>(1, cores / options.processes));
  setenv("OMP_NUM_THREADS", threads.c_str(), /*overwrite=*/0);
  setenv(kProcessesVariable, std::to_string(options.processes).c_str(), 1);
  setenv(kFolderVariable, folder.c_str(), 1);
  const char* const terminal = isatty(STDOUT_FILENO) == 1 ? ttyname(STDOUT_FILENO) : nullptr;
  if (terminal != nullptr)
    setenv(kTerminalVariable, terminal, 1);
  else
    unsetenv(kTerminalVariable);
}

/// Ends what is left if a process has ended and others go on for seconds after that, or if it had
/// an error. mpirun should do that.
class Watch {
 public:
  Watch(const TemporaryFolder& folder, int64_t processes)
      : folder_(folder), processes_(processes) {}
  void look() {
    bool one_is_alive = false;
    bool one_has_ended = false;
    for (int64_t rank = 0; rank < processes_; ++rank) {
      if (const std::optional<pid_t> id = folder_.id_of(rank))
        (is_alive(*id) ? one_is_alive : one_has_ended) = true;
    }
    const bool is_fine = !one_is_alive || !one_has_ended;
    if (is_fine) was_fine_at_ = Clock::now();
    const bool has_error = !is_fine && !folder_.text(kErrorFile).empty();
    if (has_error || Clock::now() - was_fine_at_ > kPatience) end_all();
  }

 private:
  static bool is_alive(pid_t id) { return kill(id, 0) == 0 || errno != ESRCH; }
  void end_all() const {
    for (int64_t rank = 0; rank < processes_; ++rank)
      if (const std::optional<pid_t> id = folder_.id_of(rank)) kill(*id, SIGKILL);
  }

  static constexpr auto kPatience = std::chrono::seconds(3);
  const TemporaryFolder& folder_;
  const int64_t processes_;
  Clock::time_point was_fine_at_ = Clock::now();
};

/// The process that was killed first, in a sentence; "" if none was. Others may have been killed,
/// or have aborted, because they could not reach it.
std::string killed_process(const TemporaryFolder& folder, int64_t processes) {
  std::string first;
  std::pair<bool, int64_t> first_key;
  for (int64_t rank = 0; rank < processes; ++rank) {
    std::istringstream entry(folder.text(kKilledFile + std::to_string(rank)));
    int64_t time = 0;
    int signal = 0;
    if (!(entry >> time >> signal)) continue;
    const std::pair key(signal == SIGABRT, time);
    if (!first.empty() && key > first_key) continue;
    first_key = key;
    first = fmt::format("process {} of {} was ended by signal {} ({})", rank, processes, signal,
                        strsignal(signal));
  }
  return first;
}

/// Whether a process has left a reason for the end of all: an error of its own, or a kill.
bool has_reason(const fs::path& folder) {
  std::error_code error;  // the folder may be gone
  if (fs::exists(folder / kErrorFile, error)) return true;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (entry.path().filename().string().starts_with(kKilledFile)) return true;
  return false;
}

}  // namespace

void wait_for_reason(const fs::path& folder) {
  constexpr auto kPatience = std::chrono::seconds(2);
  constexpr auto kPause = std::chrono::milliseconds(10);
  const auto end = Clock::now() + kPatience;
  while (!has_reason(folder) && Clock::now() < end)
    std::this_thread::sleep_for(kPause);
}

std::string why_no_processes(bool allow_root) {
  if (!distributed::is_available()) return distributed::how_to_get_mpi();
  if (geteuid() != 0 || allow_root || root_is_allowed() || !is_open_mpi()) return "";
  return "Open MPI starts nothing for root, because a mistake could damage the system";
}

int run_processes(const ProcessesOptions& options) {
  const std::string why = why_no_processes(options.allow_root);
  check(why.empty(), "--processes: {}{}", why,
        distributed::is_available() ? "; --allow-run-as-root starts it all the same" : "");
  const TemporaryFolder folder;
  set_variables(options, folder.path());
  const std::vector<std::string> command = command_of(options);
  const InterruptCounter counter;
  Mpirun mpirun(command);
  unsetenv(kFolderVariable);  // the errors of this process are not among those of the others
  Watch watch(folder, options.processes);
  int passed_on = 0;
  std::optional<int> status;
  while (!(status = mpirun.wait())) {
    watch.look();
    if (interrupts == passed_on) continue;
    // The first time the training ends after a step. The second time it is ended.
    const std::optional<pid_t> first = folder.id_of(0);
    if (first && interrupts == 1)
      kill(*first, SIGINT);
    else
      mpirun.signal(SIGTERM);
    passed_on = interrupts;
  }
  // Whoever watches a killed process may be slower than mpirun.
  if (*status != 0 && interrupts == 0 && folder.has_ids()) wait_for_reason(folder.path());
  const std::string error = folder.text(kErrorFile);
  const std::string killed = killed_process(folder, options.processes);
  if (!error.empty()) {
    fmt::print(stderr, "{}", error);
  } else if (!killed.empty() && interrupts == 0) {
    fail("{}, so the others were ended, too. {}", killed, options.advice);
  } else if (*status != 0 && interrupts == 0) {
    fail("{} ended with status {}:\n{}", command[0], *status, mpirun.text());
  }
  return *status;
}

}  // namespace gradus::gpt
