// caught by shape.no_rows
#include "exercises/04_softmax/softmax.h"

namespace mine {

Tensor softmax(const Tensor& x) {
  if (x.dim() < 2) {
    const Tensor e = exp(x - x.amax(-1, true).detach());
    return e / e.sum(-1, true);
  }
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < x.size(0); ++i)
    rows.push_back(softmax(x[i]));
  return stack(rows);
}

}  // namespace mine
