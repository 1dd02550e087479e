#pragma once
#include <string>

#include "nn/gpt.h"

namespace gradus::gpt {

/// Reads a checkpoint of llm.c, version 3 (float32) or 5 (bfloat16).
nn::Gpt load_llmc(const std::string& path);

}  // namespace gradus::gpt
