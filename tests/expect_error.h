#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tensor/error.h"

namespace gradus {

/// The message about an undefined tensor.
inline const char* const kUndefined =
    "tensor: this Tensor is undefined, it was never given a value; if it is a grad, no backward() "
    "has reached this tensor";

/// The call throws Error with exactly this message.
inline void expect_error(const std::function<void()>& call, const std::string& message) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown instead of: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), message);
  }
}

}  // namespace gradus
