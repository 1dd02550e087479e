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
    {"train", "trains a GPT on text files", gradus::gpt::run_train},
    {"finetune", "teaches a trained GPT to answer, from questions with answers",
     gradus::gpt::run_finetune},
    {"chat", "a conversation with a trained GPT", gradus::gpt::run_chat},
    {"generate", "a trained GPT continues a text", gradus::gpt::run_generate},
    {"tokenize", "text to token ids, and back", gradus::gpt::run_tokenize},
};

std::string usage() {
  std::string out = "Usage: gradus COMMAND [OPTIONS]\n\n";
  for (const Command& command : kCommands)
    out += fmt::format("  {:<10}{}\n", command.name, command.description);
  return out + "\ngradus COMMAND --help lists the options of a command.\n";
}

/// Errors of the library may begin with the name of the function, which can be the command's.
void print_error(const Command& command, std::string text) {
  const std::string prefix = command.name + ": ";
  if (!text.starts_with(prefix)) text = prefix + text;
  fmt::print(stderr, "gradus {}\n", text);
}

int run(const Command& command, int argc, char** argv) {
  try {
    return command.run(argc, argv);
  } catch (const gradus::Error& e) {
    print_error(command, e.what());
  } catch (const std::bad_alloc&) {
    print_error(command, gradus::out_of_memory.what());
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
