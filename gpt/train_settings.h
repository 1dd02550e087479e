// How a training run is set up: by a preset and options, or by the checkpoint that it continues.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gpt/train.h"
#include "gpt/train_arguments.h"

namespace gradus::gpt {

/// Everything that decides which numbers a run computes. It is kept in the checkpoint.
struct TrainSettings {
  std::string preset = {};
  std::string tokenizer = {};  // char, bpe:SIZE or gpt2
  nn::GptConfig model = {};
  TrainOptions train = {};
  std::string precision = "highest";  // of products (tensor/matmul_precision.h)
  int64_t seed = 0;
  int64_t text_bytes = 0;
  uint64_t text_hash = 0;
  // Of a fine-tuning run; see TrainArguments.
  std::string base = {};
  int64_t lora = 0;
  int64_t last_blocks = 0;
};

/// The settings of a new run: those of the preset, and the given options instead of the preset's.
TrainSettings new_settings(const TrainArguments& arguments, std::string_view text);
/// The settings of a new fine-tuning run of a model with this config. Fine-tuning changes a little:
/// the learning rate is a tenth of what the model was trained with.
TrainSettings finetune_settings(const TrainArguments& arguments, const nn::GptConfig& model,
                                std::string_view text);
/// The settings of a run that continues. Options of the optimisation may be changed. Throws if the
/// text is another one, and if an option was given that would need another model.
TrainSettings continued_settings(const TrainSettings& old, const TrainArguments& arguments,
                                 std::string_view text);

std::string to_json(const TrainSettings& settings);
/// Reads what to_json wrote; messages begin with `path`. Throws if it is anything else.
TrainSettings settings_from_json(const std::string& text, const std::string& path);

}  // namespace gradus::gpt
