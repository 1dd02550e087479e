// Data-parallel training of a small GPT, in one process or several, and its times.
#pragma once
#include "lessons/machines/processes.h"
#include "nn/gpt.h"

namespace gradus::lessons {

/// The model, and how a batch is divided.
struct ParallelSizes {
  nn::GptConfig model{.vocab_size = 0,
                      .context_length = 64,
                      .emb_dim = 64,
                      .n_heads = 4,
                      .n_layers = 2,
                      .drop_rate = 0,
                      .tied_head = true};
  int64_t micro_batches = 4;  // of a batch
  int64_t micro_batch = 4;    // sequences
  int64_t steps = 20;
  int64_t bucket_bytes = int64_t{64} << 10;
};

struct ParallelTraining {
  std::vector<double> losses;  // of each step
  Tensor parameters;           // (N) float32, after the last step
  // The sums over all steps, in process 0.
  double seconds = 0;
  double seconds_waited = 0;   // in which it could only wait for messages
  double seconds_sending = 0;  // in which messages were under way
  int64_t bytes_sent = 0;
  int64_t calls = 0;
};

/// The model of all processes, with the same parameters in each.
nn::Gpt new_parallel_model(const ParallelSizes& sizes);

/// Trains a model on a text, ids (N), in so many processes. One process is this one.
ParallelTraining train_in_processes(int64_t processes, const Tensor& ids,
                                    const ParallelSizes& sizes);
/// The task of these processes.
NamedTensors training_task(const NamedTensors& input);

/// The gradient of the loss of a batch as one vector (N), computed in three ways.
struct GradientsOfBatch {
  Tensor of_batch;  // of all sequences at once
  Tensor tree;      // the sum over micro-batches by distributed::GradientSum
  Tensor in_turn;   // ((0 + 1) + 2) + 3, by backward() alone
};
GradientsOfBatch gradients_of_one_batch(const Tensor& ids, const ParallelSizes& sizes);

}  // namespace gradus::lessons
