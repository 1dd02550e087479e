#pragma once
#include "nn/module.h"

namespace gradus::nn {

/// x Phi(x) (Hendrycks and Gimpel 2016), exactly ("none") or with GPT-2's approximation ("tanh").
/// (...) -> (...)
struct GELU : Module {
  const std::string approximate;

  explicit GELU(const std::string& form = "none") : approximate(form) {
    check(form == "none" || form == "tanh", "gelu: approximate is '{}', expected 'none' or 'tanh'",
          form);
  }

  Tensor forward(const Tensor& x) const {
    const auto in_scope = scope();
    return gelu(x, approximate);
  }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

}  // namespace gradus::nn
