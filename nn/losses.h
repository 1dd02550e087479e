// Losses as modules: loss(prediction, target). They have no parameters.
#pragma once
#include "nn/layer.h"

namespace gradus::nn {

/// How a loss combines its terms: kMean, kSum or kNone.
struct LossOptions {
  int64_t reduction = kMean;
};

/// The mean of (x - target)^2.
struct MSELoss : Layer<MSELoss> {
  const LossOptions options;

  explicit MSELoss(const LossOptions& loss_options = {}) : options(loss_options) {}
  Tensor forward(const Tensor& x, const Tensor& target) const {
    return mse_loss(x, target, options.reduction);
  }
};

/// The mean of |x - target|.
struct L1Loss : Layer<L1Loss> {
  const LossOptions options;

  explicit L1Loss(const LossOptions& loss_options = {}) : options(loss_options) {}
  Tensor forward(const Tensor& x, const Tensor& target) const {
    return l1_loss(x, target, options.reduction);
  }
};

/// The options of SmoothL1Loss.
struct SmoothL1LossOptions {
  int64_t reduction = kMean;
  double beta = 1;  // where the parabola ends; 0: L1Loss
};
/// The mean of smooth_l1_loss.
struct SmoothL1Loss : Layer<SmoothL1Loss> {
  const SmoothL1LossOptions options;

  explicit SmoothL1Loss(const SmoothL1LossOptions& loss_options = {}) : options(loss_options) {}
  Tensor forward(const Tensor& x, const Tensor& target) const {
    return smooth_l1_loss(x, target, options.reduction, options.beta);
  }
};

/// The options of HuberLoss.
struct HuberLossOptions {
  int64_t reduction = kMean;
  double delta = 1;  // where the parabola ends, above 0
};
/// The mean of huber_loss.
struct HuberLoss : Layer<HuberLoss> {
  const HuberLossOptions options;

  explicit HuberLoss(const HuberLossOptions& loss_options = {}) : options(loss_options) {}
  Tensor forward(const Tensor& x, const Tensor& target) const {
    return huber_loss(x, target, options.reduction, options.delta);
  }
};

/// cross_entropy of logits and classes.
struct CrossEntropyLoss : Layer<CrossEntropyLoss> {
  const CrossEntropyOptions options;

  explicit CrossEntropyLoss(const CrossEntropyOptions& loss_options = {}) : options(loss_options) {}
  Tensor forward(const Tensor& logits, const Tensor& target) const {
    return cross_entropy(logits, target, options);
  }
};

/// The options of NLLLoss.
struct NLLLossOptions {
  Tensor weight = {};           // (V), of each class
  int64_t ignore_index = -100;  // a target that does not count
  int64_t reduction = kMean;
};
/// nll_loss of log-probabilities and classes.
struct NLLLoss : Layer<NLLLoss> {
  const NLLLossOptions options;

  explicit NLLLoss(const NLLLossOptions& loss_options = {}) : options(loss_options) {}
  Tensor forward(const Tensor& log_probs, const Tensor& target) const {
    return nll_loss(log_probs, target, options.weight, options.reduction, options.ignore_index);
  }
};

/// The options of BCELoss.
struct BCELossOptions {
  Tensor weight = {};  // of each element; broadcasts
  int64_t reduction = kMean;
};
/// binary_cross_entropy of probabilities.
struct BCELoss : Layer<BCELoss> {
  const BCELossOptions options;

  explicit BCELoss(const BCELossOptions& loss_options = {}) : options(loss_options) {}
  Tensor forward(const Tensor& x, const Tensor& target) const {
    return binary_cross_entropy(x, target, options.weight, options.reduction);
  }
};

/// The options of BCEWithLogitsLoss.
struct BCEWithLogitsLossOptions {
  Tensor weight = {};  // of each element; broadcasts
  int64_t reduction = kMean;
  Tensor pos_weight = {};  // of the targets that are 1; broadcasts
};
/// binary_cross_entropy_with_logits.
struct BCEWithLogitsLoss : Layer<BCEWithLogitsLoss> {
  const BCEWithLogitsLossOptions options;

  explicit BCEWithLogitsLoss(const BCEWithLogitsLossOptions& loss_options = {})
      : options(loss_options) {}
  Tensor forward(const Tensor& logits, const Tensor& target) const {
    return binary_cross_entropy_with_logits(logits, target, options.weight, options.pos_weight,
                                            options.reduction);
  }
};

/// The options of KLDivLoss.
struct KLDivLossOptions {
  int64_t reduction = kMean;
  bool log_target = false;  // the target is given as its logarithm
};
/// kl_div of log-probabilities and probabilities.
struct KLDivLoss : Layer<KLDivLoss> {
  const KLDivLossOptions options;

  explicit KLDivLoss(const KLDivLossOptions& loss_options = {}) : options(loss_options) {}
  Tensor forward(const Tensor& log_probs, const Tensor& target) const {
    return kl_div(log_probs, target, options.reduction, options.log_target);
  }
};

/// The options of CosineSimilarity.
struct CosineSimilarityOptions {
  int64_t dim = 1;
  double eps = 1e-8;  // no norm is below it
};
/// cosine_similarity along one dimension.
struct CosineSimilarity : Layer<CosineSimilarity> {
  const CosineSimilarityOptions options;

  explicit CosineSimilarity(const CosineSimilarityOptions& cosine_options = {})
      : options(cosine_options) {}
  Tensor forward(const Tensor& a, const Tensor& b) const {
    return cosine_similarity(a, b, options.dim, options.eps);
  }
};

}  // namespace gradus::nn
