// GPTs in files that other programs write and read.
#pragma once
#include <optional>
#include <string>

#include "nn/gpt.h"

namespace gradus::gpt {

struct PretrainedOptions {
  /// kFloat32, kFloat64, or kBFloat16: then the weights of linear layers and embeddings are stored
  /// in half the memory, and are not trained; biases and layer norms are float32. By default
  /// float64 if the file is, else float32.
  std::optional<DType> dtype = {};
};

/// Reads a model, which is then in evaluation mode. The path is one of
///
///   a folder   with config.json and model.safetensors of a Hugging Face GPT-2 model (names with
///              or without "transformer."; a missing bias is 0)
///   a file     a checkpoint of llm.c: gpt2_124M.bin (version 3, float32) or gpt2_124M_bf16.bin
///              (version 5), with padded vocabulary
///
/// Throws if the files do not fit each other or have something that nn::Gpt does not have.
nn::Gpt from_pretrained(const std::string& path, const PretrainedOptions& options = {});

/// Writes config.json and model.safetensors into the folder, which is made if needed. The Python
/// library transformers reads them, too. An existing file is replaced only when the new one is
/// complete. `eos_token_id` is the token that ends a text, if there is one.
void save_pretrained(const nn::Gpt& model, const std::string& dir,
                     std::optional<int64_t> eos_token_id = {});

}  // namespace gradus::gpt
