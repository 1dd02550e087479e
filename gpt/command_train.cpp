// gradus train: trains a GPT on text files, and keeps everything in one folder.
#include <csignal>
#include <sstream>

#include "gpt/commands.h"
#include "gpt/generate.h"
#include "gpt/train_arguments.h"
#include "gpt/train_folder.h"
#include "gpt/train_plan.h"
#include "gpt/train_text.h"
#include "gpt/training_run.h"
#include "tensor/random.h"
#include "tensor/threads.h"

namespace gradus::gpt {
namespace {

constexpr int64_t kSampleTokens = 200;

/// What samples begin with: a line end, or token 0 if the vocabulary has none.
std::vector<int64_t> prompt_of(const text::Tokenizer& tokenizer) {
  try {
    return tokenizer.encode("\n");
  } catch (const Error&) {
    return {0};
  }
}

/// A text that the model writes after a line end, indented. The random numbers of the training stay
/// as they are.
std::string sample(const Trainer& trainer, const text::Tokenizer& tokenizer, int width) {
  const std::vector<int64_t> prompt = prompt_of(tokenizer);
  const Tensor rng_state = get_rng_state();
  manual_seed(0);  // two samples differ only because the model does
  trainer.model().eval();
  const Tensor ids =
      generate(trainer.model(), tensor(prompt, kInt64).unsqueeze(0),
               {.max_new_tokens = kSampleTokens, .do_sample = true, .temperature = 0.8});
  set_rng_state(rng_state);
  const Tensor written = ids[0].narrow(0, std::ssize(prompt), kSampleTokens).contiguous();
  const std::string text =
      tokenizer.decode({written.data_ptr<int64_t>(), static_cast<size_t>(kSampleTokens)});
  std::string lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines += terminal::wrap(terminal::printable(line), width, 4);
  return lines;
}

/// The settings of a new run, whose folder must be free, or of the one that is continued.
TrainSettings settings_of(const TrainArguments& arguments, const TrainFolder& folder,
                          const std::string& text) {
  if (arguments.resume) return continued_settings(folder.settings(), arguments, text);
  folder.check_is_free();
  return new_settings(arguments, text);
}

text::Tokenizer tokenizer_of(const TrainArguments& arguments, const TrainFolder& folder,
                             const TrainSettings& settings, const std::string& text) {
  if (!arguments.resume) return make_tokenizer(settings.tokenizer, text);
  text::Tokenizer tokenizer = text::load_tokenizer(folder.path());
  check(tokenizer.vocab_size() == settings.model.vocab_size,
        "the tokenizer in {} has {} tokens, and the model of its checkpoint {}",
        printable(folder.path()), tokenizer.vocab_size(), settings.model.vocab_size);
  return tokenizer;
}

TrainingRun run_of(const TrainArguments& arguments, const TrainFolder& folder,
                   const text::Tokenizer& tokenizer) {
  return {
      .command = "train",
      .files = arguments.files,
      .json = arguments.json,
      .resume = arguments.resume,
      .yes = arguments.yes,
      .save = [&](const Trainer& t) { folder.save(t, t.model()); },
      .sample = [&](const Trainer& t,
                    const terminal::Canvas& canvas) { return sample(t, tokenizer, canvas.width); }};
}

}  // namespace

int run_train(int argc, char** argv) {
  TrainArguments arguments;
  if (const std::optional<int> status = parse(argc, argv, arguments)) return *status;
  // Writing more than a limit of the system allows is an error then, and does not end the program.
  std::signal(SIGXFSZ, SIG_IGN);
  if (arguments.threads) set_num_threads(static_cast<int>(*arguments.threads));

  if (arguments.json) open_json(*arguments.json, /*append=*/true);  // whether it can be written

  // The settings: of a new run, or of the one that is continued.
  const std::string text = read_texts(arguments.files);
  const TrainFolder folder(arguments.out.value_or(default_folder(arguments.files)));
  TrainSettings settings = settings_of(arguments, folder, text);

  // The text becomes tokens, in a file that is mapped into memory.
  const text::Tokenizer tokenizer = tokenizer_of(arguments, folder, settings, text);
  settings.model.vocab_size = tokenizer.vocab_size();
  check_memory(needs_of(settings.model, settings.train));
  if (!arguments.resume || !folder.has_tokens())
    folder.write_tokens(tokenizer, text, settings.model.context_length);
  const TrainData data = folder.data(tokenizer, text);

  // The model, with the weights to start from or those of the checkpoint.
  manual_seed(static_cast<uint64_t>(settings.seed));
  const nn::Gpt model(settings.model);
  nn::init_gpt2_(model);
  Trainer trainer(model, data, settings.train);
  if (arguments.resume) trainer.load(folder.checkpoint());
  trainer.set_settings(to_json(settings));
  if (trainer.finished()) folder.complete(model);
  check(!trainer.finished(), "all {} steps of the run in {} are done; more --steps continue it",
        trainer.options().steps, printable(folder.path()));

  // What will be done, and whether it may begin.
  const Plan plan{.settings = settings,
                  .data = data,
                  .needs = needs_of(settings.model, settings.train),
                  .steps_before = trainer.state().step,
                  .seconds = measure_seconds(trainer),
                  .out = folder.path()};
  const TrainingRun run = run_of(arguments, folder, tokenizer);
  fmt::print("{}\n", describe(plan));
  if (!is_agreed(run, plan.seconds)) {
    if (!arguments.resume) folder.discard_tokens();
    return 0;
  }

  // The training.
  folder.remove_leftovers();
  tokenizer.save_pretrained(folder.path());
  return train_and_save(trainer, folder, run,
                        fmt::format("It writes a text with\n  {} generate --model {}",
                                    program_name(), quoted(folder.path())));
}

}  // namespace gradus::gpt
