// Functions of all parameters of a model.
#pragma once
#include <vector>

#include "tensor/tensor.h"

namespace gradus::nn::utils {

/// Clamps every element of all gradients to [-clip_value, clip_value], in place:
///
///   grad = min(max(grad, -clip_value), clip_value)
///
/// NaN stays NaN. A negative clip_value is an error.
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value);
void clip_grad_value_(const Tensor& parameter, double clip_value);

/// The elements of all parameters, one parameter after the other, as one vector of their dtype.
/// Differentiable. No parameters, or parameters of different dtypes, are an error. Unlike in
/// PyTorch, they need not be contiguous.
Tensor parameters_to_vector(const std::vector<Tensor>& parameters);
/// Copies the elements of such a vector into the parameters, in place. Nothing is recorded. The
/// vector must have as many elements as the parameters, and their dtype.
void vector_to_parameters(const Tensor& vec, const std::vector<Tensor>& parameters);

}  // namespace gradus::nn::utils
