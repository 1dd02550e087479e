#include "nn/save.h"

#include <map>
#include <set>

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

/// The tensors of the state_dict, each once.
NamedTensors saved_tensors(const Module& module) {
  NamedTensors all = module.state_dict(/*keep_vars=*/true);
  std::set<const TensorImpl*> seen;
  std::erase_if(all, [&](const auto& entry) { return !seen.insert(&entry.second.impl()).second; });
  return all;
}

}  // namespace

void save(const Module& module, const std::string& path) {
  save_safetensors(path, saved_tensors(module));
}

void check_fits(const Module& module, const NamedTensors& tensors, const std::string& origin) {
  const NamedTensors parameters = saved_tensors(module);
  const std::map<std::string, Tensor> in_file(tensors.begin(), tensors.end());
  const std::map<std::string, Tensor> in_model(parameters.begin(), parameters.end());
  const std::string missing = absent_names("missing", parameters, in_file);
  const std::string unexpected = absent_names("unexpected", tensors, in_model);
  check(missing.empty() && unexpected.empty(), "{}: the file is of another model: {}{}{}", origin,
        missing, missing.empty() || unexpected.empty() ? "" : "; ", unexpected);
  for (const auto& [name, p] : parameters) {
    const Tensor& x = in_file.at(name);
    check(x.sizes() == p.sizes(), "{}: '{}' is {} in the file and {} in the model", origin, name,
          x.sizes(), p.sizes());
    check(loads_into(x.dtype(), p.dtype()), "{}: '{}' is {} in the file and {} in the model",
          origin, name, x.dtype(), p.dtype());
  }
}

void load(const Module& module, const NamedTensors& tensors, const std::string& origin) {
  check_fits(module, tensors, origin);
  const std::map<std::string, Tensor> in_file(tensors.begin(), tensors.end());
  const NoGradGuard guard;
  for (const auto& [name, p] : saved_tensors(module))
    p.copy_(in_file.at(name));
}

void load(const Module& module, const std::string& path) {
  load(module, load_safetensors(path), fmt::format("load: {}", printable(path)));
}

}  // namespace gradus::nn
