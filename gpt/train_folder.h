// The folder that a training run fills: a model that generate and Hugging Face's transformers read
// (model.safetensors, config.json, the tokenizer's files), and what continues the run
// (checkpoint.safetensors, tokens.bin, log.csv).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gpt/train.h"
#include "gpt/train_settings.h"
#include "text/tokenizer.h"

namespace gradus::gpt {

/// my/NAME, where NAME is that of the first text without its ending.
std::string default_folder(const std::vector<std::string>& texts);

class TrainFolder {
 public:
  explicit TrainFolder(const std::string& path);

  /// Throws if a new run would overwrite something: another run, or a model that was not trained
  /// here.
  void check_is_free() const;
  /// The settings of the run in the folder. Throws if there is none.
  TrainSettings settings() const;
  /// Makes the folder, with its parents.
  void make() const;
  /// Makes the folder with the file tokens.bin, which tells it from one of another program. The
  /// validation part of the text is its last tenth. Throws if the text is too short for the model.
  void write_tokens(const text::Tokenizer& tokenizer, std::string_view text,
                    int64_t context_length) const;
  bool has_tokens() const;
  /// The tokens of the text, mapped into memory. Throws if the file belongs to another tokenizer.
  TrainData data(const text::Tokenizer& tokenizer, std::string_view text) const;
  /// Removes tokens.bin, and the folder if it is empty then.
  void discard_tokens() const;
  /// Removes the unfinished files of processes that were killed.
  void remove_leftovers() const;
  /// Writes the checkpoint, then the model; all processes call it, and the first writes. So a
  /// folder with a model has a checkpoint.
  void save(const Trainer& trainer, const nn::Gpt& model,
            std::optional<int64_t> eos_token_id = {}) const;
  /// Writes the model if it is older than the checkpoint, because a process was killed between the
  /// two, and removes leftovers.
  void complete(const nn::Gpt& model, std::optional<int64_t> eos_token_id = {}) const;

  const std::string& path() const { return path_; }
  std::string checkpoint() const { return file("checkpoint.safetensors"); }
  std::string log() const { return file("log.csv"); }

 private:
  std::string tokens() const { return file("tokens.bin"); }
  std::string file(const char* name) const { return path_ + "/" + name; }

  const std::string path_;
};

}  // namespace gradus::gpt
