#include "distributed/sampler.h"

#include <numeric>

#include "distributed/process_group.h"
#include "tensor/factories.h"
#include "tensor/random.h"

namespace gradus::distributed {

DistributedSampler::DistributedSampler(int64_t size, int64_t batch_size,
                                       const DistributedSamplerOptions& options)
    : size_(size), batch_size_(batch_size), options_(options) {
  check(size >= 0 && batch_size >= 1,
        "DistributedSampler: {} examples in batches of {}; expected 0 or more in batches of 1 or "
        "more",
        size, batch_size);
  check(batch_size % get_world_size() == 0,
        "DistributedSampler: a batch of {} does not split into {} equal parts, one for each "
        "process",
        batch_size, get_world_size());
  set_epoch(0);
}

void DistributedSampler::set_epoch(int64_t epoch) {
  if (!options_.shuffle) {
    order_ = arange(size_);
    return;
  }
  const Tensor rng_state = get_rng_state();
  manual_seed(options_.seed + static_cast<uint64_t>(epoch));
  order_ = randperm(size_);
  set_rng_state(rng_state);
}

Tensor DistributedSampler::batch(int64_t i) const {
  check(i >= 0 && i < batches(), "DistributedSampler: batch {} of {}", i, batches());
  const int64_t part = batch_size_ / get_world_size();
  return order_.narrow(0, i * batch_size_ + get_rank() * part, part).clone();
}

}  // namespace gradus::distributed
