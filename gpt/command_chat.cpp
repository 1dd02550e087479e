// gradus chat: a conversation with a trained GPT.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <random>

#include "gpt/chat.h"
#include "gpt/commands.h"
#include "gpt/dtype_option.h"
#include "gpt/pretrained.h"
#include "gpt/text_stream.h"
#include "gpt/training_run.h"
#include "tensor/factories.h"
#include "tensor/random.h"
#include "terminal/options.h"
#include "terminal/terminal.h"

namespace gradus::gpt {
namespace {

struct ChatArguments {
  std::string model, system;
  PretrainedOptions weights;
  std::optional<double> temperature;
  std::optional<int64_t> seed;
  int64_t tokens = 200;
};

/// Reads the command line. Returns the exit status if the program must end now.
std::optional<int> parse(int argc, const char* const* argv, ChatArguments& arguments) {
  CLI::App app(
      "A conversation with a fine-tuned GPT: a line is a question. Ctrl-C stops an answer, the end "
      "of the input (Ctrl-D) leaves.",
      "gradus chat");
  app.add_option("--model", arguments.model, "The folder of a model that gradus finetune wrote")
      ->required();
  add_dtype_option(app, arguments.weights);
  app.add_option("--system", arguments.system,
                 "What the model reads before the first question; useful if it was fine-tuned so");
  app.add_option("--temperature", arguments.temperature,
                 "Draws each token; by default it is always the most likely one");
  terminal::add_integer(app, "--tokens", arguments.tokens, "How long an answer may be: 200");
  terminal::add_integer(app, "--seed", arguments.seed,
                        "With --temperature: the same answers again");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return terminal::exit_parsing(app, e, 2);
  }
  return {};
}

volatile std::sig_atomic_t answer_interrupted = 0;

/// Ctrl-C sets the flag, and interrupts a read().
void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { answer_interrupted = 1; };
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

void show_at_once(const std::string& text) {
  const bool done = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  check(done && std::fflush(stdout) == 0, "standard output cannot be written");
}

/// The lines of standard input.
class Lines {
 public:
  /// The next line; nothing at the end of the input. Ctrl-C drops what was typed so far.
  std::optional<std::string> next() {
    while (true) {
      const size_t end = read_.find('\n');
      if (end != std::string::npos || (ended_ && !read_.empty())) {
        std::string line = read_.substr(0, end);
        read_.erase(0, end == std::string::npos ? end : end + 1);
        if (line.ends_with('\r')) line.pop_back();
        return line;
      }
      if (ended_) return {};
      read_more();
    }
  }
  void show_prompt() const {
    if (is_terminal_) show_at_once("> ");
  }

 private:
  void read_more() {
    char block[4096];
    const ssize_t count = ::read(STDIN_FILENO, block, sizeof block);
    if (count < 0 && errno == EINTR) {
      answer_interrupted = 0;
      read_.clear();
      show_at_once("\nCtrl-D leaves.\n");
      return show_prompt();
    }
    check(count >= 0, "standard input cannot be read");
    ended_ = count == 0;
    read_.append(block, static_cast<size_t>(count));
  }

  const bool is_terminal_ = terminal::stdin_is_tty();
  std::string read_;
  bool ended_ = false;
};

GenerateOptions options_of(const ChatArguments& arguments) {
  return {.max_new_tokens = arguments.tokens,
          .do_sample = arguments.temperature.has_value(),
          .temperature = arguments.temperature.value_or(1)};
}

/// Prints a text while it is generated. False after Ctrl-C.
class Printer {
 public:
  bool operator()(const std::string& bytes) {
    show_at_once(stream_.add(bytes));
    return !answer_interrupted;
  }
  void finish() { show_at_once(stream_.rest() + "\n"); }

 private:
  TextStream stream_{terminal::stdout_is_tty()};
};

/// Calls answer(line, printer) for each line of the input. An Error is printed, and the next line
/// is read.
template <class Answer>
void for_each_question(const Answer& answer) {
  Lines lines;
  lines.show_prompt();
  while (const std::optional<std::string> line = lines.next()) {
    if (line->find_first_not_of(" \t") != std::string::npos) {
      answer_interrupted = 0;
      Printer printer;
      try {
        answer(*line, printer);
        printer.finish();
      } catch (const Error& e) {
        fmt::print(stderr, "{}\n", e.what());
      }
      answer_interrupted = 0;
    }
    lines.show_prompt();
  }
  if (terminal::stdin_is_tty()) show_at_once("\n");
}

/// A model that was never fine-tuned goes on writing what was typed.
void go_on_writing(const ChatArguments& arguments, const nn::Gpt& model,
                   const text::Tokenizer& tokenizer) {
  check(arguments.system.empty(), "--system needs a model that was fine-tuned");
  fmt::print(stderr,
             "The model in {0} was never fine-tuned: it does not answer, it goes on writing your "
             "text.\n  {1} finetune FILE --model {2} --out NEW\nteaches it to answer, from "
             "questions with answers.\n",
             printable(arguments.model), program_name(), quoted(arguments.model));
  for_each_question([&](const std::string& line, Printer& printer) {
    const Tensor ids = tensor(tokenizer.encode(line), kInt64).unsqueeze(0);
    Generator generator(model, ids, options_of(arguments));
    bool goes_on = true;
    while (goes_on && !generator.finished())
      goes_on = printer(tokenizer.decode(std::vector{generator.step().item<int64_t>()}));
  });
}

}  // namespace

int run_chat(int argc, char** argv) {
  ChatArguments arguments;
  if (const auto status = parse(argc, argv, arguments)) return *status;
  const nn::Gpt model = from_pretrained(arguments.model, arguments.weights);
  const text::Tokenizer tokenizer = text::load_tokenizer(arguments.model);
  check(tokenizer.vocab_size() == model.config.vocab_size,
        "the tokenizer in {} has {} tokens, and the model has {}", printable(arguments.model),
        tokenizer.vocab_size(), model.config.vocab_size);
  manual_seed(arguments.seed ? static_cast<uint64_t>(*arguments.seed) : std::random_device()());
  catch_interrupts();
  if (!ChatFormat::is_known_to(tokenizer)) {
    go_on_writing(arguments, model, tokenizer);
    return 0;
  }
  Chat chat(model, ChatFormat(tokenizer), options_of(arguments), arguments.system);
  for_each_question([&](const std::string& line, Printer& printer) {
    chat.answer(line, [&](const std::string& text) { return printer(text); });
  });
  return 0;
}

}  // namespace gradus::gpt
