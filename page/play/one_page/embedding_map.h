// The embeddings of the letters as points in the plane.
#pragma once
#include "tensor/tensor.h"

namespace gradus::page::one_page {

/// The two principal axes of the rows of x (V, C), as columns: (C, 2). They are the directions in
/// which the rows differ most.
Tensor principal_axes(const Tensor& x);
/// The rows without their mean, projected on the axes: (V, 2).
Tensor projected(const Tensor& x, const Tensor& axes);

}  // namespace gradus::page::one_page
