// Trains a GPT. Trainer does one step at a time; train() does all of them.
//
//   gpt::Trainer trainer(model, {train_ids, validation_ids}, {.steps = 2000, .lr = 1e-3});
//   while (!trainer.finished()) trainer.step();
//   fmt::print("{:.4f}\n", trainer.full_validation_loss());
#pragma once
#include <functional>
#include <span>
#include <tuple>
#include <vector>

#include "gpt/checkpoint.h"
#include "nn/gpt.h"
#include "nn/optim.h"
#include "terminal/progress_bar.h"
#include "text/token_file.h"

namespace gradus::gpt {

/// How a GPT is trained: AdamW, with a learning rate that rises linearly and then falls with half a
/// cosine wave to a tenth.
struct TrainOptions {
  int64_t steps = 2000;
  int64_t batch_size = 12;     // sequences in a step
  int64_t accumulate = 1;      // parts of a batch, computed in turn: less memory
  double lr = 1e-3;            // the largest; typically 1e-4 to 3e-3
  int64_t warmup_steps = 100;  // at most a tenth of the steps
  std::tuple<double, double> betas = {0.9, 0.99};  // of AdamW
  double weight_decay = 0.1;                       // of matrices; biases and norms have none
  double max_norm = 1;                             // of the gradient, which is clipped
  int64_t eval_every = 250;                        // steps between two evaluations
};

/// A text as tokens, in memory or in a file.
class Tokens {
 public:
  Tokens(const Tensor& ids);               // NOLINT: implicit; (N) int64
  Tokens(const text::TokenPart& in_file);  // NOLINT: implicit
  int64_t size() const { return size_; }
  /// The sequences of T tokens that begin at `starts`: (B, T)
  Tensor sequences(std::span<const int64_t> starts, int64_t T) const;

 private:
  int64_t size_;
  std::function<Tensor(int64_t begin, int64_t length)> part_;
};

/// The tokens to train on and those to validate with.
struct TrainData {
  Tokens train, validation;
  double bytes_per_token = 1;  // of the validation tokens, on average
};

/// The state of a training run at one of its evaluations. train_loss is the mean over the steps
/// since the evaluation before; that of step 0 is over one batch.
struct Evaluation {
  int64_t step = 0;
  double train_loss = 0;
  double val_loss = 0;
  double bits_per_byte = 0;  // val_loss / ln 2 / bytes per token: independent of the tokenizer
  double lr = 0;
  double tokens_per_second = 0;
  double seconds = 0;  // since the start, with those before a resume
};

/// A random batch of sequences and, one place to the right, their targets:
/// (B, T) and (B, T). Draws B random numbers, as nanoGPT does.
std::tuple<Tensor, Tensor> random_batch(const Tokens& tokens, int64_t B, int64_t T);

class Trainer {
 public:
  /// The model keeps its weights; nn::init_gpt2_ gives those to start from. Throws if the options
  /// do not fit each other, and if a part of the data is too short.
  Trainer(const nn::Gpt& model, const TrainData& data, const TrainOptions& options);

  /// One step: a batch, its loss, the gradient, clipping, AdamW. Returns the loss. If the loss or
  /// the gradient is not finite, it throws an Error that names the step and the op; model,
  /// optimiser and generator are then as they were before the step.
  double step();
  bool finished() const { return state_.step >= options_.steps; }
  /// Whether it is time to evaluate: at step 0, every eval_every steps, and at the end.
  bool evaluation_is_due() const;

  /// The loss over kEstimateTokens of the validation tokens, the same each time, or over all of
  /// them. Uses no random numbers, so evaluating does not change the training.
  static constexpr int64_t kEstimateTokens = 16384;
  double validation_loss() const { return estimated_loss(data_.validation); }
  double full_validation_loss() const { return full_loss(data_.validation); }
  /// Measures everything, and begins a new mean of the training loss. The last evaluation of a run
  /// uses the validation tokens in full.
  Evaluation evaluate();

  const TrainState& state() const { return state_; }
  /// Kept in the checkpoint.
  void set_settings(const std::string& settings) { state_.settings = settings; }
  const TrainOptions& options() const { return options_; }
  const nn::Gpt& model() const { return model_; }
  int64_t tokens_per_step() const { return options_.batch_size * model_.config.context_length; }
  /// How long a step takes here, from one or two trials, which change nothing.
  double measure_step_seconds() const;
  /// The learning rate of the next step.
  double lr() const { return schedule_.lr(state_.step); }

  void save(const std::string& path) const { save_checkpoint(path, model_, optimizer_, state_); }
  void load(const std::string& path) { state_ = load_checkpoint(path, model_, optimizer_); }

 private:
  double add_gradients() const;
  [[noreturn]] void explain_divergence(const Tensor& rng_state, double loss, double norm) const;
  double loss_sum(const Tokens& tokens, const std::vector<int64_t>& starts, int64_t T) const;
  double estimated_loss(const Tokens& tokens) const;
  double full_loss(const Tokens& tokens) const;

  const nn::Gpt model_;
  const TrainData data_;
  const TrainOptions options_;
  optim::AdamW optimizer_;
  const optim::CosineSchedule schedule_;
  TrainState state_;
  // Since the last evaluation:
  double step_seconds_ = 0;
  int64_t tokens_trained_ = 0;
};

/// What train() calls. on_step is called after each step, after its evaluation if there is one.
struct TrainEvents {
  std::function<void(const Evaluation&)> on_evaluation;
  std::function<void()> on_step = {};
};
/// Trains until the last step is done or the bar says to stop, after Ctrl-C. A new run begins with
/// an evaluation.
void train(Trainer& trainer, terminal::ProgressBar& progress, const TrainEvents& events);

}  // namespace gradus::gpt
