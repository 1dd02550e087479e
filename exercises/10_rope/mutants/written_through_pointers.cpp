// caught by gradient.of_x
#include "exercises/10_rope/rope.h"

namespace mine {

Tensor rope(const Tensor& x, int64_t start, double base) {
  const int64_t T = x.size(-2);
  const int64_t D = x.size(-1);
  const Tensor y = x.detach().clone();  // backward sees none of it
  dispatch(x.dtype(), [&]<class Number>() {
    Number* at = y.data_ptr<Number>();
    for (int64_t i = 0; i < x.numel(); i += 2, at += 2) {
      const double angle =
          static_cast<double>(start + i / D % T) *
          std::pow(base, -1.0 * static_cast<double>(i % D) / static_cast<double>(D));
      const double even = at[0];
      const double odd = at[1];
      at[0] = static_cast<Number>(even * std::cos(angle) - odd * std::sin(angle));
      at[1] = static_cast<Number>(even * std::sin(angle) + odd * std::cos(angle));
    }
  });
  return y;
}

}  // namespace mine
