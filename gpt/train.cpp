#include "gpt/train.h"

#include <chrono>
#include <cmath>
#include <numbers>

#include "autograd/anomaly.h"
#include "tensor/random.h"

namespace gradus::gpt {
namespace {

constexpr int64_t kValidationBatch = 2048;  // tokens that are computed at once, about

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

const TrainData& checked(const TrainData& data, const nn::Gpt& model) {
  const int64_t T = model.config.context_length;
  check(data.train.size() > T,
        "trainer: {} tokens to train on, and a sequence of {} needs at least {}", data.train.size(),
        T, T + 1);
  check(data.validation.size() >= 2, "trainer: {} tokens to validate with, at least 2 are needed",
        data.validation.size());
  return data;
}

/// AdamW with weight decay for matrices only: biases and the parameters of layer norms have none.
optim::AdamW make_optimizer(const nn::Gpt& model, const TrainOptions& o) {
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

/// Sequences (B, T + 1) as inputs and, one place to the right, targets: (B, T) and (B, T).
std::tuple<Tensor, Tensor> inputs_and_targets(const Tensor& sequences) {
  const int64_t T = sequences.size(1) - 1;
  return {sequences.narrow(1, 0, T), sequences.narrow(1, 1, T)};
}

Tensor loss_of(const nn::Gpt& model, const Tensor& x, const Tensor& y) {
  return cross_entropy(model(x).flatten(0, 1), y.flatten());  // (B, T, V) -> ()
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

Tokens::Tokens(const Tensor& ids) : size_(ids.numel()) {
  check(ids.dim() == 1 && ids.dtype() == kInt64,
        "trainer: the tokens are {} {}, expected (N) int64", ids.dtype(), ids.sizes());
  part_ = [ids](int64_t begin, int64_t length) { return ids.narrow(0, begin, length); };
}

Tokens::Tokens(const text::TokenPart& in_file) : size_(in_file.size()) {
  part_ = [in_file](int64_t begin, int64_t length) { return in_file.tokens(begin, length); };
}

Tensor Tokens::sequences(std::span<const int64_t> starts, int64_t T) const {
  std::vector<Tensor> rows;
  for (const int64_t start : starts)
    rows.push_back(part_(start, T));
  return stack(rows);
}

std::tuple<Tensor, Tensor> random_batch(const Tokens& tokens, int64_t B, int64_t T) {
  const Tensor starts = randint(tokens.size() - T, {B});
  return inputs_and_targets(
      tokens.sequences({starts.data_ptr<int64_t>(), static_cast<size_t>(B)}, T + 1));
}

Trainer::Trainer(const nn::Gpt& model, const TrainData& data, const TrainOptions& options)
    : model_(model),
      data_(checked(data, model)),
      options_(checked(options)),
      optimizer_(make_optimizer(model, options)),
      schedule_(optimizer_, {.warmup_steps = std::min(options.warmup_steps, options.steps / 10),
                             .total_steps = options.steps,
                             .max_lr = options.lr,
                             .min_lr = options.lr / 10}) {}

bool Trainer::evaluation_is_due() const {
  return finished() || state_.step % options_.eval_every == 0;
}

/// The mean loss of a random batch. Its gradient is added to that of the parameters, part by part:
/// the mean over a batch is the mean of the means over its equal parts.
double Trainer::add_gradients() const {
  const int64_t parts = options_.accumulate;
  const auto [x, y] =
      random_batch(data_.train, options_.batch_size, model_.config.context_length);  // (B, T)
  double sum = 0;
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t rows = options_.batch_size / parts;
    const Tensor loss = loss_of(model_, x.narrow(0, i * rows, rows), y.narrow(0, i * rows, rows));
    (loss / static_cast<double>(parts)).backward();
    sum += loss.item<double>();
  }
  return sum / static_cast<double>(parts);
}

double Trainer::step() {
  const double start = seconds_now();
  const Tensor rng_state = get_rng_state();
  model_.train();
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

/// The sum of the losses of all tokens in the sequences of T tokens that begin at `starts`.
double Trainer::loss_sum(const Tokens& tokens, const std::vector<int64_t>& starts,
                         int64_t T) const {
  const NoGradGuard no_grad;
  const bool was_training = model_.is_training();
  model_.eval();
  const auto rows = static_cast<size_t>(std::max<int64_t>(1, kValidationBatch / T));
  double sum = 0;
  for (size_t i = 0; i < starts.size(); i += rows) {
    const size_t count = std::min(rows, starts.size() - i);
    const auto [x, y] = inputs_and_targets(tokens.sequences({&starts[i], count}, T + 1));
    sum += loss_of(model_, x, y).item<double>() * static_cast<double>(y.numel());
  }
  model_.train(was_training);
  return sum;
}

/// The mean loss over sequences at evenly spaced places, or over all tokens if there are few.
double Trainer::estimated_loss(const Tokens& tokens) const {
  const int64_t targets = tokens.size() - 1;
  if (targets <= kEstimateTokens) return full_loss(tokens);
  const int64_t T = std::min(model_.config.context_length, targets);
  const int64_t count = std::max<int64_t>(2, kEstimateTokens / T);
  std::vector<int64_t> starts;
  for (int64_t i = 0; i < count; ++i)
    starts.push_back((targets - T) * i / (count - 1));
  return loss_sum(tokens, starts, T) / static_cast<double>(count * T);
}

/// The mean loss over all tokens, in sequences that follow each other; the last one may be shorter.
double Trainer::full_loss(const Tokens& tokens) const {
  const int64_t targets = tokens.size() - 1;
  const int64_t T = model_.config.context_length;
  std::vector<int64_t> starts;
  for (int64_t start = 0; start + T <= targets; start += T)
    starts.push_back(start);
  const int64_t rest = targets % T;
  double sum = starts.empty() ? 0 : loss_sum(tokens, starts, T);
  if (rest > 0) sum += loss_sum(tokens, {targets - rest}, rest);
  return sum / static_cast<double>(targets);
}

double Trainer::measure_step_seconds() const {
  const Tensor rng_state = get_rng_state();
  const int64_t rows = options_.batch_size / options_.accumulate;
  double seconds = 0;
  // The first trial also gets memory from the system.
  for (int trial = 0; trial < 3 && seconds < 1; ++trial) {
    const double start = seconds_now();
    const auto [x, y] = random_batch(data_.train, rows, model_.config.context_length);
    loss_of(model_, x, y).backward();
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
                                       : estimated_loss(data_.train);
  e.val_loss = finished() ? full_validation_loss() : validation_loss();
  if (!std::isfinite(e.val_loss))
    fail("trainer: step {}: the validation loss is {}; {}", state_.step, std::abs(e.val_loss),
         find_nan([&] { validation_loss(); }));
  e.bits_per_byte = e.val_loss / std::numbers::ln2 / data_.bytes_per_token;
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
