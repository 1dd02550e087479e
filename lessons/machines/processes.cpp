#include "lessons/machines/processes.h"

#include <stdlib.h>  // mkdtemp

#include <algorithm>
#include <filesystem>

#include "distributed/agree.h"
#include "gpt/processes.h"
#include "gpt/training_run.h"
#include "gradus.h"
#include "lessons/kit/lesson.h"

namespace gradus::lessons {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInProcess = "--in-process";
constexpr const char* kInput = "input.safetensors";
constexpr const char* kOutput = "output.safetensors";
constexpr const char* kNetwork = "network";  // alpha and beta, beside the tensors of the task

/// A new folder, which the destructor removes.
class TaskFolder {
 public:
  TaskFolder() {
    std::string name = (fs::temp_directory_path() / "gradus-lesson-XXXXXX").string();
    check(mkdtemp(name.data()) != nullptr, "lesson: no folder can be made in {}",
          fs::temp_directory_path().string());
    path = name;
  }
  ~TaskFolder() {
    std::error_code error;
    fs::remove_all(path, error);
  }
  TaskFolder(const TaskFolder&) = delete;
  TaskFolder& operator=(const TaskFolder&) = delete;

  fs::path path;
};

bool has(const NamedTensors& tensors, const std::string& name) {
  return std::ranges::any_of(tensors, [&](const auto& named) { return named.first == name; });
}

distributed::ProcessGroupOptions group_options(const NamedTensors& input) {
  if (!has(input, kNetwork)) return {};
  const std::vector<double> speed = tensor_named(input, kNetwork).to_vector<double>();
  return {.network = {{.seconds_per_message = speed.at(0), .bytes_per_second = speed.at(1)}}};
}

void do_task(const std::string& name, const fs::path& folder, const std::vector<Task>& tasks) {
  const auto task = std::ranges::find(tasks, name, &Task::name);
  check(task != tasks.end(), "{}: there is no task '{}'", kInProcess, name);
  const NamedTensors input = load_safetensors((folder / kInput).string());
  gpt::join_processes(group_options(input));
  const NamedTensors result = task->run(input);
  if (distributed::is_first_process()) save_safetensors((folder / kOutput).string(), result);
  distributed::destroy_process_group();
}

}  // namespace

std::optional<int> join_lesson(int argc, char** argv, const std::vector<Task>& tasks) {
  if (argc != 4 || std::string_view(argv[1]) != kInProcess) return {};
  try {
    do_task(argv[2], argv[3], tasks);
    return 0;
  } catch (const std::exception& e) {
    return gpt::end_with_error(fmt::format("lesson: {}", e.what()), false);
  }
}

std::string why_no_processes() {
  const std::string why = gpt::why_no_processes(/*allow_root=*/false);
  if (why.empty() || !distributed::is_available()) return why;
  return why +
         ". The variables OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 allow it.";
}

NamedTensors run_in_processes(const std::string& task, int64_t processes, const NamedTensors& input,
                              const std::optional<distributed::NetworkSpeed>& network) {
  const TaskFolder folder;
  NamedTensors all = input;
  if (network)
    all.emplace_back(kNetwork,
                     tensor({network->seconds_per_message, network->bytes_per_second}, kFloat64));
  save_safetensors((folder.path / kInput).string(), all);
  const int status =
      gpt::run_processes({.processes = processes,
                          .command = {gpt::program_file(), kInProcess, task, folder.path.string()},
                          .advice = "The lesson must be started again"});
  constexpr int kInterrupted = 130;
  if (status == kInterrupted) throw Lesson::Leave{kInterrupted};
  check(status == 0, "lesson: {} processes for '{}' have failed", processes, task);
  return load_safetensors((folder.path / kOutput).string());
}

const Tensor& tensor_named(const NamedTensors& tensors, const std::string& name) {
  const auto found =
      std::ranges::find_if(tensors, [&](const auto& named) { return named.first == name; });
  check(found != tensors.end(), "lesson: there is no tensor '{}'", name);
  return found->second;
}

}  // namespace gradus::lessons
