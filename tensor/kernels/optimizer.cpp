// Shares the parameters between threads; simd/optimizer.cpp computes the steps.
#include "tensor/kernels/optimizer.h"

#include "tensor/kernels/parallel.h"

namespace gradus::kernels {

template <class T>
void sgd_step(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& step) {
  parallel_for(n, grain_for(4), [&](int64_t begin, int64_t end) {
    T* const part_of_buffer = buffer == nullptr ? nullptr : buffer + begin;
    GRADUS_DISPATCH(sgd(param + begin, part_of_buffer, grad + begin, end - begin, step));
  });
}

template <class T>
void adam_step(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& step) {
  parallel_for(n, grain_for(4), [&](int64_t begin, int64_t end) {
    GRADUS_DISPATCH(adam(param + begin, m + begin, v + begin, grad + begin, end - begin, step));
  });
}

template <class T>
void amsgrad_step(T* param, T* m, T* v, T* max_v, const T* grad, int64_t n, const AdamStep& step) {
  parallel_for(n, grain_for(5), [&](int64_t begin, int64_t end) {
    GRADUS_DISPATCH(amsgrad(param + begin, m + begin, v + begin, max_v + begin, grad + begin,
                            end - begin, step));
  });
}

template <class T>
void rmsprop_step(T* param, T* v, T* buffer, T* mean, const T* grad, int64_t n,
                  const RmspropStep& step) {
  parallel_for(n, grain_for(4), [&](int64_t begin, int64_t end) {
    T* const part_of_buffer = buffer == nullptr ? nullptr : buffer + begin;
    T* const part_of_mean = mean == nullptr ? nullptr : mean + begin;
    GRADUS_DISPATCH(rmsprop(param + begin, v + begin, part_of_buffer, part_of_mean, grad + begin,
                            end - begin, step));
  });
}

template void sgd_step(float*, float*, const float*, int64_t, const SgdStep&);
template void sgd_step(double*, double*, const double*, int64_t, const SgdStep&);
template void adam_step(float*, float*, float*, const float*, int64_t, const AdamStep&);
template void adam_step(double*, double*, double*, const double*, int64_t, const AdamStep&);
template void amsgrad_step(float*, float*, float*, float*, const float*, int64_t, const AdamStep&);
template void amsgrad_step(double*, double*, double*, double*, const double*, int64_t,
                           const AdamStep&);
template void rmsprop_step(float*, float*, float*, float*, const float*, int64_t,
                           const RmspropStep&);
template void rmsprop_step(double*, double*, double*, double*, const double*, int64_t,
                           const RmspropStep&);

}  // namespace gradus::kernels
