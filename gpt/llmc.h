#pragma once
#include <optional>
#include <string>

#include "nn/gpt.h"

namespace gradus::gpt {

/// Reads a checkpoint of llm.c, version 3 (float32) or 5 (bfloat16). The dtype is that of
/// from_pretrained.
nn::Gpt load_llmc(const std::string& path, std::optional<DType> dtype);

}  // namespace gradus::gpt
