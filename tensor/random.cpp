#include "tensor/random.h"

#include "tensor/factories.h"
#include "tensor/strided.h"

namespace gradus {

Tensor get_rng_state() {
  const auto state = (*LockedGenerator()).state();
  return tensor(std::vector<int64_t>(state.begin(), state.end()), kInt64);
}

void set_rng_state(const Tensor& state) {
  std::array<int64_t, Generator::kStateSize> values{};
  const Shape expected{std::ssize(values)};
  check(state.defined(), "set_rng_state: the state is undefined");
  check(state.sizes() == expected && state.dtype() == kInt64,
        "set_rng_state: the state is {} {}, expected {} int64, as get_rng_state returns it",
        state.sizes(), state.dtype(), expected);
  const Tensor contiguous = as_contiguous(state);
  std::copy_n(contiguous.data<int64_t>(), values.size(), values.begin());
  check((*LockedGenerator()).set_state(values),
        "set_rng_state: these numbers are not the state of a generator");
}

}  // namespace gradus
