// What run_processes and the processes that it starts have in common.
#pragma once
#include <filesystem>

namespace gradus::gpt {

// Variables that run_processes sets.
constexpr const char* kProcessesVariable = "GRADUS_PROCESSES";        // how many there are
constexpr const char* kTerminalVariable = "GRADUS_PROCESSES_OUTPUT";  // its terminal, if it has one
constexpr const char* kFolderVariable = "GRADUS_PROCESSES_FOLDER";

// Files in that folder: "0", "1", ... with the process ids; the message of an error; and for each
// process that was killed, "killed0" and so on, the time and the signal.
constexpr const char* kErrorFile = "error";
constexpr const char* kKilledFile = "killed";

/// Waits up to two seconds for one of the last two.
void wait_for_reason(const std::filesystem::path& folder);

}  // namespace gradus::gpt
