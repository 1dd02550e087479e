#include "autograd/loss_reduction.h"
#include "tensor/checks.h"
#include "tensor/kernels/cross_entropy.h"
#include "tensor/strided.h"

namespace gradus {

Tensor reduced(const char* op, const Tensor& losses, int64_t reduction) {
  check(Reduction::None <= reduction && reduction <= Reduction::Sum,
        "{}: reduction must be None, Mean or Sum, got {}", op, reduction);
  if (reduction == Reduction::None) return losses;
  return reduction == Reduction::Sum ? sum(losses) : mean(losses);
}

namespace {

/// The weights of V classes, if there are any.
void check_weight(const char* op, const Tensor& scores, const Tensor& weight, int64_t V) {
  if (!weight.defined()) return;
  check(weight.sizes() == Shape{V}, "{}: there are {} classes, so weight must be [{}], got {}", op,
        V, V, weight.sizes());
  check_same_dtype(op, scores, weight);
}

/// Class scores (N, V) and targets (N) from PyTorch's forms (V), (N, V) and (N, V, d...), with the
/// shape of the losses.
struct ClassRows {
  Tensor scores;
  Tensor target;
  Shape sizes;
};
ClassRows class_rows(const char* op, const Tensor& scores, const Tensor& target,
                     const Tensor& weight, int64_t ignore_index) {
  check(scores.dim() >= 1, "{}: the scores need a dimension of classes, got {}", op,
        scores.sizes());
  check_floating_point(op, scores.dtype());
  const int64_t classes = scores.dim() == 1 ? 0 : 1;
  const int64_t V = scores.size(classes);
  Shape expected = scores.sizes();
  expected.erase(static_cast<size_t>(classes));
  check(target.sizes() == expected,
        "{}: the scores are {} with the classes in dimension {}, so the target must be {}, got {}",
        op, scores.sizes(), classes, expected, target.sizes());
  check_weight(op, scores, weight, V);
  const Tensor ids = checked_ids(op, "target", target, V, "classes", ignore_index);
  const Tensor rows = scores.dim() <= 2 ? scores : transpose(flatten(scores, 2), 1, 2);
  return {reshape(rows, {ids.numel(), V}),
          ids.detach().as_view({ids.numel()}, {1}, ids.impl().offset), expected};
}

/// -log_probs[n, target[n]] for each row n, 0 where ignored.
Tensor picked(const Tensor& log_probs, const Tensor& target, int64_t ignore_index) {
  const Tensor ignored = target == ignore_index;
  const Tensor column = unsqueeze(masked_fill(target, ignored, 0), 1);
  return masked_fill(-squeeze(gather(log_probs, 1, column), 1), ignored, 0);
}

/// -log softmax(x_n)[target_n] for each row n of logits x (N, V), 0 where ignored: the part of
/// cross_entropy that is one fused kernel.
Tensor row_losses(const Tensor& logits, const Tensor& target, int64_t ignore_index) {
  const int64_t N = logits.size(0);
  const int64_t V = logits.size(1);
  const Tensor loss = empty({N}, logits.dtype());
  const Tensor m = empty({N}, logits.dtype());  // of each row the largest logit
  const Tensor l = empty({N}, logits.dtype());  // and the sum of exp(x - m)
  const Tensor x = as_contiguous(logits);
  dispatch_float("cross_entropy", logits.dtype(), [&]<class T>() {
    kernels::cross_entropy<T>(loss.data<T>(), {m.data<T>(), l.data<T>()}, x.data<T>(),
                              target.data<int64_t>(), N, V, ignore_index);
  });
  auto fast = [=, x = saved(x), target = saved(target)](const Tensor& dy,
                                                        const std::vector<bool>& /*needed*/) {
    const Tensor dx = empty({N, V}, x().dtype());
    const Tensor dloss = as_contiguous(dy);
    dispatch_float("cross_entropy", x().dtype(), [&]<class T>() {
      kernels::cross_entropy_backward<T>(dx.data<T>(), dloss.data<T>(), x().data<T>(),
                                         {m.data<T>(), l.data<T>()}, target().data<int64_t>(), N, V,
                                         ignore_index);
    });
    return std::vector<Tensor>{dx};
  };
  return record_fused("cross_entropy", loss, {logits}, fast,
                      [=, target = saved(target)](const std::vector<Tensor>& inputs) {
                        return picked(log_softmax(inputs[0], 1), target(), ignore_index);
                      });
}

/// The weight of each row's loss: that of its target class, or 1; 0 where it is ignored.
Tensor row_weights(const Tensor& target, const Tensor& weight, int64_t ignore_index, DType t) {
  const Tensor ignored = target == ignore_index;
  if (!weight.defined()) return to(logical_not(ignored), t);
  return masked_fill(index_select(weight, 0, masked_fill(target, ignored, 0)), ignored, 0);
}

/// cross_entropy whose target is a distribution over the classes for each row.
Tensor distribution_losses(const Tensor& logits, const Tensor& target, const Tensor& weight,
                           int64_t reduction, double label_smoothing) {
  constexpr const char* op = "cross_entropy";
  check_floating_point(op, logits.dtype());
  check(logits.dim() >= 1, "{}: the scores need a dimension of classes, got {}", op,
        logits.sizes());
  check(target.sizes() == logits.sizes(),
        "{}: a {} target has the probabilities of the classes, in the shape {} of the scores, got "
        "{}; the number of a class is an int64",
        op, target.dtype(), logits.sizes(), target.sizes());
  check_same_dtype(op, logits, target);
  const int64_t classes = logits.dim() == 1 ? 0 : 1;
  const int64_t V = logits.size(classes);
  check_weight(op, logits, weight, V);
  Tensor log_p = log_softmax(logits, classes);
  if (weight.defined()) {
    Tensor column = weight;  // (V), (V, 1), (V, 1, 1), ...
    for (int64_t d = classes + 1; d < logits.dim(); ++d)
      column = unsqueeze(column, -1);
    log_p = log_p * column;
  }
  const Tensor smoothed = label_smoothing == 0 ? target
                                               : target * (1 - label_smoothing) +
                                                     label_smoothing / static_cast<double>(V);
  const Tensor losses = -sum(log_p * smoothed, classes);
  return reduced(op, losses, reduction);
}

}  // namespace

// Softmax with cross-entropy, for the logits x_n of V classes and the target t_n:
//
//   loss_n  = -w_(t_n) log p_n[t_n],   p_nv = exp(x_nv - lse_n),   lse_n = log sum_v exp(x_nv)
//   mean    = sum_n loss_n / sum_n w_(t_n)
//   dx_nv   = dloss_n w_(t_n) (p_nv - [v = t_n])
//
//   p          softmax(x_n), the predicted distribution
//   w          the weights of the classes, or 1; ignored rows have weight 0 in both sums
//   [v = t_n]  1 if v = t_n, else 0: the target distribution
//
// With label smoothing s (Szegedy et al., "Rethinking the Inception architecture", 2016) the target
// distribution is (1 - s) [v = t_n] + s / V:
//
//   loss_n  = -(1 - s) w_(t_n) log p_n[t_n] - s / V sum_v w_v log p_nv
//
// A target distribution q_n that is given replaces [v = t_n], and the mean is that of the N rows:
//
//   loss_n  = -sum_v w_v ((1 - s) q_nv + s / V) log p_nv
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const Tensor& weight,
                     int64_t reduction, int64_t ignore_index, double label_smoothing) try {
  check(label_smoothing >= 0 && label_smoothing <= 1,
        "cross_entropy: label_smoothing is between 0 and 1, got {}", label_smoothing);
  if (target.is_floating_point()) {
    check(ignore_index < 0,
          "cross_entropy: ignore_index is {}, but a target of probabilities names no classes",
          ignore_index);
    return distribution_losses(logits, target, weight, reduction, label_smoothing);
  }
  const ClassRows rows = class_rows("cross_entropy", logits, target, weight, ignore_index);
  const Tensor weights = row_weights(rows.target, weight, ignore_index, logits.dtype());
  Tensor losses = row_losses(rows.scores, rows.target, ignore_index) * weights;
  if (label_smoothing > 0) {
    const Tensor log_p = log_softmax(rows.scores, 1);
    const Tensor mean_over_classes = -mean(weight.defined() ? log_p * weight : log_p, 1);
    const Tensor uniform_losses = masked_fill(mean_over_classes, rows.target == ignore_index, 0);
    losses = losses * (1 - label_smoothing) + uniform_losses * label_smoothing;
  }
  if (reduction == Reduction::Mean) return sum(losses) / sum(weights);
  return reduced("cross_entropy", reshape(losses, rows.sizes), reduction);
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

Tensor cross_entropy(const Tensor& logits, const Tensor& target,
                     const CrossEntropyOptions& options) {
  return cross_entropy(logits, target, options.weight, options.reduction, options.ignore_index,
                       options.label_smoothing);
}

// The negative log-likelihood: the second half of cross_entropy, from log-probabilities instead of
// logits.
//
//   loss_n = -w_(t_n) log_probs[n, t_n]
//   mean   = sum_n loss_n / sum_n w_(t_n)
Tensor nll_loss(const Tensor& log_probs, const Tensor& target, const Tensor& weight,
                int64_t reduction, int64_t ignore_index) {
  const ClassRows rows = class_rows("nll_loss", log_probs, target, weight, ignore_index);
  const Tensor weights = row_weights(rows.target, weight, ignore_index, log_probs.dtype());
  const Tensor losses = picked(rows.scores, rows.target, ignore_index) * weights;
  if (reduction == Reduction::Mean) return sum(losses) / sum(weights);
  return reduced("nll_loss", reshape(losses, rows.sizes), reduction);
}

}  // namespace gradus
