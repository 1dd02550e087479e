// The process that runs programs with PyTorch.
#pragma once
#include <sys/types.h>

#include <array>
#include <cstdio>

#include "tests/fuzz/interpreter.h"

namespace gradus::fuzz {

class TorchProcess {
 public:
  /// Starts programs_torch.py with the Python of GRADUS_PYTHON, else python3.
  TorchProcess();
  ~TorchProcess();
  TorchProcess(const TorchProcess&) = delete;

  /// "PyTorch 2.5.1", or empty if there is none.
  const std::string& version() const { return version_; }
  /// The program's results in float64 and in float32.
  std::array<Outcome, 2> run(const Program& program);

 private:
  std::string line();
  Outcome outcome();

  std::string version_;
  pid_t child_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace gradus::fuzz
