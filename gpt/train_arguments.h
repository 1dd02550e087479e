// The command line of gradus train.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace gradus::gpt {

/// What was given; the rest comes from the preset, or from the run that is continued.
struct TrainArguments {
  std::vector<std::string> files;
  std::optional<std::string> preset, tokenizer, out, json;
  bool resume = false;
  bool yes = false;
  std::optional<int64_t> steps, seed, batch, block, layers, heads, width, accumulate, eval_every;
  std::optional<int64_t> threads;
  std::optional<double> lr, dropout;
};

/// Reads the command line. Returns the exit status if the program must end now (after --help or a
/// mistake).
std::optional<int> parse(int argc, const char* const* argv, TrainArguments& arguments);

}  // namespace gradus::gpt
