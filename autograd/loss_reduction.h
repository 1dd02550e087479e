// What the losses have in common.
#pragma once
#include "autograd/ops.h"

namespace gradus {

/// The losses of all elements as `reduction` says: themselves, their mean or their sum.
Tensor reduced(const char* op, const Tensor& losses, int64_t reduction);

}  // namespace gradus
