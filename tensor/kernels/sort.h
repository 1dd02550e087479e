// Sorted rows.
#pragma once

#include <cstdint>

namespace gradus::kernels {

/// Each row of x (rows, n) in ascending or descending order, and where its elements were. Among
/// equals the lower index comes first; NaN counts as larger than every number, and all NaN as
/// equal. float, double, int64, bool.
template <class T>
void sort_rows(T* values, int64_t* indices, const T* x, int64_t rows, int64_t n, bool descending);

}  // namespace gradus::kernels
