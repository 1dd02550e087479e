// The differentiable methods of Tensor. Each calls the op of the same name in autograd/ops.h.
#include "autograd/ops.h"

namespace gradus {

#define GRADUS_UNARY(op) \
  Tensor Tensor::op() const { return gradus::op(*this); }
#define GRADUS_BINARY(op) \
  Tensor Tensor::op(const Tensor& y) const { return gradus::op(*this, y); }
#define GRADUS_TENSOR_OR_SCALAR(op) \
  GRADUS_BINARY(op)                 \
  Tensor Tensor::op(Scalar y) const { return gradus::op(*this, y); }

GRADUS_UNARY(clone)
GRADUS_UNARY(contiguous)
GRADUS_UNARY(t)
GRADUS_UNARY(trace)
GRADUS_UNARY(neg)
GRADUS_UNARY(abs)
GRADUS_UNARY(exp)
GRADUS_UNARY(log)
GRADUS_UNARY(log1p)
GRADUS_UNARY(expm1)
GRADUS_UNARY(log2)
GRADUS_UNARY(erf)
GRADUS_UNARY(square)
GRADUS_UNARY(sign)
GRADUS_UNARY(floor)
GRADUS_UNARY(ceil)
GRADUS_UNARY(round)
GRADUS_UNARY(trunc)
GRADUS_UNARY(isnan)
GRADUS_UNARY(isinf)
GRADUS_UNARY(isfinite)
GRADUS_UNARY(bitwise_not)
GRADUS_UNARY(any)
GRADUS_UNARY(all)
GRADUS_UNARY(sqrt)
GRADUS_UNARY(rsqrt)
GRADUS_UNARY(sin)
GRADUS_UNARY(cos)
GRADUS_UNARY(tanh)
GRADUS_UNARY(sigmoid)
GRADUS_UNARY(relu)
GRADUS_UNARY(logical_not)
GRADUS_BINARY(maximum)
GRADUS_BINARY(minimum)
GRADUS_BINARY(logical_and)
GRADUS_BINARY(logical_or)
GRADUS_BINARY(matmul)
GRADUS_BINARY(outer)
GRADUS_BINARY(mm)
GRADUS_BINARY(bmm)
GRADUS_TENSOR_OR_SCALAR(mul)
GRADUS_TENSOR_OR_SCALAR(div)
GRADUS_TENSOR_OR_SCALAR(remainder)
GRADUS_TENSOR_OR_SCALAR(fmod)
GRADUS_TENSOR_OR_SCALAR(eq)
GRADUS_TENSOR_OR_SCALAR(ne)
GRADUS_TENSOR_OR_SCALAR(lt)
GRADUS_TENSOR_OR_SCALAR(le)
GRADUS_TENSOR_OR_SCALAR(gt)
GRADUS_TENSOR_OR_SCALAR(ge)
GRADUS_TENSOR_OR_SCALAR(bitwise_and)
GRADUS_TENSOR_OR_SCALAR(bitwise_or)
GRADUS_TENSOR_OR_SCALAR(bitwise_xor)

#undef GRADUS_UNARY
#undef GRADUS_BINARY
#undef GRADUS_TENSOR_OR_SCALAR

Tensor Tensor::to(DType t) const { return gradus::to(*this, t); }
Tensor Tensor::to(const TensorOptions& options) const {
  check(!options.requires_grad(),
        "to: the options require gradients, but the result has the history of this tensor; call "
        "requires_grad_() on it");
  return to(options.dtype_or(dtype()));
}

Tensor Tensor::view(const Shape& sizes) const { return gradus::view(*this, sizes); }
Tensor Tensor::reshape(const Shape& sizes) const { return gradus::reshape(*this, sizes); }
Tensor Tensor::transpose(int64_t dim0, int64_t dim1) const {
  return gradus::transpose(*this, dim0, dim1);
}
Tensor Tensor::permute(const Shape& dims) const { return gradus::permute(*this, dims); }
Tensor Tensor::unsqueeze(int64_t dim) const { return gradus::unsqueeze(*this, dim); }
Tensor Tensor::squeeze() const { return gradus::squeeze(*this); }
Tensor Tensor::squeeze(int64_t dim) const { return gradus::squeeze(*this, dim); }
Tensor Tensor::expand(const Shape& sizes) const { return gradus::expand(*this, sizes); }
Tensor Tensor::select(int64_t dim, int64_t index) const {
  return gradus::select(*this, dim, index);
}
Tensor Tensor::narrow(int64_t dim, int64_t start, int64_t length) const {
  return gradus::narrow(*this, dim, start, length);
}
Tensor Tensor::slice(int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
                     int64_t step) const {
  return gradus::slice(*this, dim, start, end, step);
}
std::vector<Tensor> Tensor::chunk(int64_t chunks, int64_t dim) const {
  return gradus::chunk(*this, chunks, dim);
}
std::vector<Tensor> Tensor::split(int64_t size, int64_t dim) const {
  return gradus::split(*this, size, dim);
}
std::vector<Tensor> Tensor::split(const std::vector<int64_t>& sizes, int64_t dim) const {
  return gradus::split(*this, sizes, dim);
}
std::vector<Tensor> Tensor::unbind(int64_t dim) const { return gradus::unbind(*this, dim); }
Tensor Tensor::flatten(int64_t start_dim, int64_t end_dim) const {
  return gradus::flatten(*this, start_dim, end_dim);
}
Tensor Tensor::flip(const Shape& dims) const { return gradus::flip(*this, dims); }
Tensor Tensor::repeat(const Shape& repeats) const { return gradus::repeat(*this, repeats); }
Tensor Tensor::diagonal(int64_t offset, int64_t dim1, int64_t dim2) const {
  return gradus::diagonal(*this, offset, dim1, dim2);
}
Tensor Tensor::diag(int64_t diagonal) const { return gradus::diag(*this, diagonal); }
Tensor Tensor::tile(const Shape& dims) const { return gradus::tile(*this, dims); }
Tensor Tensor::roll(const Shape& shifts, const Shape& dims) const {
  return gradus::roll(*this, shifts, dims);
}
Tensor Tensor::repeat_interleave(int64_t repeats, std::optional<int64_t> dim,
                                 std::optional<int64_t> output_size) const {
  return gradus::repeat_interleave(*this, repeats, dim, output_size);
}
Tensor Tensor::repeat_interleave(const Tensor& repeats, std::optional<int64_t> dim,
                                 std::optional<int64_t> output_size) const {
  return gradus::repeat_interleave(*this, repeats, dim, output_size);
}

Tensor Tensor::add(const Tensor& y, Scalar alpha) const { return gradus::add(*this, y, alpha); }
Tensor Tensor::add(Scalar y, Scalar alpha) const { return gradus::add(*this, y, alpha); }
Tensor Tensor::sub(const Tensor& y, Scalar alpha) const { return gradus::sub(*this, y, alpha); }
Tensor Tensor::sub(Scalar y, Scalar alpha) const { return gradus::sub(*this, y, alpha); }
Tensor Tensor::pow(const Tensor& exponent) const { return gradus::pow(*this, exponent); }
Tensor Tensor::pow(Scalar exponent) const { return gradus::pow(*this, exponent); }
Tensor Tensor::operator-() const { return gradus::neg(*this); }
Tensor Tensor::clamp(std::optional<Scalar> min, std::optional<Scalar> max) const {
  return gradus::clamp(*this, min, max);
}
Tensor Tensor::nan_to_num(std::optional<double> nan, std::optional<double> posinf,
                          std::optional<double> neginf) const {
  return gradus::nan_to_num(*this, nan, posinf, neginf);
}
Tensor Tensor::where(const Tensor& condition, const Tensor& otherwise) const {
  return gradus::where(condition, *this, otherwise);
}
Tensor Tensor::masked_fill(const Tensor& mask, Scalar value) const {
  return gradus::masked_fill(*this, mask, value);
}
Tensor Tensor::masked_fill(const Tensor& mask, const Tensor& value) const {
  return gradus::masked_fill(*this, mask, value);
}
Tensor Tensor::tril(int64_t diagonal) const { return gradus::tril(*this, diagonal); }
Tensor Tensor::triu(int64_t diagonal) const { return gradus::triu(*this, diagonal); }

Tensor Tensor::sum(std::optional<DType> dtype) const {
  return gradus::sum(*this, {}, false, dtype);
}
Tensor Tensor::sum(const Shape& dim, bool keepdim, std::optional<DType> dtype) const {
  return gradus::sum(*this, dim, keepdim, dtype);
}
Tensor Tensor::prod(std::optional<DType> dtype) const { return gradus::prod(*this, dtype); }
Tensor Tensor::prod(int64_t dim, bool keepdim, std::optional<DType> dtype) const {
  return gradus::prod(*this, dim, keepdim, dtype);
}
Tensor Tensor::mean(std::optional<DType> dtype) const {
  return gradus::mean(*this, {}, false, dtype);
}
Tensor Tensor::mean(const Shape& dim, bool keepdim, std::optional<DType> dtype) const {
  return gradus::mean(*this, dim, keepdim, dtype);
}
Tensor Tensor::var(const Shape& dim, bool unbiased, bool keepdim) const {
  return gradus::var(*this, dim, unbiased, keepdim);
}
Tensor Tensor::std(const Shape& dim, bool unbiased, bool keepdim) const {
  return gradus::std(*this, dim, unbiased, keepdim);
}
Tensor Tensor::max() const { return gradus::max(*this); }
std::tuple<Tensor, Tensor> Tensor::max(int64_t dim, bool keepdim) const {
  return gradus::max(*this, dim, keepdim);
}
Tensor Tensor::min() const { return gradus::min(*this); }
std::tuple<Tensor, Tensor> Tensor::min(int64_t dim, bool keepdim) const {
  return gradus::min(*this, dim, keepdim);
}
Tensor Tensor::amax(const Shape& dim, bool keepdim) const {
  return gradus::amax(*this, dim, keepdim);
}
Tensor Tensor::amin(const Shape& dim, bool keepdim) const {
  return gradus::amin(*this, dim, keepdim);
}
Tensor Tensor::argmax(std::optional<int64_t> dim, bool keepdim) const {
  return gradus::argmax(*this, dim, keepdim);
}
Tensor Tensor::argmin(std::optional<int64_t> dim, bool keepdim) const {
  return gradus::argmin(*this, dim, keepdim);
}
Tensor Tensor::any(const Shape& dim, bool keepdim) const {
  return gradus::any(*this, dim, keepdim);
}
Tensor Tensor::all(const Shape& dim, bool keepdim) const {
  return gradus::all(*this, dim, keepdim);
}
Tensor Tensor::logsumexp(const Shape& dim, bool keepdim) const {
  return gradus::logsumexp(*this, dim, keepdim);
}
Tensor Tensor::norm(Scalar p) const { return gradus::norm(*this, p); }
Tensor Tensor::norm(std::optional<Scalar> p, const Shape& dim, bool keepdim) const {
  return gradus::norm(*this, p, dim, keepdim);
}
Tensor Tensor::cumsum(int64_t dim, std::optional<DType> dtype) const {
  return gradus::cumsum(*this, dim, dtype);
}
std::tuple<Tensor, Tensor> Tensor::topk(int64_t k, int64_t dim, bool largest, bool sorted) const {
  return gradus::topk(*this, k, dim, largest, sorted);
}
std::tuple<Tensor, Tensor> Tensor::sort(int64_t dim, bool descending) const {
  return gradus::sort(*this, dim, descending);
}
std::tuple<Tensor, Tensor> Tensor::sort(std::optional<bool> stable, int64_t dim,
                                        bool descending) const {
  return gradus::sort(*this, stable, dim, descending);
}
Tensor Tensor::argsort(int64_t dim, bool descending) const {
  return gradus::argsort(*this, dim, descending);
}

Tensor Tensor::index_select(int64_t dim, const Tensor& index) const {
  return gradus::index_select(*this, dim, index);
}
Tensor Tensor::gather(int64_t dim, const Tensor& index) const {
  return gradus::gather(*this, dim, index);
}
Tensor Tensor::scatter_add(int64_t dim, const Tensor& index, const Tensor& source) const {
  return gradus::scatter_add(*this, dim, index, source);
}
Tensor Tensor::multinomial(int64_t num_samples, bool replacement) const {
  return gradus::multinomial(*this, num_samples, replacement);
}
Tensor Tensor::softmax(int64_t dim, std::optional<DType> dtype) const {
  return gradus::softmax(*this, dim, dtype);
}
Tensor Tensor::log_softmax(int64_t dim, std::optional<DType> dtype) const {
  return gradus::log_softmax(*this, dim, dtype);
}

}  // namespace gradus
