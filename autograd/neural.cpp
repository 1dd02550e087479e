#include <cmath>

#include "autograd/ops.h"
#include "tensor/kernels/cross_entropy.h"
#include "tensor/kernels/layer_norm.h"
#include "tensor/kernels/softmax.h"
#include "tensor/loops.h"
#include "tensor/random.h"

namespace gradus {
namespace {

/// An op along dim from its kernels, forward(y, x, A, R, C) and backward(dx, dy, y, A, R, C).
template <class Forward, class Backward>
Tensor along(const char* op, const Tensor& x, int64_t dim, const Forward& forward,
             const Backward& backward, Definition definition) {
  const auto [A, R, C] = around(x.sizes(), wrap_dim(op, dim, x.sizes().size()));
  const Tensor y = empty(x.sizes(), x.dtype());
  const Tensor in = as_contiguous(x);
  dispatch_float(op, x.dtype(), [&, A = A, R = R, C = C]<class T>() {
    if (y.numel() > 0) forward(y.data<T>(), in.data<T>(), A, R, C);
  });
  if (!is_recorded(x)) return y;
  auto fast = [=, A = A, R = R, C = C, y = saved(y.detach())](const Tensor& dy,
                                                              const std::vector<bool>&) {
    const Tensor dx = empty(dy.sizes(), dy.dtype());
    const Tensor g = as_contiguous(dy);
    dispatch_float(op, dy.dtype(), [&]<class T>() {
      if (dx.numel() > 0) backward(dx.data<T>(), g.data<T>(), y().template data<T>(), A, R, C);
    });
    return std::vector<Tensor>{dx};
  };
  return record_fused(op, y, {x}, fast, std::move(definition));
}

Tensor reduced(const char* op, const Tensor& losses, int64_t reduction) {
  check(Reduction::None <= reduction && reduction <= Reduction::Sum,
        "{}: reduction must be None, Mean or Sum, got {}", op, reduction);
  return reduction == Reduction::None  ? losses
         : reduction == Reduction::Sum ? sum(losses)
                                       : mean(losses);
}

/// Class scores (N, V) and targets (N) from PyTorch's forms (V), (N, V) and (N, V, d...), with the
/// shape of the losses.
struct ClassRows {
  Tensor scores, target;
  Shape sizes;
};
ClassRows class_rows(const char* op, const Tensor& scores, const Tensor& target,
                     const Tensor& weight, int64_t ignore_index) {
  check(scores.dim() >= 1, "{}: the scores need a dimension of classes, got {}", op,
        scores.sizes());
  check_floating_point(op, scores.dtype());
  const int64_t classes = scores.dim() == 1 ? 0 : 1;
  const int64_t V = scores.size(classes);
  Shape wanted = scores.sizes();
  wanted.erase(static_cast<size_t>(classes));
  check(target.sizes() == wanted,
        "{}: the scores are {} with the classes in dimension {}, so the target must be {}, got {}",
        op, scores.sizes(), classes, wanted, target.sizes());
  check(!weight.defined() || weight.sizes() == Shape{V},
        "{}: there are {} classes, so weight must be [{}], got {}", op, V, V,
        weight.defined() ? weight.sizes() : Shape{});
  if (weight.defined()) check_same_dtype(op, scores, weight);
  const Tensor ids = checked_ids(op, "target", target, V, "classes", ignore_index);
  const Tensor rows = scores.dim() <= 2 ? scores : transpose(flatten(scores, 2), 1, 2);
  return {reshape(rows, {ids.numel(), V}),
          ids.detach().as_view({ids.numel()}, {1}, ids.impl().offset), wanted};
}

/// -log_probs[n, target[n]] for each row n, 0 where ignored.
Tensor picked(const Tensor& log_probs, const Tensor& target, int64_t ignore_index) {
  const Tensor ignored = target == ignore_index;
  const Tensor column = unsqueeze(masked_fill(target, ignored, 0), 1);
  return masked_fill(-squeeze(gather(log_probs, 1, column), 1), ignored, 0);
}

/// The kernel's share of cross_entropy: -log softmax(logits)[target] for each row, 0 where ignored.
/// logits (N, V).
Tensor row_losses(const Tensor& logits, const Tensor& target, int64_t ignore_index) {
  const int64_t N = logits.size(0);
  const int64_t V = logits.size(1);
  const Tensor y = empty({N}, logits.dtype());
  const Tensor lse = empty({N}, logits.dtype());
  const Tensor x = as_contiguous(logits);
  dispatch_float("cross_entropy", logits.dtype(), [&]<class T>() {
    kernels::cross_entropy(y.data<T>(), lse.data<T>(), x.data<T>(), target.data<int64_t>(), N, V,
                           ignore_index);
  });
  auto fast = [=, x = saved(x), target = saved(target)](const Tensor& dy,
                                                        const std::vector<bool>&) {
    const Tensor dx = empty({N, V}, x().dtype());
    const Tensor dloss = as_contiguous(dy);
    dispatch_float("cross_entropy", x().dtype(), [&]<class T>() {
      kernels::cross_entropy_backward(dx.data<T>(), dloss.data<T>(), x().data<T>(), lse.data<T>(),
                                      target().data<int64_t>(), N, V, ignore_index);
    });
    return std::vector<Tensor>{dx};
  };
  return record_fused("cross_entropy", y, {logits}, fast,
                      [=, target = saved(target)](const std::vector<Tensor>& in) {
                        return picked(log_softmax(in[0], 1), target(), ignore_index);
                      });
}

/// What each row counts for: its class's weight, or 1; 0 where it is ignored.
Tensor row_weights(const Tensor& target, const Tensor& weight, int64_t ignore_index, DType t) {
  const Tensor ignored = target == ignore_index;
  if (!weight.defined()) return to(logical_not(ignored), t);
  return masked_fill(index_select(weight, 0, masked_fill(target, ignored, 0)), ignored, 0);
}

}  // namespace

Tensor softmax(const Tensor& x, int64_t dim, std::optional<DType> dtype) {
  if (dtype) return softmax(to(x, *dtype), dim);
  return along(
      "softmax", x, dim, [](auto... args) { kernels::softmax(args...); },
      [](auto... args) { kernels::softmax_backward(args...); },
      [dim](const std::vector<Tensor>& in) {
        const Tensor e = exp(in[0] - amax(in[0], dim, true).detach());
        return e / sum(e, dim, true);
      });
}

Tensor log_softmax(const Tensor& x, int64_t dim, std::optional<DType> dtype) {
  if (dtype) return log_softmax(to(x, *dtype), dim);
  return along(
      "log_softmax", x, dim, [](auto... args) { kernels::log_softmax(args...); },
      [](auto... args) { kernels::log_softmax_backward(args...); },
      [dim](const std::vector<Tensor>& in) { return in[0] - logsumexp(in[0], dim, true); });
}

Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps) {
  const size_t leading = x.sizes().size() - std::min(x.sizes().size(), normalized_shape.size());
  check(!normalized_shape.empty() &&
            Shape(x.sizes().begin() + leading, x.sizes().end()) == normalized_shape,
        "layer_norm: x is {}, its last dimensions are not the normalized shape {}", x.sizes(),
        normalized_shape);
  check((!weight.defined() || weight.sizes() == normalized_shape) &&
            (!bias.defined() || bias.sizes() == normalized_shape),
        "layer_norm: x is {}, so weight and bias must be {}, got {} and {}", x.sizes(),
        normalized_shape, weight.defined() ? to_string(weight.sizes()) : "none",
        bias.defined() ? to_string(bias.sizes()) : "none");
  for (const Tensor& parameter : {weight, bias})
    if (parameter.defined()) check_same_dtype("layer_norm", x, parameter);
  const int64_t C = numel("layer_norm", normalized_shape);
  const int64_t R = C == 0 ? 0 : x.numel() / C;
  const Tensor y = empty(x.sizes(), x.dtype());
  const Tensor mean_ = empty(R, x.dtype());
  const Tensor rstd = empty(R, x.dtype());
  const Tensor in = as_contiguous(x);
  const Tensor w = weight.defined() ? as_contiguous(weight) : weight;
  const Tensor b = bias.defined() ? as_contiguous(bias) : bias;
  dispatch_float("layer_norm", x.dtype(), [&]<class T>() {
    kernels::layer_norm(y.data<T>(), mean_.data<T>(), rstd.data<T>(), in.data<T>(),
                        w.defined() ? w.data<T>() : nullptr, b.defined() ? b.data<T>() : nullptr, R,
                        C, eps);
  });
  auto fast = [=, x = saved(in), w = saved(w)](const Tensor& dy, const std::vector<bool>& needed) {
    const Tensor g = as_contiguous(dy);
    std::vector<Tensor> d{empty(dy.sizes(), dy.dtype())};
    for (size_t i : {1u, 2u})
      d.push_back(needed[i] ? empty(normalized_shape, dy.dtype()) : Tensor());
    dispatch_float("layer_norm", dy.dtype(), [&]<class T>() {
      const auto at = [](const Tensor& p) { return p.defined() ? p.data<T>() : nullptr; };
      kernels::layer_norm_backward(at(d[0]), at(d[1]), at(d[2]), at(g), at(x()), at(mean_),
                                   at(rstd), at(w()), R, C);
    });
    return d;
  };
  return record_fused("layer_norm", y, {x, weight, bias}, fast,
                      [=, dims = normalized_shape.size()](const std::vector<Tensor>& x_w_b) {
                        Shape last;
                        for (size_t d = 1; d <= dims; ++d)
                          last.push_back(-static_cast<int64_t>(d));
                        const Tensor centered = x_w_b[0] - mean(x_w_b[0], last, true);
                        Tensor z = centered / sqrt(mean(centered * centered, last, true) + eps);
                        if (x_w_b[1].defined()) z = z * x_w_b[1];
                        return x_w_b[2].defined() ? z + x_w_b[2] : z;
                      });
}

Tensor dropout(const Tensor& x, double p, bool train) {
  check(p >= 0 && p <= 1, "dropout: p is a probability between 0 and 1, got {}", p);
  check_floating_point("dropout", x.dtype());
  if (!train || p == 0) return x;
  const Tensor mask = empty(x.sizes(), x.dtype());
  dispatch_float("dropout", x.dtype(), [&]<class T>() {
    dropout_mask(*LockedGenerator(), mask.data<T>(), mask.numel(), p);
  });
  const Tensor y = zip_float("dropout", x, mask, kernels::times);
  return record("dropout", y, {x, [mask = saved(mask)](const Tensor& dy) { return dy * mask(); }});
}

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const Tensor& weight,
                     int64_t reduction, int64_t ignore_index, double label_smoothing) {
  check(label_smoothing >= 0 && label_smoothing <= 1,
        "cross_entropy: label_smoothing is between 0 and 1, got {}", label_smoothing);
  const ClassRows rows = class_rows("cross_entropy", logits, target, weight, ignore_index);
  const Tensor counts = row_weights(rows.target, weight, ignore_index, logits.dtype());
  Tensor losses = row_losses(rows.scores, rows.target, ignore_index) * counts;
  if (label_smoothing > 0) {  // that share of every target is spread over all classes
    const Tensor spread =
        weight.defined() ? log_softmax(rows.scores, 1) * weight : log_softmax(rows.scores, 1);
    const Tensor all = masked_fill(-mean(spread, 1), rows.target == ignore_index, 0);
    losses = losses * (1 - label_smoothing) + all * label_smoothing;
  }
  if (reduction == Reduction::Mean) return sum(losses) / sum(counts);
  return reduced("cross_entropy", reshape(losses, rows.sizes), reduction);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& target,
                     const CrossEntropyOptions& options) {
  return cross_entropy(logits, target, options.weight, options.reduction, options.ignore_index,
                       options.label_smoothing);
}

Tensor nll_loss(const Tensor& log_probs, const Tensor& target, const Tensor& weight,
                int64_t reduction, int64_t ignore_index) {
  const ClassRows rows = class_rows("nll_loss", log_probs, target, weight, ignore_index);
  const Tensor counts = row_weights(rows.target, weight, ignore_index, log_probs.dtype());
  const Tensor losses = picked(rows.scores, rows.target, ignore_index) * counts;
  if (reduction == Reduction::Mean) return sum(losses) / sum(counts);
  return reduced("nll_loss", reshape(losses, rows.sizes), reduction);
}

Tensor mse_loss(const Tensor& a, const Tensor& b, int64_t reduction) {
  check(a.sizes() == b.sizes(), "mse_loss: the shapes differ, {} and {}; a loss does not broadcast",
        a.sizes(), b.sizes());
  check(a.is_floating_point(),
        "mse_loss: expected floating-point tensors, got {}; convert them with .to(kFloat32)",
        a.dtype());
  check_same_dtype("mse_loss", a, b);
  const Tensor difference = a - b;
  return reduced("mse_loss", difference * difference, reduction);
}

}  // namespace gradus
