// The option --dtype of the commands that read a model to generate text.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "gpt/pretrained.h"

namespace gradus::gpt {

inline void add_dtype_option(CLI::App& app, PretrainedOptions& options) {
  app.add_option_function<std::string>(
         "--dtype",
         [&options](const std::string& name) {
           options.dtype = name == "bfloat16" ? kBFloat16 : kFloat32;
         },
         "How the weights are kept (float32): bfloat16 takes half the memory, and half the time to "
         "read them for each token; it rounds them to 8 bits")
      ->check(CLI::IsMember({"float32", "bfloat16"}));
}

}  // namespace gradus::gpt
