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
  bool training = true, is_list = false;

  // For finding forgotten layers: the function that made the module, which is its constructor, and
  // when it did.
  const char* maker;
  std::thread::id thread = std::this_thread::get_id();
  uint64_t born = 0, last_registration = 0;  // the last one that its constructor made
  std::atomic<const Module*>
      home;  // the handle that the module was made as, while no parent has it
};

namespace {

/// The modules without a parent, by their homes. A module that was made between the birth of
/// another one and a registration in that one's constructor was made by this constructor; if it is
/// still here, it was forgotten.
struct Orphans {
  std::mutex mutex;
  std::map<const Module*, const ModuleState*> by_home;
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
  for (const auto& [home, orphan] : all.by_home)
    if (orphan->born > parent.born && orphan->born < parent.last_registration &&
        orphan->thread == parent.thread)
      fail_forgotten("parameters", parent, *orphan);
}

void check_name(const char* op, const ModuleState& parent, const std::string& name) {
  check(!name.empty() && name.find('.') == name.npos,
        "{}: '{}' is no name; it must not be empty or contain a dot", op, name);
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
  state_->born = ++all.clock;
  state_->home = this;
  all.by_home[this] = state_.get();
}

Module::~Module() {
  if (state_->home != this) return;
  const std::lock_guard lock(orphans().mutex);
  orphans().by_home.erase(this);
  state_->home = nullptr;
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
    for (const auto& [own, grandchild] : child.children)
      grandchild->scope = child.scope + "." + own;

  Orphans& all = orphans();
  const std::lock_guard lock(all.mutex);
  // The module is complete: an orphan inside it is a member that was forgotten.
  const auto* const first = static_cast<const std::byte*>(start);
  for (const auto& [home, orphan] : all.by_home)
    if (const auto* at = reinterpret_cast<const std::byte*>(home);
        orphan != &child && std::greater_equal<>()(at, first) && std::less<>()(at, first + bytes))
      fail_forgotten("register_module", child, *orphan);
  if (const Module* home = child.home.exchange(nullptr)) all.by_home.erase(home);
  if (std::string_view(caller) == parent.maker) parent.last_registration = ++all.clock;
  parent.children.emplace_back(name, module.state_);
}

void Module::set_list() const { state_->is_list = true; }

std::optional<Scope> Module::scope() const {
  if (state_->scope.empty() || !is_grad_enabled()) return std::nullopt;
  return std::optional<Scope>(std::in_place, state_->scope);
}

}  // namespace gradus::nn
