// Lesson 12: a GPT is trained on a text, letter by letter, and writes. The loss before training,
// one batch learned by heart, the training, and what is inside the trained model.
#include <algorithm>
#include <cmath>

#include "gpt/generate.h"
#include "gradus.h"
#include "lessons/kit/lesson.h"
#include "lessons/training/losses.h"
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
    .goals = {"check a model before you train it: its first loss, and one batch learned by heart",
              "write the training loop, and read the curve of the loss",
              "measure what the heads look at, and choose how the model samples"},
    .question =
        "lesson 10's GPT has one layer, and reads one name in each step. What changes for a long "
        "text and a larger model, and how do you notice that something is wrong?",
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
      "The text: {}. It has {} letters (and other characters), {} different ones. The last tenth "
      "is kept for validation: the model never learns from it. A window of 12 letters:",
      text.source, grouped(text.train.numel() + text.validation.numel()),
      text.letters.vocab_size());
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
  lesson.code("lessons/training/losses.cpp", "random_batch");
  lesson.often_asked(
      "Why are the targets the inputs shifted by one?",
      fmt::format("At every position the model predicts the next letter, and the mask hides the "
                  "letters after it. So a window of {0} letters has {0} examples, and a batch of "
                  "{1} windows has {2}.",
                  sizes.model.context_length, sizes.batch,
                  sizes.batch * sizes.model.context_length));
}

void before_training(Lesson& lesson, const TrainingText& text, const Sizes& sizes) {
  lesson.step("2", "The loss before training");
  const double V = static_cast<double>(text.letters.vocab_size());
  const nn::Gpt model(sizes.model);
  const double drawn = estimated_loss(model, text.train, 5, sizes.batch);
  const Tensor x = random_batch(text.train, sizes.batch, sizes.model.context_length).first;
  const double same = [&] {
    const NoGradGuard no_grad;
    return eq(model(x).argmax(-1), x).to(kFloat32).mean().item<double>();
  }();
  nn::init_gpt2_(model);
  const double small = estimated_loss(model, text.train, 5, sizes.batch);
  const auto both_near = [&](double loss) {
    return std::abs(drawn - loss) < 0.1 && std::abs(small - loss) < 0.1;
  };
  lesson.ask("what is the loss of a model that has not learned anything yet?",
             {{fmt::format("about ln {} = {:.2f}", V, std::log(V)), both_near(std::log(V))},
              {"about 0", both_near(0)},
              {"it depends on its first numbers", true}});
  lesson.lines(
      fmt::format("  a model that knows nothing: ln {:<4} {:9.4f}\n"
                  "  matrices drawn as in PyTorch        {:9.4f}\n"
                  "  matrices drawn as in GPT-2          {:9.4f}",
                  V, std::log(V), drawn, small));
  lesson.say(
      "The head is tied: its rows are the token embeddings, and PyTorch draws these from N(0, 1). "
      "The residual stream still contains the embedding of the current letter, whose dot product "
      "with itself is about C = {}. So the model predicts the current letter as the next one, with "
      "great certainty (at {:.0f}% of the positions), and is nearly always wrong. With GPT-2's "
      "sizes, C = 768 and 50,257 tokens, the first loss would be 475. nn::init_gpt2_ draws from "
      "N(0, 0.02^2) instead.",
      sizes.model.emb_dim, 100 * same);
  lesson.holds("GPT-2's initialisation starts within 0.1 of ln V",
               std::abs(small - std::log(V)) < 0.1);
}

void one_batch_by_heart(Lesson& lesson, const TrainingText& text, const Sizes& sizes) {
  lesson.step("3", "One batch, learned by heart");
  lesson.say(
      "A cheap test before a long training: can the model learn a single batch by heart? If it "
      "cannot, then the loop, the targets or the learning rate is wrong, and more data will not "
      "help.");
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
  const int64_t few = std::min<int64_t>(text.validation.numel(), 2000);
  lesson.say(
      "But it knows only this batch. On {} letters of the validation part its loss is {:.2f}.",
      grouped(few), loss_over(model, text.validation.narrow(0, 0, few)));
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
  constexpr int evaluations = 10;
  ProgressBar progress("training", sizes.steps, lesson.progress(evaluations));
  const int room = lesson.canvas().width - 30;  // for a sample
  Curve curve;
  const auto evaluate = [&](int64_t step, double train_loss) {
    curve.steps.push_back(static_cast<double>(step));
    curve.train.push_back(train_loss);
    curve.validation.push_back(estimated_loss(model, text.validation, 10, sizes.batch));
    std::string sample = in_one_line(written(model, text, 44));
    if (terminal::columns(sample) > room) sample = terminal::fit(sample, room, false);
    progress.print(
        fmt::format("step {:4}  validation {:.3f}  {}", step, curve.validation.back(), sample));
  };
  while (progress.going()) {
    const auto [inputs, targets] =
        random_batch(text.train, sizes.batch, sizes.model.context_length);
    const Tensor loss = loss_of(model, inputs, targets);
    if (progress.steps_done() % (sizes.steps / evaluations) == 0)
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
      "The loop is train() in lessons/12_training_a_gpt.cpp: draw a batch, compute the loss, clear "
      "the gradients, compute new ones with backward(), scale them so that their common norm is at "
      "most 1, and take a step. The learning rate rises for {} steps and then falls like a cosine. "
      "The model has {} parameters, and each step has {} letters. In the samples, | is a line end.",
      sizes.warmup, grouped(parameter_count(model)),
      grouped(sizes.batch * sizes.model.context_length));
  lesson.code("train");
  const Curve curve = train(lesson, model, text, sizes);
  lesson.plot("loss", curve.steps,
              {{"validation", 'o', curve.validation}, {"one training batch", '.', curve.train}});
  lesson.say("A text of 400 letters by the model:");
  lesson.lines(shown_text(written(model, text, 400)));
}

void validation(Lesson& lesson, const nn::Gpt& model, const TrainingText& text,
                const Sizes& sizes) {
  lesson.step("5", "How good is it?");
  const double loss = loss_over(model, text.validation);
  std::vector<double> estimates;
  for (int i = 0; i < 5; ++i)
    estimates.push_back(estimated_loss(model, text.validation, 20, sizes.batch));
  lesson.lines(
      fmt::format("  loss over the complete validation part  {:.4f}\n"
                  "  exp(loss)                               {:.1f}\n"
                  "  loss in bits                            {:.2f}\n"
                  "  five estimates from 20 batches each:\n"
                  "    {:.3f}",
                  loss, std::exp(loss), loss / std::log(2.0), fmt::join(estimates, "  ")));
  if (!lesson.quick() && !lesson.text())
    lesson.holds("exp(loss) is below 10: as good as choosing between 10 letters",
                 std::exp(loss) < 10);
  const auto [lowest, highest] = std::minmax_element(estimates.begin(), estimates.end());
  lesson.often_asked(
      "nanoGPT's README says 1.88 for tiny Shakespeare with these sizes. Is this better or worse?",
      fmt::format("Its 1.88 is an estimate from 20 batches. Such estimates vary: the five above "
                  "differ by up to {:.3f}. Over the complete validation part of tiny Shakespeare, "
                  "nanoGPT's settings (2,000 steps, learning rate 0.001) give 1.9055, in PyTorch "
                  "and in Gradus, and three times this learning rate gives about 1.77. Losses can "
                  "be compared only for the same text and the same tokens.",
                  *highest - *lowest));
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
      {"./run lesson 12 --text FILE: your own texts, your code or a book",
       "a learning rate of 0.03, or no warm-up: what does the curve look like?",
       "n_layers = 1 or n_heads = 1 in Sizes: how much larger is the loss?",
       "./run train FILE does all of this, saves the model, and can continue where it stopped",
       "lesson 13: GPT-2, the same model with 124 million parameters"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, training_a_gpt); }
