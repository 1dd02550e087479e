// Tensor: an array of numbers with a shape, and a gradient if it needs one. The interface is
// PyTorch's: https://pytorch.org/docs/stable/tensors.html
//
// A Tensor is a handle. Its copies are the same tensor: they share elements, grad and history. So
// methods that write in place are const.
//
// Ops are functions too: x.exp() is exp(x), declared in autograd/ops.h. The methods from
// "Conversions and copies" to "Gradients" are defined in autograd/, next to their gradients. This
// is the only place where this folder depends on a later one.
#pragma once
#include <tuple>

#include "tensor/hook.h"
#include "tensor/storage.h"

namespace gradus {

[[noreturn]] void fail_undefined();
namespace indexing {
class TensorIndex;  // tensor/indexing.h
}

/// An array of numbers with a shape, and a gradient if it needs one.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) = default;
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & = default;
  /// x[i] = y writes into x. If the left side is a copy, such as x[ids], the call throws: the value
  /// would be lost.
  Tensor& operator=(const Tensor& y) &&;
  Tensor& operator=(Scalar value) &&;

  // Properties.

  /// False for Tensor(), which has no elements, no shape and no dtype.
  bool defined() const { return static_cast<bool>(impl_); }
  /// The number of dimensions.
  int64_t dim() const { return static_cast<int64_t>(impl().sizes.size()); }
  /// The same as dim().
  int64_t ndimension() const { return dim(); }
  /// The size of each dimension.
  const Shape& sizes() const { return impl().sizes; }
  /// auto [B, T, C] = x.sizes<3>(); throws unless x has three dimensions.
  template <size_t N>
  std::array<int64_t, N> sizes() const {
    check(sizes().size() == N, "sizes<{}>: the tensor is {}", N, sizes());
    std::array<int64_t, N> list;
    std::copy(sizes().begin(), sizes().end(), list.begin());
    return list;
  }
  /// The size of one dimension; -1 is the last.
  int64_t size(int64_t dim) const;
  /// For each dimension, how many elements in memory its next index is away.
  const Shape& strides() const { return impl().strides; }
  /// The stride of one dimension.
  int64_t stride(int64_t dim) const;
  /// The number of elements.
  int64_t numel() const { return impl().numel; }
  /// The position of the first element in the memory that views share.
  int64_t storage_offset() const { return impl().offset; }
  /// The type of the elements.
  DType dtype() const { return impl().dtype; }
  /// The same as dtype().
  DType scalar_type() const { return impl().dtype; }
  /// The dtype as the options of a factory: zeros({2}, x.options()).
  TensorOptions options() const { return TensorOptions(dtype()); }
  /// Whether the dtype is float32, float64 or bfloat16.
  bool is_floating_point() const { return gradus::is_floating_point(dtype()); }
  /// Whether the elements are in memory in row-major order, without gaps.
  bool is_contiguous() const { return impl().is_contiguous; }
  /// Whether both are handles of the same tensor.
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }
  /// The address of the first element; strides() says where the others are. Backward does not
  /// detect writes through this pointer.
  template <Element T>
  T* data_ptr() const {
    check(dtype_of<T> == dtype(), "data_ptr: the tensor holds {}, not {}", dtype(), dtype_of<T>);
    return data<T>();
  }
  /// The same address without the type.
  void* data_ptr() const;
  /// The value of a tensor with one element, converted to T. A fraction is dropped if T is an
  /// integer type; a value outside T's range is an error.
  template <Arithmetic T>
  T item() const {
    check(numel() == 1, "item: the tensor is {}, only a tensor with one element has one value",
          sizes());
    return dispatch_stored(dtype(), [&]<class S>() { return converted<T>("item", *data<S>()); });
  }
  /// The value of a tensor with one element, as a Scalar of the tensor's kind.
  Scalar item() const;
  /// A copy of the elements in row-major order, converted as by item<T>().
  template <Arithmetic T>
  std::vector<T> to_vector() const;
  /// The same as the functions equal and allclose below.
  bool equal(const Tensor& y) const;
  bool allclose(const Tensor& y, double rtol = 1e-5, double atol = 1e-8,
                bool equal_nan = false) const;

  // Conversions and copies (differentiable).

  Tensor to(DType t) const;
  /// Only the dtype of the options is used. Options that require gradients are an error, as in
  /// PyTorch.
  Tensor to(const TensorOptions& options) const;
  /// to the dtype of y.
  Tensor to(const Tensor& y) const { return to(y.dtype()); }
  Tensor clone() const;
  /// This tensor if it is contiguous, else a copy that is.
  Tensor contiguous() const;

  // Views, which share this tensor's memory (differentiable).

  Tensor view(const Shape& sizes) const;
  Tensor reshape(const Shape& sizes) const;
  /// view to the sizes of y.
  Tensor view_as(const Tensor& y) const;
  /// reshape to the sizes of y.
  Tensor reshape_as(const Tensor& y) const;
  /// expand to the sizes of y.
  Tensor expand_as(const Tensor& y) const;
  Tensor transpose(int64_t dim0, int64_t dim1) const;
  Tensor t() const;
  Tensor permute(const Shape& dims) const;
  Tensor unsqueeze(int64_t dim) const;
  Tensor squeeze() const;
  Tensor squeeze(int64_t dim) const;
  Tensor expand(const Shape& sizes) const;
  Tensor select(int64_t dim, int64_t index) const;
  Tensor narrow(int64_t dim, int64_t start, int64_t length) const;
  Tensor slice(int64_t dim = 0, std::optional<int64_t> start = {}, std::optional<int64_t> end = {},
               int64_t step = 1) const;
  Tensor operator[](int64_t index) const { return select(0, index); }
  /// The same as index({index}).
  Tensor operator[](const Tensor& index) const;
  std::vector<Tensor> chunk(int64_t chunks, int64_t dim = 0) const;
  std::vector<Tensor> split(int64_t size, int64_t dim = 0) const;
  std::vector<Tensor> split(const std::vector<int64_t>& sizes, int64_t dim = 0) const;
  std::vector<Tensor> unbind(int64_t dim = 0) const;
  Tensor flatten(int64_t start_dim = 0, int64_t end_dim = -1) const;
  Tensor diagonal(int64_t offset = 0, int64_t dim1 = 0, int64_t dim2 = 1) const;

  // Rearranged copies (differentiable).

  Tensor flip(const Shape& dims) const;
  Tensor repeat(const Shape& repeats) const;
  Tensor tile(const Shape& dims) const;
  Tensor diag(int64_t diagonal = 0) const;
  Tensor roll(const Shape& shifts, const Shape& dims = {}) const;
  Tensor repeat_interleave(int64_t repeats, std::optional<int64_t> dim = {},
                           std::optional<int64_t> output_size = {}) const;
  Tensor repeat_interleave(const Tensor& repeats, std::optional<int64_t> dim = {},
                           std::optional<int64_t> output_size = {}) const;

  // Elementwise (differentiable, except comparisons and logical ops).

#define GRADUS_TENSOR_OR_SCALAR(op) \
  Tensor op(const Tensor& y) const; \
  Tensor op(Scalar y) const;
  Tensor add(const Tensor& y, Scalar alpha = 1) const;
  Tensor add(Scalar y, Scalar alpha = 1) const;
  Tensor sub(const Tensor& y, Scalar alpha = 1) const;
  Tensor sub(Scalar y, Scalar alpha = 1) const;
  GRADUS_TENSOR_OR_SCALAR(mul)
  GRADUS_TENSOR_OR_SCALAR(div)
  GRADUS_TENSOR_OR_SCALAR(remainder)
  GRADUS_TENSOR_OR_SCALAR(fmod)
  Tensor pow(const Tensor& exponent) const;
  Tensor pow(Scalar exponent) const;
  Tensor operator-() const;
  Tensor neg() const;
  Tensor abs() const;
  Tensor exp() const;
  Tensor log() const;
  Tensor sqrt() const;
  Tensor rsqrt() const;
  Tensor log1p() const;
  Tensor expm1() const;
  Tensor log2() const;
  Tensor erf() const;
  Tensor square() const;
  Tensor sign() const;
  Tensor floor() const;
  Tensor ceil() const;
  Tensor round() const;
  Tensor trunc() const;
  Tensor sin() const;
  Tensor cos() const;
  Tensor tanh() const;
  Tensor sigmoid() const;
  Tensor relu() const;
  Tensor clamp(std::optional<Scalar> min = {}, std::optional<Scalar> max = {}) const;
  Tensor nan_to_num(std::optional<double> nan = {}, std::optional<double> posinf = {},
                    std::optional<double> neginf = {}) const;
  Tensor maximum(const Tensor& y) const;
  Tensor minimum(const Tensor& y) const;
  Tensor where(const Tensor& condition, const Tensor& otherwise) const;
  Tensor masked_fill(const Tensor& mask, Scalar value) const;
  Tensor masked_fill(const Tensor& mask, const Tensor& value) const;
  Tensor tril(int64_t diagonal = 0) const;
  Tensor triu(int64_t diagonal = 0) const;
  GRADUS_TENSOR_OR_SCALAR(eq)
  GRADUS_TENSOR_OR_SCALAR(ne)
  GRADUS_TENSOR_OR_SCALAR(lt)
  GRADUS_TENSOR_OR_SCALAR(le)
  GRADUS_TENSOR_OR_SCALAR(gt)
  GRADUS_TENSOR_OR_SCALAR(ge)
  Tensor logical_not() const;
  Tensor logical_and(const Tensor& y) const;
  Tensor logical_or(const Tensor& y) const;
  GRADUS_TENSOR_OR_SCALAR(bitwise_and)
  GRADUS_TENSOR_OR_SCALAR(bitwise_or)
  GRADUS_TENSOR_OR_SCALAR(bitwise_xor)
  Tensor bitwise_not() const;
  Tensor isnan() const;
  Tensor isinf() const;
  Tensor isfinite() const;

  // Reductions (differentiable, except any, all, argmax and argmin). `dim` is a number, a list in
  // braces or a vector; without it all dimensions are reduced.

  Tensor sum(std::optional<DType> dtype = {}) const;
  Tensor sum(const Shape& dim, bool keepdim = false, std::optional<DType> dtype = {}) const;
  Tensor prod(std::optional<DType> dtype = {}) const;
  Tensor prod(int64_t dim, bool keepdim = false, std::optional<DType> dtype = {}) const;
  Tensor mean(std::optional<DType> dtype = {}) const;
  Tensor mean(const Shape& dim, bool keepdim = false, std::optional<DType> dtype = {}) const;
  Tensor var(const Shape& dim, bool unbiased = true, bool keepdim = false) const;
  Tensor std(const Shape& dim, bool unbiased = true, bool keepdim = false) const;
  // These two are templates so that var(0) is the variance along dimension 0.
  template <std::same_as<bool> Bool = bool>
  Tensor var(Bool unbiased = true) const {
    return var(Shape{}, unbiased);
  }
  template <std::same_as<bool> Bool = bool>
  Tensor std(Bool unbiased = true) const {
    return std(Shape{}, unbiased);
  }
  Tensor max() const;
  std::tuple<Tensor, Tensor> max(int64_t dim, bool keepdim = false) const;
  Tensor max(const Tensor& y) const { return maximum(y); }
  Tensor min() const;
  std::tuple<Tensor, Tensor> min(int64_t dim, bool keepdim = false) const;
  Tensor min(const Tensor& y) const { return minimum(y); }
  Tensor amax(const Shape& dim = {}, bool keepdim = false) const;
  Tensor amin(const Shape& dim = {}, bool keepdim = false) const;
  Tensor argmax(std::optional<int64_t> dim = {}, bool keepdim = false) const;
  Tensor argmin(std::optional<int64_t> dim = {}, bool keepdim = false) const;
  Tensor any() const;
  Tensor any(const Shape& dim, bool keepdim = false) const;
  Tensor all() const;
  Tensor all(const Shape& dim, bool keepdim = false) const;
  Tensor logsumexp(const Shape& dim, bool keepdim = false) const;
  Tensor norm(Scalar p = 2) const;
  Tensor norm(std::optional<Scalar> p, const Shape& dim, bool keepdim = false) const;
  Tensor cumsum(int64_t dim, std::optional<DType> dtype = {}) const;
  std::tuple<Tensor, Tensor> topk(int64_t k, int64_t dim = -1, bool largest = true,
                                  bool sorted = true) const;
  std::tuple<Tensor, Tensor> sort(int64_t dim = -1, bool descending = false) const;
  std::tuple<Tensor, Tensor> sort(std::optional<bool> stable, int64_t dim = -1,
                                  bool descending = false) const;
  Tensor argsort(int64_t dim = -1, bool descending = false) const;
  template <std::same_as<bool> Bool>
  Tensor argsort(Bool /*stable*/, int64_t dim = -1, bool descending = false) const {
    return argsort(dim, descending);
  }

  // Products, indexing, random choice, softmax (differentiable, except multinomial).

  Tensor matmul(const Tensor& y) const;
  Tensor mm(const Tensor& y) const;
  Tensor bmm(const Tensor& y) const;
  Tensor outer(const Tensor& y) const;
  Tensor trace() const;
  /// x[i, j, ...] in Python, see tensor/indexing.h: a view, or a copy if an index is a tensor.
  Tensor index(std::initializer_list<indexing::TensorIndex> indices) const;
  Tensor index(const std::vector<indexing::TensorIndex>& indices) const;
  Tensor index(const std::vector<std::optional<Tensor>>& indices) const;
  Tensor index_put(const std::vector<std::optional<Tensor>>& indices, const Tensor& values,
                   bool accumulate = false) const;
  Tensor nonzero() const;
  Tensor masked_select(const Tensor& mask) const;
  Tensor index_select(int64_t dim, const Tensor& index) const;
  Tensor gather(int64_t dim, const Tensor& index) const;
  Tensor scatter_add(int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor multinomial(int64_t num_samples, bool replacement = false) const;
  Tensor softmax(int64_t dim, std::optional<DType> dtype = {}) const;
  Tensor log_softmax(int64_t dim, std::optional<DType> dtype = {}) const;

  // In place: x.add_(y) changes x and returns it. If it needs a gradient, it is recorded or throws.

  /// Sets every element to the value.
  Tensor fill_(Scalar value) const;
  /// Sets every element to 0.
  Tensor zero_() const;
  /// Copies the elements of y, which broadcasts, converted to this dtype.
  Tensor copy_(const Tensor& source) const;
  /// x = x + alpha y
  Tensor add_(const Tensor& y, Scalar alpha = 1) const;
  Tensor add_(Scalar y, Scalar alpha = 1) const;
  /// x = x - alpha y
  Tensor sub_(const Tensor& y, Scalar alpha = 1) const;
  Tensor sub_(Scalar y, Scalar alpha = 1) const;
  /// x = x y
  GRADUS_TENSOR_OR_SCALAR(mul_)
  /// x = x / y, for floating-point tensors.
  GRADUS_TENSOR_OR_SCALAR(div_)
  /// x = x & y
  GRADUS_TENSOR_OR_SCALAR(bitwise_and_)
  /// x = x | y
  GRADUS_TENSOR_OR_SCALAR(bitwise_or_)
  /// x = x ^ y
  GRADUS_TENSOR_OR_SCALAR(bitwise_xor_)
  /// Sets the elements where the mask is true to the value.
  Tensor masked_fill_(const Tensor& mask, Scalar value) const;
  /// x[i, j, ...] = value in Python; the value broadcasts.
  Tensor index_put_(std::initializer_list<indexing::TensorIndex> indices,
                    const Tensor& value) const;
  Tensor index_put_(std::initializer_list<indexing::TensorIndex> indices, Scalar value) const;
  Tensor index_put_(const std::vector<indexing::TensorIndex>& indices, const Tensor& value) const;
  Tensor index_put_(const std::vector<indexing::TensorIndex>& indices, Scalar value) const;
  Tensor index_put_(const std::vector<std::optional<Tensor>>& indices, const Tensor& values,
                    bool accumulate = false) const;
  /// Numbers drawn uniformly from [from, to).
  Tensor uniform_(double from = 0, double to = 1) const;
  /// Numbers drawn from the normal distribution.
  Tensor normal_(double mean = 0, double std = 1) const;
  /// Each element becomes 1 with probability p, else 0.
  Tensor bernoulli_(double p = 0.5) const;
  /// Integers from `from` to `to` - 1. Without bounds: from 0 to the largest int64, for float32 to
  /// 2^24, for float64 to 2^53, for bool to 1.
  Tensor random_() const;
  Tensor random_(int64_t to) const { return random_(0, to); }
  Tensor random_(int64_t from, int64_t to) const;
#define GRADUS_IN_PLACE_OPERATOR(sign, op) \
  template <class Y>                       \
  Tensor operator sign(const Y& y) const { \
    return op(y);                          \
  }
  GRADUS_IN_PLACE_OPERATOR(+=, add_)
  GRADUS_IN_PLACE_OPERATOR(-=, sub_)
  GRADUS_IN_PLACE_OPERATOR(*=, mul_)
  GRADUS_IN_PLACE_OPERATOR(/=, div_)
  GRADUS_IN_PLACE_OPERATOR(&=, bitwise_and_)
  GRADUS_IN_PLACE_OPERATOR(|=, bitwise_or_)
  GRADUS_IN_PLACE_OPERATOR(^=, bitwise_xor_)
#undef GRADUS_IN_PLACE_OPERATOR
#undef GRADUS_TENSOR_OR_SCALAR

  // Gradients.

  /// Whether backward() computes a gradient for it, or for something that it was computed from.
  bool requires_grad() const;
  /// Makes a leaf get gradients, or get none.
  Tensor requires_grad_(bool on = true) const;
  /// The same as requires_grad_.
  Tensor set_requires_grad(bool on) const { return requires_grad_(on); }
  /// Whether it was not computed from tensors that require gradients.
  bool is_leaf() const;
  /// Makes backward() store grad() also if this is not a leaf.
  void retain_grad() const;
  /// Whether retain_grad() was called and this is not a leaf.
  bool retains_grad() const;
  /// The sum of the gradients that backward() computed for this leaf, or an undefined tensor.
  Tensor grad() const;
  /// The grad, to be changed or replaced.
  Tensor& mutable_grad() const;
  /// Replaces the memory, strides and dtype of a leaf by those of `value`, which has the same
  /// shape. Every handle to the leaf sees the new data, and its grad is converted to the new dtype.
  void set_data(const Tensor& value) const;
  /// Adds gradient * d(this)/d(leaf) to the grad of every leaf that this tensor was computed from.
  void backward(const Tensor& gradient = {}, std::optional<bool> retain_graph = {},
                bool create_graph = false) const;
  /// Only the inputs get gradients, see autograd::backward.
  void backward(const Tensor& gradient, std::optional<bool> retain_graph, bool create_graph,
                const std::vector<Tensor>& inputs) const;
  /// Registers a function that backward calls with the gradient of this tensor when it is complete:
  /// once for each backward, the functions of a tensor in the order of their registration. A tensor
  /// that it returns replaces the gradient; it must have its shape and dtype. The function may also
  /// return nothing. If this tensor is changed in place afterwards, the function still gets the
  /// gradient of the value before. It should not capture this tensor, nor one computed from it:
  /// they would own each other and never be freed. While it is registered, no other thread may run
  /// backward on this tensor. Returns an index for remove_hook.
  unsigned register_hook(TensorHook hook) const;
  /// Registers a function that backward calls with this leaf as soon as it has added all gradients
  /// to its grad. The functions of a leaf run one at a time, also if several threads run backward.
  /// They are given a tensor that shares this one's memory and grad. Returns an index for
  /// remove_hook.
  unsigned register_post_accumulate_grad_hook(PostAccumulateGradHook hook) const;
  /// Removes what register_hook or register_post_accumulate_grad_hook of this tensor has returned.
  void remove_hook(unsigned index) const;
  /// A tensor that shares this one's memory but has no history.
  Tensor detach() const;
  /// The same as detach().
  Tensor data() const { return detach(); }

  // For the rest of the library. Nothing is recorded; only undefined tensors are detected.

  TensorImpl& impl() const {
    if (!impl_) [[unlikely]]
      fail_undefined();
    return *impl_;
  }
  /// data_ptr without a check of the dtype.
  template <class T>
  T* data() const {
    return reinterpret_cast<T*>(impl().storage->data) + impl().offset;
  }
  /// A view of the same storage. It keeps the tensor that it was made from alive.
  Tensor as_view(const Shape& sizes, const Shape& strides, int64_t offset) const;
  const Ref<Node>& node() const { return impl().node; }

 private:
  Ref<TensorImpl> impl_;
};

/// The text that PyTorch prints for x, without grad_fn.
std::string to_string(const Tensor& x);
std::ostream& operator<<(std::ostream& out, const Tensor& x);

/// Whether shapes and elements are equal.
bool equal(const Tensor& a, const Tensor& b);
/// Whether |a - b| <= atol + rtol |b| everywhere.
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
              bool equal_nan = false);

}  // namespace gradus

template <>
struct fmt::formatter<gradus::Tensor> : gradus::ToStringFormatter {};
