// gradus train in several processes: --processes starts them on this machine, mpirun and Slurm also
// on others.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "distributed/process_group.h"

namespace gradus::gpt {

/// Joins the group if mpirun, mpiexec or srun has started this process. Processes other than the
/// first print nothing then, but errors. Throws if this is a build without MPI.
void join_processes(const distributed::ProcessGroupOptions& options = {});

/// " --processes 4", if run_processes has started this process, with what Open MPI needs for root:
/// options to start the same again.
std::string processes_options();

/// Ends this process after an error, and with it all others. Only one of them prints its message:
/// an error that all processes have, or one with the number of the process. Without a group it
/// prints the message and returns the exit status.
int end_with_error(const std::string& message, bool all_have_it);

/// What --processes starts.
struct ProcessesOptions {
  int64_t processes = 1;
  bool allow_root = false;           // Open MPI starts nothing for root unless it is told to
  std::vector<std::string> command;  // the program and its arguments
  std::string advice;                // what to do after a process was killed
};
/// Why run_processes cannot start any, in a sentence; "" if it can.
std::string why_no_processes(bool allow_root);
/// Starts the processes with mpirun and waits for them. Ctrl-C ends the training after a step, as
/// with one process. If a process is killed, the others are ended, and one message says which it
/// was. Returns the exit status.
int run_processes(const ProcessesOptions& options);

}  // namespace gradus::gpt
