// Lesson 13: GPT-2. The model of 124 million parameters: counted, untrained, trained a little, and
// with OpenAI's weights.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gpt/generate.h"
#include "gpt/pretrained.h"
#include "gpt/sampling.h"
#include "gradus.h"
#include "lessons/kit/data_loader.h"
#include "lessons/kit/golden.h"
#include "lessons/kit/lesson.h"
#include "lessons/words/story.h"

using namespace gradus;
using namespace gradus::lessons;
using text::BpeTokenizer;
namespace fs = std::filesystem;

namespace {

const About about{
    .number = 13,
    .title = "GPT-2",
    .builds = "a model of the size of GPT-2",
    .seconds = 60,
    .goals = {"say where the 124 million parameters of GPT-2 are",
              "say which loss an untrained model has, and compute it from the logits",
              "turn logits into a text: greedily, with a temperature, with top-k",
              "find out why your losses differ from the book's"},
    .question =
        "the model is complete. What does it write before it has learned anything, and what "
        "changes with the first steps of training?",
    .options = {"seed", "dropout", "quick"},
};

constexpr double kTolerance = 1e-4;  // of logits; 163 million parameters are involved

/// A file that ./run download brings, if it is in my/data or in the folder that GRADUS_DATA names.
std::optional<std::string> downloaded(const std::string& name) {
  const char* const given = std::getenv("GRADUS_DATA");
  const fs::path path = fs::path(given ? given : GRADUS_SOURCE_DIR "/my/data") / name;
  return fs::exists(path) ? std::optional(path.string()) : std::nullopt;
}

/// The book's model, with its first random weights.
nn::Gpt untrained_gpt(Lesson& lesson, int64_t context_length) {
  manual_seed(lesson.seed(123));
  return nn::Gpt({.vocab_size = 50257,
                  .context_length = context_length,
                  .emb_dim = 768,
                  .n_heads = 12,
                  .n_layers = 12,
                  .drop_rate = 0.1,
                  .qkv_bias = false});
}

/// Checks x if this is the book's example.
void as_in_the_book(Lesson& lesson, const std::string& what, const Tensor& x,
                    const std::string& golden_name, double tolerance = kTolerance) {
  if (lesson.by_the_book())
    lesson.equal(what + ": the book's", x, golden::get(golden_name), tolerance);
}

void count_part(Lesson& lesson, const nn::Gpt& model) {
  lesson.step("4.6", "124 million parameters, counted");
  const auto line = [](const std::string& name, int64_t count) {
    return fmt::format("{:<34}{:>13}\n", name, count);
  };
  std::string table = line("token embedding, 50257 x 768", parameter_count(model.tok_emb)) +
                      line("position embedding, 1024 x 768", parameter_count(model.pos_emb)) +
                      line("12 blocks", parameter_count(model.trf_blocks)) +
                      line("final layer norm", parameter_count(model.final_norm)) +
                      line("output head, 768 x 50257", parameter_count(model.out_head));
  lesson.ask("where are most of them?",
             {"in the blocks", "in the embeddings and the head", "in the layer norms"}, 0);
  lesson.lines(table);
  const int64_t count = parameter_count(model);
  lesson.equal("together 163,009,536", count, 163'009'536);
  lesson.equal("without the head 124,412,160", count - parameter_count(model.out_head),
               124'412'160);
  const double megabytes = static_cast<double>(count) * 4 / 1024 / 1024;
  lesson.holds("621.83 MB in float32", std::abs(megabytes - 621.83) < 0.005);
  lesson.often_asked("Why do 163 million count as 124?",
                     "GPT-2 ties the head: it uses the token embedding's matrix a second time. "
                     "The book keeps two, which are easier to train.");
}

/// The first three and the last three columns, as the book prints them.
Tensor printed_columns(const Tensor& logits) {
  return cat({logits.narrow(-1, 0, 3), logits.narrow(-1, -3, 3)}, -1);
}

void untrained_part(Lesson& lesson) {
  const NoGradGuard no_grad;
  const nn::Gpt model = untrained_gpt(lesson, 1024);
  count_part(lesson, model);

  lesson.step("4.6", "Logits of two texts of four tokens");
  const Tensor batch = golden::get("06_gpt_model/batch");  // (2, 4)
  lesson.print("batch", batch);
  const Tensor in_training = printed_columns(model(batch));  // (2, 4, 6)
  model.eval();
  const Tensor logits = printed_columns(model(batch));
  lesson.print("logits[:, :, [0, 1, 2, -3, -2, -1]]", logits);
  as_in_the_book(lesson, "the logits with dropout", in_training,
                 "06_gpt_model/logits_train" + lesson.mask_suffix() + "_printed_columns");
  as_in_the_book(lesson, "the logits in evaluation mode", logits,
                 "06_gpt_model/logits_eval_printed_columns");

  lesson.step("4.7", "A text by a model that knows nothing");
  lesson.say(
      "\"Hello, I am\" is 15496, 11, 314, 716. Six times the token with the largest logit is "
      "appended. With a key/value cache each step computes one token only.");
  const Tensor start = tensor({{15496, 11, 314, 716}});
  const Tensor ids = gpt::generate(model, start, {.max_new_tokens = 6});
  lesson.print("ids", ids);
  as_in_the_book(lesson, "the ids", ids, "06_gpt_model/generate/ids", 0);
  if (const auto tokenizer = gpt2_tokenizer()) {
    const Tensor row = ids[0].contiguous();
    const std::string text = tokenizer->decode({row.data<int64_t>(), size_t(row.numel())});
    lesson.lines(terminal::printable(text) + "\n");
  }
  lesson.equal("without the cache it is the same text",
               gpt::generate(model, start, {.max_new_tokens = 6, .use_cache = false}), ids, 0);
}

void loss_part(Lesson& lesson) {
  lesson.step("5.1", "The loss");
  const NoGradGuard no_grad;
  const nn::Gpt model = untrained_gpt(lesson, 256);
  model.eval();
  const Tensor targets = golden::get("07_gpt_loss/targets");       // (2, 3)
  const Tensor logits = model(golden::get("07_gpt_loss/inputs"));  // (2, 3, V)
  lesson.say(
      "\"every effort moves\" should go on with \"effort moves you\", and \" I really like\" with "
      "\" really like chocolate\". The probability of each right token:");
  const Tensor probabilities =
      softmax(logits, -1).gather(-1, targets.unsqueeze(-1)).squeeze(-1);  // (2, 3)
  lesson.print("probabilities of the targets", probabilities);
  lesson.ask("a model that gives each of 50257 tokens the same probability: which loss has it?",
             {"1 / 50257", "ln 50257 = 10.82", "50257"}, 1);
  const Tensor loss = cross_entropy(logits.flatten(0, 1), targets.flatten());
  lesson.print("cross-entropy", loss);
  lesson.print("perplexity, exp(loss)", exp(loss));
  lesson.equal("cross-entropy is the mean of -log of these", -log(probabilities).mean(), loss,
               1e-5);
  as_in_the_book(lesson, "the probabilities", probabilities, "07_gpt_loss/target_probas", 1e-8);
  as_in_the_book(lesson, "the loss, 10.7940", loss, "07_gpt_loss/cross_entropy");
  lesson.say_of_the_book(
      "ln 50257 is {:.4f}: the untrained model is as good as a guess. It hesitates between 48726 "
      "tokens. Early printings of the book say 10.7722: they had other targets in the second row.",
      std::log(50257.0));
}

void sampling_part(Lesson& lesson) {
  lesson.step("5.3", "From logits to a token");
  const Words words = {"closer", "every", "effort", "forward", "inches",
                       "moves",  "pizza", "toward", "you"};
  const Tensor logits = golden::get("08_sampling/logits");  // (9)
  lesson.say("A vocabulary of nine words, after \"every effort moves you\". 1000 draws each:");
  const auto counts = [&](const Tensor& p) {
    manual_seed(lesson.seed(123));
    const Tensor drawn = cat([&] {
      std::vector<Tensor> draws;
      for (int i = 0; i < 1000; ++i)
        draws.push_back(multinomial(p, 1));
      return draws;
    }());                                     // (1000)
    return one_hot(drawn, p.numel()).sum(0);  // (9)
  };
  const std::pair<std::string, std::vector<int64_t>> rows[] = {
      {"1", {73, 0, 0, 582, 2, 0, 0, 343, 0}},
      {"0.1", {0, 0, 0, 985, 0, 0, 0, 15, 0}},
      {"5", {165, 75, 42, 239, 71, 46, 32, 227, 103}}};
  for (const auto& [temperature, expected] : rows) {
    const Tensor p = gpt::next_token_probabilities(logits, std::stod(temperature), 0, 1);
    const Tensor drawn = counts(p);
    lesson.print("counts at temperature " + temperature, drawn, {});
    lesson.bars(words, p);
    as_in_the_book(lesson, "the probabilities", p, "08_sampling/probas_T" + temperature, 2e-6);
    if (lesson.by_the_book())
      lesson.equal("the counts: the book's", drawn, tensor(expected, kInt64), 0);
  }
  lesson.ask("and with top-k = 3: how often will \"pizza\" be drawn?",
             {"as often as before", "never", "more often"}, 1);
  const Tensor kept = gpt::keep_top_k(logits, 3);
  lesson.print("the three largest logits, the others -inf", kept);
  as_in_the_book(lesson, "their probabilities", softmax(kept, 0), "08_sampling/top3_probas", 2e-6);
}

void tokenizer_part(Lesson& lesson, const std::optional<BpeTokenizer>& tokenizer) {
  lesson.step("2.5", "\"Hello, do you like tea?\" taken apart");
  if (!tokenizer)
    return lesson.say("Left out: GPT-2's vocabulary is not here. ./run download gpt2 gets it.");
  const std::string text = "Hello, do you like tea?";
  const std::vector<int64_t> ids = tokenizer->encode(text);
  std::string table;
  for (const int64_t id : ids)
    table += fmt::format("{:>6}  '{}'\n", id, tokenizer->decode({&id, 1}));
  lesson.lines(table);
  lesson.equal("the ids are GPT-2's", tensor(ids, kInt64),
               tensor({15496, 11, 466, 345, 588, 8887, 30}), 0);
  lesson.holds("decoding gives the text back", tokenizer->decode(ids) == text);
  lesson.often_asked("Why does ' tea' have another token than 'tea'?",
                     fmt::format("The space belongs to the word: ' tea' is {}, 'tea' is {}.",
                                 fmt::join(tokenizer->encode(" tea"), " "),
                                 fmt::join(tokenizer->encode("tea"), " ")));
}

Tensor loss_of(const nn::Gpt& model, const Window& batch) {
  return cross_entropy(model(batch.inputs).flatten(0, 1), batch.targets.flatten());
}

/// The mean loss over at most five batches.
double mean_loss(const nn::Gpt& model, const std::vector<Window>& windows, bool shuffle) {
  const NoGradGuard no_grad;
  const std::vector<Window> batches = epoch(windows, 2, shuffle);
  const size_t count = std::min<size_t>(5, batches.size());
  double sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += loss_of(model, batches[i]).item<double>();
  return sum / static_cast<double>(count);
}

void check_losses(Lesson& lesson, int64_t step, double train, double validation) {
  // Step, training and validation loss: with the book's dropout masks, and with those of MKL.
  const double book[2][2][2] = {{{9.781002, 9.932807}, {8.110534, 8.338573}},
                                {{9.782992, 9.926935}, {7.985034, 8.334564}}};
  lesson.lines(fmt::format("step {}: training loss {:.3f}, validation loss {:.3f}\n", step, train,
                           validation));
  if (!lesson.by_the_book()) return;
  const auto& expected = book[lesson.mask_suffix().empty() ? 0 : 1][step == 0 ? 0 : 1];
  lesson.equal("the book's losses", tensor({train, validation}), tensor({expected[0], expected[1]}),
               1e-3);
}

void train(Lesson& lesson, const std::vector<Window>& train_windows,
           const std::vector<Window>& validation_windows) {
  if (lesson.quick()) return lesson.say("With --quick the model is not trained.");
  const nn::Gpt model = untrained_gpt(lesson, 256);
  const std::vector<Window> batches = epoch(train_windows, 2, /*shuffle=*/true);
  optim::AdamW optimizer(model.parameters(), {.lr = 0.0004, .weight_decay = 0.1});
  const int64_t steps = 6;
  ProgressBar progress("training", steps, lesson.progress(), {}, 1);
  std::vector<std::array<double, 2>> losses;
  while (progress.going()) {
    const int64_t step = progress.steps_done();
    optimizer.zero_grad();
    const Tensor loss = loss_of(model, batches[static_cast<size_t>(step)]);
    loss.backward();
    optimizer.step();
    if (step % 5 == 0) {
      model.eval();
      const double of_training = mean_loss(model, train_windows, /*shuffle=*/true);
      losses.push_back({of_training, mean_loss(model, validation_windows, /*shuffle=*/false)});
      model.train();
    }
    progress.step(loss.item<double>(), 2 * 256);
  }
  if (progress.stopped()) throw Lesson::Leave{130};
  check_losses(lesson, 0, losses[0][0], losses[0][1]);
  check_losses(lesson, 5, losses[1][0], losses[1][1]);
}

void training_part(Lesson& lesson, const std::optional<BpeTokenizer>& tokenizer) {
  lesson.step("5.2", "The first steps of training");
  const auto file = downloaded("the-verdict/the-verdict.txt");
  if (!tokenizer || !file)
    return lesson.say(
        "Left out: it needs the story The Verdict and GPT-2's vocabulary. ./run download verdict "
        "and ./run download gpt2 get them.");
  std::ifstream in(*file, std::ios::binary);
  const std::string story{std::istreambuf_iterator<char>(in), {}};
  const size_t split = story.size() * 9 / 10;
  const auto train_windows = windows_of(tokenizer->encode(story.substr(0, split)), 256);
  const auto validation_windows = windows_of(tokenizer->encode(story.substr(split)), 256);
  lesson.equal("the story has 5145 tokens", std::ssize(tokenizer->encode(story)), 5145);
  lesson.say("{} windows of 256 tokens to train on, {} to validate; two at a time.",
             train_windows.size(), validation_windows.size());
  train(lesson, train_windows, validation_windows);
  lesson.often_asked(
      "My losses differ from the book's. Why?",
      fmt::format("Three things decide them. The seed, here {}. The dropout masks, here {}: "
                  "PyTorch packages for Linux and Windows drew others (--dropout mkl). The order "
                  "of the draws: first the weights, then two numbers for each pass over the data "
                  "(one for its worker processes, one to shuffle), then the masks of each batch. "
                  "Evaluating more often also draws more.",
                  lesson.seed(123), lesson.mask_suffix().empty() ? "the book's" : "those of MKL"));
}

void pretrained_part(Lesson& lesson, const std::optional<BpeTokenizer>& tokenizer) {
  lesson.step("5.5", "OpenAI's weights");
  const auto file = downloaded("gpt2/model.safetensors");
  if (!tokenizer || !file)
    return lesson.say(
        "Left out: the weights are not here. ./run download gpt2 gets them (548 MB). Then also: "
        "./run generate --model my/data/gpt2 --prompt \"Every effort moves you\".");
  const nn::Gpt model = gpt::from_pretrained(fs::path(*file).parent_path().string());
  lesson.equal("124,439,808 parameters: the biases of queries, keys and values, and one head",
               parameter_count(model), 124'439'808);
  manual_seed(lesson.seed(123));
  const auto start = tokenizer->encode("Every effort moves you");
  const Tensor ids =
      gpt::generate(model, tensor(start, kInt64).unsqueeze(0),
                    {.max_new_tokens = 25, .do_sample = true, .temperature = 1.5, .top_k = 50})[0];
  const Tensor row = ids.contiguous();
  lesson.lines(tokenizer->decode({row.data<int64_t>(), size_t(row.numel())}) + "\n");
}

void gpt2(Lesson& lesson) {
  untrained_part(lesson);
  loss_part(lesson);
  sampling_part(lesson);
  const std::optional<BpeTokenizer> tokenizer = gpt2_tokenizer();
  tokenizer_part(lesson, tokenizer);
  training_part(lesson, tokenizer);
  pretrained_part(lesson, tokenizer);
  lesson.try_next({"./run lesson 13 --seed 1: another untrained model, and its loss",
                   "./run lesson 13 --dropout mkl: the losses of older PyTorch packages",
                   "./run train FILE: train a GPT on your own text",
                   "./run generate --model my/data/gpt2 --prompt \"Once\" --temperature 0.7"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, gpt2); }
