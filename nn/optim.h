// Optimisers change parameters along their gradients, with PyTorch's arithmetic and defaults;
// schedules change the learning rate.
//
//   optim::AdamW optimizer(model.parameters(), {.lr = 3e-4});
//   for (...) {
//     optimizer.zero_grad();
//     loss_of(model(x)).backward();
//     optimizer.step();
//   }
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "tensor/files.h"

namespace gradus::optim {

namespace lr_scheduler {
class LRScheduler;  // nn/lr_scheduler.h
}

/// Parameters that have options of their own:
///
///   optim::AdamW optimizer({{.params = matrices, .options = {.weight_decay = 0.1}},
///                           {.params = vectors, .options = {.weight_decay = 0}}});
template <class Options>
struct ParamGroup {
  std::vector<Tensor> params;
  Options options = {};
};

/// The base of all optimisers. step() skips parameters without a gradient, such as frozen ones:
/// after layer.weight.requires_grad_(false) model.parameters() can be passed all the same.
class Optimizer {
 public:
  Optimizer(Optimizer&&) = default;
  /// Removes the gradients of all parameters, or sets them to 0.
  void zero_grad(bool set_to_none = true) const;
  /// The learning rate of a group.
  double lr(size_t group = 0) const;
  /// Sets the learning rate of group 0. Those of other groups keep the ratio to it that they had
  /// when the optimiser was made.
  void set_lr(double lr);
  /// The parameters of all groups.
  const std::vector<Tensor>& parameters() const { return parameters_; }

  /// All that a training needs to go on, for save_safetensors: "0.step" and buffers such as
  /// "0.exp_avg" of each parameter that has had a step, in the order of parameters(), and
  /// "param_groups.0.lr" and "param_groups.0.params" of each group. The other options are not part
  /// of it. The buffers are the optimiser's own, so the next step() changes them.
  virtual NamedTensors state_dict() const;
  /// Copies such a state. Throws and changes nothing unless the names, shapes and dtypes are those
  /// of this optimiser's groups and parameters.
  virtual void load_state_dict(const NamedTensors& state);

 protected:
  /// What is kept for one parameter.
  struct State {
    int64_t step = 0;             // the number of steps so far
    std::vector<Tensor> buffers;  // of the parameter's shape; empty before its first step
  };
  struct Group {
    std::vector<Tensor> params;
    double lr;
    std::vector<std::string> buffers;     // the names of the buffers of each parameter
    std::optional<double> momentum = {};  // for Adam and AdamW beta1
  };
  /// For optimisers that keep their buffers themselves: they have no state_dict.
  Optimizer(const char* name, const std::vector<Tensor>& parameters, double lr);
  Optimizer(const char* name, const std::vector<Group>& groups);
  /// For optimisers that leave the work to another one: they share its learning rates.
  Optimizer(const char* name, const std::vector<Group>& groups, const Optimizer& worker);
  virtual ~Optimizer() = default;
  /// names_of(options) has the names of the buffers.
  template <class Options, class NamesOf>
  static std::vector<Group> groups_of(const std::vector<ParamGroup<Options>>& groups,
                                      const NamesOf& names_of);
  /// Calls update(group, p, grad, state) for each parameter with a gradient: its values and their
  /// gradient, contiguous and of one dtype, and its state after counting this step. The buffers are
  /// contiguous, too, and start as zeros.
  template <class Update>
  void for_each_tensor(const Update& update);
  /// The same as update(group, p, grad, n, state), with pointers to the n elements.
  template <class Update>
  void for_each(const Update& update);
  /// The momentum of a group that has one, as a schedule may have set it.
  double momentum(size_t group) const;
  /// A parameter's buffer of this name, or null if its group has none.
  Tensor* buffer(size_t group, State& state, const char* name) const;

 private:
  friend class CosineSchedule;
  friend class lr_scheduler::LRScheduler;
  struct LearningRates;
  struct LoadedState;
  LoadedState checked_state(const NamedTensors& state) const;
  Tensor indices_of_group(size_t group) const;
  void add_momentum_buffers();

  const char* name_;
  std::vector<Tensor> parameters_;
  std::vector<size_t> group_of_;                            // of each parameter
  std::vector<State> states_;                               // of each parameter
  std::vector<std::vector<std::string>> buffers_of_group_;  // the names of each parameter's buffers
  bool keeps_buffers_itself_ = false;
  std::shared_ptr<LearningRates> rates_;  // shared with the schedule
};

/// The options of SGD.
struct SGDOptions {
  double lr = 1e-3;         // typically 0.1 to 1e-3; 0: no change
  double momentum = 0;      // typically 0.9; 0: no momentum
  double dampening = 0;     // 0: the gradient is added to b as it is
  double weight_decay = 0;  // typically 1e-4; 0: off
  bool nesterov = false;    // needs a momentum and no dampening
};
/// Stochastic gradient descent with momentum b, as in PyTorch:
///
///   g = grad + weight_decay * p
///   b = momentum * b + (1 - dampening) * g     (b = g in the first step)
///   p = p - lr * b                             (nesterov: p - lr * (g + momentum * b))
///
/// Without momentum p = p - lr * g.
class SGD : public Optimizer {
 public:
  explicit SGD(const std::vector<Tensor>& parameters, const SGDOptions& options = {});
  explicit SGD(const std::vector<ParamGroup<SGDOptions>>& groups);
  void step();

 private:
  std::vector<SGDOptions> options_;  // of each group
};

/// The options of Adam.
struct AdamOptions {
  double lr = 1e-3;                                 // typically 1e-3 to 1e-4; 0: no change
  std::tuple<double, double> betas = {0.9, 0.999};  // each >= 0 and < 1; 0: no averaging
  double eps = 1e-8;                                // avoids a division by 0
  double weight_decay = 0;                          // an L2 penalty; 0: off
  bool amsgrad = false;                             // divide by the largest v so far
};
/// Adam (Kingma and Ba 2015, algorithm 1). m and v are running averages of the gradient and of its
/// square, m_hat and v_hat correct them for their start at 0, t counts steps from 1:
///
///   g     = grad + weight_decay * p
///   m     = beta1 * m + (1 - beta1) * g
///   v     = beta2 * v + (1 - beta2) * g^2
///   m_hat = m / (1 - beta1^t)
///   v_hat = v / (1 - beta2^t)
///   p     = p - lr * m_hat / (sqrt(v_hat) + eps)
///
/// With amsgrad (Reddi et al. 2018), v_hat is computed from the largest v of the steps so far, so
/// that a step is never longer for a gradient that has become small.
class Adam : public Optimizer {
 public:
  explicit Adam(const std::vector<Tensor>& parameters, const AdamOptions& options = {});
  explicit Adam(const std::vector<ParamGroup<AdamOptions>>& groups);
  void step();

 protected:
  Adam(const char* name, const std::vector<ParamGroup<AdamOptions>>& groups, bool decoupled);

 private:
  std::vector<AdamOptions> options_;  // of each group
  bool decoupled_;                    // the weight decay of AdamW
};

/// The options of AdamW.
struct AdamWOptions {
  double lr = 1e-3;                                 // typically 1e-3 to 1e-4; 0: no change
  std::tuple<double, double> betas = {0.9, 0.999};  // each >= 0 and < 1; 0: no averaging
  double eps = 1e-8;                                // avoids a division by 0
  double weight_decay = 1e-2;                       // typically 0.01 to 0.1; 0: off
  bool amsgrad = false;                             // divide by the largest v so far
};
/// AdamW (Loshchilov and Hutter 2019, algorithm 2): Adam with decoupled weight decay, which shrinks
/// the parameters and does not pass through m and v:
///
///   p = p - lr * weight_decay * p
///   p = p - lr * m_hat / (sqrt(v_hat) + eps)     m_hat, v_hat: as in Adam, with g = grad
class AdamW : public Adam {
 public:
  explicit AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options = {});
  explicit AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups);
};

/// The options of RMSprop.
struct RMSpropOptions {
  double lr = 1e-2;         // typically 1e-2 to 1e-4; 0: no change
  double alpha = 0.99;      // from 0 to 1; 0: no averaging
  double eps = 1e-8;        // avoids a division by 0
  double weight_decay = 0;  // an L2 penalty; 0: off
  double momentum = 0;      // typically 0.9; 0: no momentum
  bool centered = false;    // divide by the standard deviation of the gradient
};
/// RMSprop (Tieleman and Hinton 2012, lecture 6.5; centered as in Graves 2013) divides the gradient
/// by the root of a running average of its square:
///
///   g = grad + weight_decay * p
///   v = alpha * v + (1 - alpha) * g^2
///   m = alpha * m + (1 - alpha) * g            (centered: v - m^2 takes the place of v below)
///   b = momentum * b + g / (sqrt(v) + eps)
///   p = p - lr * b
///
/// Rounding can make v - m^2 negative, and p NaN, where the gradient hardly changes; PyTorch's
/// RMSprop does the same.
class RMSprop : public Optimizer {
 public:
  explicit RMSprop(const std::vector<Tensor>& parameters, const RMSpropOptions& options = {});
  explicit RMSprop(const std::vector<ParamGroup<RMSpropOptions>>& groups);
  void step();

 private:
  std::vector<RMSpropOptions> options_;  // of each group
};

/// The options of Muon.
struct MuonOptions {
  double lr = 1e-3;           // typically 1e-3 to 0.02; 0: no change
  double weight_decay = 0.1;  // decoupled, as in AdamW; 0: off
  double momentum = 0.95;     // from 0 to 1; 0: no momentum
  bool nesterov = true;       // look one step ahead
  std::tuple<double, double, double> ns_coefficients = {3.4445, -4.775, 2.0315};  // a, b and c
  double eps = 1e-7;                      // the least norm to divide by, above 0
  int64_t ns_steps = 5;                   // iterations; below 100
  std::string adjust_lr_fn = "original";  // see below
};
/// Muon (Keller Jordan 2024, kellerjordan.github.io/posts/muon), for the weight matrices of hidden
/// layers; all other parameters, and usually those of the embedding and of the output layer, need
/// another optimiser. The update u is replaced by about the nearest matrix with orthonormal rows or
/// columns, so that it has nearly the same length in all directions. For a parameter p of R rows
/// and C columns:
///
///   m = momentum * m + (1 - momentum) * grad
///   u = momentum * m + (1 - momentum) * grad          (without nesterov: u = m)
///   X = u / max(|u|, eps)                             (if R > C, u^T in place of u)
///   ns_steps times:                                   (Newton-Schulz iterations)
///     A = X X^T
///     X = a * X + (b * A + c * A A) X                 (a, b, c: ns_coefficients)
///   p = p - lr * weight_decay * p
///   p = p - lr * factor * X                           (if R > C, X^T in place of X)
///
///   adjust_lr_fn            factor
///   "original"              sqrt(max(1, R / C))
///   "match_rms_adamw"       0.2 * sqrt(max(R, C))     (Liu et al. 2025)
///   "spectral_unclamped"    sqrt(R / C)
///
/// With "match_rms_adamw" the updates are about as large as those of AdamW with the same lr.
/// With the default coefficients, singular values of X that start above 0.01 end between 0.68 and
/// 1.14. X has the dtype of the parameter. PyTorch rounds it to bfloat16, so its updates differ
/// from these in the third digit.
class Muon : public Optimizer {
 public:
  explicit Muon(const std::vector<Tensor>& parameters, const MuonOptions& options = {});
  explicit Muon(const std::vector<ParamGroup<MuonOptions>>& groups);
  void step();

 private:
  std::vector<MuonOptions> options_;  // of each group
};

/// The options of CosineSchedule.
struct CosineScheduleOptions {
  int64_t warmup_steps = 0;           // typically 1 to 10 % of total_steps; 0: no warm-up
  int64_t total_steps = 0;            // must be given
  std::optional<double> max_lr = {};  // by default the optimiser's learning rate
  double min_lr = 0;                  // typically max_lr / 10
  int64_t first_step = 0;             // where a resumed training goes on
};
/// Linear warm-up, then half a cosine wave (Loshchilov and Hutter 2017, equation 5), in steps s =
/// 0, 1, ...:
///
///   lr(s) = max_lr * (s + 1) / warmup_steps                                   s < warmup_steps
///   lr(s) = min_lr + (max_lr - min_lr) * (1 + cos(pi * progress)) / 2         s < total_steps
///           progress = (s - warmup_steps) / (total_steps - warmup_steps)
///   lr(s) = min_lr                                                            afterwards
///
/// The constructor sets the learning rate of first_step; step() is called after the optimiser's
/// step(). The rates are those of group 0, see Optimizer::set_lr.
class CosineSchedule {
 public:
  CosineSchedule(Optimizer& optimizer, const CosineScheduleOptions& options);
  void step();
  /// The learning rate of step s.
  double lr(int64_t s) const;

 private:
  CosineScheduleOptions options_;
  std::shared_ptr<Optimizer::LearningRates> rates_;  // the optimiser's
  int64_t steps_;
};

/// The learning rate of the Transformer (Vaswani et al. 2017, equation 3) at step s = 1, 2, ...: it
/// rises linearly during the warm-up, then falls with 1 / sqrt(s):
///
///   lr(s) = d_model^-0.5 * min(s^-0.5, s * warmup_steps^-1.5)
///
///   optimizer.set_lr(optim::transformer_lr(s, 512));
double transformer_lr(double s, double d_model, double warmup_steps = 4000);

}  // namespace gradus::optim

namespace gradus::nn::utils {

/// Scales all gradients by one factor if their common norm is larger than max_norm (typically 1),
/// and returns their norm before the scaling (Pascanu et al. 2013):
///
///   total = (sum of |grad|^norm_type over all elements)^(1 / norm_type)
///   grad  = grad * min(1, max_norm / (total + 1e-6))
///
/// With norm_type infinity, total is the largest |grad|, with -infinity the smallest of the
/// parameters' smallest |grad|, with 0 the number of parameters that have a gradient, as in
/// PyTorch. With error_if_nonfinite, an infinite or NaN total is an Error and nothing is changed.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm,
                       double norm_type = 2.0, bool error_if_nonfinite = false);
double clip_grad_norm_(const Tensor& parameter, double max_norm, double norm_type = 2.0,
                       bool error_if_nonfinite = false);

}  // namespace gradus::nn::utils
