// The program gradus: gradus COMMAND [OPTIONS]
#include <fmt/format.h>

#include <new>
#include <string>
#include <vector>

#include "distributed/agree.h"
#include "gpt/commands.h"
#include "gpt/processes.h"

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
std::string message(const Command& command, std::string text) {
  const std::string prefix = command.name + ": ";
  if (!text.starts_with(prefix)) text = prefix + text;
  return "gradus " + text;
}

int run(const Command& command, int argc, char** argv) {
  try {
    const int status = command.run(argc, argv);
    if (gradus::distributed::is_initialized()) gradus::distributed::destroy_process_group();
    return status;
  } catch (const gradus::distributed::CommonError& e) {
    return gradus::gpt::end_with_error(message(command, e.what()), /*all_have_it=*/true);
  } catch (const gradus::Error& e) {
    return gradus::gpt::end_with_error(message(command, e.what()), /*all_have_it=*/false);
  } catch (const std::bad_alloc&) {
    const std::string text = message(command, gradus::out_of_memory.what());
    return gradus::gpt::end_with_error(text, /*all_have_it=*/false);
  }
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
