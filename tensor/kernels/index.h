#pragma once

#include <cstdint>

#include "tensor/kernels/strided_loop.h"

namespace gradus::kernels {

/// y[a, i, :] = x[a, ids[i], :] with x (A, R, C), ids (n) in 0..R, y (A, n, C). float, double,
/// int64, bool.
template <class T>
void gather_rows(T* y, const T* x, const int64_t* ids, int64_t A, int64_t R, int64_t n, int64_t C);

/// x[a, ids[i], :] += y[a, i, :], in the order of i where ids repeat: the gradient of gather_rows.
/// float, double.
template <class T>
void add_rows(T* x, const T* y, const int64_t* ids, int64_t A, int64_t R, int64_t n, int64_t C);

/// The k <= R largest (smallest) of x (A, R, C) over R, sorted, and their places in R: values and
/// indices (A, k, C). Among equals the lower place comes first; NaN counts as larger than every
/// number. float, double, int64.
template <class T>
void topk(T* values, int64_t* indices, const T* x, int64_t A, int64_t R, int64_t C, int64_t k,
          bool largest);

/// y = x[ids * step] at every place of the walk over (ids, y, x): step leads along the dimension
/// that ids index. float, double, int64, bool.
template <class T>
void gather(T* y, const T* x, const int64_t* ids, int64_t step, const StridedLoop<3>& walk);

/// y[ids * step] += x at every place of the walk over (ids, x, y), one after the other: several may
/// meet in one element, and their order decides its last digit. float, double, int64.
template <class T>
void scatter_add(T* y, const T* x, const int64_t* ids, int64_t step, const StridedLoop<3>& walk);

/// The place of the first id that is neither in 0..R nor `allowed`; n if there is none.
int64_t find_outside(const int64_t* ids, int64_t n, int64_t R, int64_t allowed);

}  // namespace gradus::kernels
