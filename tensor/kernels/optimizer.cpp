#include "tensor/kernels/optimizer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor/kernels/isa.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/reduce.h"

// A body is compiled twice: where the machine has the instruction, fma is one instruction and not a call.
#define GRADUS_BODY inline __attribute__((always_inline))
#if defined(__x86_64__)
#define GRADUS_FMA __attribute__((target("avx2,fma")))
#else
#define GRADUS_FMA
#endif

namespace gradus::kernels {
namespace {

constexpr int64_t kBlock = 1024;

GRADUS_BODY float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
GRADUS_BODY double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }

template <class T> GRADUS_BODY void sgd_body(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& s) {
  const T lr = static_cast<T>(s.lr), decay = static_cast<T>(s.weight_decay), momentum = static_cast<T>(s.momentum);
  const T fresh = static_cast<T>(1 - s.dampening);
  for (int64_t i = 0; i < n; ++i) {
    T g = grad[i];
    if (s.weight_decay != 0) g = fma(decay, param[i], g);
    if (s.momentum != 0) {
      const T b = buffer[i] = s.first ? g : fma(fresh, g, momentum * buffer[i]);
      g = s.nesterov ? fma(momentum, b, g) : b;
    }
    param[i] = fma(-lr, g, param[i]);
  }
}

template <class T> GRADUS_BODY void adam_body(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& s) {
  const double correction1 = 1 - std::pow(s.beta1, static_cast<double>(s.step));
  const double correction2 = 1 - std::pow(s.beta2, static_cast<double>(s.step));
  const T minus_step_size = static_cast<T>(-(s.lr / correction1));
  const T root_correction2 = static_cast<T>(std::sqrt(correction2));
  const T beta1 = static_cast<T>(s.beta1), fresh1 = static_cast<T>(1 - s.beta1);
  const T beta2 = static_cast<T>(s.beta2), fresh2 = static_cast<T>(1 - s.beta2);
  const T eps = static_cast<T>(s.eps), decay = static_cast<T>(s.weight_decay);
  const T keep = static_cast<T>(1 - s.lr * s.weight_decay);
  // In a loop of its own: next to the addition below, the compiler would fuse the two and round once instead of twice.
  if (s.decoupled) {
    for (int64_t i = 0; i < n; ++i) param[i] *= keep;
  }
  for (int64_t i = 0; i < n; ++i) {
    const T g = s.decoupled || s.weight_decay == 0 ? grad[i] : fma(decay, param[i], grad[i]);
    m[i] = fma(fresh1, g, m[i] * beta1);
    v[i] = fma(fresh2 * g, g, v[i] * beta2);
    const T denominator = std::sqrt(v[i]) / root_correction2 + eps;
    param[i] += minus_step_size * m[i] / denominator;
  }
}

template <class T> GRADUS_FMA void sgd_fma(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& s) {
  sgd_body(param, buffer, grad, n, s);
}

template <class T> GRADUS_FMA void adam_fma(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& s) {
  adam_body(param, m, v, grad, n, s);
}

/// body(begin, end) for blocks of kBlock numbers, small enough to stay in the cache between two loops.
template <class Body> void for_each_block(int64_t n, const Body& body) {
  parallel_for((n + kBlock - 1) / kBlock, 8, [&](int64_t first, int64_t last) {
    for (int64_t b = first; b < last; ++b) body(b * kBlock, std::min(n, (b + 1) * kBlock));
  });
}

}  // namespace

template <class T> void sgd_step(T* param, T* buffer, const T* grad, int64_t n, const SgdStep& step) {
  const bool has_fma = isa() != Isa::portable;
  for_each_block(n, [&](int64_t i, int64_t end) {
    T* const part = buffer == nullptr ? nullptr : buffer + i;
    if (has_fma) {
      sgd_fma(param + i, part, grad + i, end - i, step);
    } else {
      sgd_body(param + i, part, grad + i, end - i, step);
    }
  });
}

template <class T> void adam_step(T* param, T* m, T* v, const T* grad, int64_t n, const AdamStep& step) {
  const bool has_fma = isa() != Isa::portable;
  for_each_block(n, [&](int64_t i, int64_t end) {
    if (has_fma) {
      adam_fma(param + i, m + i, v + i, grad + i, end - i, step);
    } else {
      adam_body(param + i, m + i, v + i, grad + i, end - i, step);
    }
  });
}

template <class T> double sum_of_squares(const T* x, int64_t n) {
  constexpr int64_t kLanes = 8;
  std::vector<double> partial(static_cast<size_t>((n + kBlock - 1) / kBlock));
  for_each_block(n, [&](int64_t begin, int64_t end) {
    double lanes[kLanes] = {};
    for (int64_t i = begin; i < end; ++i) lanes[(i - begin) % kLanes] += static_cast<double>(x[i]) * x[i];
    sum(&partial[static_cast<size_t>(begin / kBlock)], lanes, 1, kLanes, 1);
  });
  double total = 0;
  sum(&total, partial.data(), 1, static_cast<int64_t>(partial.size()), 1);
  return total;
}

#define GRADUS_INSTANTIATE(T)                                              \
  template void sgd_step(T*, T*, const T*, int64_t, const SgdStep&);       \
  template void adam_step(T*, T*, T*, const T*, int64_t, const AdamStep&); \
  template double sum_of_squares(const T*, int64_t);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
