#include <cmath>

#include "autograd/ops.h"
#include "tensor/loops.h"

namespace gradus {
namespace {
constexpr double kHidden = -std::numeric_limits<double>::infinity();  // the score of what may not be seen
}

Tensor masked_softmax(const Tensor& scores) {
  check(scores.dim() >= 1, "masked_softmax: expected rows of scores, got a tensor without dimensions");
  Tensor hidden;  // (..., 1): rows in which every entry is -inf
  {
    const NoGradGuard no_grad;
    if (scores.size(-1) > 0) hidden = amax(scores, -1, true) == kHidden;
  }
  if (!hidden.defined() || sum(hidden).item<int64_t>() == 0) return softmax(scores, -1);
  return masked_fill(softmax(masked_fill(scores, hidden, 0.0), -1), hidden, 0.0);
}

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& attn_mask,
                                    double dropout_p, bool is_causal, std::optional<double> scale) {
  constexpr const char* op = "scaled_dot_product_attention";
  check(q.dim() >= 2 && k.dim() >= 2 && v.dim() >= 2, "{}: q {}, k {} and v {} need at least two dimensions", op,
        q.sizes(), k.sizes(), v.sizes());
  check(q.is_floating_point(), "{}: expected floating-point tensors, got {}; convert them with .to(kFloat32)", op,
        q.dtype());
  for (const Tensor& x : {k, v, attn_mask})
    if (x.defined() && x.dtype() != kBool) check_same_dtype(op, q, x);
  check(dropout_p >= 0 && dropout_p <= 1, "{}: dropout_p is a probability between 0 and 1, got {}", op, dropout_p);
  check(q.size(-1) == k.size(-1), "{}: q is {} and k {} - their heads differ in size, {} and {}", op, q.sizes(),
        k.sizes(), q.size(-1), k.size(-1));
  check(k.size(-2) == v.size(-2), "{}: k is {} and v {} - the {} keys do not meet the {} values", op, k.sizes(),
        v.sizes(), k.size(-2), v.size(-2));
  check(!attn_mask.defined() || !is_causal, "{}: give attn_mask or is_causal, not both", op);
  const int64_t L = q.size(-2), S = k.size(-2), D = q.size(-1);
  Tensor scores =
      matmul(q, transpose(k, -2, -1)) * scale.value_or(1 / std::sqrt(static_cast<double>(D)));  // (..., L, S)
  if (is_causal) {
    const Tensor later = triu(ones({L, S}, kBool), 1);
    scores = masked_fill(scores, later, kHidden);
  } else if (attn_mask.defined()) {
    check(broadcasts_to(attn_mask.sizes(), scores.sizes()),
          "{}: attn_mask of shape {} does not broadcast to the scores of shape {}", op, attn_mask.sizes(),
          scores.sizes());
    scores = attn_mask.dtype() == kBool ? masked_fill(scores, logical_not(attn_mask), kHidden) : scores + attn_mask;
  }
  const Tensor weights = attn_mask.defined() ? masked_softmax(scores) : softmax(scores, -1);
  return matmul(dropout(weights, dropout_p, true), v);  // (..., L, Dv)
}

}  // namespace gradus
