// gradus finetune: teaches a trained GPT to answer, and keeps everything in one folder.
#include <csignal>

#include "gpt/chat.h"
#include "gpt/commands.h"
#include "gpt/conversation_rows.h"
#include "gpt/fine_tuning.h"
#include "gpt/pretrained.h"
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

constexpr int64_t kAnswerTokens = 100;

/// The conversations to train on, and the last tenth of them to validate with.
struct Data {
  std::vector<Conversation> train, validation;
};
Data data_of(const std::vector<Conversation>& all) {
  check(all.size() >= 2,
        "there is only one conversation: at least two are needed, one of them to "
        "validate with");
  const auto validation = std::max<std::ptrdiff_t>(1, std::ssize(all) / 10);
  return {{all.begin(), all.end() - validation}, {all.end() - validation, all.end()}};
}

/// A model and its tokenizer, with the special tokens of conversations.
struct Start {
  TrainSettings settings;
  text::Tokenizer tokenizer;
  nn::Gpt model;
};

/// The trained model, whose vocabulary gets the special tokens.
Start new_run(const TrainArguments& arguments, const TrainFolder& folder, const std::string& text) {
  folder.check_is_free();
  const std::string& base = *arguments.base;
  text::Tokenizer tokenizer = text::load_tokenizer(base);
  const nn::Gpt trained = from_pretrained(base);
  trained.to(kFloat32);
  check(tokenizer.vocab_size() == trained.config.vocab_size,
        "the tokenizer in {} has {} tokens, and the model {}", printable(base),
        tokenizer.vocab_size(), trained.config.vocab_size);
  ChatFormat::add_to(tokenizer);
  nn::GptConfig config = trained.config;
  config.vocab_size = tokenizer.vocab_size();
  const TrainSettings settings = finetune_settings(arguments, config, text);
  manual_seed(static_cast<uint64_t>(settings.seed));
  return {settings, tokenizer, with_vocabulary(trained, config.vocab_size)};
}

/// The run in the folder. The weights come from its checkpoint, later.
Start continued_run(const TrainArguments& arguments, const TrainFolder& folder,
                    const std::string& text) {
  const TrainSettings before = folder.settings();
  check(!before.base.empty(), "{} has a run of train, and not of finetune",
        printable(folder.path()));
  const TrainSettings settings = continued_settings(before, arguments, text);
  text::Tokenizer tokenizer = text::load_tokenizer(folder.path());
  check(tokenizer.vocab_size() == settings.model.vocab_size,
        "the tokenizer in {} has {} tokens, and the model of its checkpoint {}",
        printable(folder.path()), tokenizer.vocab_size(), settings.model.vocab_size);
  return {settings, tokenizer, nn::Gpt(settings.model)};
}

/// A new run, or the one in the folder, with its precision set.
Start start_of(const TrainArguments& arguments, const TrainFolder& folder,
               const std::string& text) {
  const Start start =
      arguments.resume ? continued_run(arguments, folder, text) : new_run(arguments, folder, text);
  set_float32_matmul_precision(start.settings.precision);
  return start;
}

/// What the model answers to the first two questions of these conversations.
std::string sample(const nn::Gpt& model, const ChatFormat& format,
                   const std::vector<Conversation>& validation, int width) {
  std::string lines;
  for (size_t i = 0; i < std::min<size_t>(2, validation.size()); ++i) {
    const std::vector<Message>& messages = validation[i].messages;
    const bool has_system = messages[0].role == "system";
    const std::string& question = messages[has_system ? 1 : 0].content;
    std::string answer;
    try {
      answer = Chat(model, format, {.max_new_tokens = kAnswerTokens},
                    has_system ? messages[0].content : "")
                   .answer(question);
    } catch (const Error& e) {  // the question leaves no room for an answer
      answer = e.what();
    }
    lines += terminal::wrap(terminal::printable("> " + question), width, 4) +
             terminal::wrap(terminal::printable(answer), width, 6);
  }
  return lines;
}

TrainingRun run_of(const TrainArguments& arguments) {
  return {.command = "finetune",
          .files = arguments.files,
          .json = arguments.json,
          .resume = arguments.resume,
          .yes = arguments.yes};
}

/// The adapters that are trained instead of the model, if the settings ask for them.
std::optional<LoraAdapters> adapters_of(const TrainSettings& settings, const nn::Gpt& model) {
  if (settings.lora == 0) return std::nullopt;
  return LoraAdapters(model, settings.lora, /*alpha=*/2.0 * static_cast<double>(settings.lora));
}

/// What holds for the whole process, and whether --json can be written.
void prepare(const TrainArguments& arguments) {
  std::signal(SIGXFSZ, SIG_IGN);  // as in train
  if (arguments.threads) set_num_threads(static_cast<int>(*arguments.threads));
  if (arguments.json) open_json(*arguments.json, /*append=*/true);
}

}  // namespace

int run_finetune(int argc, char** argv) {
  TrainArguments arguments;
  if (const std::optional<int> status = parse_finetune(argc, argv, arguments)) return *status;
  prepare(arguments);

  // The conversations, and the model with its settings.
  const Data data = data_of(read_conversations(arguments.files));
  const std::string text = read_texts(arguments.files);
  const TrainFolder folder(arguments.out.value_or(default_folder(arguments.files)));
  const Start start = start_of(arguments, folder, text);
  const TrainSettings& settings = start.settings;
  const ChatFormat format(start.tokenizer);
  const int64_t T = settings.model.context_length;
  const auto train = std::make_shared<ConversationRows>(data.train, format, T);
  const auto validation = std::make_shared<ConversationRows>(data.validation, format, T);

  // What is trained.
  const std::optional<LoraAdapters> lora = adapters_of(settings, start.model);
  if (settings.last_blocks > 0) train_last_block_only(start.model);
  const nn::Module trained = lora ? nn::Module(*lora) : nn::Module(start.model);
  check_memory(needs_of(settings.model, settings.train, trained_parameters(trained)));
  Trainer trainer({.model = start.model,
                   .trained = trained,
                   .train = train,
                   .validation = validation,
                   .bytes_per_token = validation->bytes_per_token()},
                  settings.train);
  if (arguments.resume) trainer.load(folder.checkpoint());
  trainer.set_settings(to_json(settings));
  const auto result = [&] { return lora ? lora->merged() : start.model; };
  if (trainer.finished()) folder.complete(result(), format.end());
  check(!trainer.finished(), "all {} steps of the run in {} are done; more --steps continue it",
        trainer.options().steps, printable(folder.path()));

  // What will be done, and whether it may begin.
  const FineTuningPlan plan{.settings = settings,
                            .train = *train,
                            .validation = *validation,
                            .trained = trained_parameters(trained),
                            .steps_before = trainer.state().step,
                            .seconds = measure_seconds(trainer),
                            .out = folder.path()};
  fmt::print("{}\n", describe(plan));

  // The training. The tokenizer is there before the checkpoint, which needs it to continue.
  TrainingRun run = run_of(arguments);
  if (!is_agreed(run, plan.seconds)) return 0;
  run.save = [&](const Trainer& t) {
    start.tokenizer.save_pretrained(folder.path());
    folder.save(t, result(), format.end());
  };
  run.sample = [&](const Trainer& t, const terminal::Canvas& canvas) {
    return sample(t.model(), format, data.validation, canvas.width);
  };
  folder.make();
  folder.remove_leftovers();
  return train_and_save(
      trainer, folder, run,
      fmt::format("It answers\n  {} chat --model {}", program_name(), quoted(folder.path())));
}

}  // namespace gradus::gpt
