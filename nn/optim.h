// Optimisers: they change parameters along their gradients, with PyTorch's arithmetic and defaults.
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

#include "tensor/tensor.h"

namespace gradus::optim {

/// What the optimisers share. A parameter without a gradient is left alone by step().
class Optimizer {
 public:
  Optimizer(Optimizer&&) = default;
  void zero_grad(bool set_to_none = true) const;
  double lr() const { return *lr_; }
  void set_lr(double lr);
  const std::vector<Tensor>& parameters() const { return parameters_; }

 protected:
  Optimizer(const char* name, const std::vector<Tensor>& parameters, double lr);
  ~Optimizer() = default;
  /// Calls update(i, p, grad, buffers) for each parameter with a gradient, all of one dtype and
  /// row-major; the buffers are like p, start as zeros and belong to the parameter.
  template <class Update>
  void for_each(size_t buffers, const Update& update);

 private:
  friend class CosineSchedule;
  const char* name_;
  std::vector<Tensor> parameters_;
  std::vector<std::vector<Tensor>> buffers_;
  std::shared_ptr<double> lr_;  // schedules have it too
};

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
};
/// b = momentum b + (1 - dampening) (grad + weight_decay p);  p -= lr b, or with nesterov lr (grad
/// + momentum b).
class SGD : public Optimizer {
 public:
  explicit SGD(const std::vector<Tensor>& parameters, const SGDOptions& options = {});
  void step();

 private:
  SGDOptions options_;
  std::vector<bool> started_;  // whether a parameter's b holds something
};

struct AdamOptions {
  double lr = 1e-3;
  std::tuple<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
};
/// m and v are running means of grad and grad^2, corrected for their start at 0;  p -= lr m /
/// (sqrt(v) + eps). weight_decay is added to the gradient as weight_decay p (Kingma and Ba 2015).
class Adam : public Optimizer {
 public:
  explicit Adam(const std::vector<Tensor>& parameters, const AdamOptions& options = {});
  void step();

 protected:
  Adam(const char* name, const std::vector<Tensor>& parameters, const AdamOptions& options,
       bool decoupled);

 private:
  AdamOptions options_;
  bool decoupled_;
  std::vector<int64_t> steps_;  // of each parameter
};

struct AdamWOptions {
  double lr = 1e-3;
  std::tuple<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
};
/// Adam, with p *= 1 - lr weight_decay before each step instead (Loshchilov and Hutter 2019).
class AdamW : public Adam {
 public:
  explicit AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options = {});
};

struct CosineScheduleOptions {
  int64_t warmup_steps = 0;
  int64_t total_steps = 0;
  std::optional<double> max_lr = {};  // the optimiser's, if left out
  double min_lr = 0;
};
/// The learning rate climbs evenly to max_lr over warmup_steps, then falls to min_lr along half a
/// cosine wave until total_steps, and stays there. The constructor sets the rate of step 0; step()
/// comes after the optimiser's.
class CosineSchedule {
 public:
  CosineSchedule(Optimizer& optimizer, const CosineScheduleOptions& options);
  void step();
  /// The rate of step s, counted from 0.
  double lr(int64_t s) const;

 private:
  CosineScheduleOptions options_;
  std::shared_ptr<double> lr_;
  int64_t steps_ = 0;
};

/// The Transformer's learning rate at step s = 1, 2, ... (Vaswani et al. 2017, equation 3): it
/// climbs evenly over warmup_steps, then falls like 1 / sqrt(s):   d_model^-0.5 min(s^-0.5, s
/// warmup_steps^-1.5)
///   optimizer.set_lr(optim::transformer_lr(s, 512));
double transformer_lr(double s, double d_model, double warmup_steps = 4000);

}  // namespace gradus::optim

namespace gradus::nn::utils {

/// The norm of all gradients together; if it is larger than max_norm, they are scaled down to it.
/// norm_type is p, or infinity for the largest |grad|.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm,
                       double norm_type = 2.0);
double clip_grad_norm_(const Tensor& parameter, double max_norm, double norm_type = 2.0);

}  // namespace gradus::nn::utils
