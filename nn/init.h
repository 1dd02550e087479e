// How weights start: the functions of torch.nn.init, with PyTorch's numbers for the same seed. Each
// changes the tensor in place, records nothing and returns it.
#pragma once
#include "autograd/ops.h"

namespace gradus::nn::init {

/// Whether the variance is kept from input to output (FanIn) or from the gradient of the output to
/// that of the input (FanOut).
enum class FanMode { FanIn, FanOut };
/// The activation that follows the layer.
enum class Nonlinearity { Linear, Sigmoid, Tanh, ReLU, LeakyReLU };

/// The factor by which an activation shrinks its input's standard deviation: 1, tanh 5/3, relu
/// sqrt(2), leaky relu sqrt(2 / (1 + slope^2)).
double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01);

/// From the uniform distribution in [low, high).
Tensor uniform_(const Tensor& x, double low = 0, double high = 1);
/// From the normal distribution.
Tensor normal_(const Tensor& x, double mean = 0, double std = 1);
/// The value in every element.
Tensor constant_(const Tensor& x, Scalar value);
/// Ones.
Tensor ones_(const Tensor& x);
/// Zeros.
Tensor zeros_(const Tensor& x);
/// A matrix with ones on the diagonal, else zeros.
Tensor eye_(const Tensor& x);
/// Uniform in [-a, a), a = gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010). The weight
/// is (fan_out, fan_in), or with more dimensions (out, in, ...), whose product belongs to both.
Tensor xavier_uniform_(const Tensor& x, double gain = 1);
/// Normal with the standard deviation gain sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010).
Tensor xavier_normal_(const Tensor& x, double gain = 1);
/// Uniform in [-a, a), a = gain sqrt(3 / fan) (He et al. 2015). `slope` is that of the leaky relu.
Tensor kaiming_uniform_(const Tensor& x, double slope = 0, FanMode mode = FanMode::FanIn,
                        Nonlinearity nonlinearity = Nonlinearity::LeakyReLU);
/// Normal with the standard deviation gain / sqrt(fan) (He et al. 2015).
Tensor kaiming_normal_(const Tensor& x, double slope = 0, FanMode mode = FanMode::FanIn,
                       Nonlinearity nonlinearity = Nonlinearity::LeakyReLU);

}  // namespace gradus::nn::init

namespace gradus {

// PyTorch's names.

/// The number of inputs.
inline constexpr auto kFanIn = nn::init::FanMode::FanIn;
/// The number of outputs.
inline constexpr auto kFanOut = nn::init::FanMode::FanOut;
/// No activation.
inline constexpr auto kLinear = nn::init::Nonlinearity::Linear;
/// sigmoid
inline constexpr auto kSigmoid = nn::init::Nonlinearity::Sigmoid;
/// tanh
inline constexpr auto kTanh = nn::init::Nonlinearity::Tanh;
/// relu
inline constexpr auto kReLU = nn::init::Nonlinearity::ReLU;
/// leaky_relu
inline constexpr auto kLeakyReLU = nn::init::Nonlinearity::LeakyReLU;

}  // namespace gradus
