#include "nn/module.h"

#include "nn/module_state.h"
#include "tensor/kernels/fork.h"

namespace gradus::nn {

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

void check_name(const char* op, const ModuleState& parent, const std::string& name) {
  check(!name.empty() && name.find('.') == std::string::npos,
        "{}: '{}' is not a valid name; it must not be empty or contain a dot", op, name);
  const auto has_name = [&](const auto& entry) { return entry.first == name; };
  const auto is_buffer = [&](const NamedBuffer& buffer) { return buffer.name == name; };
  check(std::none_of(parent.parameters.begin(), parent.parameters.end(), has_name) &&
            std::none_of(parent.buffers.begin(), parent.buffers.end(), is_buffer) &&
            std::none_of(parent.children.begin(), parent.children.end(), has_name),
        "{}: there is already something named '{}'", op, name);
}

bool contains(const ModuleState& tree, const ModuleState* node) {
  return &tree == node ||
         std::any_of(tree.children.begin(), tree.children.end(),
                     [&](const auto& child) { return contains(*child.second, node); });
}

}  // namespace

void check_nothing_forgotten(const ModuleState& module) {
  for (const auto& weak : module.members) {
    const std::shared_ptr<ModuleState> member = weak.lock();
    check(!member || member->has_parent,
          "{}: it has a layer ({}) as a member and never registered it; use register_module(name, "
          "layer)",
          class_name(module.class_signature), member ? class_name(member->class_signature) : "");
  }
  for (const auto& [name, child] : module.children)
    check_nothing_forgotten(*child);
}

Module::Module(Maker maker) : state_(std::make_shared<ModuleState>()), is_original_(true) {
  state_->class_signature = maker.name;
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

void Module::train(bool on) const {
  for (const Module& module : modules())
    module.set_training(on);
}
void Module::set_training(bool on) const { state_->training = on; }
bool Module::is_training() const { return state_->training; }

void Module::zero_grad(bool set_to_none) const {
  for (const Tensor& p : parameters())
    if (p.grad().defined()) p.mutable_grad() = set_to_none ? Tensor() : zeros_like(p);
}

void Module::to(DType t) const {
  check(is_floating_point(t), "to: parameters are floating-point numbers, they cannot become {}",
        t);
  const NoGradGuard guard;
  const auto convert = [t](const Tensor& x) {
    if (x.is_floating_point() && x.dtype() != t) x.set_data(x.detach().to(t));
  };
  for (const Tensor& p : parameters()) {
    if (t == kBFloat16) {  // has no gradients
      p.requires_grad_(false);
      p.mutable_grad() = {};
    }
    convert(p);
  }
  for (const Tensor& buffer : buffers())
    convert(buffer);
}

Tensor Module::register_parameter(const std::string& name, const Tensor& value,
                                  bool requires_grad) {
  check_name("register_parameter", *state_, name);
  if (!value.defined()) return value;
  check(value.is_leaf(),
        "register_parameter: '{}' was computed from tensors that need gradients; register its "
        "detach()",
        name);
  if (requires_grad) value.requires_grad_();
  state_->parameters.emplace_back(name, value);
  return value;
}

Tensor Module::register_buffer(const std::string& name, const Tensor& value, bool persistent) {
  check_name("register_buffer", *state_, name);
  check(value.defined(), "register_buffer: '{}' is undefined, it was never given a value", name);
  check(!value.requires_grad(),
        "register_buffer: '{}' needs gradients, so it is no buffer; register its detach(), or use "
        "register_parameter",
        name);
  state_->buffers.push_back({name, value, persistent});
  return value;
}

void Module::add_child(const std::string& name, const Module& module) const {
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

std::optional<Scope> Module::scope() const {
  if (state_->scope.empty() || !is_grad_enabled()) return std::nullopt;
  return std::optional<Scope>(std::in_place, state_->scope);
}

}  // namespace gradus::nn
