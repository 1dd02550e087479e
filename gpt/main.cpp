// The program gradus: gradus COMMAND [OPTIONS]
#include <fmt/format.h>

#include <new>
#include <string>
#include <vector>

#include "gpt/commands.h"
#include "tensor/error.h"

namespace {

struct Command {
  std::string name;
  std::string description;
  int (*run)(int argc, char** argv);
};
const std::vector<Command> kCommands = {
    {"tokenize", "text to token ids, and back", gradus::gpt::run_tokenize},
};

std::string usage() {
  std::string out = "Usage: gradus COMMAND [OPTIONS]\n\n";
  for (const Command& command : kCommands)
    out += fmt::format("  {:<10}{}\n", command.name, command.description);
  return out + "\ngradus COMMAND --help lists the options of a command.\n";
}

int run(const Command& command, int argc, char** argv) {
  try {
    return command.run(argc, argv);
  } catch (const gradus::Error& e) {
    fmt::print(stderr, "gradus {}: {}\n", command.name, e.what());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "gradus {}: {}\n", command.name, gradus::out_of_memory.what());
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "--help";
  for (const Command& command : kCommands)
    if (command.name == name) return run(command, argc - 1, argv + 1);
  if (name == "help" || name == "--help" || name == "-h") {
    fmt::print("{}", usage());
    return 0;
  }
  fmt::print(stderr, "{}\ngradus: unknown command '{}'\n", usage(), name);
  return 2;
}
