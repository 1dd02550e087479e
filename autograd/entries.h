// Reading, writing and adding the entries that a Selection names. Nothing is recorded.
#pragma once
#include "autograd/selection.h"

namespace gradus {

/// A new tensor with the selected entries of v.
Tensor read_entries(const char* op, const Tensor& v, const Selection& selection);

/// v[ids[i]] += values[i], where the values broadcast to the shape of the result.
void add_entries(const char* op, const Tensor& v, const Selection& selection, const Tensor& values);

/// v[ids[i]] = values[i], where the values broadcast to the shape of the result. Of several values
/// for one entry the last one is written.
void put_entries(const char* op, const Tensor& v, const Selection& selection, const Tensor& values);

}  // namespace gradus
