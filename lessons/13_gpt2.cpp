// Lesson 13: GPT-2. The model of 124 million parameters: counted, untrained, trained a little, and
// with OpenAI's weights.
#include <cmath>
#include <filesystem>
#include <fstream>

#include "gpt/generate.h"
#include "gpt/pretrained.h"
#include "gpt/sampling.h"
#include "gradus.h"
#include "lessons/kit/golden.h"
#include "lessons/kit/lesson.h"
#include "lessons/training/book_gpt.h"
#include "lessons/training/losses.h"
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
              "say what the loss of an untrained model is, and compute it from the logits",
              "turn logits into a text: greedily, with a temperature and with top-k",
              "find out why your losses differ from the book's"},
    .question =
        "the model is complete. What does it write before it has learned anything, and what do the "
        "first training steps change?",
    .options = {"seed", "dropout", "quick"},
};

constexpr double kTolerance = 1e-4;  // of logits, which depend on 163 million parameters

/// Checks x if this is the book's example.
void as_in_the_book(Lesson& lesson, const std::string& what, const Tensor& x,
                    const std::string& golden_name, double tolerance = kTolerance) {
  if (lesson.by_the_book())
    lesson.equal(what + " as in the book", x, golden::get(golden_name), tolerance);
}

void count_part(Lesson& lesson, const nn::Gpt& model) {
  lesson.step("4.6", "124 million parameters, counted");
  const int64_t count = parameter_count(model);
  const int64_t of_blocks = parameter_count(model.trf_blocks);
  lesson.ask("where are most of the parameters?",
             {{"in the 12 blocks", 2 * of_blocks > count},
              {"in the embeddings and the head", 2 * of_blocks <= count}});
  lesson.code("lessons/training/book_gpt.cpp", "untrained_gpt");
  lesson.lines(table_of_parameters(model));
  lesson.equal("all together 163,009,536", count, 163'009'536);
  lesson.equal("without the head 124,412,160", count - parameter_count(model.out_head),
               124'412'160);
  const double megabytes = static_cast<double>(count) * 4 / 1024 / 1024;
  lesson.holds("621.83 MB (of 1024 x 1024 bytes) in float32", std::abs(megabytes - 621.83) < 0.005);
  lesson.often_asked("Why does a model of 163 million parameters count as one of 124 million?",
                     "GPT-2 ties the head: it uses the matrix of the token embedding a second "
                     "time. The book has two matrices, which its author found easier to train.");
}

/// On the page: the attention of the first block on the first text.
void show_first_block(Lesson& lesson, const nn::Gpt& model, const Tensor& batch) {
  std::vector<nn::AttentionTrace> traces;
  model(batch, &traces);
  const Tensor even = 1 / arange(1, 5).unsqueeze(1).to(kFloat32);  // (4, 1): all see the same
  const Tensor differences = (traces[0].weights[0] - even)
                                 .abs()
                                 .masked_fill(triu(ones({4, 4}), 1).to(kBool), 0);  // (H, 4, 4)
  lesson.attention(
      "the attention of the first block", traces[0], {"Every", "effort", "moves", "you"},
      fmt::format("The model has {} blocks of {} heads. Before training, a head gives all words "
                  "that it sees much the same weight: none is more than {:.3f} from an equal "
                  "share.",
                  traces.size(), differences.size(0), differences.max().item<double>()));
}

void untrained_part(Lesson& lesson) {
  const NoGradGuard no_grad;
  const nn::Gpt model = untrained_gpt(lesson, 1024);
  count_part(lesson, model);

  lesson.step("4.6", "The logits of two texts of four tokens");
  const Tensor batch = golden::get("06_gpt_model/batch");  // (2, 4)
  lesson.print("token ids of the two texts", batch);
  const Tensor in_training = printed_columns(model(batch));  // (2, 4, 6)
  model.eval();
  const Tensor logits = printed_columns(model(batch));
  lesson.print("the first three and the last three of 50257 logits", logits);
  show_first_block(lesson, model, batch);
  as_in_the_book(lesson, "the logits with dropout", in_training,
                 "06_gpt_model/logits_train" + lesson.mask_suffix() + "_printed_columns");
  as_in_the_book(lesson, "the logits in evaluation mode", logits,
                 "06_gpt_model/logits_eval_printed_columns");

  lesson.step("4.7", "A text by a model that knows nothing");
  lesson.say(
      "\"Hello, I am\" has the ids 15496, 11, 314, 716. Six times, the token with the largest "
      "logit is appended. With a key/value cache (lesson 12) each step computes only the new "
      "token.");
  const Tensor start = tensor({{15496, 11, 314, 716}});
  const Tensor ids = gpt::generate(model, start, {.max_new_tokens = 6});
  lesson.print("ids", ids);
  as_in_the_book(lesson, "the ids", ids, "06_gpt_model/generate/ids", 0);
  if (const auto tokenizer = gpt2_tokenizer()) {
    const Tensor row = ids[0].contiguous();
    const std::string text = tokenizer->decode({row.data<int64_t>(), size_t(row.numel())});
    lesson.lines(terminal::printable(text) + "\n");
  }
  lesson.equal("the same ids without the cache",
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
      "The inputs are \"every effort moves\" and \" I really like\", the targets \" effort moves "
      "you\" and \" really like chocolate\". This is the probability of each target:");
  const Tensor probabilities =
      softmax(logits, -1).gather(-1, targets.unsqueeze(-1)).squeeze(-1);  // (2, 3)
  lesson.print("probabilities of the targets", probabilities);
  const double even = cross_entropy(zeros({1, 50257}), tensor({0})).item<double>();
  const auto is_near = [&](double x) { return std::abs(even - x) < 1e-3 * x; };
  lesson.ask("a model gives each of 50257 tokens the same probability. What is its loss?",
             {{"1 / 50257", is_near(1.0 / 50257)},
              {"ln 50257 = 10.82", is_near(std::log(50257.0))},
              {"50257", is_near(50257)}});
  const Tensor loss = cross_entropy(logits.flatten(0, 1), targets.flatten());
  lesson.print("cross-entropy", loss);
  lesson.print("perplexity, exp(loss)", exp(loss));
  lesson.equal("cross-entropy is the mean of -ln p", -log(probabilities).mean(), loss, 1e-5);
  as_in_the_book(lesson, "the probabilities", probabilities, "07_gpt_loss/target_probas", 1e-8);
  as_in_the_book(lesson, "the loss", loss, "07_gpt_loss/cross_entropy");
  lesson.say(
      "ln 50257 is {:.4f}, so the untrained model is about as good as guessing: as good as "
      "choosing between {:.0f} equally likely tokens.",
      std::log(50257.0), exp(loss).item<double>());
  lesson.say_of_the_book(
      "(Early printings of the book have 10.7722, from other targets in the second row.)");
}

void sampling_part(Lesson& lesson) {
  lesson.step("5.3", "From logits to a token");
  const Words words = {"closer", "every", "effort", "forward", "inches",
                       "moves",  "pizza", "toward", "you"};
  const Tensor logits = golden::get("08_sampling/logits");  // (9)
  lesson.say(
      "Lesson 12's example: nine words that may follow \"every effort moves you\". At each "
      "temperature, a word is drawn 1000 times. The bars are the probabilities:");
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
    lesson.print("counts at temperature " + temperature, drawn, {.columns = words});
    lesson.bars("temperature " + temperature, words, p);
    as_in_the_book(lesson, "the probabilities", p, "08_sampling/probas_T" + temperature, 2e-6);
    if (lesson.by_the_book())
      lesson.equal("the counts as in the book", drawn, tensor(expected, kInt64), 0);
  }
  const Tensor kept = gpt::keep_top_k(logits, 3);
  const double pizza = softmax(kept, 0)[6].item<double>();
  lesson.ask("with top-k = 3, how often is \"pizza\" drawn?",
             {{"never", pizza == 0}, {"sometimes", pizza > 0}});
  lesson.print("the three largest logits, the others -inf", kept, {.columns = words});
  as_in_the_book(lesson, "their probabilities", softmax(kept, 0), "08_sampling/top3_probas", 2e-6);
}

void tokenizer_part(Lesson& lesson, const std::optional<BpeTokenizer>& tokenizer) {
  lesson.step("2.5", "The tokens of \"Hello, do you like tea?\"");
  if (!tokenizer)
    return lesson.say(
        "This step is left out: GPT-2's vocabulary is not here. ./run download gpt2 gets it.");
  const std::string text = "Hello, do you like tea?";
  const std::vector<int64_t> ids = tokenizer->encode(text);
  std::string table;
  for (const int64_t id : ids)
    table += fmt::format("{:>6}  '{}'\n", id, tokenizer->decode({&id, 1}));
  lesson.lines(table);
  lesson.equal("the ids are GPT-2's", tensor(ids, kInt64),
               tensor({15496, 11, 466, 345, 588, 8887, 30}), 0);
  lesson.holds("decode() returns the same text", tokenizer->decode(ids) == text);
  lesson.often_asked(
      "Why do ' tea' and 'tea' have different tokens?",
      fmt::format("The space belongs to the word. ' tea' has the id {}, 'tea' has {}.",
                  fmt::join(tokenizer->encode(" tea"), " "),
                  fmt::join(tokenizer->encode("tea"), " ")));
}

void train(Lesson& lesson, const std::vector<Window>& train_windows,
           const std::vector<Window>& validation_windows) {
  if (lesson.quick()) return lesson.say("(With --quick, this model is not trained.)");
  const nn::Gpt model = untrained_gpt(lesson, 256);
  const std::vector<Window> batches = epoch(train_windows, 2, /*shuffle=*/true);
  optim::AdamW optimizer(model.parameters(), {.lr = 0.0004, .weight_decay = 0.1});
  const int64_t steps = 6;
  ProgressBar progress("training", steps, lesson.progress(), {}, 1);
  std::vector<std::array<double, 2>> losses;
  while (progress.going()) {
    const int64_t step = progress.steps_done();
    optimizer.zero_grad();
    const Window& batch = batches[static_cast<size_t>(step)];
    const Tensor loss = loss_of(model, batch.inputs, batch.targets);
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
        "This step is left out: it needs the book's text, The Verdict, and GPT-2's vocabulary. "
        "./run download verdict and ./run download gpt2 get them.");
  std::ifstream in(*file, std::ios::binary);
  const std::string story{std::istreambuf_iterator<char>(in), {}};
  const size_t split = story.size() * 9 / 10;
  const auto train_windows = windows_of(tokenizer->encode(story.substr(0, split)), 256);
  const auto validation_windows = windows_of(tokenizer->encode(story.substr(split)), 256);
  lesson.equal("the text has 5145 tokens", std::ssize(tokenizer->encode(story)), 5145);
  lesson.say(
      "It has {} windows of 256 tokens for training and {} for validation. A batch has two. The "
      "loop:",
      train_windows.size(), validation_windows.size());
  lesson.code("train");
  train(lesson, train_windows, validation_windows);
  lesson.often_asked(
      "My losses differ from the book's. Why?",
      fmt::format(
          "They depend on three things. The seed, here {}. The dropout masks, here {}: older "
          "PyTorch packages for Linux and Windows draw others (--dropout mkl). And the "
          "order in which random numbers are drawn: first the weights; then, for each pass "
          "over the data, one number for worker processes and one for the shuffling; then "
          "the masks of each batch. So more frequent evaluation changes the numbers, too.",
          lesson.seed(123), lesson.mask_suffix().empty() ? "the book's" : "those of MKL"));
}

void pretrained_part(Lesson& lesson, const std::optional<BpeTokenizer>& tokenizer) {
  lesson.step("5.5", "OpenAI's weights");
  const auto file = downloaded("gpt2/model.safetensors");
  if (!tokenizer || !file)
    return lesson.say(
        "This step is left out: the weights are not here. ./run download gpt2 gets them (548 MB). "
        "Then you can also use ./run generate --model my/data/gpt2 --prompt \"Every effort moves "
        "you\".");
  const nn::Gpt model = gpt::from_pretrained(fs::path(*file).parent_path().string());
  lesson.equal("124,439,808 parameters: with biases of queries, keys and values, and a tied head",
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
                   "./run lesson 13 --dropout mkl: the losses with older PyTorch packages",
                   "./run train FILE: train a GPT on your own text",
                   "./run generate --model my/data/gpt2 --prompt \"Once\" --temperature 0.7: GPT-2 "
                   "goes on with your text"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, gpt2); }
