// gradus generate: a trained GPT continues a text.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <random>
#include <sstream>

#include "gpt/commands.h"
#include "gpt/config_file.h"
#include "gpt/dtype_option.h"
#include "gpt/generate.h"
#include "gpt/pretrained.h"
#include "gpt/text_stream.h"
#include "tensor/factories.h"
#include "tensor/files.h"
#include "tensor/random.h"
#include "terminal/options.h"
#include "terminal/terminal.h"
#include "text/tokenizer.h"

namespace gradus::gpt {
namespace {
namespace fs = std::filesystem;

struct GenerateArguments {
  std::string model, tokenizer, prompt;
  GenerateOptions options = {
      .max_new_tokens = 200, .do_sample = true, .temperature = 0.8, .top_k = 200};
  PretrainedOptions weights;
  std::optional<int64_t> seed;
  bool greedy = false, no_cache = false, stats = false;
};

/// Reads the command line. Returns the exit status if the program must end now.
std::optional<int> parse(int argc, const char* const* argv, GenerateArguments& arguments) {
  CLI::App app("A trained GPT continues a text.", "gradus generate");
  GenerateOptions& options = arguments.options;
  app.add_option("--model", arguments.model,
                 "A folder that gradus train wrote, one with a Hugging Face GPT-2 model, or a "
                 "checkpoint of llm.c")
      ->required();
  app.add_option("--tokenizer", arguments.tokenizer,
                 "The folder with the tokenizer, if it is not that of the model");
  add_dtype_option(app, arguments.weights);
  app.add_option("--prompt", arguments.prompt,
                 "The text to continue; - reads it from standard input");
  terminal::add_integer(app, "--tokens", options.max_new_tokens, "Tokens to generate (200)");
  CLI::Option* const temperature =
      app.add_option("--temperature", options.temperature,
                     "Lower values prefer likely tokens, higher ones vary more (0.8)");
  CLI::Option* const top_k = terminal::add_integer(
      app, "--top-k", options.top_k, "Draw from the K most likely tokens (200); 0: from all");
  CLI::Option* const top_p =
      app.add_option("--top-p", options.top_p,
                     "Draw from the most likely tokens with a total probability of P (1)");
  terminal::add_integer(app, "--seed", arguments.seed,
                        "With the same seed the text is the same; by default each is different");
  CLI::Option* const greedy =
      app.add_flag("--greedy", arguments.greedy, "Always take the most likely token");
  for (CLI::Option* const other : {temperature, top_k, top_p})
    greedy->excludes(other);
  app.add_flag("--no-cache", arguments.no_cache,
               "Recompute all keys and values for each token: the same text, slower");
  app.add_flag("--exact-window", options.exact_window,
               "When the context is full, compute each token from exactly the last ones, slowly; "
               "by default the older half is dropped");
  app.add_flag("--stats", arguments.stats, "Report the speed at the end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return terminal::exit_parsing(app, e, 2);
  }
  options.do_sample = !arguments.greedy;
  options.use_cache = !arguments.no_cache;
  return {};
}

/// Text to ids and back; the ids themselves, separated by spaces, if there is no tokenizer.
class Codec {
 public:
  Codec(const GenerateArguments& arguments, const nn::Gpt& model) {
    const std::string dir = arguments.tokenizer.empty() ? arguments.model : arguments.tokenizer;
    const bool has_tokenizer =
        fs::exists(fs::path(dir) / "vocab.json") || fs::exists(fs::path(dir) / "encoder.json");
    if (has_tokenizer || !arguments.tokenizer.empty()) {
      tokenizer_ = text::load_tokenizer(dir);
      check(tokenizer_->vocab_size() == model.config.vocab_size,
            "the tokenizer in {} has {} tokens, and the model in {} has {}", printable(dir),
            tokenizer_->vocab_size(), printable(arguments.model), model.config.vocab_size);
      return;
    }
    fmt::print(stderr,
               "There is no tokenizer in {}: the prompt and the text are token ids, separated by "
               "spaces.\n",
               printable(dir));
  }

  bool has_tokenizer() const { return tokenizer_.has_value(); }
  std::vector<int64_t> encode(const std::string& text) const {
    if (tokenizer_) return tokenizer_->encode(text);
    std::istringstream words(text);
    std::vector<int64_t> ids;
    for (int64_t id = 0; words >> id;)
      ids.push_back(id);
    check(words.eof(), "the prompt '{}' is not a list of token ids", printable(text));
    return ids;
  }
  std::string decode(const std::vector<int64_t>& ids) const {
    if (tokenizer_) return tokenizer_->decode(ids);
    std::string text;
    for (const int64_t id : ids)
      text += fmt::format("{} ", id);
    return text;
  }
  /// The token that a text without a prompt starts after, which is not printed: the end of the text
  /// before, or the end of a line.
  std::vector<int64_t> start(const std::optional<int64_t>& eos) const {
    if (eos) return {*eos};
    try {
      if (tokenizer_) return tokenizer_->encode("\n");
    } catch (const Error&) {  // characters without an end of a line
    }
    return {0};
  }

 private:
  std::optional<text::Tokenizer> tokenizer_;
};

std::string read_prompt(const std::string& given) {
  if (given != "-") return given;
  return {std::istreambuf_iterator<char>(std::cin), {}};
}

/// Returns false if nobody reads standard output any more.
bool write(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return true;
  check(errno == EPIPE, "the text cannot be written: {}", std::strerror(errno));
  return false;
}

volatile std::sig_atomic_t interrupted = 0;

/// The first Ctrl-C ends the text, a second one the program.
void end_on_interrupt() {
  std::signal(SIGINT, [](int) {
    interrupted = 1;
    std::signal(SIGINT, SIG_DFL);
  });
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Stats {
  int64_t tokens = 0;  // generated
  double first = 0;    // seconds for the first one, which reads the prompt
  double others = 0;   // seconds for the others
};

/// Prints the text as it comes.
Stats write_text(Generator& generator, const Codec& codec, TextStream& stream,
                 const std::optional<int64_t>& eos) {
  Stats stats;
  bool is_read = true;
  while (is_read && !interrupted && !generator.finished()) {
    const auto start = std::chrono::steady_clock::now();
    const int64_t token = generator.step().item<int64_t>();
    (stats.tokens++ == 0 ? stats.first : stats.others) += seconds_since(start);
    if (token != eos || !codec.has_tokenizer()) is_read = write(stream.add(codec.decode({token})));
  }
  write(stream.rest() + "\n");
  return stats;
}

void report(const Stats& stats, const Generator& generator, const GenerateOptions& options,
            int64_t context, bool with_stats) {
  if (generator.refills() > 0)
    fmt::print(stderr, "The window of {} tokens was full {} times: {}.\n", context,
               generator.refills(),
               options.exact_window ? "each time the model read the last ones again"
                                    : "each time the older half was dropped (--exact-window: only "
                                      "the oldest token)");
  if (!with_stats) return;
  const int64_t prompt = generator.ids().size(1) - stats.tokens;
  fmt::print(stderr, "{} tokens of the prompt, read in {:.1f} ms\n", prompt, stats.first * 1e3);
  if (stats.tokens < 2) return;
  const auto others = static_cast<double>(stats.tokens - 1);
  fmt::print(stderr, "{} tokens generated, {:.1f} tokens/s, {:.2f} ms for each\n", stats.tokens,
             others / stats.others, stats.others / others * 1e3);
}

}  // namespace

int run_generate(int argc, char** argv) {
  GenerateArguments arguments;
  if (const auto status = parse(argc, argv, arguments)) return *status;
  GenerateOptions& options = arguments.options;
  const nn::Gpt model = from_pretrained(arguments.model, arguments.weights);
  if (fs::is_directory(arguments.model))
    options.eos_token_id =
        load_config((fs::path(arguments.model) / "config.json").string()).eos_token_id;
  const Codec codec(arguments, model);
  const std::string prompt = read_prompt(arguments.prompt);
  const std::vector<int64_t> ids =
      prompt.empty() ? codec.start(options.eos_token_id) : codec.encode(prompt);
  const uint64_t seed =
      arguments.seed ? static_cast<uint64_t>(*arguments.seed) : std::random_device()();
  manual_seed(seed);
  Generator generator(model, tensor(ids, kInt64).unsqueeze(0), options);
  TextStream stream(terminal::stdout_is_tty());
  end_on_interrupt();
  if (!prompt.empty()) write(stream.add(codec.decode(ids)));
  const Stats stats = write_text(generator, codec, stream, options.eos_token_id);
  report(stats, generator, options, model.config.context_length, arguments.stats);
  if (arguments.stats && options.do_sample) fmt::print(stderr, "--seed {}\n", seed);
  return interrupted ? 130 : 0;
}

}  // namespace gradus::gpt
