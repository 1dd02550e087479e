// Functions that make tensors. The shape comes first. Options are a dtype or TensorOptions; without
// a dtype it is get_default_dtype(), float32 unless set_default_dtype changes it.
#pragma once
#include <vector>

#include "tensor/tensor.h"

namespace gradus {

/// Numbers in nested braces, the argument of tensor().
class NestedNumbers {
 public:
  template <Arithmetic T>
  NestedNumbers(T value)  // NOLINT: implicit, for braces
      : numbers_{value}, dtype_(Scalar(value).dtype()) {}
  NestedNumbers(std::initializer_list<NestedNumbers> rows);  // NOLINT: implicit, for braces

  const Shape& sizes() const { return sizes_; }
  DType dtype() const { return dtype_ == kFloat64 ? get_default_dtype() : dtype_; }
  const std::vector<Scalar>& numbers() const { return numbers_; }

 private:
  Shape sizes_;
  std::vector<Scalar> numbers_;
  DType dtype_ = kFloat64;
};

/// tensor({{1., 2.}, {3., 4.}}) has the shape (2, 2), tensor(3.0) has no dimensions. Without a
/// dtype the result is int64 if all numbers are integers, bool if all are bools, else of the
/// default dtype.
Tensor tensor(const NestedNumbers& numbers, const TensorOptions& options = {});

/// A tensor whose elements have arbitrary values.
Tensor empty(const Shape& sizes, const TensorOptions& options = {});
/// A tensor of zeros.
Tensor zeros(const Shape& sizes, const TensorOptions& options = {});
/// A tensor of ones.
Tensor ones(const Shape& sizes, const TensorOptions& options = {});
/// Without a dtype, an integer gives int64 and a bool gives bool.
Tensor full(const Shape& sizes, Scalar value, const TensorOptions& options = {});
/// start, start + step, ... up to but not including end. Without a dtype the result is int64 if all
/// arguments are integers, else of the default dtype.
Tensor arange(Scalar end, const TensorOptions& options = {});
Tensor arange(Scalar start, Scalar end, const TensorOptions& options = {});
Tensor arange(Scalar start, Scalar end, Scalar step, const TensorOptions& options = {});
/// `steps` evenly spaced numbers from start to end, which are both included.
Tensor linspace(Scalar start, Scalar end, int64_t steps, const TensorOptions& options = {});
/// An n x m matrix with ones on the diagonal.
Tensor eye(int64_t n, const TensorOptions& options = {});
Tensor eye(int64_t n, int64_t m, const TensorOptions& options = {});

// These have the shape of x, and its dtype unless the options name another.
/// Arbitrary values.
Tensor empty_like(const Tensor& x, const TensorOptions& options = {});
/// Zeros.
Tensor zeros_like(const Tensor& x, const TensorOptions& options = {});
/// Ones.
Tensor ones_like(const Tensor& x, const TensorOptions& options = {});
/// The value in every element.
Tensor full_like(const Tensor& x, Scalar value, const TensorOptions& options = {});
/// Uniform in [0, 1).
Tensor rand_like(const Tensor& x, const TensorOptions& options = {});
/// Normal with mean 0 and standard deviation 1.
Tensor randn_like(const Tensor& x, const TensorOptions& options = {});

// Random numbers: the same as PyTorch's for the same seed, see tensor/random.h.

/// Uniform in [0, 1).
Tensor rand(const Shape& sizes, const TensorOptions& options = {});
/// Normal with mean 0 and standard deviation 1.
Tensor randn(const Shape& sizes, const TensorOptions& options = {});
/// Integers from low up to but not including high; int64 unless the options name another dtype.
Tensor randint(int64_t high, const Shape& sizes, const TensorOptions& options = {});
Tensor randint(int64_t low, int64_t high, const Shape& sizes, const TensorOptions& options = {});
/// 0, 1, ..., n - 1 in random order; int64 unless the options name another dtype.
Tensor randperm(int64_t n, const TensorOptions& options = {});

/// The number as an element of tensor(): an int64 drops the fraction.
template <Element T>
T tensor_element(Scalar value) {
  const bool truncate = std::is_same_v<T, int64_t> && value.is_fractional();
  return (truncate ? Scalar(std::trunc(value.to_double())) : value).to<T>("tensor");
}

/// The values in row-major order as a tensor of these sizes, by default a vector.
template <Arithmetic T>
Tensor from_vector(const std::vector<T>& values, const Shape& sizes,
                   const TensorOptions& options = {}) {
  check(numel("from_vector", sizes) == std::ssize(values),
        "from_vector: {} values do not fill a tensor of {}", values.size(), sizes);
  const DType default_dtype =
      std::is_floating_point_v<T> ? get_default_dtype() : Scalar(T{}).dtype();
  const Tensor x = empty(sizes, options.dtype(options.dtype_or(default_dtype)));
  dispatch("from_vector", x.dtype(), [&]<class E>() {
    std::transform(values.begin(), values.end(), x.data<E>(),
                   [](T value) { return tensor_element<E>(value); });
  });
  return x;
}
template <Arithmetic T>
Tensor from_vector(const std::vector<T>& values, const TensorOptions& options = {}) {
  return from_vector(values, std::ssize(values), options);
}
template <Arithmetic T>
Tensor tensor(const std::vector<T>& values, const TensorOptions& options = {}) {
  return from_vector(values, options);
}

/// An uninitialised tensor with these strides if they are dense, else with contiguous ones.
Tensor empty_strided_like(const Shape& sizes, const Shape& strides, DType t);

template <Arithmetic T>
std::vector<T> Tensor::to_vector() const {
  std::vector<T> values;
  values.reserve(static_cast<size_t>(numel()));
  const Tensor x = contiguous();
  dispatch_stored(dtype(), [&]<class S>() {
    const S* const elements = x.data<S>();
    for (int64_t i = 0; i < numel(); ++i)
      values.push_back(converted<T>("to_vector", elements[i]));
  });
  return values;
}

}  // namespace gradus
