#include "gpt/train.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "autograd/anomaly.h"
#include "distributed/agree.h"
#include "distributed/group.h"
#include "tensor/factories.h"
#include "tensor/random.h"

namespace gradus::gpt {
namespace {

const TrainOptions& checked(const TrainOptions& o) {
  check(o.steps >= 1, "trainer: steps is {}, expected 1 or more", o.steps);
  check(o.batch_size >= 1, "trainer: batch_size is {}, expected 1 or more", o.batch_size);
  check(o.accumulate >= 1 && o.batch_size % o.accumulate == 0,
        "trainer: a batch of {} sequences does not split into {} equal parts (accumulate)",
        o.batch_size, o.accumulate);
  check(o.lr > 0 && std::isfinite(o.lr), "trainer: lr is {}, expected a finite number above 0",
        o.lr);
  check(o.warmup_steps >= 0, "trainer: warmup_steps is {}, expected 0 or more", o.warmup_steps);
  check(o.max_norm > 0, "trainer: max_norm is {}, expected a number above 0", o.max_norm);
  check(o.eval_every >= 1, "trainer: eval_every is {}, expected 1 or more", o.eval_every);
  return o;
}

/// The windows of a text.
TrainTask text_task(const nn::Gpt& model, const TrainData& data) {
  const int64_t T = model.config.context_length;
  check(data.train.size() > T,
        "trainer: {} tokens to train on, and a sequence of {} needs at least {}", data.train.size(),
        T, T + 1);
  check(data.validation.size() >= 2, "trainer: {} tokens to validate with, at least 2 are needed",
        data.validation.size());
  return {.model = model,
          .trained = model,
          .train = std::make_shared<TextExamples>(data.train, T),
          .validation = std::make_shared<TextExamples>(data.validation, T),
          .bytes_per_token = data.bytes_per_token};
}

/// AdamW with weight decay for matrices only: biases and the parameters of layer norms have none.
std::unique_ptr<TrainOptimizer> optimizer_of(const nn::Module& model, const TrainOptions& o) {
  std::vector<Tensor> matrices;
  std::vector<Tensor> vectors;
  for (const Tensor& p : model.parameters())
    (p.dim() >= 2 ? matrices : vectors).push_back(p);
  const optim::AdamWOptions with_decay{
      .lr = o.lr, .betas = o.betas, .weight_decay = o.weight_decay};
  const optim::AdamWOptions without_decay{.lr = o.lr, .betas = o.betas, .weight_decay = 0};
  return make_optimizer(
      {{.params = matrices, .options = with_decay}, {.params = vectors, .options = without_decay}},
      o.zero);
}

/// The seed of the dropout in micro-batch i. It depends on the step, through the state of the
/// generator, and on i, but not on the process that computes it.
uint64_t seed_of(const Tensor& rng_state, int64_t i) {
  uint64_t seed = static_cast<uint64_t>(i);
  for (const int64_t word : rng_state.to_vector<int64_t>())
    seed = seed * 6364136223846793005U + static_cast<uint64_t>(word);  // Knuth's MMIX generator
  return seed >> 32U;
}

/// The first op of f that gives NaN, in a sentence.
std::optional<std::string> find_nan(const std::function<void()>& f) {
  try {
    const autograd::DetectAnomalyGuard guard;
    f();
    return {};
  } catch (const Error& e) {
    return e.what();
  }
}

/// The same for what all processes compute: the op and the process. f sends no messages.
std::string place_of_nan(const std::function<void()>& f) {
  const std::optional<std::string> found = find_nan(f);
  const int64_t process = distributed::first_process_where(found.has_value());
  const std::string text =
      distributed::of_process(process, found.value_or("computing it again showed no NaN"));
  return distributed::process_count() > 1 ? fmt::format("process {}: {}", process, text) : text;
}

}  // namespace

Trainer::Trainer(const nn::Gpt& model, const TrainData& data, const TrainOptions& options)
    : Trainer(text_task(model, data), options) {}

Trainer::Trainer(const TrainTask& task, const TrainOptions& options)
    : task_(task),
      options_(checked(options)),
      optimizer_(optimizer_of(task.trained, options)),
      gradients_(std::make_unique<distributed::GradientSum>(
          distributed::trained_parameters(task.trained), options.accumulate)),
      schedule_(optimizer_->get(),
                {.warmup_steps = std::min(options.warmup_steps, options.steps / 10),
                 .total_steps = options.steps,
                 .max_lr = options.lr,
                 .min_lr = options.lr / 10}) {}

bool Trainer::evaluation_is_due() const {
  return finished() || state_.step % options_.eval_every == 0;
}

/// The part of a batch's loss that comes from one micro-batch, and its gradient: the mean over a
/// batch is the mean of the means over its parts, weighted by what they count.
double Trainer::micro_batch(int64_t i, const Batch& batch, const Tensor& rng_state) const {
  if (options_.accumulate > 1) manual_seed(seed_of(rng_state, i));
  const int64_t rows = options_.batch_size / options_.accumulate;
  const Batch part = batch.rows(i * rows, rows);
  const double share = static_cast<double>(batch.counted()) / static_cast<double>(part.counted());
  const Tensor loss = loss_of(model(), part);
  (loss / share).backward();
  return loss.item<double>() / share;
}

/// The gradient of the mean loss of a random batch. Returns that loss as one part from each
/// micro-batch.
std::vector<double> Trainer::compute_gradients() const {
  const Batch batch = task_.train->random_batch(options_.batch_size);
  const Tensor rng_state = get_rng_state();
  const Tensor losses = zeros({options_.accumulate}, kFloat64);
  gradients_->compute(
      [&](int64_t i) { losses.data<double>()[i] = micro_batch(i, batch, rng_state); });
  if (options_.accumulate > 1) set_rng_state(rng_state);
  if (distributed::process_count() > 1) distributed::all_reduce(losses);
  return losses.to_vector<double>();
}

double Trainer::step() {
  const double start = distributed::seconds_now();
  const Tensor rng_state = get_rng_state();
  model().train();
  const std::vector<double> losses = compute_gradients();
  const double loss = std::accumulate(losses.begin(), losses.end(), 0.0);
  optim::Optimizer& optimizer = optimizer_->get();
  const double norm = nn::utils::clip_grad_norm_(optimizer.parameters(), options_.max_norm);
  if (!std::isfinite(loss) || !std::isfinite(norm)) explain_divergence(rng_state, losses, norm);
  optimizer.set_lr(lr());
  optimizer_->step();
  ++state_.step;
  state_.position += tokens_per_step();
  state_.loss_sum += loss;
  ++state_.loss_count;
  const double seconds = distributed::seconds_now() - start;
  seconds_ += seconds;
  step_seconds_ += seconds;
  tokens_trained_ += tokens_per_step();
  return loss;
}

/// Computes the step once more, with the same random numbers, to find the op that gave NaN, and the
/// process.
void Trainer::explain_divergence(const Tensor& rng_state, const std::vector<double>& losses,
                                 double norm) const {
  set_rng_state(rng_state);
  const Batch batch = task_.train->random_batch(options_.batch_size);
  const Tensor after_batch = get_rng_state();
  const std::string place = place_of_nan([&] {
    for (int64_t i = gradients_->begin(); i < gradients_->end(); ++i)
      micro_batch(i, batch, after_batch);
  });
  set_rng_state(rng_state);
  optimizer_->get().zero_grad();
  const double loss = std::accumulate(losses.begin(), losses.end(), 0.0);
  throw distributed::CommonError(
      fmt::format("trainer: step {}: the loss is {} and the norm of its gradient {}; {}",
                  state_.step + 1, std::abs(loss), std::abs(norm), place));  // "nan" for -nan, too
}

/// The losses of batches that together have about `most` tokens, each times its targets, which are
/// counted. The processes compute them in turn: this one gives 0 for those of the others.
std::vector<double> Trainer::losses_of(const Examples& examples, std::optional<int64_t> most,
                                       double& targets) const {
  const NoGradGuard no_grad;
  const bool was_training = model().is_training();
  model().eval();
  std::vector<double> losses;
  examples.for_each_batch(most, [&](const Batch& batch) {
    const int64_t process = std::ssize(losses) % distributed::process_count();
    const auto counted = static_cast<double>(batch.counted());
    targets += counted;
    losses.push_back(process == distributed::process_rank()
                         ? loss_of(model(), batch).item<double>() * counted
                         : 0);
  });
  model().train(was_training);
  return losses;
}

/// The mean loss over all targets that count, or over those of about `most` tokens.
double Trainer::mean_loss(const Examples& examples, std::optional<int64_t> most) const {
  double targets = 0;
  const Tensor losses = tensor(losses_of(examples, most, targets), kFloat64);
  if (distributed::process_count() > 1) distributed::all_reduce(losses);
  const std::vector<double> all = losses.to_vector<double>();
  return std::accumulate(all.begin(), all.end(), 0.0) / targets;
}

double Trainer::measure_step_seconds() const {
  const Tensor rng_state = get_rng_state();
  const int64_t rows = options_.batch_size / options_.accumulate;
  double seconds = 0;
  // The first trial also gets memory from the system.
  for (int trial = 0; trial < 3 && seconds < 1; ++trial) {
    const double start = distributed::seconds_now();
    loss_of(model(), task_.train->random_batch(rows)).backward();
    seconds = distributed::seconds_now() - start;
  }
  optimizer_->get().zero_grad();
  set_rng_state(rng_state);
  const int64_t parts_here = options_.accumulate / distributed::process_count();
  return seconds * static_cast<double>(parts_here);
}

Evaluation Trainer::evaluate() {
  const double start = distributed::seconds_now();
  Evaluation e{.step = state_.step, .lr = lr()};
  // No step was done at the beginning, and after a checkpoint that was written here.
  e.train_loss = state_.loss_count > 0 ? state_.loss_sum / static_cast<double>(state_.loss_count)
                                       : mean_loss(*task_.train, kEstimateTokens);
  e.val_loss = finished() ? full_validation_loss() : validation_loss();
  if (!std::isfinite(e.val_loss))
    throw distributed::CommonError(fmt::format("trainer: step {}: the validation loss is {}; {}",
                                               state_.step, std::abs(e.val_loss), place_of_nan([&] {
                                                 double targets = 0;
                                                 losses_of(*task_.validation, kEstimateTokens,
                                                           targets);
                                               })));
  e.bits_per_byte = e.val_loss / std::numbers::ln2 / task_.bytes_per_token;
  e.tokens_per_second =
      step_seconds_ > 0 ? static_cast<double>(tokens_trained_) / step_seconds_ : 0;
  state_.loss_sum = 0;
  state_.loss_count = 0;
  tokens_trained_ = 0;
  step_seconds_ = 0;
  seconds_ += distributed::seconds_now() - start;
  e.seconds = seconds_;
  return e;
}

void Trainer::save(const std::string& path) const {
  if (distributed::is_first_process())
    save_checkpoint(path, task_.trained, optimizer_->get(), state_);
  else
    optimizer_->get().state_dict();  // process 0 needs the parts of all
}
void Trainer::load(const std::string& path) {
  state_ = load_checkpoint(path, task_.trained, optimizer_->get());
}

void train(Trainer& trainer, terminal::ProgressBar& progress, const TrainEvents& events) {
  if (trainer.state().step == 0) events.on_evaluation(trainer.evaluate());
  while (distributed::of_first_process(progress.going() ? 1 : 0) == 1) {
    const double loss = trainer.step();
    progress.step(loss, trainer.tokens_per_step());
    if (trainer.evaluation_is_due()) events.on_evaluation(trainer.evaluate());
    if (events.on_step) events.on_step();
  }
}

}  // namespace gradus::gpt
