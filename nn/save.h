#pragma once
#include "nn/module.h"

namespace gradus::nn {

/// Writes the parameters under their names as a safetensors file; a shared tensor once.
void save(const Module& module, const std::string& path);
/// Reads what save wrote into the parameters, in place. Throws before anything is changed unless
/// the file has exactly the module's names, each with its shape and dtype.
void load(const Module& module, const std::string& path);

}  // namespace gradus::nn
