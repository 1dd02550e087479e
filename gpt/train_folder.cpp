#include "gpt/train_folder.h"

#include <csignal>
#include <filesystem>
#include <regex>

#include "distributed/agree.h"
#include "gpt/pretrained.h"

namespace gradus::gpt {
namespace {

namespace fs = std::filesystem;

/// The path without a slash at its end.
std::string cleaned(const std::string& path) {
  check(!path.empty() && path.find('\0') == std::string::npos, "--out '{}' is not a folder",
        printable(path));
  const size_t end = path.find_last_not_of('/');
  return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

}  // namespace

std::string default_folder(const std::vector<std::string>& texts) {
  return "my/" + fs::path(texts.front()).stem().string();
}

TrainFolder::TrainFolder(const std::string& path) : path_(cleaned(path)) {
  std::error_code error;
  check(!fs::exists(path_, error) || fs::is_directory(path_, error),
        "{} is a file; --out chooses a folder", printable(path_));
}

void TrainFolder::check_is_free() const {
  std::error_code error;
  if (fs::exists(checkpoint(), error)) {
    const TrainState state = read_train_state(checkpoint());
    fail(
        "{} has a training run at step {}; --resume continues it, and --out chooses another folder",
        printable(path_), state.step);
  }
  // A run that was killed before its first checkpoint left tokens.bin or log.csv, and maybe a
  // tokenizer.
  const bool is_begun = has_tokens() || fs::exists(log(), error);
  for (const char* name : {"model.safetensors", "config.json", "vocab.json", "merges.txt"}) {
    const bool is_ours = is_begun && name != std::string_view("model.safetensors");
    check(is_ours || !fs::exists(file(name), error),
          "{} has a model that was not trained here ({}); --out chooses another folder",
          printable(path_), name);
  }
}

TrainSettings TrainFolder::settings() const {
  std::error_code error;
  check(fs::exists(checkpoint(), error),
        "{} has no checkpoint.safetensors, so there is no run to continue", printable(path_));
  return settings_from_json(read_train_state(checkpoint()).settings, checkpoint());
}

void TrainFolder::make() const {
  std::error_code error;
  fs::create_directories(path_, error);
  check(!error, "{} cannot be made: {}", printable(path_), error.message());
}

void TrainFolder::write_tokens(const text::Tokenizer& tokenizer, std::string_view text,
                               int64_t context_length) const {
  const auto [train_text, validation_text] = text::split_text(text);
  const std::vector<int64_t> train = tokenizer.encode(train_text);
  const std::vector<int64_t> validation = tokenizer.encode(validation_text);
  check(
      std::ssize(train) > context_length && validation.size() >= 2,
      "the text is too short: it has {} tokens to train on and {} to validate with, and --block {} "
      "needs at least {} and 2",
      train.size(), validation.size(), context_length, context_length + 1);
  make();
  text::TokenFile::save(tokens(), train, validation, tokenizer.vocab_size());
}

bool TrainFolder::has_tokens() const {
  std::error_code error;
  return fs::exists(tokens(), error);
}

TrainData TrainFolder::data(const text::Tokenizer& tokenizer, std::string_view text) const {
  const text::TokenFile file(tokens());
  check(file.vocab_size() == tokenizer.vocab_size(),
        "{} belongs to another tokenizer: its vocabulary has {} tokens, expected {}",
        printable(tokens()), file.vocab_size(), tokenizer.vocab_size());
  const auto bytes = static_cast<double>(text::split_text(text).second.size());
  const auto count = static_cast<double>(file.validation().size());
  return {file.train(), file.validation(), bytes / count};
}

void TrainFolder::discard_tokens() const {
  std::error_code error;
  fs::remove(tokens(), error);
  fs::remove(path_, error);
}

void TrainFolder::remove_leftovers() const {
  // The names are those that OutputFile (tensor/file_io.h) gives to unfinished files.
  static const std::regex unfinished(R"([a-z.]+\.([0-9]{1,9})\.[0-9]+\.tmp)");
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    const std::string name = entry.path().filename().string();
    std::smatch match;
    if (!std::regex_match(name, match, unfinished)) continue;
    const bool is_alive = kill(std::stoi(match[1]), 0) == 0 || errno != ESRCH;
    if (!is_alive) fs::remove(entry.path(), error);
  }
}

void TrainFolder::save(const Trainer& trainer, const nn::Gpt& model,
                       std::optional<int64_t> eos_token_id) const {
  trainer.save(checkpoint());
  if (distributed::is_first_process()) save_pretrained(model, path_, eos_token_id);
}

void TrainFolder::complete(const nn::Gpt& model, std::optional<int64_t> eos_token_id) const {
  remove_leftovers();
  std::error_code error;
  const auto written = fs::last_write_time(checkpoint(), error);
  const auto model_written = fs::last_write_time(file("model.safetensors"), error);
  if (error || model_written < written) save_pretrained(model, path_, eos_token_id);
}

}  // namespace gradus::gpt
