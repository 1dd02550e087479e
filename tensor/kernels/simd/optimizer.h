#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"
#include "tensor/kernels/optimizer.h"

namespace gradus::kernels {

/// The steps of optimizer.h, by one thread.
GRADUS_SIMD(template <class T> void sgd(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& step);
            template <class T> void adam(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& step);)

}  // namespace gradus::kernels
