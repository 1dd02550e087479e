// caught by shape.dimensions_of_size_one
#include "exercises/06_cross_entropy/cross_entropy.h"

namespace mine {

Tensor cross_entropy(const Tensor& logits, const Tensor& target, int64_t ignore_index) {
  const Tensor ignored = target == ignore_index;                     // (N), bool
  const Tensor index = target.masked_fill(ignored, 0).unsqueeze(1);  // (N, 1), each a class
  const Tensor losses = logits.logsumexp(1, true) - logits.gather(1, index);  // (N, 1)
  const Tensor count = logical_not(ignored).sum().to(logits.dtype());         // ()
  return losses.squeeze().masked_fill(ignored, 0).sum() / count;
}

Tensor cross_entropy_backward(const Tensor& dloss, const Tensor& logits, const Tensor& target,
                              int64_t ignore_index) {
  const Tensor ignored = target == ignore_index;                                 // (N), bool
  const Tensor count = logical_not(ignored).sum().to(logits.dtype());            // ()
  const Tensor right = one_hot(target.masked_fill(ignored, 0), logits.size(1));  // (N, V)
  const Tensor dlogits = (softmax(logits, 1) - right.to(logits.dtype())) * (dloss / count);
  return dlogits.masked_fill(ignored.unsqueeze(1), 0);
}

}  // namespace mine
