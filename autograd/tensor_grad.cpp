// The methods of Tensor about its gradient.
#include "autograd/engine.h"
#include "autograd/ops.h"

namespace gradus {

bool Tensor::requires_grad() const { return needs_grad(*this); }
bool Tensor::is_leaf() const { return !node() || node()->is_leaf(); }

Tensor Tensor::requires_grad_(bool on) const {
  check(!on || is_floating_point(),
        "requires_grad_: only floating-point tensors have gradients, got {}", dtype());
  if (on) check_is_no_bfloat16("requires_grad_", dtype());
  check(on || is_leaf(),
        "requires_grad_: only a leaf can be switched off, this is the result of '{}'; use detach()",
        is_leaf() ? "" : node()->name);
  if (node())
    node()->requires_grad = on;
  else if (on)
    set_node(*this, make_ref<Node>("leaf", *this));
  return *this;
}

void Tensor::retain_grad() const {
  check(requires_grad(), "retain_grad: the tensor does not require gradients");
  node()->retains_grad = !is_leaf();
}

bool Tensor::retains_grad() const {
  impl();  // throws if the tensor is undefined
  return node() && node()->retains_grad && !is_leaf();
}

Tensor Tensor::grad() const { return node() ? node()->grad : Tensor(); }

Tensor& Tensor::mutable_grad() const {
  if (!node()) {  // a leaf that requires no gradients
    set_node(*this, make_ref<Node>("leaf", *this));
    node()->requires_grad = false;
  }
  return node()->grad;
}

void Tensor::set_data(const Tensor& value) const {
  check(value.sizes() == sizes(), "set_data: the tensor is {}, the new data is {}", sizes(),
        value.sizes());
  check(is_leaf(), "set_data: only a leaf can be given new data, this is the result of '{}'",
        is_leaf() ? "" : node()->name);
  check(!node() || value.is_floating_point(),
        "set_data: the tensor has gradients, so its data must be floating-point, got {}",
        value.dtype());
  check(!requires_grad() || value.dtype() != kBFloat16,
        "set_data: the tensor requires gradients, and a bfloat16 tensor has none; call "
        "requires_grad_(false) before");
  impl().set_data(value.impl());
  if (!node()) return;
  node()->dtype = dtype();
  node()->strides = strides();
  if (node()->hooks()) node()->hooks()->set_leaf(*this);
  Tensor& grad = node()->grad;
  if (grad.defined() && grad.dtype() != dtype()) grad = grad.detach().to(dtype());
}

namespace {

/// The list of x's hooks, to which one will be added.
Hooks& hooks_of(const char* op, const Tensor& x) {
  check(needs_grad(x), "{}: the tensor does not require gradients", op);
  Ref<Hooks>& hooks = x.node()->make_extras().hooks;
  if (!hooks) hooks = make_ref<Hooks>();
  return *hooks;
}

}  // namespace

unsigned Tensor::register_hook(TensorHook hook) const {
  Hooks& hooks = hooks_of("register_hook", *this);
  check(static_cast<bool>(hook), "register_hook: the function is empty");
  return hooks.add(node()->id, std::move(hook));
}

unsigned Tensor::register_post_accumulate_grad_hook(PostAccumulateGradHook hook) const {
  const char* const op = "register_post_accumulate_grad_hook";
  Hooks& hooks = hooks_of(op, *this);
  check(is_leaf(), "{}: only a leaf accumulates a grad, this is the result of '{}'", op,
        node()->name);
  check(hook != nullptr, "{}: the function is empty", op);
  hooks.set_leaf(*this);
  return hooks.add_post_accumulate(node()->id, std::move(hook));
}

void Tensor::remove_hook(unsigned index) const {
  check(node() && node()->hooks(), "remove_hook: the tensor has no hooks");
  node()->hooks()->remove(index);
}

void Tensor::backward(const Tensor& gradient, std::optional<bool> retain_graph,
                      bool create_graph) const try {
  autograd::backward({*this}, {gradient}, retain_graph, create_graph);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

void Tensor::backward(const Tensor& gradient, std::optional<bool> retain_graph, bool create_graph,
                      const std::vector<Tensor>& inputs) const try {
  check(!inputs.empty(), "backward: the list of inputs is empty; leave it out for all leaves");
  autograd::backward({*this}, {gradient}, retain_graph, create_graph, inputs);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

}  // namespace gradus
