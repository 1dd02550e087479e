#include "gpt/training_run.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "distributed/agree.h"
#include "gpt/processes.h"
#include "terminal/progress_bar.h"

namespace gradus::gpt {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLongTraining = 600;                     // seconds: above this it asks
constexpr auto kCheckpointAge = std::chrono::minutes(5);  // at most, between two evaluations
constexpr int kInterrupted = 130;                         // the exit status after Ctrl-C

/// What a training run of the command line writes and shows.
class Report {
 public:
  Report(const TrainFolder& folder, const TrainingRun& run, int64_t last_step)
      : run_(run), log_(folder.log(), last_step) {
    if (run.json && distributed::is_first_process()) json_ = open_json(*run.json, run.resume);
  }

  /// Writes an evaluation and the checkpoint, and prints both losses and a sample.
  void add(const Evaluation& e, const Trainer& trainer, terminal::ProgressBar& progress) {
    if (distributed::is_first_process()) log_.add(e);
    if (json_.is_open()) {
      json_ << json_line(e) << '\n' << std::flush;
      check(json_.good(), "--json: the file cannot be written");
    }
    run_.save(trainer);
    if (!distributed::is_first_process()) return;
    progress.print(
        fmt::format("step {}: training loss {:.4f}, validation loss {:.4f}, {:.3f} bits per byte",
                    e.step, e.train_loss, e.val_loss, e.bits_per_byte));
    progress.print(run_.sample(trainer, canvas_));
  }

  const TrainLog& log() const { return log_; }
  const terminal::Canvas& canvas() const { return canvas_; }

 private:
  const TrainingRun& run_;
  TrainLog log_;
  std::ofstream json_;
  const terminal::Canvas canvas_{terminal::color_depth("auto", terminal::stdout_is_tty()),
                                 terminal::width(), terminal::utf8()};
};

std::string with_advice(const Error& e, const TrainFolder& folder) {
  return fmt::format(
      "{}\nThe last checkpoint in {} is unchanged; --resume continues it, with another --lr "
      "if that helps",
      e.what(), printable(folder.path()));
}

void train_with_report(Trainer& trainer, const TrainFolder& folder, const TrainingRun& run,
                       Report& report) {
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
    const bool is_old = Clock::now() - saved_at >= kCheckpointAge;
    if (distributed::of_first_process(is_old ? 1 : 0) == 0) return;
    run.save(trainer);
    saved_at = Clock::now();
  };
  try {
    train(trainer, progress, {on_evaluation, on_step});
    if (!trainer.finished()) run.save(trainer);
  } catch (const distributed::CommonError& e) {
    throw distributed::CommonError(with_advice(e, folder));
  } catch (const Error& e) {
    throw Error(with_advice(e, folder));
  }
}

}  // namespace

std::string quoted(const std::string& word) {
  const std::string plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=+,@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word)
    out += c == '\'' ? std::string_view("'\\''") : std::string_view(&c, 1);
  return out + "'";
}

std::string program_file() {
  std::error_code error;
  const std::filesystem::path file = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "gradus" : file.string();  // elsewhere than on Linux: the one in PATH
}

std::string program_name() {
  const char* name = std::getenv("GRADUS_RUN");
  return name ? quoted(name) : "gradus";
}

bool is_agreed(const TrainingRun& run, double seconds) {
  const bool someone_is_there = terminal::stdin_is_tty() && terminal::stdout_is_tty();
  if (seconds < kLongTraining || run.yes || !someone_is_there) return true;
  fmt::print("This takes a long time. Start? [y/N] ");
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::ofstream open_json(const std::string& path, bool append) {
  std::ofstream file(path, append ? std::ios::app : std::ios::trunc);
  check(file.good(), "--json {} cannot be written", printable(path));
  return file;
}

int train_and_save(Trainer& trainer, const TrainFolder& folder, const TrainingRun& run,
                   const std::string& use) {
  Report report(folder, run, run.resume ? trainer.state().step : -1);
  if (!report.log().evaluations().empty())
    trainer.add_seconds(report.log().evaluations().back().seconds);
  train_with_report(trainer, folder, run, report);
  fmt::print("{}", report.log().curve(report.canvas()));
  if (!distributed::is_first_process()) return trainer.finished() ? 0 : kInterrupted;
  if (trainer.finished()) {
    const Evaluation& last = report.log().evaluations().back();
    fmt::print("\nThe loss over all validation tokens is {:.4f}: {:.3f} bits per byte.\n",
               last.val_loss, last.bits_per_byte);
    fmt::print("The model is in {}. {}\n", printable(folder.path()), use);
    return 0;
  }
  fmt::print("Nothing is lost: step {} is saved in {}. The training continues with\n  {} {}",
             trainer.state().step, printable(folder.path()), program_name(), run.command);
  for (const std::string& file : run.files)
    fmt::print(" {}", quoted(file));
  fmt::print(" --out {} --resume{}{}\n", quoted(folder.path()), processes_options(),
             trainer.options().zero ? " --zero" : "");
  return kInterrupted;
}

}  // namespace gradus::gpt
