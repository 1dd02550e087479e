// Lesson 12: a GPT is trained on a text, letter by letter, and writes. The loss before training,
// one batch learned by heart, the training, and what is inside the trained model.
#include <algorithm>
#include <cmath>

#include "gpt/generate.h"
#include "gradus.h"
#include "lessons/kit/lesson.h"
#include "lessons/training/trained_gpt.h"
#include "lessons/training/training_text.h"
#include "text/char_tokenizer.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 12,
    .title = "Training a GPT",
    .builds = "a GPT that writes like its text",
    .seconds = 120,
    .goals = {"check a model before you train it: the first loss, and one batch learned by heart",
              "write the loop that trains it, and read its curve",
              "measure what its heads look at, and choose how it samples"},
    .question =
        "lesson 10's GPT has one layer, and reads one name a step. What changes when the text is "
        "long and the model larger, and how does one notice that something is wrong?",
    .golden = "08_sampling",
    .options = {"seed", "text", "quick"},
    .own_text = "A text file to learn from",
};

/// The sizes are those of nanoGPT for a CPU.
struct Sizes {
  nn::GptConfig model{.context_length = 64,
                      .emb_dim = 128,
                      .n_heads = 4,
                      .n_layers = 4,
                      .drop_rate = 0,
                      .tied_head = true};
  int64_t batch = 12;
  int64_t steps = 1500;
  int64_t steps_by_heart = 200;
  int64_t warmup = 100;
  double lr = 3e-3;
};

/// B random windows of T tokens, and the same windows moved by one: inputs and targets, (B, T) each
std::pair<Tensor, Tensor> random_batch(const Tensor& ids, int64_t B, int64_t T) {
  const Tensor at = randint(0, ids.numel() - T, {B, 1}) + arange(T);  // (B, T)
  const auto tokens = [&](const Tensor& i) {
    return ids.index_select(0, i.flatten()).view({B, T});
  };
  return {tokens(at), tokens(at + 1)};
}

/// The mean of -ln p over all targets.
Tensor loss_of(const nn::Gpt& model, const Tensor& inputs, const Tensor& targets) {
  return cross_entropy(model(inputs).flatten(0, 1), targets.flatten());
}

/// The loss over all windows of the text, one after the other.
double loss_over(const nn::Gpt& model, const Tensor& ids) {
  const NoGradGuard no_grad;
  const int64_t T = model.config.context_length;
  const int64_t windows = (ids.numel() - 1) / T;
  double sum = 0;
  for (int64_t i = 0; i < windows; i += 32) {
    const int64_t B = std::min<int64_t>(32, windows - i);
    const Tensor inputs = ids.narrow(0, i * T, B * T).view({B, T});
    const Tensor targets = ids.narrow(0, i * T + 1, B * T).view({B, T});
    sum += static_cast<double>(B) * loss_of(model, inputs, targets).item<double>();
  }
  return sum / static_cast<double>(windows);
}

/// An estimate of the loss from a few random batches.
double estimated_loss(const nn::Gpt& model, const Tensor& ids, int64_t batches, int64_t B) {
  const NoGradGuard no_grad;
  double sum = 0;
  for (int64_t i = 0; i < batches; ++i) {
    const auto [inputs, targets] = random_batch(ids, B, model.config.context_length);
    sum += loss_of(model, inputs, targets).item<double>();
  }
  return sum / static_cast<double>(batches);
}

/// What the model writes after the prompt.
std::string written(const nn::Gpt& model, const TrainingText& text, int64_t length) {
  const Tensor prompt = tensor(text.letters.encode(text.prompt)).unsqueeze(0);  // (1, 1)
  return text_of(text,
                 gpt::generate(model, prompt,
                               {.max_new_tokens = length, .do_sample = true, .temperature = 0.8}));
}

void text_to_batches(Lesson& lesson, const TrainingText& text, const Sizes& sizes) {
  lesson.step("1", "From a text to batches");
  lesson.say(
      "The text: {}. It has {} letters, {} of them different. The last tenth is for validation: "
      "the model never learns from it.",
      text.source, text.train.numel() + text.validation.numel(), text.letters.vocab_size());
  manual_seed(lesson.seed(1337));
  const auto [x, y] = random_batch(text.train, 1, 12);
  const auto letters = [&](const Tensor& ids) {
    Words shown;
    for (const double id : values_of(ids))
      shown.push_back(shown_letter(text.letters.decode(std::vector{static_cast<int64_t>(id)})));
    return shown;
  };
  lesson.print("inputs", x, {.columns = letters(x)});
  lesson.print("targets", y, {.columns = letters(y)});
  lesson.often_asked(
      "Why are the targets the inputs, moved by one?",
      fmt::format("At every position the model predicts the next letter, and the mask hides what "
                  "comes later. So a window of {0} letters is {0} examples, and a batch of {1} "
                  "windows is {2}.",
                  sizes.model.context_length, sizes.batch,
                  sizes.batch * sizes.model.context_length));
}

void before_training(Lesson& lesson, const TrainingText& text, const Sizes& sizes) {
  lesson.step("2", "The loss before training");
  const double V = static_cast<double>(text.letters.vocab_size());
  lesson.ask("what is the loss of a model that has not learned yet?",
             {fmt::format("about ln {} = {:.2f}", V, std::log(V)), "about 0", "it depends"}, 2);
  const nn::Gpt model(sizes.model);
  const double drawn = estimated_loss(model, text.train, 5, sizes.batch);
  const Tensor x = random_batch(text.train, sizes.batch, sizes.model.context_length).first;
  const double same = [&] {
    const NoGradGuard no_grad;
    return eq(model(x).argmax(-1), x).to(kFloat32).mean().item<double>();
  }();
  nn::init_gpt2_(model);
  const double small = estimated_loss(model, text.train, 5, sizes.batch);
  lesson.lines(
      fmt::format("  a model that knows nothing: ln {:<4} {:9.4f}\n"
                  "  matrices as PyTorch draws them      {:9.4f}\n"
                  "  matrices as GPT-2 has them          {:9.4f}",
                  V, std::log(V), drawn, small));
  lesson.say(
      "The head is tied: its rows are the token embeddings. PyTorch draws these from N(0, 1). The "
      "residual stream still contains the embedding of the current letter, and its product with "
      "itself is about C = {}. So the model is sure that the next letter is the current one "
      "({:.0f}% "
      "of the positions), and is wrong. With GPT-2's sizes, C = 768 and 50,257 tokens, the loss "
      "starts at 475. nn::init_gpt2_ draws from N(0, 0.02^2) instead.",
      sizes.model.emb_dim, 100 * same);
  lesson.holds("GPT-2's initialisation starts within 0.1 of ln V",
               std::abs(small - std::log(V)) < 0.1);
}

void one_batch_by_heart(Lesson& lesson, const TrainingText& text, const Sizes& sizes) {
  lesson.step("3", "One batch, learned by heart");
  lesson.say(
      "A cheap test before a long training: can the model learn a single batch by heart? If not, "
      "the loop, the targets or the learning rate is wrong, and more data will not help.");
  const nn::Gpt model(sizes.model);
  nn::init_gpt2_(model);
  optim::AdamW optimizer(model.parameters(), {.lr = 1e-3});
  const auto [inputs, targets] = random_batch(text.train, sizes.batch, sizes.model.context_length);
  std::vector<double> losses;
  ProgressBar progress("one batch", sizes.steps_by_heart, lesson.progress());
  while (progress.going()) {
    const Tensor loss = loss_of(model, inputs, targets);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    losses.push_back(loss.item<double>());
    progress.step(losses.back(), inputs.numel());
  }
  if (progress.stopped()) throw Lesson::Leave{130};
  lesson.say("The loss fell from {:.2f} to {:.3f}.", losses.front(), losses.back());
  if (lesson.quick() || lesson.text()) return;
  lesson.holds("the batch is learned: the loss is below 0.5", losses.back() < 0.5);
  lesson.say("The model repeats this batch, and knows nothing about the rest of the text.");
}

struct Curve {
  std::vector<double> steps, train, validation;
};

Curve train(Lesson& lesson, const nn::Gpt& model, const TrainingText& text, const Sizes& sizes) {
  optim::AdamW optimizer(model.parameters(),
                         {.lr = sizes.lr, .betas = {0.9, 0.99}, .weight_decay = 0.1});
  optim::CosineSchedule schedule(
      optimizer,
      {.warmup_steps = sizes.warmup, .total_steps = sizes.steps, .min_lr = sizes.lr / 10});
  ProgressBar progress("training", sizes.steps, lesson.progress());
  Curve curve;
  const auto evaluate = [&](int64_t step, double train_loss) {
    curve.steps.push_back(static_cast<double>(step));
    curve.train.push_back(train_loss);
    curve.validation.push_back(estimated_loss(model, text.validation, 10, sizes.batch));
    progress.print(fmt::format("step {:4}  validation {:.3f}  {}", step, curve.validation.back(),
                               in_one_line(written(model, text, 44))));
  };
  while (progress.going()) {
    const auto [inputs, targets] =
        random_batch(text.train, sizes.batch, sizes.model.context_length);
    const Tensor loss = loss_of(model, inputs, targets);
    if (progress.steps_done() % (sizes.steps / 10) == 0)
      evaluate(progress.steps_done(), loss.item<double>());
    optimizer.zero_grad();
    loss.backward();
    nn::utils::clip_grad_norm_(model.parameters(), 1.0);
    optimizer.step();
    schedule.step();
    progress.step(loss.item<double>(), inputs.numel());
  }
  if (progress.stopped()) throw Lesson::Leave{130};
  return curve;
}

void training(Lesson& lesson, const nn::Gpt& model, const TrainingText& text, const Sizes& sizes) {
  lesson.step("4", "Training");
  lesson.say(
      "The loop is train() in lessons/12_training_a_gpt.cpp: draw a batch, compute the loss, "
      "clear the gradients, go backward, clip the gradients to a common norm of 1, step. The "
      "learning rate rises for {} steps and then falls with a cosine. {} parameters, {} letters in "
      "each step. A line end is shown as |.",
      sizes.warmup, parameter_count(model), sizes.batch * sizes.model.context_length);
  const Curve curve = train(lesson, model, text, sizes);
  lesson.lines(terminal::plot(
      curve.steps,
      {{"validation", 'o', curve.validation}, {"one training batch", '.', curve.train}},
      lesson.canvas()));
  lesson.say("And what it writes:");
  lesson.lines(shown_text(written(model, text, 400)));
}

void validation(Lesson& lesson, const nn::Gpt& model, const TrainingText& text,
                const Sizes& sizes) {
  lesson.step("5", "How good is it?");
  const double whole = loss_over(model, text.validation);
  std::string estimates;
  for (int i = 0; i < 5; ++i)
    estimates += fmt::format("  {:.3f}", estimated_loss(model, text.validation, 20, sizes.batch));
  lesson.lines(fmt::format(
      "  loss over all of the validation part  {:.4f}   exp(loss) {:.1f}   bits {:.2f}\n"
      "  five estimates, each of 20 batches  {}",
      whole, std::exp(whole), whole / std::log(2.0), estimates));
  if (!lesson.quick() && !lesson.text())
    lesson.holds("it hesitates between fewer than 10 letters", std::exp(whole) < 10);
  lesson.often_asked(
      "nanoGPT's README says 1.88 for tiny Shakespeare with these sizes. Is this better or worse?",
      "Its 1.88 is an estimate over 20 batches; such estimates differ by 0.01 and more, as you "
      "see. "
      "Over the complete validation part nanoGPT's settings (2,000 steps, learning rate 0.001) "
      "give "
      "1.9055, in PyTorch and in Gradus. Three times that learning rate gives about 1.77. Compare "
      "losses only on the same text and the same tokens.");
}

void training_a_gpt(Lesson& lesson) {
  Sizes sizes;
  if (lesson.quick())
    sizes = {.model = {.context_length = 16,
                       .emb_dim = 16,
                       .n_heads = 2,
                       .n_layers = 2,
                       .drop_rate = 0,
                       .tied_head = true},
             .batch = 4,
             .steps = 20,
             .steps_by_heart = 5,
             .warmup = 2};
  const TrainingText text = training_text(lesson, sizes.model.context_length,
                                          lesson.quick() ? std::optional<size_t>(20000) : nullopt);
  sizes.model.vocab_size = text.letters.vocab_size();
  text_to_batches(lesson, text, sizes);
  before_training(lesson, text, sizes);
  one_batch_by_heart(lesson, text, sizes);
  const nn::Gpt model(sizes.model);
  nn::init_gpt2_(model);
  training(lesson, model, text, sizes);
  validation(lesson, model, text, sizes);
  lesson.step("6", "What did attention learn?");
  show_attention(lesson, model, random_batch(text.validation, 8, sizes.model.context_length).first,
                 text);
  lesson.step("7", "Temperature, top-k, top-p: the same logits");
  show_sampling_of_the_book(lesson);
  show_sampling(lesson, model, text);
  lesson.step("8", "The key/value cache");
  show_cache(lesson, model, text);
  lesson.try_next(
      {"./run lesson 12 --text FILE: your letters, your code, a book",
       "learning rate 0.03, or no warm-up: what does the curve show first?",
       "n_layers = 1, or n_heads = 1 in Sizes: what does it cost?",
       "./run train FILE does all this, saves the model, and continues where it stopped"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, training_a_gpt); }
