#include "nn/parameters.h"

#include "autograd/ops.h"

namespace gradus::nn::utils {

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  check(clip_value >= 0, "clip_grad_value_: clip_value is {}, expected 0 or more", clip_value);
  const NoGradGuard guard;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) p.grad().copy_(p.grad().clamp(-clip_value, clip_value));
}

void clip_grad_value_(const Tensor& parameter, double clip_value) {
  clip_grad_value_(std::vector<Tensor>{parameter}, clip_value);
}

Tensor parameters_to_vector(const std::vector<Tensor>& parameters) {
  check(!parameters.empty(), "parameters_to_vector: there are no parameters");
  std::vector<Tensor> parts;
  for (const Tensor& p : parameters) {
    check(p.dtype() == parameters[0].dtype(),
          "parameters_to_vector: the parameters are {} and {}, a vector has one dtype",
          parameters[0].dtype(), p.dtype());
    parts.push_back(p.reshape(-1));
  }
  return cat(parts);
}

void vector_to_parameters(const Tensor& vec, const std::vector<Tensor>& parameters) {
  int64_t total = 0;
  for (const Tensor& p : parameters) {
    check(p.dtype() == vec.dtype(), "vector_to_parameters: the vector is {}, a parameter is {}",
          vec.dtype(), p.dtype());
    total += p.numel();
  }
  check(vec.sizes() == Shape{total},
        "vector_to_parameters: the vector is {}, the parameters have {} elements", vec.sizes(),
        total);
  const NoGradGuard guard;
  const Tensor values = vec.detach();
  int64_t start = 0;
  for (const Tensor& p : parameters) {
    p.copy_(values.narrow(0, start, p.numel()).view(p.sizes()));
    start += p.numel();
  }
}

}  // namespace gradus::nn::utils
