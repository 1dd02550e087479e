#include "tests/fuzz/torch_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

namespace gradus::fuzz {

TorchProcess::TorchProcess() {
  const char* chosen = std::getenv("GRADUS_PYTHON");
  const std::string python = chosen && *chosen ? chosen : "python3";
  std::signal(SIGPIPE, SIG_IGN);
  int in[2];
  int out[2];
  check(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "random_programs: no pipe");
  child_ = fork();
  if (child_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    execlp(python.c_str(), python.c_str(), FUZZ_SOURCE_DIR "/programs_torch.py", nullptr);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  to_ = fdopen(in[1], "w");
  from_ = fdopen(out[0], "r");
  version_ = line();
}

TorchProcess::~TorchProcess() {
  std::fclose(to_);
  std::fclose(from_);
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
}

std::string TorchProcess::line() {
  std::string text;
  for (int c; (c = std::fgetc(from_)) != EOF && c != '\n';)
    text += static_cast<char>(c);
  return text;
}

std::array<Outcome, 2> TorchProcess::run(const Program& program) {
  const std::string request = to_text(program) + "end\n";
  std::fwrite(request.data(), 1, request.size(), to_);
  std::fflush(to_);
  Outcome in_double = outcome();
  return {std::move(in_double), outcome()};
}

Outcome TorchProcess::outcome() {
  Outcome outcome;
  const std::string first = line();
  check(first.starts_with("ok ") || first.starts_with("error "),
        "random_programs: the process of PyTorch has ended");
  if (first.starts_with("error ")) {
    outcome.error = first.substr(6);
    return outcome;
  }
  outcome.results.resize(std::stoul(first.substr(3)));
  for (Result& result : outcome.results) {
    std::istringstream words(line());
    std::string dtype;
    std::string sizes;
    words >> dtype >> sizes >> std::ws;
    std::getline(words, result.name);
    for (const DType t : {kFloat32, kFloat64, kInt64, kBool})
      if (dtype == name(t)) result.dtype = t;
    std::istringstream list(sizes == "-" ? "" : sizes);
    for (std::string size; std::getline(list, size, ',');)
      result.sizes.push_back(std::stoll(size));
    result.numbers.resize(static_cast<size_t>(numel("random_programs", result.sizes)));
    const size_t read = std::fread(result.numbers.data(), 8, result.numbers.size(), from_);
    check(read == result.numbers.size(), "random_programs: the process of PyTorch has ended");
  }
  return outcome;
}

}  // namespace gradus::fuzz
