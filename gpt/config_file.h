// config.json of a Hugging Face GPT-2 model.
#pragma once
#include <optional>
#include <string>

#include "nn/gpt_block.h"

namespace gradus::gpt {

/// What config.json says about a model.
struct PretrainedConfig {
  nn::GptConfig model;
  std::optional<int64_t> eos_token_id;  // the token that ends a text
};

/// Reads a config.json with model_type "gpt2". Throws if a size is missing, and if the model has a
/// feature that nn::Gpt does not have; the message names the key and its value. The key qkv_bias is
/// ours: false says that the biases of queries, keys and values are zeros that are not parameters.
PretrainedConfig load_config(const std::string& path);

/// Writes a config.json that load_config and the Python library transformers read. An existing
/// file is replaced only when the new one is complete.
void save_config(const PretrainedConfig& config, const std::string& path);

}  // namespace gradus::gpt
