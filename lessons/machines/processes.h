// Work that several processes do together. The lesson starts itself with mpirun:
//
//   mpirun -n 4 lesson_15 --in-process train FOLDER
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "distributed/slow_network.h"
#include "tensor/files.h"

namespace gradus::lessons {

/// Work for a group of processes: all get the same tensors, and what process 0 returns counts.
struct Task {
  std::string name;
  NamedTensors (*run)(const NamedTensors& input);
};

/// If this process was started by run_in_processes, does its part and returns the exit status.
std::optional<int> join_lesson(int argc, char** argv, const std::vector<Task>& tasks);

/// Why no processes can be started, and what to do, in sentences; "" if they can.
std::string why_no_processes();

/// Starts processes for a task and returns its result. With a network, messages take as long as in
/// that one. Throws if a process fails.
NamedTensors run_in_processes(const std::string& task, int64_t processes, const NamedTensors& input,
                              const std::optional<distributed::NetworkSpeed>& network = {});

/// The tensor of this name. Throws if there is none.
const Tensor& tensor_named(const NamedTensors& tensors, const std::string& name);

}  // namespace gradus::lessons
