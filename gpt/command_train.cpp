// gradus train: trains a GPT on text files, and keeps everything in one folder.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "gpt/commands.h"
#include "gpt/generate.h"
#include "gpt/train_arguments.h"
#include "gpt/train_folder.h"
#include "gpt/train_log.h"
#include "gpt/train_plan.h"
#include "gpt/train_text.h"
#include "tensor/random.h"
#include "tensor/threads.h"
#include "terminal/progress_bar.h"

namespace gradus::gpt {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLongTraining = 600;                     // seconds: above this it asks
constexpr auto kCheckpointAge = std::chrono::minutes(5);  // at most, between two evaluations
constexpr int64_t kSampleTokens = 200;
constexpr int kInterrupted = 130;  // the exit status after Ctrl-C

/// my/NAME, where NAME is that of the first file without its ending.
std::string default_folder(const std::vector<std::string>& paths) {
  const std::string name = std::filesystem::path(paths.front()).stem().string();
  return fmt::format("my/{}", name);
}

/// A word of a command for the shell, in quotes if it needs them.
std::string quoted(const std::string& word) {
  const std::string plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=+,@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word)
    out += c == '\'' ? std::string_view("'\\''") : std::string_view(&c, 1);
  return out + "'";
}

/// The program as the user calls it; the script `run` sets the variable.
std::string program() {
  const char* name = std::getenv("GRADUS_RUN");
  return name ? quoted(name) : "gradus";
}

/// Opens the file for --json: a resumed run adds to it.
std::ofstream open_json(const std::string& path, bool append) {
  std::ofstream file(path, append ? std::ios::app : std::ios::trunc);
  check(file.good(), "--json {} cannot be written", printable(path));
  return file;
}

/// What samples begin with: a line end, or token 0 if the vocabulary has none.
std::vector<int64_t> prompt_of(const text::Tokenizer& tokenizer) {
  try {
    return tokenizer.encode("\n");
  } catch (const Error&) {
    return {0};
  }
}

/// What a training run of the command line writes and shows.
class Report {
 public:
  Report(const TrainArguments& arguments, const TrainFolder& folder,
         const text::Tokenizer& tokenizer, int64_t last_step)
      : folder_(folder),
        tokenizer_(tokenizer),
        prompt_(prompt_of(tokenizer)),
        log_(folder.log(), last_step) {
    if (arguments.json) json_ = open_json(*arguments.json, arguments.resume);
  }

  /// Writes an evaluation and the checkpoint, and prints both losses and a sample.
  void add(const Evaluation& e, const Trainer& trainer, terminal::ProgressBar& progress) {
    log_.add(e);
    if (json_.is_open()) {
      json_ << json_line(e) << '\n' << std::flush;
      check(json_.good(), "--json: the file cannot be written");
    }
    folder_.save(trainer);
    progress.print(
        fmt::format("step {}: training loss {:.4f}, validation loss {:.4f}, {:.3f} bits per byte",
                    e.step, e.train_loss, e.val_loss, e.bits_per_byte));
    progress.print(sample(trainer));
  }

  const TrainLog& log() const { return log_; }
  const terminal::Canvas& canvas() const { return canvas_; }

 private:
  /// A text that the model writes after a line end, indented. The random numbers of the training
  /// stay as they are.
  std::string sample(const Trainer& trainer) const;

  const TrainFolder& folder_;
  const text::Tokenizer& tokenizer_;
  const std::vector<int64_t> prompt_;
  TrainLog log_;
  std::ofstream json_;
  const terminal::Canvas canvas_{terminal::color_depth("auto", terminal::stdout_is_tty()),
                                 terminal::width(), terminal::utf8()};
};

std::string Report::sample(const Trainer& trainer) const {
  const Tensor rng_state = get_rng_state();
  manual_seed(0);  // two samples differ only because the model does
  trainer.model().eval();
  const Tensor ids =
      generate(trainer.model(), tensor(prompt_, kInt64).unsqueeze(0),
               {.max_new_tokens = kSampleTokens, .do_sample = true, .temperature = 0.8});
  set_rng_state(rng_state);
  const Tensor written = ids[0].narrow(0, std::ssize(prompt_), kSampleTokens).contiguous();
  const std::string text =
      tokenizer_.decode({written.data_ptr<int64_t>(), static_cast<size_t>(kSampleTokens)});
  std::string lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines += terminal::wrap(terminal::printable(line), canvas_.width, 4);
  return lines;
}

/// Asks before a training that takes long, if someone is there to answer.
bool is_agreed(const TrainArguments& arguments, double seconds) {
  const bool someone_is_there = terminal::stdin_is_tty() && terminal::stdout_is_tty();
  if (seconds < kLongTraining || arguments.yes || !someone_is_there) return true;
  fmt::print("This takes a long time. Start? [y/N] ");
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

/// Trains until the last step or Ctrl-C. Everything is in the folder then.
void train_and_save(Trainer& trainer, const TrainFolder& folder, Report& report) {
  terminal::ProgressBar progress(
      "training", trainer.options().steps,
      {.stream = &std::cout, .redraw = terminal::stdout_is_tty(), .canvas = report.canvas()}, {},
      /*trial=*/0, {}, trainer.state().step);
  auto saved_at = Clock::now();
  const auto on_evaluation = [&](const Evaluation& e) {
    report.add(e, trainer, progress);
    saved_at = Clock::now();
  };
  const auto on_step = [&] {
    if (Clock::now() - saved_at < kCheckpointAge) return;
    folder.save(trainer);
    saved_at = Clock::now();
  };
  try {
    train(trainer, progress, {on_evaluation, on_step});
    if (!trainer.finished()) folder.save(trainer);
  } catch (const Error& e) {
    fail(
        "{}\nThe last checkpoint in {} is unchanged; --resume continues it, with another --lr if "
        "that helps",
        e.what(), printable(folder.path()));
  }
}

/// Says where the model is, and the command that uses it or continues the run.
void print_end(const TrainArguments& arguments, const Trainer& trainer, const TrainFolder& folder,
               const Report& report) {
  const std::string out = quoted(folder.path());
  fmt::print("{}", report.log().curve(report.canvas()));
  if (trainer.finished()) {
    const Evaluation& last = report.log().evaluations().back();
    fmt::print("\nThe loss over all validation tokens is {:.4f}: {:.3f} bits per byte.\n",
               last.val_loss, last.bits_per_byte);
    fmt::print("The model is in {}. It writes a text with\n  {} generate --model {}\n",
               printable(folder.path()), program(), out);
    return;
  }
  fmt::print("Nothing is lost: step {} is saved in {}. The training continues with\n  {} train",
             trainer.state().step, printable(folder.path()), program());
  for (const std::string& file : arguments.files)
    fmt::print(" {}", quoted(file));
  fmt::print(" --out {} --resume\n", out);
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
  if (trainer.finished()) folder.complete(trainer);
  check(!trainer.finished(), "all {} steps of the run in {} are done; more --steps continue it",
        trainer.options().steps, printable(folder.path()));

  // What will be done, and whether it may begin.
  const Plan plan{.settings = settings,
                  .data = data,
                  .needs = needs_of(settings.model, settings.train),
                  .steps_before = trainer.state().step,
                  .seconds = measure_seconds(trainer, data),
                  .out = folder.path()};
  fmt::print("{}\n", describe(plan));
  if (!is_agreed(arguments, plan.seconds)) {
    if (!arguments.resume) folder.discard_tokens();
    return 0;
  }

  // The training.
  folder.remove_leftovers();
  tokenizer.save_pretrained(folder.path());
  Report report(arguments, folder, tokenizer, arguments.resume ? trainer.state().step : -1);
  train_and_save(trainer, folder, report);
  print_end(arguments, trainer, folder, report);
  return trainer.finished() ? 0 : kInterrupted;
}

}  // namespace gradus::gpt
