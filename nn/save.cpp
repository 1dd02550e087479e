#include "nn/save.h"

#include <map>

namespace gradus::nn {
namespace {

/// "missing 'a', 'b' and 3 more; "
std::string list(const char* what, const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  if (names.empty()) return "";
  std::string text = what;
  for (size_t i = 0; i < std::min(names.size(), kShown); ++i) text += fmt::format("{} '{}'", i ? "," : "", names[i]);
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text;
}

}  // namespace

void save(const Module& module, const std::string& path) { save_safetensors(path, module.named_parameters()); }

void load(const Module& module, const std::string& path) {
  const NamedTensors parameters = module.named_parameters(), found = load_safetensors(path);
  std::map<std::string, Tensor> in_file(found.begin(), found.end());
  std::vector<std::string> missing, unexpected;
  std::map<std::string, Tensor> in_model(parameters.begin(), parameters.end());
  for (const auto& [name, p] : parameters)
    if (!in_file.count(name)) missing.push_back(name);
  for (const auto& [name, x] : found)
    if (!in_model.count(name)) unexpected.push_back(name);
  check(missing.empty() && unexpected.empty(), "load: {}: the file is of another model: {}{}{}", path,
        list("missing", missing), missing.empty() || unexpected.empty() ? "" : "; ", list("unexpected", unexpected));
  for (const auto& [name, p] : parameters) {
    const Tensor& x = in_file[name];
    check(x.sizes() == p.sizes(), "load: {}: '{}' is {} in the file and {} in the model", path, name, x.sizes(),
          p.sizes());
    check(x.dtype() == p.dtype(), "load: {}: '{}' is {} in the file and {} in the model", path, name, x.dtype(),
          p.dtype());
  }
  const NoGradGuard guard;
  for (const auto& [name, p] : parameters) p.copy_(in_file[name]);
}

}  // namespace gradus::nn
