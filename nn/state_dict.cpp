// state_dict and load_state_dict.
#include <map>

#include "nn/module_state.h"
#include "tensor/strided.h"

namespace gradus::nn {
namespace {

void add_tensors(const ModuleState& module, const std::string& prefix, NamedTensors& all) {
  for (const auto& [name, p] : module.parameters)
    all.emplace_back(prefix + name, p);
  for (const NamedBuffer& buffer : module.buffers)
    if (buffer.persistent) all.emplace_back(prefix + buffer.name, buffer.value);
  for (const auto& [name, child] : module.children)
    add_tensors(*child, prefix + name + ".", all);
}

/// "missing 'a', 'b'"
std::string list_of(const char* title, const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += fmt::format("{} '{}'", text.empty() ? title : ",", printable(name));
  return text;
}

/// What is wrong with copying x of the dict into p of the module; empty if nothing is.
std::string misfit(const std::string& name, const Tensor& x, const Tensor& p) {
  if (x.sizes() != p.sizes())
    return fmt::format("'{}' is {} in the dict and {} in the module", name, x.sizes(), p.sizes());
  if (!loads_into(x.dtype(), p.dtype()))
    return fmt::format("'{}' is {} in the dict and {} in the module", name, x.dtype(), p.dtype());
  if (has_internal_overlap(p))
    return fmt::format("'{}' is an expanded tensor in the module, so it cannot be written", name);
  return "";
}

/// Everything that makes a dict unfit for a module.
class Misfits {
 public:
  void add(const std::string& text) {
    if (!text.empty()) text_ += (text_.empty() ? "" : "; ") + text;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

NamedTensors Module::state_dict(bool keep_vars) const {
  check_nothing_forgotten(*state_);
  NamedTensors all;
  add_tensors(*state_, "", all);
  if (!keep_vars)
    for (auto& [name, x] : all)
      x = x.detach();
  return all;
}

IncompatibleKeys Module::load_state_dict(const NamedTensors& dict, bool strict) const {
  const NamedTensors own = state_dict(/*keep_vars=*/true);
  const std::map<std::string, Tensor> in_module(own.begin(), own.end());
  std::map<std::string, Tensor> in_dict;
  IncompatibleKeys keys;
  Misfits misfits;
  for (const auto& [name, x] : dict) {
    if (!in_dict.emplace(name, x).second)
      misfits.add(fmt::format("'{}' is given twice", printable(name)));
    else if (!x.defined())
      misfits.add(fmt::format("'{}' is undefined", printable(name)));
    else if (!in_module.count(name))
      keys.unexpected_keys.push_back(name);
  }
  for (const auto& [name, p] : own) {
    const auto found = in_dict.find(name);
    if (found == in_dict.end())
      keys.missing_keys.push_back(name);
    else if (found->second.defined())
      misfits.add(misfit(name, found->second, p));
  }
  if (strict) {
    misfits.add(list_of("missing", keys.missing_keys));
    misfits.add(list_of("unexpected", keys.unexpected_keys));
  }
  check(misfits.text().empty(), "load_state_dict: the dict does not fit the module {}: {}", name(),
        misfits.text());

  const NoGradGuard no_grad;
  for (const auto& [name, p] : own) {
    const auto found = in_dict.find(name);
    if (found != in_dict.end()) p.copy_(found->second);
  }
  return keys;
}

}  // namespace gradus::nn
