#include "autograd/ops.h"
#include "tensor/checks.h"
#include "tensor/kernels/few_rows.h"
#include "tensor/kernels/gemm.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

template <class T>
kernels::Matrix<T> matrix(const Tensor& x) {
  return {x.data<std::remove_const_t<T>>(), x.stride(-2), x.stride(-1)};
}

/// The sizes of all dimensions but the last two.
Shape batch_of(const Tensor& x) { return {x.sizes().begin(), x.sizes().end() - 2}; }

/// c (..., M, N) = a (..., M, K) b (..., K, N) + start. The batch dimensions of a and b broadcast
/// to those of c. start is c itself, a bias (N), or undefined.
void multiply(const Tensor& c, const Tensor& a, const Tensor& b, const Tensor& start = {}) try {
  const int64_t M = c.size(-2);
  const int64_t N = c.size(-1);
  const int64_t K = a.size(-1);
  const Shape batch = batch_of(c);
  dispatch_number("matmul", c.dtype(), [&]<class T>() {
    if (c.numel() == 0) return;
    const kernels::Matrix<T> C = matrix<T>(c);
    const kernels::Matrix<const T> A = matrix<const T>(a);
    const kernels::Matrix<const T> B = matrix<const T>(b);
    kernels::Matrix<const T> start_matrix{};
    if (start.defined()) {
      const int64_t row_stride = start.dim() == 1 ? 0 : start.stride(-2);
      start_matrix = {start.data<T>(), row_stride, start.stride(-1)};
    }
    if (batch.empty()) return kernels::gemm<T>(C, A, B, M, N, K, start_matrix);
    const auto [c_offsets, a_offsets, b_offsets] = kernels::offsets(kernels::strided_loop<3>(
        batch.size(), batch.data(), {layout(c, 2), layout(a, 2), layout(b, 2)}));
    kernels::batched_gemm<T>({.C = C,
                              .A = A,
                              .B = B,
                              .start = start_matrix,
                              .c_offsets = c_offsets.data(),
                              .a_offsets = a_offsets.data(),
                              .b_offsets = b_offsets.data(),
                              .batch = std::ssize(c_offsets),
                              .M = M,
                              .N = N,
                              .K = K});
  });
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

/// x (..., C) as a matrix (rows, C).
Tensor rows_of(const Tensor& x) {
  if (x.dim() == 1) return unsqueeze(x, 0);
  return x.dim() == 2 ? x : flatten(x, 0, -2);
}

Tensor product(const Tensor& a, const Tensor& b);

/// The gradient of a factor of a product is a product too. factors(dy) returns its two factors. The
/// gradient is added to an existing dx by the kernel unless it must be summed over a broadcast
/// batch.
template <class F>
Rule factor_rule(const F& factors) {
  return {[=](const Tensor& dy) { return std::apply(product, factors(dy)); },
          [=](const Tensor& dx, const Tensor& dy, const Tensor&) {
            const auto [a, b] = factors(dy);
            if (batch_of(dx) == broadcast_shapes("matmul", batch_of(a), batch_of(b)))
              multiply(dx, a, b, dx);
            else
              dx.add_(sum_to(product(a, b), dx.sizes()));
          }};
}

/// y = a b for tensors of at least two dimensions. da = dy b^T, db = a^T dy.
Tensor product(const Tensor& a, const Tensor& b) {
  Shape sizes = broadcast_shapes("matmul", batch_of(a), batch_of(b));
  const bool is_batched = !sizes.empty();
  sizes.push_back(a.size(-2));
  sizes.push_back(b.size(-1));
  // If b is a single matrix, all matrices of a are multiplied by it as one matrix with all rows.
  if (is_batched && b.dim() == 2 && a.is_contiguous())
    return reshape(product(flatten(a, 0, -2), b), sizes);
  Tensor y = empty(sizes, a.dtype());
  multiply(y, a, b);
  return record("matmul", std::move(y),
                {a, factor_rule([b = saved(b)](const Tensor& dy) {  // (M, N) x (N, K)
                   return std::pair(dy, transpose(b(), -2, -1));
                 })},
                {b, factor_rule([a = saved(a)](const Tensor& dy) {  // (K, M) x (M, N)
                   return std::pair(transpose(a(), -2, -1), dy);
                 })});
}

/// dx = dy W. The kernel adds it to an existing dx if that is contiguous.
Rule linear_input_rule(const Tensor& x, const Tensor& weight) {
  return {[w = saved(weight), sizes = x.sizes()](const Tensor& dy) {
            return reshape(product(rows_of(dy), w()), sizes);
          },
          [w = saved(weight)](const Tensor& dx, const Tensor& dy, const Tensor&) {
            if (dx.is_contiguous())
              multiply(rows_of(dx), rows_of(dy), w(), rows_of(dx));
            else
              dx.add_(reshape(product(rows_of(dy), w()), dx.sizes()));
          }};
}

/// y (rows, out) = x (rows, in) W^T + bias for a bfloat16 weight.
void multiply_by_bfloat16(const Tensor& y, const Tensor& x, const Tensor& weight,
                          const Tensor& bias) try {
  if (y.numel() == 0) return;
  const Tensor x_rows = as_contiguous(x);
  const Tensor w = as_contiguous(weight);
  kernels::Matrix<const float> start{};
  if (bias.defined()) start = {bias.data<float>(), 0, bias.stride(0)};
  kernels::multiply_bfloat16({.C = matrix<float>(y),
                              .A = matrix<const float>(x_rows),
                              .W = matrix<const BFloat16>(w),
                              .start = start,
                              .M = y.size(0),
                              .N = y.size(1),
                              .K = x.size(1)});
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

/// linear with a weight in bfloat16, which has no gradient. The weight is converted for dx.
Tensor linear_bfloat16(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor start = bias.defined() && bias.dtype() == kBFloat16 ? to(bias, kFloat32) : bias;
  check(x.dtype() == kFloat32 && (!start.defined() || start.dtype() == kFloat32),
        "linear: the weight is bfloat16, so x and bias must be float32, got {} and {}", x.dtype(),
        start.defined() ? name(start.dtype()) : "no bias");
  Shape sizes = x.sizes();
  sizes[sizes.size() - 1] = weight.size(0);
  Tensor y = empty(sizes, kFloat32);
  {
    const NoGradGuard no_grad;
    const Shape matrix_sizes{sizes.empty() || weight.size(0) == 0 ? 0 : y.numel() / weight.size(0),
                             weight.size(0)};
    multiply_by_bfloat16(y.as_view(matrix_sizes, contiguous_strides(matrix_sizes), 0),
                         rows_of(x.detach()), weight, start);
  }
  Input inputs[] = {
      {x,
       [weight = saved(weight), sizes = x.sizes()](const Tensor& dy) {
         return reshape(product(rows_of(dy), to(weight(), kFloat32)), sizes);
       }},
      {bias, [](const Tensor& dy) { return sum(rows_of(dy), 0); }},
  };
  return record("linear", std::move(y), inputs);
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_same_dtype("matmul", a, b);
  check(a.dim() > 0 && b.dim() > 0, "matmul: {} x {} - both need at least one dimension", a.sizes(),
        b.sizes());
  const int64_t rows = b.size(b.dim() == 1 ? 0 : -2);
  check(a.size(-1) == rows, "matmul: {} x {} - the {} columns of a do not meet the {} rows of b",
        a.sizes(), b.sizes(), a.size(-1), rows);
  for (int64_t d = -3; d >= -std::min(a.dim(), b.dim()); --d) {
    check(a.size(d) == b.size(d) || a.size(d) == 1 || b.size(d) == 1,
          "matmul: {} x {} - the batch sizes {} and {} do not broadcast", a.sizes(), b.sizes(),
          a.size(d), b.size(d));
  }
  if (a.dim() > 1 && b.dim() > 1) return product(a, b);
  // A vector a is a row, a vector b a column. The dimensions added for that are removed from y.
  Tensor y = product(a.dim() == 1 ? unsqueeze(a, 0) : a, b.dim() == 1 ? unsqueeze(b, 1) : b);
  if (b.dim() == 1) y = squeeze(y, -1);
  if (a.dim() == 1) y = squeeze(y, b.dim() == 1 ? -1 : -2);
  return y;
}

Tensor mm(const Tensor& a, const Tensor& b) {
  check(a.dim() == 2 && b.dim() == 2, "mm: expected two matrices, got {} and {}", a.sizes(),
        b.sizes());
  check_same_dtype("mm", a, b);
  check_number("mm", a.dtype());
  check(a.size(1) == b.size(0), "mm: {} x {} - the {} columns of a do not meet the {} rows of b",
        a.sizes(), b.sizes(), a.size(1), b.size(0));
  return product(a, b);
}

Tensor bmm(const Tensor& a, const Tensor& b) {
  check(a.dim() == 3 && b.dim() == 3, "bmm: expected two batches of matrices, got {} and {}",
        a.sizes(), b.sizes());
  check_same_dtype("bmm", a, b);
  check_number("bmm", a.dtype());
  check(a.size(0) == b.size(0), "bmm: {} x {} - the batches have {} and {} matrices", a.sizes(),
        b.sizes(), a.size(0), b.size(0));
  check(a.size(2) == b.size(1), "bmm: {} x {} - the {} columns of a do not meet the {} rows of b",
        a.sizes(), b.sizes(), a.size(2), b.size(1));
  return product(a, b);
}

Tensor outer(const Tensor& a, const Tensor& b) {
  check(a.dim() == 1 && b.dim() == 1, "outer: expected two vectors, got {} and {}", a.sizes(),
        b.sizes());
  check_same_dtype("outer", a, b);
  check_is_no_bfloat16("outer", a.dtype());
  return unsqueeze(a, 1) * b;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check(weight.dim() == 2, "linear: weight must be (out, in), got {}", weight.sizes());
  check(x.dim() >= 1 && x.size(-1) == weight.size(1),
        "linear: x is {} and weight {} - the {} columns of x do not meet the {} of weight",
        x.sizes(), weight.sizes(), x.dim() ? x.size(-1) : 1, weight.size(1));
  check(!bias.defined() || bias.sizes() == Shape{weight.size(0)},
        "linear: weight is {}, so bias must be [{}], got {}", weight.sizes(), weight.size(0),
        bias.defined() ? bias.sizes() : Shape{});
  if (weight.dtype() == kBFloat16) return linear_bfloat16(x, weight, bias);
  check_same_dtype("linear", x, weight);
  if (bias.defined()) check_same_dtype("linear", x, bias);
  Shape sizes = x.sizes();
  sizes[sizes.size() - 1] = weight.size(0);
  Tensor y = empty(sizes, x.dtype());
  {
    const NoGradGuard no_grad;  // the views below are not part of the graph
    const Tensor x_rows = rows_of(x);
    const Shape matrix{x_rows.size(0), weight.size(0)};
    // Not rows_of(y), which DetectAnomalyGuard would search for NaN: y has no values yet.
    const Tensor y_rows = y.dim() == 2 ? y : y.as_view(matrix, contiguous_strides(matrix), 0);
    multiply(y_rows, x_rows, transpose(weight, 0, 1), bias);
  }
  Input inputs[] = {
      {x, linear_input_rule(x, weight)},
      // dW = dy^T x, (out, rows) x (rows, in)
      {weight, factor_rule([x = saved(x)](const Tensor& dy) {
         return std::pair(transpose(rows_of(dy), 0, 1), rows_of(x()));
       })},
      {bias, [](const Tensor& dy) { return sum(rows_of(dy), 0); }},
  };
  return record("linear", std::move(y), inputs);
}

}  // namespace gradus
