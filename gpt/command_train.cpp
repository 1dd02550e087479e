// gradus train: trains a GPT on text files, and keeps everything in one folder.
#include <csignal>
#include <sstream>

#include "distributed/agree.h"
#include "gpt/commands.h"
#include "gpt/generate.h"
#include "gpt/processes.h"
#include "gpt/train_arguments.h"
#include "gpt/train_folder.h"
#include "gpt/train_plan.h"
#include "gpt/train_text.h"
#include "gpt/training_run.h"
#include "tensor/matmul_precision.h"
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

/// The text becomes tokens, in a file that all processes map into memory.
void write_tokens(const TrainArguments& arguments, const TrainFolder& folder,
                  const text::Tokenizer& tokenizer, const std::string& text,
                  int64_t context_length) {
  const bool needs_tokens = !arguments.resume || !folder.has_tokens();
  if (distributed::is_initialized()) distributed::barrier();  // all have looked at the folder
  if (distributed::is_first_process() && needs_tokens)
    folder.write_tokens(tokenizer, text, context_length);
  if (distributed::is_initialized()) distributed::barrier();
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

/// The same command in each of --processes.
int train_in_processes(const TrainArguments& arguments, int argc, char** argv) {
  std::vector<std::string> command{program_file(), "train"};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--processes") ++i;
    if (word.starts_with("--processes") || word == "--allow-run-as-root") continue;
    command.push_back(word);
  }
  const std::string folder = arguments.out.value_or(default_folder(arguments.files));
  return run_processes({.processes = *arguments.processes,
                        .allow_root = arguments.allow_root,
                        .command = command,
                        .advice = fmt::format("The last checkpoint in {} is unchanged; --resume "
                                              "continues it, also with another number of processes",
                                              printable(folder))});
}

/// The number of micro-batches that a new run has if it was not given: one for each process.
void choose_micro_batches(TrainArguments& arguments) {
  if (!arguments.accumulate && !arguments.resume && distributed::process_count() > 1)
    arguments.accumulate = distributed::process_count();
}

/// Joins the other processes of the training, if there are any, and sets up this one.
void prepare(TrainArguments& arguments) {
  join_processes();
  choose_micro_batches(arguments);
  // Writing more than a limit of the system allows is an error then, and does not end the program.
  std::signal(SIGXFSZ, SIG_IGN);
  if (arguments.threads) set_num_threads(static_cast<int>(*arguments.threads));
  // Whether it can be written.
  if (arguments.json && distributed::is_first_process())
    open_json(*arguments.json, /*append=*/true);
}

/// Whether all processes read the same. Only then does one write what the others use.
void check_same_input(const TrainSettings& settings, std::string_view text) {
  distributed::check_same("texts", text);
  distributed::check_same("settings", to_json(settings));
}
/// Whether all are about to do the same. Only then may one wait for another.
void check_same_state(const Trainer& trainer) {
  distributed::check_same("steps", std::to_string(trainer.state().step));
  for (const Tensor& p : trainer.model().parameters()) {
    const Tensor x = p.detach().contiguous();
    distributed::check_same("weights", {reinterpret_cast<const char*>(x.data_ptr<float>()),
                                        static_cast<size_t>(x.numel()) * sizeof(float)});
  }
}

}  // namespace

int run_train(int argc, char** argv) {
  TrainArguments arguments;
  if (const std::optional<int> status = parse(argc, argv, arguments)) return *status;
  if (arguments.processes.value_or(1) > 1) return train_in_processes(arguments, argc, argv);
  prepare(arguments);
  const bool is_first = distributed::is_first_process();

  // The settings: of a new run, or of the one that is continued.
  const std::string text = read_texts(arguments.files);
  const TrainFolder folder(arguments.out.value_or(default_folder(arguments.files)));
  TrainSettings settings = settings_of(arguments, folder, text);

  // The text becomes tokens.
  const text::Tokenizer tokenizer = tokenizer_of(arguments, folder, settings, text);
  settings.model.vocab_size = tokenizer.vocab_size();
  settings.train.zero = arguments.zero && distributed::is_initialized();
  check_memory(needs_of(settings.model, settings.train));
  check_same_input(settings, text);
  write_tokens(arguments, folder, tokenizer, text, settings.model.context_length);
  const TrainData data = folder.data(tokenizer, text);

  // The model, with the weights to start from or those of the checkpoint.
  set_float32_matmul_precision(settings.precision);
  manual_seed(static_cast<uint64_t>(settings.seed));
  const nn::Gpt model(settings.model);
  nn::init_gpt2_(model);
  Trainer trainer(model, data, settings.train);
  if (arguments.resume) trainer.load(folder.checkpoint());
  trainer.set_settings(to_json(settings));
  if (trainer.finished() && is_first) folder.complete(model);
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
  check_same_state(trainer);

  // The training.
  if (is_first) {
    folder.remove_leftovers();
    tokenizer.save_pretrained(folder.path());
  }
  return train_and_save(trainer, folder, run,
                        fmt::format("It writes a text with\n  {} generate --model {}",
                                    program_name(), quoted(folder.path())));
}

}  // namespace gradus::gpt
