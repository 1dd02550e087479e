#include "nn/module.h"

#include <map>
#include <mutex>
#include <thread>
#include <unordered_set>

namespace gradus::nn {

struct ModuleState {
  NamedTensors parameters;
  std::vector<std::pair<std::string, std::shared_ptr<ModuleState>>> children;
  std::string scope;
  bool training = true;
  bool is_list = false;

  // For finding layers that a constructor made and did not register; see Orphans.
  const char* maker;  // the function that made the module: its constructor
  std::thread::id thread = std::this_thread::get_id();
  uint64_t created = 0;                     // when the module was made, on the clock of Orphans
  uint64_t last_registration = 0;           // when its constructor last registered something
  std::atomic<const Module*> first_handle;  // the object that was constructed; null with a parent
};

namespace {

/// The modules without a parent. A constructor forgot to register an orphan if it made it, that is,
/// if the orphan was created by the same thread after the constructor's own module and before the
/// last registration by the constructor. Temporaries are not in the list any more by then: when the
/// first handle of an orphan is destroyed, it is removed.
struct Orphans {
  std::mutex mutex;
  std::map<const Module*, const ModuleState*> by_first_handle;
  uint64_t clock = 0;
};
Orphans& orphans() {
  static Orphans* const all = new Orphans;  // never destroyed: modules may be static
  return *all;
}

[[noreturn]] void fail_forgotten(const char* op, const ModuleState& parent,
                                 const ModuleState& orphan) {
  fail(
      "{}: {} made a layer ({}) in its constructor and never registered it; use "
      "register_module(name, layer)",
      op, parent.maker, orphan.maker);
}

void check_nothing_forgotten(const ModuleState& parent) {
  Orphans& all = orphans();
  const std::lock_guard lock(all.mutex);
  for (const auto& [handle, orphan] : all.by_first_handle) {
    const bool made_by_constructor = orphan->created > parent.created &&
                                     orphan->created < parent.last_registration &&
                                     orphan->thread == parent.thread;
    if (made_by_constructor) fail_forgotten("parameters", parent, *orphan);
  }
}

void check_name(const char* op, const ModuleState& parent, const std::string& name) {
  check(!name.empty() && name.find('.') == std::string::npos,
        "{}: '{}' is not a valid name; it must not be empty or contain a dot", op, name);
  const auto has_name = [&](const auto& entry) { return entry.first == name; };
  check(std::none_of(parent.parameters.begin(), parent.parameters.end(), has_name) &&
            std::none_of(parent.children.begin(), parent.children.end(), has_name),
        "{}: there is already something named '{}'", op, name);
}

bool contains(const ModuleState& tree, const ModuleState* node) {
  return &tree == node ||
         std::any_of(tree.children.begin(), tree.children.end(),
                     [&](const auto& child) { return contains(*child.second, node); });
}

void collect(const ModuleState& state, const std::string& prefix,
             std::unordered_set<const TensorImpl*>& seen, NamedTensors& all) {
  check_nothing_forgotten(state);
  for (const auto& [name, p] : state.parameters)
    if (seen.insert(&p.impl()).second) all.emplace_back(prefix + name, p);
  for (const auto& [name, child] : state.children)
    collect(*child, prefix + name + ".", seen, all);
}

void set_training(ModuleState& state, bool on) {
  state.training = on;
  for (const auto& [name, child] : state.children)
    set_training(*child, on);
}

}  // namespace

Module::Module(Maker maker) : state_(std::make_shared<ModuleState>()) {
  Orphans& all = orphans();
  const std::lock_guard lock(all.mutex);
  state_->maker = maker.name;
  state_->created = ++all.clock;
  state_->first_handle = this;
  all.by_first_handle[this] = state_.get();
}

Module::~Module() {
  if (state_->first_handle != this) return;
  const std::lock_guard lock(orphans().mutex);
  orphans().by_first_handle.erase(this);
  state_->first_handle = nullptr;
}

NamedTensors Module::named_parameters() const {
  NamedTensors all;
  std::unordered_set<const TensorImpl*> seen;
  collect(*state_, "", seen, all);
  return all;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> all;
  for (const auto& [name, p] : named_parameters())
    all.push_back(p);
  return all;
}

void Module::train(bool on) const { set_training(*state_, on); }
bool Module::is_training() const { return state_->training; }

void Module::zero_grad(bool set_to_none) const {
  for (const Tensor& p : parameters())
    if (p.grad().defined()) p.mutable_grad() = set_to_none ? Tensor() : zeros_like(p);
}

void Module::to(DType t) const {
  check(is_floating_point(t), "to: parameters are floating-point numbers, they cannot become {}",
        t);
  const NoGradGuard guard;
  for (const Tensor& p : parameters())
    if (p.is_floating_point() && p.dtype() != t) p.set_data(p.detach().to(t));
}

Tensor Module::register_parameter(const std::string& name, const Tensor& value, bool requires_grad,
                                  const char* caller) {
  check_name("register_parameter", *state_, name);
  check(value.defined(), "register_parameter: '{}' is undefined, it was never given a value", name);
  check(value.is_leaf(),
        "register_parameter: '{}' was computed from tensors that need gradients; register its "
        "detach()",
        name);
  if (requires_grad) value.requires_grad_();
  state_->parameters.emplace_back(name, value);
  const std::lock_guard lock(orphans().mutex);
  if (std::string_view(caller) == state_->maker) state_->last_registration = ++orphans().clock;
  return value;
}

void Module::adopt(const std::string& name, const Module& module, const void* start, size_t bytes,
                   const char* caller) const {
  ModuleState& parent = *state_;
  ModuleState& child = *module.state_;
  check_name("register_module", parent, name);
  check(!contains(child, &parent),
        "register_module: '{}' contains the module that it would be part of", name);
  child.scope = parent.is_list && !parent.scope.empty() ? parent.scope + "." + name : name;
  if (child.is_list)
    for (const auto& [own_name, grandchild] : child.children)
      grandchild->scope = child.scope + "." + own_name;

  Orphans& all = orphans();
  const std::lock_guard lock(all.mutex);
  // The child is fully constructed, so an orphan inside its object is a member that it forgot.
  const auto* const begin = static_cast<const std::byte*>(start);
  const auto* const end = begin + bytes;
  for (const auto& [handle, orphan] : all.by_first_handle) {
    const auto* const address = reinterpret_cast<const std::byte*>(handle);
    const bool is_inside = std::greater_equal<>()(address, begin) && std::less<>()(address, end);
    if (is_inside && orphan != &child) fail_forgotten("register_module", child, *orphan);
  }
  if (const Module* handle = child.first_handle.exchange(nullptr))
    all.by_first_handle.erase(handle);
  if (std::string_view(caller) == parent.maker) parent.last_registration = ++all.clock;
  parent.children.emplace_back(name, module.state_);
}

void Module::mark_as_list() const { state_->is_list = true; }

std::optional<Scope> Module::scope() const {
  if (state_->scope.empty() || !is_grad_enabled()) return std::nullopt;
  return std::optional<Scope>(std::in_place, state_->scope);
}

}  // namespace gradus::nn
