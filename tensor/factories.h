// Making tensors. The shape comes first; options are a dtype or TensorOptions, float32 by default.
#pragma once
#include <vector>

#include "tensor/tensor.h"

namespace gradus {

/// Numbers in nested braces, as tensor() takes them.
class NestedNumbers {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> NestedNumbers(T value)
      : numbers_{value}, dtype_(Scalar(value).dtype()) {}    // NOLINT: implicit
  NestedNumbers(std::initializer_list<NestedNumbers> rows);  // NOLINT: implicit

  const Shape& sizes() const { return sizes_; }
  DType dtype() const { return dtype_ == kFloat64 ? kFloat32 : dtype_; }
  const std::vector<Scalar>& numbers() const { return numbers_; }

 private:
  Shape sizes_;
  std::vector<Scalar> numbers_;
  DType dtype_ = kFloat64;
};

/// The numbers as written: tensor({{1., 2.}, {3., 4.}}) is (2, 2), tensor(3.0) has no dimensions.
/// Without a dtype, whole numbers give int64, others float32.
Tensor tensor(const NestedNumbers& numbers, const TensorOptions& options = {});

Tensor empty(const Shape& sizes, const TensorOptions& options = {});
Tensor zeros(const Shape& sizes, const TensorOptions& options = {});
Tensor ones(const Shape& sizes, const TensorOptions& options = {});
/// Without a dtype, a whole value gives int64 and true or false bool, as in PyTorch.
Tensor full(const Shape& sizes, Scalar value, const TensorOptions& options = {});
/// start, start + step, ... below end. int64 if all are whole, else float32.
Tensor arange(Scalar end, const TensorOptions& options = {});
Tensor arange(Scalar start, Scalar end, const TensorOptions& options = {});
Tensor arange(Scalar start, Scalar end, Scalar step, const TensorOptions& options = {});
/// `steps` numbers from start to end, evenly spaced, both included.
Tensor linspace(Scalar start, Scalar end, int64_t steps, const TensorOptions& options = {});
/// Ones on the diagonal of an n x m matrix.
Tensor eye(int64_t n, const TensorOptions& options = {});
Tensor eye(int64_t n, int64_t m, const TensorOptions& options = {});

// Like x: its shape, and its dtype unless the options name another.
Tensor empty_like(const Tensor& x, const TensorOptions& options = {});
Tensor zeros_like(const Tensor& x, const TensorOptions& options = {});
Tensor ones_like(const Tensor& x, const TensorOptions& options = {});
Tensor full_like(const Tensor& x, Scalar value, const TensorOptions& options = {});
Tensor rand_like(const Tensor& x, const TensorOptions& options = {});
Tensor randn_like(const Tensor& x, const TensorOptions& options = {});

// Random numbers equal to PyTorch's, see tensor/random.h.
/// Uniform in [0, 1).
Tensor rand(const Shape& sizes, const TensorOptions& options = {});
/// Normal with mean 0 and standard deviation 1.
Tensor randn(const Shape& sizes, const TensorOptions& options = {});
/// Whole numbers from low up to but not including high; int64 unless the options name another
/// dtype.
Tensor randint(int64_t high, const Shape& sizes, const TensorOptions& options = {});
Tensor randint(int64_t low, int64_t high, const Shape& sizes, const TensorOptions& options = {});
/// 0 ... n-1 in random order; int64.
Tensor randperm(int64_t n, const TensorOptions& options = {});

template <class T>
requires std::is_arithmetic_v<T> Tensor tensor(const std::vector<T>& values,
                                               const TensorOptions& options = {}) {
  using Own = std::conditional_t<std::is_same_v<T, bool>, bool,
                                 std::conditional_t<std::is_integral_v<T>, int64_t, T>>;
  const DType natural = std::is_floating_point_v<T> ? kFloat32 : dtype_of<Own>;
  const Tensor x = empty(std::ssize(values), dtype_of<Own>);
  std::copy(values.begin(), values.end(), x.data<Own>());
  return x.to(options.dtype_or(natural)).requires_grad_(options.requires_grad());
}

/// Memory laid out by `strides` where these are dense, else row-major.
Tensor empty_strided_like(const Shape& sizes, const Shape& strides, DType t);

}  // namespace gradus
