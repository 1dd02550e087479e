// For the tests that run gradus train: the program, a text, and what is in its folder.
#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "gpt/checkpoint.h"
#include "tensor/files.h"
#include "tests/temporary.h"

namespace gradus::gpt::tests {

namespace fs = std::filesystem;

inline std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}
inline void write_file(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A text with words and sentences that a small model learns within some steps.
inline std::string made_up_text(int sentences = 400) {
  const std::vector<std::string> subjects{"the cat", "a dog", "my friend", "the old king"};
  const std::vector<std::string> verbs{"sees", "likes", "follows", "hears"};
  std::string text;
  uint32_t random = 7;
  const auto draw = [&](const std::vector<std::string>& words) {
    random = random * 1664525 + 1013904223;
    return words[(random >> 16) % words.size()];
  };
  for (int i = 0; i < sentences; ++i)
    text += draw(subjects) + " " + draw(verbs) + " " + draw(subjects) + ".\n";
  return text;
}

/// A new folder for a test, with the text in text.txt.
inline fs::path scratch(const std::string& name) {
  const fs::path folder = temporary_path(name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  write_file(folder / "text.txt", made_up_text());
  return folder;
}

struct Ended {
  int status;  // -1: ended by a signal
  std::string output;
};

/// Runs a command of the shell in the folder, and returns what it wrote.
inline Ended shell(const fs::path& folder, const std::string& command) {
  const fs::path out = folder / "output.txt";
  const std::string line = fmt::format("cd '{}' && {{ {}\n}} >'{}' 2>&1 </dev/null",
                                       folder.string(), command, out.string());
  const int status = std::system(line.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(out)};
}
/// Runs gradus train with these arguments.
inline Ended train(const fs::path& folder, const std::string& arguments) {
  return shell(folder, std::string("'" GRADUS_PROGRAM "' train ") + arguments);
}

/// Starts gradus train in the folder. The process is ended by the destructor.
class Started {
 public:
  Started(const fs::path& folder, const std::string& arguments) {
    id_ = fork();
    if (id_ != 0) return;
    const std::string line =
        fmt::format("cd '{}' && exec '{}' train {} >output.txt 2>&1 </dev/null", folder.string(),
                    GRADUS_PROGRAM, arguments);
    execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    _exit(127);
  }
  ~Started() {
    if (!ended_) end(SIGKILL);
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;

  /// Sends the signal, waits for the end, and returns the status; -1 if a signal ended it.
  int end(int signal) {
    kill(id_, signal);
    int status = 0;
    waitpid(id_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t id_;
  bool ended_ = false;
};

/// Waits until the condition holds, for at most a minute.
template <class Condition>
void wait_until(const Condition& condition) {
  for (int i = 0; i < 6000 && !condition(); ++i)
    usleep(10'000);
  ASSERT_TRUE(condition());
}

/// The JSON objects of a file, one a line.
inline std::vector<nlohmann::json> json_lines(const fs::path& path) {
  std::istringstream in(read_file(path));
  std::vector<nlohmann::json> out;
  for (std::string line; std::getline(in, line);)
    out.push_back(nlohmann::json::parse(line));
  return out;
}

/// Whether two folders have the same model, optimiser and generator, bit for bit.
inline void expect_same_run(const fs::path& a, const fs::path& b) {
  EXPECT_TRUE(read_file(a / "model.safetensors") == read_file(b / "model.safetensors"));
  const NamedTensors x = load_safetensors((a / "checkpoint.safetensors").string());
  const NamedTensors y = load_safetensors((b / "checkpoint.safetensors").string());
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(x[i].first, y[i].first);
    EXPECT_TRUE(equal(x[i].second, y[i].second)) << x[i].first;
  }
}

/// A small model, whose steps take about a millisecond.
const std::string kSmall = " --layers 1 --heads 2 --width 16 --block 16 --batch 4 --dropout 0.1 ";

}  // namespace gradus::gpt::tests
