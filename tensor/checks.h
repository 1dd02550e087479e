// Checks of arguments that several ops share.
#pragma once
#include <optional>

#include "tensor/tensor.h"

namespace gradus {

/// Throws an Error that names the op and both dtypes unless a and b have the same dtype.
void check_same_dtype(const char* op, const Tensor& a, const Tensor& b);

/// Returns ids (int64) as a contiguous tensor. Throws unless each is from 0 to size - 1 or equal to
/// `allowed`. With `what` = "index" and `of` = "rows of weight", the error is such as
/// "embedding: index 7 at [1, 2] is outside the 5 rows of weight".
Tensor checked_ids(const char* op, const char* what, const Tensor& ids, int64_t size,
                   const char* of, std::optional<int64_t> allowed = {});

}  // namespace gradus
