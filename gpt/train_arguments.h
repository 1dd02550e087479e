// The command lines of gradus train and gradus finetune.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace gradus::gpt {

/// What was given; the rest has defaults, or comes from the preset or the run that is continued.
struct TrainArguments {
  std::vector<std::string> files;
  std::optional<std::string> preset, tokenizer, out, json, precision;
  bool resume = false;
  bool yes = false;
  std::optional<int64_t> steps, seed, batch, block, layers, heads, width, accumulate, eval_every;
  std::optional<int64_t> threads, processes;
  bool zero = false;        // divide the optimiser's state among the processes
  bool allow_root = false;  // start processes for root
  std::optional<double> lr, dropout;
  // For fine-tuning: the folder of the model, the rank of LoRA's changes, and the number of blocks
  // at the end that are trained alone.
  std::optional<std::string> base;
  std::optional<int64_t> lora, last_blocks;
};

/// Reads the command line of train. Returns the exit status if the program must end now (after
/// --help or a mistake).
std::optional<int> parse(int argc, const char* const* argv, TrainArguments& arguments);
/// The same for finetune.
std::optional<int> parse_finetune(int argc, const char* const* argv, TrainArguments& arguments);

}  // namespace gradus::gpt
