// Rows and elements selected by their indices, the sums that are the gradients, and topk.
#pragma once

#include <cstdint>

#include "tensor/kernels/strided_loop.h"

namespace gradus::kernels {

/// y[a, i, :] = x[a, ids[i], :] with x (outer, size, inner), y (outer, n, inner), ids (n) from 0 to
/// size - 1. float, double, int64, bool.
template <class T>
void gather_rows(T* y, const T* x, const int64_t* ids, int64_t outer, int64_t size, int64_t n,
                 int64_t inner);

/// x[a, ids[i], :] += y[a, i, :], the gradient of gather_rows. Repeated ids are added in the order
/// of i. float, double.
template <class T>
void scatter_add_rows(T* x, const T* y, const int64_t* ids, int64_t outer, int64_t size, int64_t n,
                      int64_t inner);

/// The k <= size largest (smallest) of x (outer, size, inner) along the middle dimension, sorted:
/// values and indices are (outer, k, inner). Among equals the lower index comes first; NaN counts
/// as larger than every number. float, double, int64.
template <class T>
void topk(T* values, int64_t* indices, const T* x, int64_t outer, int64_t size, int64_t inner,
          int64_t k, bool largest);

/// y = x[ids * stride] for every element of the loop over (ids, y, x), where x has stride 0 in the
/// indexed dimension and `stride` is its real one. float, double, int64, bool.
template <class T>
void gather(T* y, const T* x, const int64_t* ids, int64_t stride, const StridedLoop<3>& loop);

/// y[ids * stride] += x for every element of the loop over (ids, x, y), likewise. One after
/// another, in one thread: several may be added to the same element, and their order decides its
/// last digit. float, double, int64.
template <class T>
void scatter_add(T* y, const T* x, const int64_t* ids, int64_t stride, const StridedLoop<3>& loop);

/// The position of the first id that is neither from 0 to size - 1 nor `allowed`; n if there is
/// none.
int64_t find_outside(const int64_t* ids, int64_t n, int64_t size, int64_t allowed);

}  // namespace gradus::kernels
