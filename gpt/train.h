// Trains a GPT. Trainer does one step at a time; train() does all of them.
//
//   gpt::Trainer trainer(model, {train_ids, validation_ids}, {.steps = 2000, .lr = 1e-3});
//   while (!trainer.finished()) trainer.step();
//   fmt::print("{:.4f}\n", trainer.full_validation_loss());
#pragma once
#include <functional>
#include <memory>
#include <tuple>

#include "distributed/gradient_sum.h"
#include "gpt/batches.h"
#include "gpt/checkpoint.h"
#include "gpt/train_optimizer.h"
#include "nn/gpt.h"
#include "nn/optim.h"
#include "terminal/progress_bar.h"

namespace gradus::gpt {

/// How a GPT is trained: AdamW, with a learning rate that rises linearly and then falls with half a
/// cosine wave to a tenth.
struct TrainOptions {
  int64_t steps = 2000;
  int64_t batch_size = 12;     // sequences in a step
  int64_t accumulate = 1;      // micro-batches of a batch, computed in turn: less memory
  double lr = 1e-3;            // the largest; typically 1e-4 to 3e-3
  int64_t warmup_steps = 100;  // at most a tenth of the steps
  std::tuple<double, double> betas = {0.9, 0.99};  // of AdamW
  double weight_decay = 0.1;                       // of matrices; biases and norms have none
  double max_norm = 1;                             // of the gradient, which is clipped
  int64_t eval_every = 250;                        // steps between two evaluations
  bool zero = false;  // each process keeps a part of AdamW's state (ZeRO stage 1)
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

/// What is trained, and on what: a model, or adapters of it on conversations.
struct TrainTask {
  nn::Gpt model;
  nn::Module trained;  // its parameters are trained, if they need gradients, and are all saved
  std::shared_ptr<const Examples> train, validation;
  double bytes_per_token = 1;  // of the validation targets, on average
};

/// In a process group (distributed/process_group.h) each process computes its part of the
/// micro-batches, and all have the same model after each step. The numbers of processes that divide
/// `accumulate` and are powers of two give the same bits: losses, parameters, checkpoints. All
/// processes must call the functions below; only the first writes the checkpoint.
class Trainer {
 public:
  /// The model keeps its weights; nn::init_gpt2_ gives those to start from. Throws if the options
  /// do not fit each other, and if a part of the data is too short.
  Trainer(const nn::Gpt& model, const TrainData& data, const TrainOptions& options);
  Trainer(const TrainTask& task, const TrainOptions& options);

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
  double validation_loss() const { return mean_loss(*task_.validation, kEstimateTokens); }
  double full_validation_loss() const { return mean_loss(*task_.validation, {}); }
  /// Measures everything, and begins a new mean of the training loss. The last evaluation of a run
  /// uses the validation tokens in full.
  Evaluation evaluate();

  const TrainState& state() const { return state_; }
  /// Kept in the checkpoint.
  void set_settings(const std::string& settings) { state_.settings = settings; }
  const TrainOptions& options() const { return options_; }
  const nn::Gpt& model() const { return task_.model; }
  const TrainTask& task() const { return task_; }
  int64_t tokens_per_step() const { return options_.batch_size * model().config.context_length; }
  /// How long a step takes here, from one or two trials, which change nothing.
  double measure_step_seconds() const;
  /// The learning rate of the next step.
  double lr() const { return schedule_.lr(state_.step); }

  void save(const std::string& path) const;
  void load(const std::string& path);
  /// The seconds of the run that are not in the checkpoint: those before it was continued.
  void add_seconds(double before) { seconds_ += before; }

 private:
  std::vector<double> compute_gradients() const;
  double micro_batch(int64_t i, const Batch& batch, const Tensor& rng_state) const;
  [[noreturn]] void explain_divergence(const Tensor& rng_state, const std::vector<double>& losses,
                                       double norm) const;
  double mean_loss(const Examples& examples, std::optional<int64_t> most) const;
  std::vector<double> losses_of(const Examples& examples, std::optional<int64_t> most,
                                double& targets) const;

  const TrainTask task_;
  const TrainOptions options_;
  const std::unique_ptr<TrainOptimizer> optimizer_;
  const std::unique_ptr<distributed::GradientSum> gradients_;
  const optim::CosineSchedule schedule_;
  TrainState state_;
  double seconds_ = 0;  // since the start of the run
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
