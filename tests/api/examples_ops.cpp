#include "examples.h"

namespace gradus::api {

namespace {

Group arithmetic() {
  return {"Arithmetic and functions of each element",
          {
              EXAMPLE("add", x.add(x, 10)),
              EXAMPLE("sub", sub(x, 1)),
              EXAMPLE("mul", mul(x, 2)),
              EXAMPLE("div", div(x, 2)),
              EXAMPLE("operator+", x + 1),
              EXAMPLE("operator-", 10 - x),
              EXAMPLE("operator*", x * x),
              EXAMPLE("operator/", x / 2),
              EXAMPLE("operator%", x % 2),
              EXAMPLE("remainder", remainder(-x, 2)),
              EXAMPLE("fmod", fmod(-x, 2)),
              EXAMPLE("pow", x.pow(2)),
              EXAMPLE("square", square(x)),
              EXAMPLE("neg", neg(x)),
              EXAMPLE("abs", abs(-x)),
              EXAMPLE("exp", exp(x)),
              EXAMPLE("expm1", expm1(x)),
              EXAMPLE("log", log(x)),
              EXAMPLE("log2", log2(x)),
              EXAMPLE("log1p", log1p(x)),
              EXAMPLE("sqrt", sqrt(x)),
              EXAMPLE("rsqrt", rsqrt(x)),
              EXAMPLE("sin", sin(x)),
              EXAMPLE("cos", cos(x)),
              EXAMPLE("tanh", tanh(x)),
              EXAMPLE("erf", erf(x)),
              EXAMPLE("sign", sign(x - 2)),
              EXAMPLE("floor", floor(x / 2)),
              EXAMPLE("ceil", ceil(x / 2)),
              EXAMPLE("round", round(x / 2)),
              EXAMPLE("trunc", trunc(-x / 2)),
              EXAMPLE("clamp", x.clamp(1.5, 2.5)),
              EXAMPLE("nan_to_num", nan_to_num(x / 0, 0., 9.)),
              EXAMPLE("maximum", maximum(x, x.flip(0))),
              EXAMPLE("minimum", minimum(x, x.flip(0))),
              EXAMPLE("where", where(mask, x, 0.)),
              EXAMPLE("masked_fill", x.masked_fill(mask, 9)),
              EXAMPLE("tril", m.tril()),
              EXAMPLE("triu", m.triu()),
          }};
}

Group comparing() {
  return {"Comparing, and logic",
          {
              EXAMPLE("eq", x.eq(2)),
              EXAMPLE("ne", x.ne(2)),
              EXAMPLE("lt", x.lt(2)),
              EXAMPLE("le", x.le(2)),
              EXAMPLE("gt", x.gt(2)),
              EXAMPLE("ge", x.ge(2)),
              EXAMPLE("operator==", x == 2),
              EXAMPLE("operator!=", x != 2),
              EXAMPLE("operator<", x < 2),
              EXAMPLE("operator<=", x <= 2),
              EXAMPLE("operator>", x > 2),
              EXAMPLE("operator>=", x >= 2),
              EXAMPLE("logical_not", logical_not(mask)),
              EXAMPLE("logical_and", logical_and(mask, x > 1)),
              EXAMPLE("logical_or", logical_or(mask, x > 1)),
              EXAMPLE("operator&", (x > 1) & (x < 3)),
              EXAMPLE("operator|", (x < 2) | (x > 2)),
              EXAMPLE("operator^", mask ^ true),
              EXAMPLE("operator~", ~mask),
              EXAMPLE("bitwise_and", bitwise_and(tensor({6}), 3)),
              EXAMPLE("bitwise_or", bitwise_or(tensor({6}), 3)),
              EXAMPLE("bitwise_xor", bitwise_xor(tensor({6}), 3)),
              EXAMPLE("bitwise_not", bitwise_not(tensor({6}))),
              EXAMPLE("isnan", isnan(x / 0 - x / 0)),
              EXAMPLE("isinf", isinf(x / 0)),
              EXAMPLE("isfinite", isfinite(x)),
          }};
}

Group reducing() {
  return {"Reducing",
          {
              EXAMPLE("sum", m.sum(1)),
              EXAMPLE("prod", m.prod(1)),
              EXAMPLE("mean", x.mean()),
              EXAMPLE("var", x.var()),
              EXAMPLE("std", x.std()),
              EXAMPLE("max", x.max()),
              EXAMPLE("min", m.min(1)),
              EXAMPLE("amax", m.amax(0)),
              EXAMPLE("amin", m.amin({0, 1})),
              EXAMPLE("argmax", x.argmax()),
              EXAMPLE("argmin", x.argmin()),
              EXAMPLE("any", mask.any()),
              EXAMPLE("all", mask.all()),
              EXAMPLE("logsumexp", x.logsumexp(0)),
              EXAMPLE("norm", x.norm()),
              EXAMPLE("cumsum", x.cumsum(0)),
              EXAMPLE("topk", x.topk(2)),
              EXAMPLE("sort", x.sort(0, true)),
              EXAMPLE("argsort", x.flip(0).argsort()),
              EXAMPLE("sum_to", sum_to(m, {1, 2})),
          }};
}

Group products() {
  return {"Linear algebra",
          {
              EXAMPLE("matmul", matmul(m, m)),
              EXAMPLE("mm", mm(m, m)),
              EXAMPLE("bmm", bmm(ones({2, 1, 3}), ones({2, 3, 1}))),
              EXAMPLE("einsum", einsum("ij,j->i", {m, ones(2)})),
              EXAMPLE("trace", m.trace()),
              EXAMPLE("outer", outer(x, x)),
              EXAMPLE("linear", linear(ones({1, 2}), m)),
          }};
}

Group neural() {
  return {"Neural networks",
          {
              EXAMPLE("relu", relu(x - 2)),
              EXAMPLE("gelu", gelu(x)),
              EXAMPLE("silu", silu(x)),
              EXAMPLE("leaky_relu", leaky_relu(-x)),
              EXAMPLE("elu", elu(-x)),
              EXAMPLE("softplus", softplus(x)),
              EXAMPLE("sigmoid", sigmoid(x)),
              EXAMPLE("softmax", softmax(x, 0)),
              EXAMPLE("log_softmax", log_softmax(x, 0)),
              EXAMPLE("masked_softmax", masked_softmax(ones({2, 2}))),
              EXAMPLE("layer_norm", layer_norm(x, 3)),
              EXAMPLE("dropout", dropout(ones({4}), 0.5, true)),
              EXAMPLE("scaled_dot_product_attention",
                      scaled_dot_product_attention(m, m, m, {}, 0, true)),
              EXAMPLE("cross_entropy", cross_entropy(m, tensor({0, 1}))),
              EXAMPLE("CrossEntropyOptions",
                      cross_entropy(m, tensor({0, 1}), {.label_smoothing = 0.1})),
              EXAMPLE("nll_loss", nll_loss(log_softmax(m, 1), tensor({0, 1}))),
              EXAMPLE("rms_norm", rms_norm(x, 3)),
              EXAMPLE("mse_loss", mse_loss(x, zeros({3}))),
              EXAMPLE("l1_loss", l1_loss(x, zeros({3}))),
              EXAMPLE("huber_loss", huber_loss(x, zeros({3}))),
              EXAMPLE("smooth_l1_loss", smooth_l1_loss(x, zeros({3}))),
              EXAMPLE("binary_cross_entropy", binary_cross_entropy(x / 4, ones({3}))),
              EXAMPLE("binary_cross_entropy_with_logits",
                      binary_cross_entropy_with_logits(x, ones({3}))),
              EXAMPLE("kl_div", kl_div(log_softmax(x, 0), softmax(-x, 0), kSum)),
              EXAMPLE("cosine_similarity", cosine_similarity(x, x.flip(0), 0)),
              EXAMPLE("kNone", mse_loss(x, zeros({3}), kNone)),
              EXAMPLE("kMean", mse_loss(x, zeros({3}), kMean)),
              EXAMPLE("kSum", mse_loss(x, zeros({3}), kSum)),
              EXAMPLE("Reduction", mse_loss(x, zeros({3}), Reduction::Sum)),
          }};
}

}  // namespace

std::vector<Group> groups_of_ops() {
  return {arithmetic(), comparing(), reducing(), products(), neural()};
}

}  // namespace gradus::api
