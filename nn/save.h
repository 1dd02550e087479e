#pragma once
#include "nn/module.h"

namespace gradus::nn {

/// Writes the tensors of the module's state_dict and their names to a safetensors file. A shared
/// tensor is written once, under its first name.
void save(const Module& module, const std::string& path);
/// Copies the tensors of such a file into those of the module, in place. Throws and changes nothing
/// unless the file has exactly the module's names, each with its shape and dtype (or with bfloat16
/// for float32).
void load(const Module& module, const std::string& path);

/// The same for tensors that were read before. The messages begin with `origin`, such as "load:
/// model.safetensors".
void load(const Module& module, const NamedTensors& tensors, const std::string& origin);
/// Throws if load would.
void check_fits(const Module& module, const NamedTensors& tensors, const std::string& origin);

}  // namespace gradus::nn
