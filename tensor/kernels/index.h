// Rows and elements selected by their indices, writes and sums at such places, and topk.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/kernels/strided_loop.h"

namespace gradus::kernels {

/// y[a, i, :] = x[a, ids[i], :] with x (outer, size, inner), y (outer, n, inner), ids (n) from 0 to
/// size - 1. float, double, int64, bool.
template <class T>
void gather_rows(T* y, const T* x, const int64_t* ids, int64_t outer, int64_t size, int64_t n,
                 int64_t inner);

/// x[a, ids[i], :] += y[a, i, :], the gradient of gather_rows. Repeated ids are added in the order
/// of i. `distinct` promises that no id is repeated. float, double, int64.
template <class T>
void scatter_add_rows(T* x, const T* y, const int64_t* ids, int64_t outer, int64_t size, int64_t n,
                      int64_t inner, bool distinct = false);

/// x[a, ids[i], :] = y[a, i, :]. Of repeated ids the last one is written. float, double, int64,
/// bool.
template <class T>
void put_rows(T* x, const T* y, const int64_t* ids, int64_t outer, int64_t size, int64_t n,
              int64_t inner, bool distinct);

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

/// y[ids * stride] = x, likewise. Of several values for one element the last one is written;
/// `distinct` promises that there is only one for each, so that threads may share the work. float,
/// double, int64, bool.
template <class T>
void put(T* y, const T* x, const int64_t* ids, int64_t stride, const StridedLoop<3>& loop,
         bool distinct);

/// The number of true elements before each block of a mask of n elements, and at the end that of
/// all.
std::vector<int64_t> count_true(const bool* mask, int64_t n);
/// The positions of the true elements; `counts` is count_true(mask, n).
void find_true(int64_t* positions, const bool* mask, int64_t n, const std::vector<int64_t>& counts);

/// The indices of the i-th element in row-major order: indices (n, sizes.dims).
void unravel(int64_t* indices, const int64_t* i, int64_t n, const Layout& layout);
/// Where the i-th element in row-major order is in memory.
void offsets_of(int64_t* offsets, const int64_t* i, int64_t n, const Layout& layout);

/// to = to * size + id for every element of the loop over (to, ids), or to = id if `first`: the
/// number of an entry among those of several dimensions, one dimension after the other. A negative
/// id counts from the end of the `size` entries.
void append_ids(int64_t* to, const int64_t* ids, int64_t size, bool first,
                const StridedLoop<2>& loop);
/// The position of the first id that is not from -size to size - 1; n if there is none.
int64_t find_outside_wrapped(const int64_t* ids, int64_t n, int64_t size);

/// The position of the first id that is neither from 0 to size - 1 nor `allowed`; n if there is
/// none.
int64_t find_outside(const int64_t* ids, int64_t n, int64_t size, int64_t allowed);

}  // namespace gradus::kernels
