// Activations as layers, for Sequential, and the layers that only rearrange. All of them work on
// tensors of any shape.
#pragma once
#include "nn/layer.h"

namespace gradus::nn {

/// max(x, 0)
struct ReLU : Layer<ReLU> {
  Tensor forward(const Tensor& x) const { return relu(x); }
};

/// x where it is above 0, else negative_slope x (Maas et al. 2013).
struct LeakyReLU : Layer<LeakyReLU> {
  const double negative_slope;

  explicit LeakyReLU(double slope = 0.01) : negative_slope(slope) {
    set_extra_repr({{"negative_slope", negative_slope}});
  }
  Tensor forward(const Tensor& x) const { return leaky_relu(x, negative_slope); }
};

/// x where it is above 0, else alpha (e^x - 1) (Clevert et al. 2016).
struct ELU : Layer<ELU> {
  const double alpha;

  explicit ELU(double factor = 1) : alpha(factor) { set_extra_repr({{"alpha", alpha}}); }
  Tensor forward(const Tensor& x) const { return elu(x, alpha); }
};

/// The hyperbolic tangent.
struct Tanh : Layer<Tanh> {
  Tensor forward(const Tensor& x) const { return tanh(x); }
};

/// 1 / (1 + e^-x)
struct Sigmoid : Layer<Sigmoid> {
  Tensor forward(const Tensor& x) const { return sigmoid(x); }
};

/// x sigmoid(x)
struct SiLU : Layer<SiLU> {
  Tensor forward(const Tensor& x) const { return silu(x); }
};

/// log(1 + e^(beta x)) / beta; where beta x is above the threshold, x.
struct Softplus : Layer<Softplus> {
  const double beta;
  const double threshold;

  explicit Softplus(double factor = 1, double linear_above = 20)
      : beta(factor), threshold(linear_above) {
    check(beta != 0, "softplus: beta is 0, but the result is divided by it");
    set_extra_repr({{"beta", beta}, {"threshold", threshold}});
  }
  Tensor forward(const Tensor& x) const { return softplus(x, beta, threshold); }
};

/// exp(x) / sum(exp(x)) along dim.
struct Softmax : Layer<Softmax> {
  const int64_t dim;

  explicit Softmax(int64_t along) : dim(along) { set_extra_repr({{"dim", dim}}); }
  Tensor forward(const Tensor& x) const { return softmax(x, dim); }
};

/// log(softmax(x)) along dim.
struct LogSoftmax : Layer<LogSoftmax> {
  const int64_t dim;

  explicit LogSoftmax(int64_t along) : dim(along) { set_extra_repr({{"dim", dim}}); }
  Tensor forward(const Tensor& x) const { return log_softmax(x, dim); }
};

/// x itself.
struct Identity : Layer<Identity> {
  Tensor forward(const Tensor& x) const { return x; }
};

/// The dimensions from start_dim to end_dim merged into one; by default all but the first, which is
/// that of the batch.
struct Flatten : Layer<Flatten> {
  const int64_t start_dim;
  const int64_t end_dim;

  explicit Flatten(int64_t start = 1, int64_t end = -1) : start_dim(start), end_dim(end) {
    set_extra_repr({{"start_dim", start_dim}, {"end_dim", end_dim}});
  }
  Tensor forward(const Tensor& x) const { return flatten(x, start_dim, end_dim); }
};

}  // namespace gradus::nn
