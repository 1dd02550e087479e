#include "nn/save.h"

#include <map>

namespace gradus::nn {
namespace {

/// The names of `all` that `other` does not have, as "missing 'a', 'b' and 3 more", where `title`
/// is "missing".
std::string absent_names(const char* title, const NamedTensors& all,
                         const std::map<std::string, Tensor>& other) {
  constexpr size_t kShown = 5;
  std::string text;
  size_t count = 0;
  for (const auto& [name, x] : all)
    if (!other.count(name) && ++count <= kShown)
      text += fmt::format("{} '{}'", text.empty() ? title : ",", printable(name));
  return count > kShown ? fmt::format("{} and {} more", text, count - kShown) : text;
}

}  // namespace

void save(const Module& module, const std::string& path) {
  save_safetensors(path, module.named_parameters());
}

void load(const Module& module, const std::string& path) {
  const NamedTensors parameters = module.named_parameters();
  const NamedTensors found = load_safetensors(path);
  const std::map<std::string, Tensor> in_file(found.begin(), found.end());
  const std::map<std::string, Tensor> in_model(parameters.begin(), parameters.end());
  const std::string missing = absent_names("missing", parameters, in_file);
  const std::string unexpected = absent_names("unexpected", found, in_model);
  check(missing.empty() && unexpected.empty(), "load: {}: the file is of another model: {}{}{}",
        printable(path), missing, missing.empty() || unexpected.empty() ? "" : "; ", unexpected);
  for (const auto& [name, p] : parameters) {
    const Tensor& x = in_file.at(name);
    check(x.sizes() == p.sizes(), "load: {}: '{}' is {} in the file and {} in the model",
          printable(path), name, x.sizes(), p.sizes());
    check(x.dtype() == p.dtype(), "load: {}: '{}' is {} in the file and {} in the model",
          printable(path), name, x.dtype(), p.dtype());
  }
  const NoGradGuard guard;
  for (const auto& [name, p] : parameters)
    p.copy_(in_file.at(name));
}

}  // namespace gradus::nn
