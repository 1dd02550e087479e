#include "distributed/data_parallel.h"

#include <mutex>

#include "autograd/callback.h"
#include "autograd/grad_mode.h"
#include "distributed/agree.h"
#include "distributed/gradient_reducer.h"

namespace gradus::distributed {
namespace {

/// The names, shapes and dtypes of all parameters and buffers.
std::string description(const nn::Module& module) {
  std::string text;
  for (const auto& tensors : {module.named_parameters(), module.named_buffers()})
    for (const auto& [name, x] : tensors)
      text += fmt::format("{} {} {}\n", name, x.sizes(), x.dtype());
  return text;
}

}  // namespace

struct DistributedDataParallel::State {
  State(const std::vector<Tensor>& trained, int64_t bucket_bytes)
      : parameters(trained), reducer(trained, bucket_bytes) {}

  const std::vector<Tensor> parameters;
  std::vector<unsigned> hooks;
  std::mutex mutex;  // hooks of different leaves may run in several threads
  GradientReducer reducer;
  bool is_collecting = false;  // a backward has delivered its first gradient, and not ended
};

DistributedDataParallel::DistributedDataParallel(const nn::Module& module,
                                                 const DistributedDataParallelOptions& options)
    : module_(module),
      state_(std::make_unique<State>(trained_parameters(module), options.bucket_bytes)) {
  check(options.bucket_bytes > 0, "DistributedDataParallel: bucket_bytes is {}, expected 1 or more",
        options.bucket_bytes);
  check(!state_->parameters.empty(), "DistributedDataParallel: no parameter requires a gradient");
  check_same("models", description(module));
  for (const auto& tensors : {module.named_parameters(), module.named_buffers()})
    for (const auto& [name, x] : tensors)
      broadcast(x.detach(), 0);
  for (size_t i = 0; i < state_->parameters.size(); ++i) {
    state_->hooks.push_back(state_->parameters[i].register_post_accumulate_grad_hook(
        [this, i](const Tensor& p) { on_gradient(i, p); }));
  }
}

DistributedDataParallel::~DistributedDataParallel() {
  for (size_t i = 0; i < state_->hooks.size(); ++i)
    state_->parameters[i].remove_hook(state_->hooks[i]);
}

void DistributedDataParallel::on_gradient(size_t parameter, const Tensor& p) {
  if (!averages_) return;
  const std::lock_guard lock(state_->mutex);
  if (!state_->is_collecting) {
    state_->is_collecting = true;
    autograd::queue_callback([state = state_.get()] {
      const NoGradGuard no_grad;
      const std::lock_guard inner(state->mutex);
      const std::vector<Tensor> sums = state->reducer.finish();
      const auto processes = static_cast<double>(get_world_size());
      for (size_t i = 0; i < sums.size(); ++i)
        if (sums[i].defined()) state->parameters[i].mutable_grad() = sums[i].div_(processes);
      state->is_collecting = false;
    });
  }
  state_->reducer.add(parameter, p.grad());
}

}  // namespace gradus::distributed
