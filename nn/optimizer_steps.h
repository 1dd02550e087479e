// What every optimiser's constructor and step() do.
#pragma once
#include "autograd/ops.h"
#include "nn/optim.h"
#include "tensor/strided.h"

namespace gradus::optim {

template <class Options>
std::vector<Options> options_of(const std::vector<ParamGroup<Options>>& groups) {
  std::vector<Options> result;
  for (const auto& group : groups)
    result.push_back(group.options);
  return result;
}

template <class Options>
double momentum_of(const Options& options) {
  if constexpr (requires { options.betas; })
    return std::get<0>(options.betas);
  else
    return options.momentum;
}

template <class Options, class NamesOf>
std::vector<Optimizer::Group> Optimizer::groups_of(const std::vector<ParamGroup<Options>>& groups,
                                                   const NamesOf& names_of) {
  std::vector<Group> result;
  for (const auto& [params, options] : groups)
    result.push_back({.params = params,
                      .lr = options.lr,
                      .buffers = names_of(options),
                      .momentum = momentum_of(options)});
  return result;
}

template <class Update>
void Optimizer::for_each_tensor(const Update& update) {
  // All gradients are checked before the first parameter is changed.
  for (const Tensor& p : parameters_) {
    const Tensor grad = p.grad();
    if (!grad.defined()) continue;
    check(grad.sizes() == p.sizes() && grad.dtype() == p.dtype(),
          "{}: a parameter is {} {} and its gradient {} {}", name_, p.sizes(), p.dtype(),
          grad.sizes(), grad.dtype());
    check_floating_point(name_, p.dtype());
  }
  add_momentum_buffers();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i];
    if (!p.grad().defined()) continue;
    State& state = states_[i];
    const size_t group = group_of_[i];
    while (state.buffers.size() < buffers_of_group_[group].size())
      state.buffers.push_back(zeros(p.sizes(), p.dtype()));
    for (Tensor& buffer : state.buffers)
      if (buffer.dtype() != p.dtype())  // Module::to has converted the parameter
        buffer = buffer.to(p.dtype());
    const Tensor values = as_contiguous(p);
    const Tensor grad = as_contiguous(p.grad());
    ++state.step;
    update(group, values, grad, state);
    if (!p.is_contiguous()) copy_elements(p, values);
    ++p.impl().storage->version;  // the backward pass of an older graph then throws
  }
}

template <class Update>
void Optimizer::for_each(const Update& update) {
  for_each_tensor([&](size_t group, const Tensor& p, const Tensor& grad, State& state) {
    dispatch_float(name_, p.dtype(), [&]<class T>() {
      update(group, p.data<T>(), grad.data<T>(), p.numel(), state);
    });
  });
}

}  // namespace gradus::optim
