// Small tensors and a comparison for the tests of the engine.
#pragma once
#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace gradus {

inline Tensor leaf(const NestedNumbers& numbers) {
  return tensor(numbers, dtype(kFloat64).requires_grad(true));
}
inline Tensor doubles(const NestedNumbers& numbers) { return tensor(numbers, kFloat64); }
inline void expect_equal(const Tensor& got, const Tensor& expected) {
  ASSERT_TRUE(got.defined());
  EXPECT_TRUE(got.sizes() == expected.sizes() && equal(got, expected)) << got << "\n" << expected;
}

}  // namespace gradus
