// The state of an optimiser as named tensors.
#include <cmath>
#include <map>

#include "autograd/ops.h"
#include "nn/learning_rates.h"
#include "tensor/strided.h"

namespace gradus::optim {
namespace {

std::string group_key(size_t group, const char* name) {
  return fmt::format("param_groups.{}.{}", group, name);
}
std::string state_key(size_t parameter, const std::string& name) {
  return fmt::format("{}.{}", parameter, name);
}

/// The tensors of a state by name, each of which is taken once.
class Entries {
 public:
  Entries(const char* optimizer, const NamedTensors& state) : optimizer_(optimizer) {
    for (const auto& [name, x] : state) {
      check(x.defined(), "{}: load_state_dict: '{}' is undefined", optimizer_, printable(name));
      check(tensors_.emplace(name, x).second, "{}: load_state_dict: '{}' is given twice",
            optimizer_, printable(name));
    }
  }
  bool has(const std::string& name) const { return tensors_.count(name) != 0; }
  Tensor take(const std::string& name, const Shape& sizes, DType dtype) {
    const auto found = tensors_.find(name);
    check(found != tensors_.end(), "{}: load_state_dict: '{}' is missing", optimizer_, name);
    const Tensor x = found->second;
    check(x.sizes() == sizes && x.dtype() == dtype,
          "{}: load_state_dict: '{}' is {} {}, expected {} {}", optimizer_, name, x.sizes(),
          x.dtype(), sizes, dtype);
    tensors_.erase(found);
    return x;
  }
  void check_nothing_is_left() const {
    check(tensors_.empty(), "{}: load_state_dict: '{}' does not belong to this optimiser",
          optimizer_, tensors_.empty() ? "" : printable(tensors_.begin()->first));
  }

 private:
  const char* optimizer_;
  std::map<std::string, Tensor> tensors_;
};

}  // namespace

struct Optimizer::LoadedState {
  std::vector<double> lr;
  std::vector<State> states;
};

NamedTensors Optimizer::state_dict() const {
  check(!keeps_buffers_itself_, "{}: it keeps its buffers itself, so it has no state_dict", name_);
  NamedTensors all;
  for (size_t i = 0; i < states_.size(); ++i) {
    const State& state = states_[i];
    if (state.step == 0) continue;
    all.emplace_back(state_key(i, "step"), full({}, state.step, kInt64));
    const std::vector<std::string>& names = buffers_of_group_[group_of_[i]];
    for (size_t b = 0; b < state.buffers.size(); ++b)
      all.emplace_back(state_key(i, names[b]), state.buffers[b].to(parameters_[i].dtype()));
  }
  for (size_t g = 0; g < rates_->lr.size(); ++g) {
    all.emplace_back(group_key(g, "lr"), full({}, rates_->lr[g], kFloat64));
    all.emplace_back(group_key(g, "params"), indices_of_group(g));
  }
  return all;
}

/// The positions in parameters() of the parameters of a group.
Tensor Optimizer::indices_of_group(size_t group) const {
  std::vector<int64_t> indices;
  for (size_t i = 0; i < group_of_.size(); ++i)
    if (group_of_[i] == group) indices.push_back(static_cast<int64_t>(i));
  return tensor(indices, kInt64);
}

Optimizer::LoadedState Optimizer::checked_state(const NamedTensors& state) const {
  check(!keeps_buffers_itself_, "{}: it keeps its buffers itself, so it has no state_dict", name_);
  Entries entries(name_, state);
  LoadedState loaded;
  size_t groups = 0;
  while (entries.has(group_key(groups, "lr")))
    ++groups;
  check(groups == rates_->lr.size(), "{}: load_state_dict: {} groups of parameters, expected {}",
        name_, groups, rates_->lr.size());
  for (size_t g = 0; g < groups; ++g) {
    const Tensor expected = indices_of_group(g);
    const Tensor indices = entries.take(group_key(g, "params"), expected.sizes(), kInt64);
    check(equal(indices, expected), "{}: load_state_dict: group {} has other parameters", name_, g);
    const double lr = entries.take(group_key(g, "lr"), {}, kFloat64).item<double>();
    check(lr >= 0 && std::isfinite(lr), "{}: load_state_dict: lr is {}, expected 0 or more", name_,
          lr);
    loaded.lr.push_back(lr);
  }
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i];
    State& own = loaded.states.emplace_back();
    if (!entries.has(state_key(i, "step"))) continue;
    own.step = entries.take(state_key(i, "step"), {}, kInt64).item<int64_t>();
    check(own.step > 0, "{}: load_state_dict: '{}.step' is {}, expected 1 or more", name_, i,
          own.step);
    for (const std::string& name : buffers_of_group_[group_of_[i]])
      own.buffers.push_back(entries.take(state_key(i, name), p.sizes(), p.dtype()));
  }
  entries.check_nothing_is_left();
  for (State& own : loaded.states)
    for (Tensor& buffer : own.buffers)
      buffer = buffer.detach().clone().contiguous();
  return loaded;
}

void Optimizer::load_state_dict(const NamedTensors& state) {
  add_momentum_buffers();
  LoadedState loaded = checked_state(state);
  states_ = std::move(loaded.states);
  rates_->lr = std::move(loaded.lr);
}

}  // namespace gradus::optim
