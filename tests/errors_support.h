// Shared by the tests of wrong calls, errors_*test.cpp.
#pragma once
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gradus.h"
#include "tests/expect_error.h"

namespace gradus {

inline constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
inline constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

struct WrongCall {
  std::function<void()> call;
  std::string message;
};
inline void expect_errors(const std::vector<WrongCall>& calls) {
  for (const auto& [call, message] : calls)
    expect_error(call, message);
}

/// Tensors to call the ops with.
namespace wrong_calls {
inline const Tensor undefined;
inline const Tensor x = arange(6, kFloat32).reshape({2, 3});
inline const Tensor vector = ones(3);
inline const Tensor ids = tensor({0, 1});
inline const Tensor integers = tensor({{0, 1, 0}, {1, 0, 1}});
inline const Tensor mask = tensor({{true, false, true}});
}  // namespace wrong_calls

}  // namespace gradus
