// What the commands train and finetune have in common: what a run shows and writes while it trains.
#pragma once
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gpt/train.h"
#include "gpt/train_folder.h"
#include "gpt/train_log.h"

namespace gradus::gpt {

/// A word of a command for the shell, in quotes if it needs them.
std::string quoted(const std::string& word);
/// The program as the user calls it; the script `run` sets the variable GRADUS_RUN.
std::string program_name();

/// The file of this program, to start it again.
std::string program_file();

/// How a run of the command line is kept and shown.
struct TrainingRun {
  std::string command;             // train or finetune
  std::vector<std::string> files;  // that it learns from
  std::optional<std::string> json;
  bool resume = false;
  bool yes = false;
  /// Writes the checkpoint, and everything that makes the folder a model.
  std::function<void(const Trainer&)> save = {};
  /// What the model writes now, for the reader.
  std::function<std::string(const Trainer&, const terminal::Canvas&)> sample = {};
};

/// Asks before a training that takes long, if someone is there to answer.
bool is_agreed(const TrainingRun& run, double seconds);

/// Opens the file for --json: a resumed run adds to it. Throws if it cannot be written.
std::ofstream open_json(const std::string& path, bool append);

/// Trains until the last step or Ctrl-C, and shows the curve. Everything is in the folder then.
/// Says where the model is, with `use`, the command that uses it, or which command continues the
/// run. Returns the exit status.
int train_and_save(Trainer& trainer, const TrainFolder& folder, const TrainingRun& run,
                   const std::string& use);

}  // namespace gradus::gpt
