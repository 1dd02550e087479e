#include "distributed/gradient_reducer.h"

#include <algorithm>
#include <numeric>

#include "autograd/grad_mode.h"
#include "tensor/factories.h"

namespace gradus::distributed {

std::vector<Tensor> trained_parameters(const nn::Module& module) {
  std::vector<Tensor> trained;
  for (const Tensor& p : module.parameters())
    if (p.requires_grad()) trained.push_back(p);
  return trained;
}

GradientReducer::GradientReducer(const std::vector<Tensor>& parameters, int64_t bucket_bytes)
    : parameters_(parameters), bucket_bytes_(bucket_bytes), places_(parameters.size()) {
  std::vector<size_t> reverse(parameters.size());
  std::iota(reverse.rbegin(), reverse.rend(), size_t{0});
  make_buckets(reverse);
}

void GradientReducer::make_buckets(const std::vector<size_t>& order) {
  buckets_.clear();
  for (const size_t i : order) {
    const Tensor& p = parameters_[i];
    const auto fits = [&](const Bucket& bucket) {
      return parameters_[bucket.parameters[0]].dtype() == p.dtype() &&
             (bucket.numel + p.numel()) * element_size(p.dtype()) <= bucket_bytes_;
    };
    if (buckets_.empty() || !fits(buckets_.back())) buckets_.emplace_back();
    Bucket& bucket = buckets_.back();
    places_[i] = {buckets_.size() - 1, bucket.parameters.size()};
    bucket.parameters.push_back(i);
    bucket.begins.push_back(bucket.numel);
    bucket.numel += p.numel();
  }
  reset();
}

/// New buckets in the order of the last backward in process 0. Parameters without a gradient there
/// come last.
void GradientReducer::order_by_arrival() {
  std::vector<size_t> order = arrived_;
  for (size_t i = parameters_.size(); i-- > 0;)
    if (std::ranges::find(arrived_, i) == arrived_.end()) order.push_back(i);
  const Tensor of_first = tensor(std::vector<int64_t>(order.begin(), order.end()));
  broadcast(of_first, 0);
  const std::vector<int64_t> ids = of_first.to_vector<int64_t>();
  make_buckets({ids.begin(), ids.end()});
  is_ordered_ = true;
}

void GradientReducer::reset() {
  for (Bucket& bucket : buckets_) {
    bucket.memory = Tensor();
    bucket.has_arrived.assign(bucket.parameters.size(), false);
    bucket.arrived = 0;
  }
  sent_ = 0;
  arrived_.clear();
}

Tensor GradientReducer::part(const Bucket& bucket, size_t index) const {
  const Tensor& p = parameters_[bucket.parameters[index]];
  return bucket.memory.narrow(0, bucket.begins[index], p.numel()).view(p.sizes());
}

void GradientReducer::allocate(Bucket& bucket) const {
  const Tensor& first = parameters_[bucket.parameters[0]];
  const auto flags = static_cast<int64_t>(bucket.parameters.size());
  bucket.memory = empty({bucket.numel + flags}, first.dtype());
}

void GradientReducer::add(size_t parameter, const Tensor& gradient) {
  const NoGradGuard no_grad;
  const auto [b, index] = places_[parameter];
  Bucket& bucket = buckets_[b];
  check(!bucket.has_arrived[index],
        "DistributedDataParallel: a parameter has two gradients at once: two backwards run, or one "
        "before has failed");
  if (!bucket.memory.defined()) allocate(bucket);
  part(bucket, index).copy_(gradient);
  bucket.memory.narrow(0, bucket.numel + static_cast<int64_t>(index), 1).fill_(1);
  bucket.has_arrived[index] = true;
  ++bucket.arrived;
  if (!is_ordered_) arrived_.push_back(parameter);
  send_full_buckets();
}

void GradientReducer::send_full_buckets() {
  while (sent_ < buckets_.size() && buckets_[sent_].arrived == buckets_[sent_].parameters.size())
    send(buckets_[sent_++]);
}

void GradientReducer::send(Bucket& bucket) {
  bucket.sum = group("DistributedDataParallel").start_all_reduce(bucket.memory);
}

/// Sends the buckets that are not full, with 0 for each gradient that this process does not have.
void GradientReducer::add_missing_gradients() {
  for (; sent_ < buckets_.size(); ++sent_) {
    Bucket& bucket = buckets_[sent_];
    if (!bucket.memory.defined()) allocate(bucket);
    for (size_t i = 0; i < bucket.parameters.size(); ++i) {
      if (bucket.has_arrived[i]) continue;
      part(bucket, i).zero_();
      bucket.memory.narrow(0, bucket.numel + static_cast<int64_t>(i), 1).zero_();
    }
    send(bucket);
  }
}

std::vector<Tensor> GradientReducer::finish() {
  const NoGradGuard no_grad;
  add_missing_gradients();
  std::vector<Tensor> sums(parameters_.size());
  for (Bucket& bucket : buckets_) {
    group("DistributedDataParallel").wait(std::move(bucket.sum));
    const Tensor counts = bucket.memory.narrow(0, bucket.numel, std::ssize(bucket.parameters));
    for (size_t i = 0; i < bucket.parameters.size(); ++i) {
      if (counts[static_cast<int64_t>(i)].item<double>() > 0)
        sums[bucket.parameters[i]] = part(bucket, i);
    }
  }
  if (is_ordered_)
    reset();
  else
    order_by_arrival();
  return sums;
}

}  // namespace gradus::distributed
