// The presets of training: sizes of models that are known to train well.
#pragma once
#include <span>
#include <string>

#include "gpt/train.h"
#include "nn/gpt.h"

namespace gradus::gpt {

/// A model's size, how it is trained, and how its text becomes tokens.
struct Preset {
  const char* name;
  const char* description;
  const char* tokenizer;  // char, bpe:SIZE or gpt2
  nn::GptConfig model;    // vocab_size comes from the tokenizer
  TrainOptions train;
};

std::span<const Preset> presets();
/// The preset with this name. Throws if there is none.
const Preset& find_preset(const std::string& name);

}  // namespace gradus::gpt
