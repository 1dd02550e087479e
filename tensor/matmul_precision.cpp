#include "tensor/matmul_precision.h"

#include <algorithm>
#include <iterator>

#include "tensor/error.h"
#include "tensor/kernels/gemm.h"

namespace gradus {
namespace {

// In the order of kernels::MatmulPrecision.
constexpr std::string_view kPrecisionNames[] = {"highest", "high", "medium"};

}  // namespace

void set_float32_matmul_precision(std::string_view precision) {
  const auto* const name =
      std::find(std::begin(kPrecisionNames), std::end(kPrecisionNames), precision);
  check(name != std::end(kPrecisionNames),
        "set_float32_matmul_precision: expected highest, high or medium, got '{}'", precision);
  kernels::set_matmul_precision(
      static_cast<kernels::MatmulPrecision>(name - std::begin(kPrecisionNames)));
}

std::string get_float32_matmul_precision() {
  return std::string(kPrecisionNames[static_cast<size_t>(kernels::matmul_precision())]);
}

}  // namespace gradus
