// Any bytes are a safetensors file or an Error. A file that can be read can be written and read
// again, and loading it into a module changes all of its parameters or none.
#include "nn/linear.h"
#include "nn/save.h"
#include "tensor/files.h"
#include "tests/fuzz/input_file.h"

using namespace gradus;
using namespace gradus::fuzz;

namespace {

void check_round_trip(const std::string& path) {
  NamedTensors tensors;
  try {
    tensors = load_safetensors(path);
  } catch (const Error&) {
    return;
  }
  const std::string copy = scratch_path("copy");
  save_safetensors(copy, tensors);
  const std::map<std::string, Tensor> before(tensors.begin(), tensors.end());
  const NamedTensors after = load_safetensors(copy);
  require(before.size() == tensors.size(), "every name occurs once");
  require(after.size() == tensors.size(), "the copy has as many tensors");
  for (const auto& [name, x] : after)
    require(same_bits(x, before.at(name)), "the copy has the same tensors");
}

/// Tensors that are not wanted change nothing about the others, and the metadata is kept.
void check_options(const std::string& path) {
  NamedTensors some;
  std::map<std::string, std::string> metadata;
  const auto is_float = [](const std::string&, const std::string& dtype) { return dtype == "F32"; };
  try {
    some = load_safetensors(path, {.wanted = is_float, .metadata = &metadata});
  } catch (const Error&) {
    return;
  }
  const std::string copy = scratch_path("copy");
  save_safetensors(copy, some, metadata);
  std::map<std::string, std::string> again;
  const NamedTensors after = load_safetensors(copy, {.metadata = &again});
  require(metadata == again, "the copy has the same metadata");
  const std::map<std::string, Tensor> before(some.begin(), some.end());
  for (const auto& [name, x] : after)
    require(same_bits(x, before.at(name)), "the copy has the same tensors");
}

void check_module(const std::string& path) {
  static const nn::Linear layer(2, 3);
  const NoGradGuard guard;
  layer.weight.fill_(0.5);
  layer.bias.fill_(0.5);
  try {
    nn::load(layer, path);
  } catch (const Error&) {
    require(equal(layer.weight, full_like(layer.weight, 0.5)), "load changes all or nothing");
    require(equal(layer.bias, full_like(layer.bias, 0.5)), "load changes all or nothing");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string path = input_file({data, size});
  check_module(path);
  check_options(path);
  check_round_trip(path);
  return 0;
}
