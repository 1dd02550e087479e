// What a module consists of: its parameters, buffers and modules.
#include <unordered_set>

#include "nn/module_state.h"

namespace gradus::nn {
namespace {

using Visited = std::unordered_set<const ModuleState*>;

/// Calls visit(prefix, module) with every module of the tree, once and before its children. The
/// prefix is that of the names of its tensors: "", "blocks.0.".
template <class Visit>
void walk(const std::shared_ptr<ModuleState>& module, const std::string& prefix, Visited& visited,
          const Visit& visit) {
  if (!visited.insert(module.get()).second) return;
  visit(prefix, module);
  for (const auto& [name, child] : module->children)
    walk(child, prefix + name + ".", visited, visit);
}
template <class Visit>
void for_each_module(const std::shared_ptr<ModuleState>& root, const Visit& visit) {
  check_nothing_forgotten(*root);
  Visited visited;
  walk(root, "", visited, visit);
}

/// Collects tensors, each under its first name.
class DistinctTensors {
 public:
  void add(const std::string& name, const Tensor& x) {
    if (seen_.insert(&x.impl()).second) all_.emplace_back(name, x);
  }
  NamedTensors take() { return std::move(all_); }

 private:
  std::unordered_set<const TensorImpl*> seen_;
  NamedTensors all_;
};

std::vector<Tensor> without_names(const NamedTensors& named) {
  std::vector<Tensor> all;
  for (const auto& [name, x] : named)
    all.push_back(x);
  return all;
}
std::vector<Module> without_names(const NamedModules& named) {
  std::vector<Module> all;
  for (const auto& [name, module] : named)
    all.push_back(module);
  return all;
}

}  // namespace

NamedTensors Module::named_parameters() const {
  DistinctTensors all;
  for_each_module(state_, [&](const std::string& prefix, const auto& module) {
    for (const auto& [name, p] : module->parameters)
      all.add(prefix + name, p);
  });
  return all.take();
}
std::vector<Tensor> Module::parameters() const { return without_names(named_parameters()); }

NamedTensors Module::named_buffers() const {
  DistinctTensors all;
  for_each_module(state_, [&](const std::string& prefix, const auto& module) {
    for (const NamedBuffer& buffer : module->buffers)
      all.add(prefix + buffer.name, buffer.value);
  });
  return all.take();
}
std::vector<Tensor> Module::buffers() const { return without_names(named_buffers()); }

Tensor Module::parameter(const std::string& name) const {
  const ModuleState* module = state_.get();
  std::string rest = name;
  size_t dot = rest.find('.');
  while (module && dot != std::string::npos) {
    const auto& children = module->children;
    const auto child = std::find_if(children.begin(), children.end(), [&](const auto& entry) {
      return entry.first == rest.substr(0, dot);
    });
    module = child == children.end() ? nullptr : child->second.get();
    rest = rest.substr(dot + 1);
    dot = rest.find('.');
  }
  if (module)
    for (const auto& [own_name, p] : module->parameters)
      if (own_name == rest) return p;
  std::string names;
  for (const auto& [own_name, p] : named_parameters())
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", own_name);
  fail("parameter: {} has no parameter '{}'; it has {}", this->name(), printable(name),
       names.empty() ? "none" : names);
}

NamedModules Module::named_children() const {
  check_nothing_forgotten(*state_);
  NamedModules all;
  Visited visited;
  for (const auto& [name, child] : state_->children)
    if (visited.insert(child.get()).second) all.emplace_back(name, Module(child));
  return all;
}
std::vector<Module> Module::children() const { return without_names(named_children()); }

NamedModules Module::named_modules() const {
  NamedModules all;
  for_each_module(state_, [&](const std::string& prefix, const auto& module) {
    all.emplace_back(prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1), Module(module));
  });
  return all;
}
std::vector<Module> Module::modules() const { return without_names(named_modules()); }

const Module& Module::apply(const std::function<void(const Module&)>& f) const {
  check(f != nullptr, "apply: the function is empty");
  for (const Module& child : children())
    child.apply(f);
  f(*this);
  return *this;
}

}  // namespace gradus::nn
