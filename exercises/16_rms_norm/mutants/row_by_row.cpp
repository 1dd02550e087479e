// caught by shape.no_rows
#include "exercises/16_rms_norm/rms_norm.h"

namespace mine {

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  if (x.dim() == 1) return x * rsqrt((x * x).mean() + eps) * weight;
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < x.size(0); ++i)
    rows.push_back(rms_norm(x[i], weight, eps));
  return stack(rows);
}

}  // namespace mine
