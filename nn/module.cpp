#include "nn/module.h"

#include <map>
#include <unordered_set>

#include "tensor/kernels/fork.h"

namespace gradus::nn {

struct ModuleState {
  NamedTensors parameters;
  std::vector<std::pair<std::string, std::shared_ptr<ModuleState>>> children;
  std::string scope;
  bool training = true;
  bool is_list = false;
  std::map<int64_t, ForwardHook> forward_hooks;  // by id, in the order of registration

  std::string_view type;    // the name of its class, for errors
  bool has_parent = false;  // it was registered
  // The modules that were made in, or moved into, the object in which this module was made.
  std::vector<std::weak_ptr<ModuleState>> members;
};

namespace {

/// The objects in which modules were made, by address, as long as they exist. A module that is made
/// inside another one's object is a member of it.
class Objects {
 public:
  /// Adds the object from `begin` to `end`, in which `state` was made.
  void add(const void* begin, const void* end, ModuleState* state) {
    const std::lock_guard lock(mutex_);
    erase_between(begin, end);  // objects whose memory was freed without calling the destructor
    by_begin_[begin] = {end, state, innermost_around(begin)};
  }
  void remove(const void* begin) {
    const std::lock_guard lock(mutex_);
    const auto found = by_begin_.find(begin);
    if (found != by_begin_.end()) erase_between(begin, found->second.end);
  }
  /// Notes that `state` is at `address`: if that is inside an object, it is a member of it.
  void note_member(const void* address, const std::shared_ptr<ModuleState>& state) {
    const std::lock_guard lock(mutex_);
    const Object* const owner = innermost_around(address);
    if (!owner || owner->state == state.get()) return;
    auto& members = owner->state->members;
    std::erase_if(members, [](const auto& member) { return member.expired(); });
    members.push_back(state);
  }

 private:
  struct Object {
    const void* end;
    ModuleState* state;
    const Object* around;  // the object that contains this one; null if there is none
  };

  /// Objects are nested or disjoint: only the last one that begins before the address, and those
  /// around it, can contain it.
  const Object* innermost_around(const void* address) const {
    auto next = by_begin_.lower_bound(address);
    if (next == by_begin_.begin()) return nullptr;
    const Object* object = &std::prev(next)->second;
    while (object && !std::less<>()(address, object->end))
      object = object->around;
    return object;
  }

  void erase_between(const void* begin, const void* end) {
    by_begin_.erase(by_begin_.lower_bound(begin), by_begin_.lower_bound(end));
  }

  kernels::ForkSafeMutex mutex_;  // taken only when a module is made, moved or destroyed
  std::map<const void*, Object> by_begin_;
};
Objects& objects() {
  static Objects* const all = new Objects;  // never destroyed: modules may be static
  return *all;
}
// Made before main: a child of fork() would wait forever for a thread that was just making it.
[[maybe_unused]] const Objects& made_early = objects();

/// Throws if a module of the tree has a member that was never registered.
void check_nothing_forgotten(const ModuleState& module) {
  for (const auto& weak : module.members) {
    const std::shared_ptr<ModuleState> member = weak.lock();
    check(!member || member->has_parent,
          "{}: it has a layer ({}) as a member and never registered it; use register_module(name, "
          "layer)",
          module.type, member ? member->type : "");
  }
  for (const auto& [name, child] : module.children)
    check_nothing_forgotten(*child);
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

Module::Module(Maker maker) : state_(std::make_shared<ModuleState>()), is_original_(true) {
  state_->type = maker.name.substr(0, maker.name.find('<'));
  note_that_it_is_a_member();
  objects().add(this, static_cast<const ObjectEnd*>(this), state_.get());
}

// NOLINTNEXTLINE(performance-*): it shares the state and allocates
Module::Module(Module&& other) : Module(std::as_const(other)) {
  if (!state_->has_parent) note_that_it_is_a_member();
}

Module::~Module() {
  if (is_original_) objects().remove(this);
}

void Module::note_that_it_is_a_member() const { objects().note_member(this, state_); }

NamedTensors Module::named_parameters() const {
  NamedTensors all;
  std::unordered_set<const TensorImpl*> seen;
  check_nothing_forgotten(*state_);
  collect(*state_, "", seen, all);
  return all;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> all;
  for (const auto& [name, p] : named_parameters())
    all.push_back(p);
  return all;
}

void Module::train(bool on) const {
  check_nothing_forgotten(*state_);
  set_training(*state_, on);
}
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

Tensor Module::register_parameter(const std::string& name, const Tensor& value,
                                  bool requires_grad) {
  check_name("register_parameter", *state_, name);
  check(value.defined(), "register_parameter: '{}' is undefined, it was never given a value", name);
  check(value.is_leaf(),
        "register_parameter: '{}' was computed from tensors that need gradients; register its "
        "detach()",
        name);
  if (requires_grad) value.requires_grad_();
  state_->parameters.emplace_back(name, value);
  return value;
}

void Module::adopt(const std::string& name, const Module& module) const {
  ModuleState& parent = *state_;
  ModuleState& child = *module.state_;
  check_name("register_module", parent, name);
  check(!contains(child, &parent),
        "register_module: '{}' contains the module that it would be part of", name);
  check_nothing_forgotten(child);
  child.scope = parent.is_list && !parent.scope.empty() ? parent.scope + "." + name : name;
  if (child.is_list)
    for (const auto& [own_name, grandchild] : child.children)
      grandchild->scope = child.scope + "." + own_name;
  child.has_parent = true;
  parent.children.emplace_back(name, module.state_);
}

void Module::mark_as_list() const { state_->is_list = true; }

int64_t Module::add_forward_hook(ForwardHook hook) const {
  check(hook != nullptr, "register_forward_hook: the hook is empty");
  auto& hooks = state_->forward_hooks;
  const int64_t id = hooks.empty() ? 0 : hooks.rbegin()->first + 1;
  hooks.emplace(id, std::move(hook));
  return id;
}

void Module::erase_forward_hook(int64_t id) const {
  check(state_->forward_hooks.erase(id) == 1, "remove_forward_hook: there is no hook {}", id);
}

bool Module::has_forward_hooks() const { return !state_->forward_hooks.empty(); }

Tensor Module::through_forward_hooks(const Tensor& x, const Tensor& y) const {
  Tensor result = y;
  for (const auto& [id, hook] : state_->forward_hooks)
    result = hook(x, result);
  return result;
}

std::optional<Scope> Module::scope() const {
  if (state_->scope.empty() || !is_grad_enabled()) return std::nullopt;
  return std::optional<Scope>(std::in_place, state_->scope);
}

}  // namespace gradus::nn
