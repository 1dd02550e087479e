#pragma once
#include "nn/layer.h"

namespace gradus::nn {

/// x Phi(x), where Phi is the normal CDF (Hendrycks and Gimpel 2016): exact ("none"), or GPT-2's
/// approximation ("tanh").   x (...) -> (...)
struct GELU : Layer<GELU> {
  const std::string approximate;

  explicit GELU(const std::string& form = "none") : approximate(form) {
    check(form == "none" || form == "tanh", "gelu: approximate is '{}', expected 'none' or 'tanh'",
          form);
    set_extra_repr({{"approximate", approximate}});
  }

  Tensor forward(const Tensor& x) const { return gelu(x, approximate); }
};

}  // namespace gradus::nn
