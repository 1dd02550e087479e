// A checkpoint is everything that a training run needs to go on as if it had never been stopped:
// the model, the optimiser, the generator of random numbers and the position, in one safetensors
// file.
#pragma once
#include <string>

#include "nn/module.h"
#include "nn/optim.h"

namespace gradus::gpt {

/// How far a training run has come. No times: two equal runs write equal files.
struct TrainState {
  int64_t step = 0;      // steps done
  int64_t position = 0;  // tokens trained on
  double loss_sum = 0;   // of the steps since the last evaluation
  int64_t loss_count = 0;
  std::string settings = {};  // how the run was set up, for its program
};

/// Writes a checkpoint to a new file, which replaces the one at the path when it is complete and on
/// the disk. An Error, a crash or a power cut before that leaves the old checkpoint as it was.
void save_checkpoint(const std::string& path, const nn::Module& model,
                     const optim::Optimizer& optimizer, const TrainState& state);

/// Restores a checkpoint. Training then continues with the same bits as if it had not been stopped,
/// on the same machine and build, for any number of threads. Throws if the file is damaged or is of
/// another model or optimiser; nothing is changed then.
TrainState load_checkpoint(const std::string& path, const nn::Module& model,
                           optim::Optimizer& optimizer);

/// The state alone, without the tensors.
TrainState read_train_state(const std::string& path);

}  // namespace gradus::gpt
