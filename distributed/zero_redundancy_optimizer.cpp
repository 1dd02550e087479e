#include "distributed/zero_redundancy_optimizer.h"

#include <map>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "distributed/group.h"

namespace gradus::distributed {
namespace {

constexpr const char* kName = "zero_redundancy_optimizer";

using Communication = distributed::Group;  // Optimizer has a Group, too
using Groups = std::vector<optim::ParamGroup<optim::AdamWOptions>>;

/// Where the parts of n elements begin, and n.
std::vector<int64_t> begins(int64_t n) {
  const int64_t processes = get_world_size();
  std::vector<int64_t> result;
  for (int64_t r = 0; r <= processes; ++r)
    result.push_back(n / processes * r + n % processes * r / processes);
  return result;
}

/// This process's part of x, in the same memory.
Tensor part_of(const Tensor& x) {
  const std::vector<int64_t> all = begins(x.numel());
  const auto r = static_cast<size_t>(get_rank());
  return x.detach().view(-1).narrow(0, all[r], all[r + 1] - all[r]);
}

Groups parts_of(const Groups& groups) {
  Groups parts;
  for (const auto& [params, options] : groups) {
    auto& part = parts.emplace_back();
    part.options = options;
    for (const Tensor& p : params) {
      check(p.is_contiguous(), "{}: a parameter {} is not contiguous", kName, p.sizes());
      part.params.push_back(part_of(p).requires_grad_());
    }
  }
  return parts;
}

/// The parameter that an entry of a state belongs to, in "3.exp_avg"; none for the others.
std::optional<size_t> parameter_of(const std::string& name, const Tensor& x) {
  const size_t dot = name.find('.');
  if (dot == 0 || dot > 9 || name.find_first_not_of("0123456789") != dot) return {};
  if (name.ends_with(".step") || !x.defined()) return {};
  return std::stoul(name);
}

}  // namespace

struct ZeroRedundancyOptimizer::Parts {
  explicit Parts(const Groups& groups) : adam(parts_of(groups)) {}
  optim::AdamW adam;
};

ZeroRedundancyOptimizer::ZeroRedundancyOptimizer(const std::vector<Tensor>& parameters,
                                                 const optim::AdamWOptions& options)
    : ZeroRedundancyOptimizer(Groups{{parameters, options}}) {}

ZeroRedundancyOptimizer::ZeroRedundancyOptimizer(const Groups& groups)
    : ZeroRedundancyOptimizer(groups, std::make_shared<Parts>(groups)) {}

ZeroRedundancyOptimizer::ZeroRedundancyOptimizer(const Groups& groups, std::shared_ptr<Parts> parts)
    : Optimizer(
          kName,
          [&] {
            std::vector<Group> all;
            for (const auto& [params, options] : groups)
              all.push_back({.params = params, .lr = options.lr, .buffers = {}});
            return all;
          }(),
          parts->adam),
      parts_(std::move(parts)) {}

void ZeroRedundancyOptimizer::step() {
  const NoGradGuard no_grad;
  const std::vector<Tensor>& parts = parts_->adam.parameters();
  for (size_t i = 0; i < parts.size(); ++i) {
    const Tensor grad = parameters()[i].grad();
    parts[i].mutable_grad() = grad.defined() ? part_of(grad.contiguous()) : Tensor();
  }
  parts_->adam.step();
  std::vector<std::future<void>> calls;
  Communication& all = group(kName);
  for (const Tensor& p : parameters())
    if (p.grad().defined()) calls.push_back(all.start_all_gather(p.detach(), begins(p.numel())));
  for (std::future<void>& call : calls)
    all.wait(std::move(call));
}

NamedTensors ZeroRedundancyOptimizer::state_dict() const {
  const NoGradGuard no_grad;
  NamedTensors state = parts_->adam.state_dict();
  Communication& all = group(kName);
  for (auto& [name, x] : state) {
    const std::optional<size_t> i = parameter_of(name, x);
    if (!i) continue;
    const Tensor& p = parameters()[*i];
    const Tensor whole = empty(p.sizes(), p.dtype());
    part_of(whole).copy_(x);
    all.wait(all.start_all_gather(whole, begins(p.numel())));
    x = whole;
  }
  return state;
}

void ZeroRedundancyOptimizer::load_state_dict(const NamedTensors& state) {
  const NoGradGuard no_grad;
  NamedTensors parts = state;
  for (auto& [name, x] : parts) {
    const std::optional<size_t> i = parameter_of(name, x);
    if (!i || *i >= parameters().size()) continue;
    const Tensor& p = parameters()[*i];
    check(x.sizes() == p.sizes(), "{}: load_state_dict: '{}' is {}, expected {}", kName, name,
          x.sizes(), p.sizes());
    x = part_of(x.contiguous());
  }
  parts_->adam.load_state_dict(parts);
}

int64_t ZeroRedundancyOptimizer::state_bytes() const {
  int64_t bytes = 0;
  for (const auto& [name, x] : parts_->adam.state_dict())
    if (parameter_of(name, x)) bytes += x.numel() * element_size(x.dtype());
  return bytes;
}

}  // namespace gradus::distributed
