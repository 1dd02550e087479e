// mpirun as a process of its own.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace gradus::gpt {

/// mpirun while it runs. What the processes print appears; what mpirun itself says is kept: Open
/// MPI says it on standard error, MPICH at the end of the output.
class Mpirun {
 public:
  /// Starts it, in a process group of its own, so that Ctrl-C reaches only this process. It ends if
  /// this process is killed.
  explicit Mpirun(const std::vector<std::string>& command);
  ~Mpirun();
  Mpirun(const Mpirun&) = delete;
  Mpirun& operator=(const Mpirun&) = delete;

  /// Waits a moment. Returns the exit status when it has ended.
  std::optional<int> wait();
  void signal(int number) const;
  /// What mpirun has said.
  const std::string& text() const { return text_; }

 private:
  void read_all();
  void pass_on(const std::string& output);

  pid_t id_ = 0;
  int output_ = -1;
  int errors_ = -1;
  std::string line_;         // of the output, as far as it has arrived
  bool is_message_ = false;  // the output is a message of MPICH from here on
  std::string text_;
};

}  // namespace gradus::gpt
