#include <cmath>

#include "nn/optimizer_steps.h"
#include "tensor/kernels/optimizer.h"

namespace gradus::optim {
namespace {

void check_options(const RMSpropOptions& options) {
  check(options.alpha >= 0 && options.alpha <= 1,
        "rmsprop: alpha is {}, expected a number from 0 to 1", options.alpha);
  check(options.eps >= 0 && options.weight_decay >= 0 && options.momentum >= 0,
        "rmsprop: eps is {}, weight_decay {} and momentum {}, expected 0 or more", options.eps,
        options.weight_decay, options.momentum);
}

std::vector<std::string> buffers_of_rmsprop(const RMSpropOptions& options) {
  std::vector<std::string> names{"square_avg"};
  if (options.momentum > 0) names.push_back("momentum_buffer");
  if (options.centered) names.push_back("grad_avg");
  return names;
}

}  // namespace

RMSprop::RMSprop(const std::vector<Tensor>& parameters, const RMSpropOptions& options)
    : RMSprop(std::vector<ParamGroup<RMSpropOptions>>{{parameters, options}}) {}
RMSprop::RMSprop(const std::vector<ParamGroup<RMSpropOptions>>& groups)
    : Optimizer("rmsprop", groups_of(groups, buffers_of_rmsprop)), options_(options_of(groups)) {
  for (const RMSpropOptions& options : options_)
    check_options(options);
}

void RMSprop::step() {
  for_each([&]<class T>(size_t group, T* p, const T* grad, int64_t n, State& state) {
    const RMSpropOptions& options = options_[group];
    const auto data = [&](const char* name) {
      const Tensor* const x = buffer(group, state, name);
      return x ? x->data<T>() : nullptr;
    };
    kernels::rmsprop_step(p, data("square_avg"), data("momentum_buffer"), data("grad_avg"), grad, n,
                          {.lr = lr(group),
                           .alpha = options.alpha,
                           .eps = options.eps,
                           .weight_decay = options.weight_decay,
                           .momentum = momentum(group)});
  });
}

}  // namespace gradus::optim
