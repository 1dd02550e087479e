#include "gpt/train.h"

#include <chrono>
#include <cmath>
#include <numbers>

#include "autograd/anomaly.h"
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
optim::AdamW make_optimizer(const nn::Module& model, const TrainOptions& o) {
  std::vector<Tensor> matrices;
  std::vector<Tensor> vectors;
  for (const Tensor& p : model.parameters())
    (p.dim() >= 2 ? matrices : vectors).push_back(p);
  const optim::AdamWOptions with_decay{
      .lr = o.lr, .betas = o.betas, .weight_decay = o.weight_decay};
  const optim::AdamWOptions without_decay{.lr = o.lr, .betas = o.betas, .weight_decay = 0};
  return optim::AdamW(
      {{.params = matrices, .options = with_decay}, {.params = vectors, .options = without_decay}});
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The first op of f that gives NaN, in a sentence.
std::string find_nan(const std::function<void()>& f) {
  try {
    const autograd::DetectAnomalyGuard guard;
    f();
    return "computing it again showed no NaN";
  } catch (const Error& e) {
    return e.what();
  }
}

}  // namespace

Trainer::Trainer(const nn::Gpt& model, const TrainData& data, const TrainOptions& options)
    : Trainer(text_task(model, data), options) {}

Trainer::Trainer(const TrainTask& task, const TrainOptions& options)
    : task_(task),
      options_(checked(options)),
      optimizer_(make_optimizer(task.trained, options)),
      schedule_(optimizer_, {.warmup_steps = std::min(options.warmup_steps, options.steps / 10),
                             .total_steps = options.steps,
                             .max_lr = options.lr,
                             .min_lr = options.lr / 10}) {}

bool Trainer::evaluation_is_due() const {
  return finished() || state_.step % options_.eval_every == 0;
}

/// The mean loss of a random batch. Its gradient is added to that of the parameters, part by part:
/// the mean over a batch is the mean of the means over its parts, weighted by what they count.
double Trainer::add_gradients() const {
  const int64_t parts = options_.accumulate;
  const Batch batch = task_.train->random_batch(options_.batch_size);
  const auto all = static_cast<double>(batch.counted());
  double sum = 0;
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t rows = options_.batch_size / parts;
    const Batch part = batch.rows(i * rows, rows);
    const double share = all / static_cast<double>(part.counted());
    const Tensor loss = loss_of(model(), part);
    (loss / share).backward();
    sum += loss.item<double>() / share;
  }
  return sum;
}

double Trainer::step() {
  const double start = seconds_now();
  const Tensor rng_state = get_rng_state();
  model().train();
  optimizer_.zero_grad();
  const double loss = add_gradients();
  const double norm = nn::utils::clip_grad_norm_(optimizer_.parameters(), options_.max_norm);
  if (!std::isfinite(loss) || !std::isfinite(norm)) explain_divergence(rng_state, loss, norm);
  optimizer_.set_lr(lr());
  optimizer_.step();
  ++state_.step;
  state_.position += tokens_per_step();
  state_.loss_sum += loss;
  ++state_.loss_count;
  const double seconds = seconds_now() - start;
  state_.seconds += seconds;
  step_seconds_ += seconds;
  tokens_trained_ += tokens_per_step();
  return loss;
}

/// Computes the step once more, with the same random numbers, to find the op that gave NaN.
void Trainer::explain_divergence(const Tensor& rng_state, double loss, double norm) const {
  set_rng_state(rng_state);
  optimizer_.zero_grad();
  const std::string reason = find_nan([&] { add_gradients(); });
  set_rng_state(rng_state);
  optimizer_.zero_grad();
  fail("trainer: step {}: the loss is {} and the norm of its gradient {}; {}", state_.step + 1,
       std::abs(loss), std::abs(norm), reason);  // "nan" for -nan, too
}

/// The mean loss over all targets that count, or over those of about `most` tokens.
double Trainer::mean_loss(const Examples& examples, std::optional<int64_t> most) const {
  const NoGradGuard no_grad;
  const bool was_training = model().is_training();
  model().eval();
  double sum = 0;
  double targets = 0;
  examples.for_each_batch(most, [&](const Batch& batch) {
    const auto counted = static_cast<double>(batch.counted());
    sum += loss_of(model(), batch).item<double>() * counted;
    targets += counted;
  });
  model().train(was_training);
  return sum / targets;
}

double Trainer::measure_step_seconds() const {
  const Tensor rng_state = get_rng_state();
  const int64_t rows = options_.batch_size / options_.accumulate;
  double seconds = 0;
  // The first trial also gets memory from the system.
  for (int trial = 0; trial < 3 && seconds < 1; ++trial) {
    const double start = seconds_now();
    loss_of(model(), task_.train->random_batch(rows)).backward();
    seconds = seconds_now() - start;
  }
  optimizer_.zero_grad();
  set_rng_state(rng_state);
  return seconds * static_cast<double>(options_.accumulate);
}

Evaluation Trainer::evaluate() {
  const double start = seconds_now();
  Evaluation e{.step = state_.step, .lr = lr()};
  // No step was done at the beginning, and after a checkpoint that was written here.
  e.train_loss = state_.loss_count > 0 ? state_.loss_sum / static_cast<double>(state_.loss_count)
                                       : mean_loss(*task_.train, kEstimateTokens);
  e.val_loss = finished() ? full_validation_loss() : validation_loss();
  if (!std::isfinite(e.val_loss))
    fail("trainer: step {}: the validation loss is {}; {}", state_.step, std::abs(e.val_loss),
         find_nan([&] { validation_loss(); }));
  e.bits_per_byte = e.val_loss / std::numbers::ln2 / task_.bytes_per_token;
  e.tokens_per_second =
      step_seconds_ > 0 ? static_cast<double>(tokens_trained_) / step_seconds_ : 0;
  state_.loss_sum = 0;
  state_.loss_count = 0;
  tokens_trained_ = 0;
  step_seconds_ = 0;
  state_.seconds += seconds_now() - start;
  e.seconds = state_.seconds;
  return e;
}

void train(Trainer& trainer, terminal::ProgressBar& progress, const TrainEvents& events) {
  if (trainer.state().step == 0) events.on_evaluation(trainer.evaluate());
  while (progress.going()) {
    const double loss = trainer.step();
    progress.step(loss, trainer.tokens_per_step());
    if (trainer.evaluation_is_due()) events.on_evaluation(trainer.evaluate());
    if (events.on_step) events.on_step();
  }
}

}  // namespace gradus::gpt
