// Tensor: a handle to strided memory and, if it needs gradients, to its place in the graph.
//
// Copies of a Tensor are the same tensor: they share data, grad and history, so methods that write
// in place are const. The methods marked (differentiable) are declared here and defined in
// autograd/tensor_methods.cpp, each one line that forwards to the op of the same name in
// autograd/ops.h: the only place where this folder knows of a later one.
#pragma once
#include <tuple>

#include "tensor/memory.h"
#include "tensor/ref.h"
#include "tensor/shape.h"

namespace gradus {

/// The memory behind tensors. Several may look at one: a tensor, its views, its detached copies.
struct Storage : RefCounted, memory::Pooled {
  /// Memory aligned for vector instructions: zeros, or uninitialised (NaN in debug builds). Throws
  /// Error when there is not as much.
  explicit Storage(int64_t size, bool zeroed = false);
  ~Storage();
  Storage(const Storage&) = delete;

  std::byte* data = nullptr;
  int64_t bytes = 0;
  std::atomic<uint32_t> version{
      0};  // grows with every write in place, so that a backward notices it
  std::atomic<int32_t> views{
      0};  // living tensors made by view ops: history cannot follow a write to these
};

struct Node;  // a vertex of the graph, see autograd/node.h
void retain(Node* node);
void release(Node* node);

struct TensorImpl : RefCounted, memory::Pooled {
  TensorImpl(Ref<Storage> memory, int64_t start, const Shape& size, const Shape& step, DType t,
             bool view);
  ~TensorImpl();
  /// Takes over the memory, strides and dtype of `value`, which has the same sizes. It counts as a
  /// write in place: a backward that saved the old data notices it.
  void set_data(const TensorImpl& value);

  Ref<Storage> storage;
  int64_t offset;  // of the first element, in elements
  Shape sizes, strides;
  DType dtype;
  bool is_view;  // made by a view op: shares memory with the tensor it was made from
  bool is_contiguous;
  int64_t numel;
  Ref<Node> node;  // null unless the tensor needs gradients
};

class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) = default;
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & = default;
  /// x[i] = y writes into x, as in PyTorch.
  Tensor& operator=(const Tensor& y) &&;
  Tensor& operator=(Scalar value) &&;

  // ask
  bool defined() const { return static_cast<bool>(impl_); }
  int64_t dim() const { return static_cast<int64_t>(impl().sizes.size()); }
  const Shape& sizes() const { return impl().sizes; }
  /// The sizes by name, checking how many there are: auto [B, T, C] = x.sizes<3>();
  template <size_t N>
  std::array<int64_t, N> sizes() const {
    check(sizes().size() == N, "sizes<{}>: the tensor is {}", N, sizes());
    std::array<int64_t, N> list;
    std::copy(sizes().begin(), sizes().end(), list.begin());
    return list;
  }
  int64_t size(int64_t dim) const;
  const Shape& strides() const { return impl().strides; }
  int64_t stride(int64_t dim) const;
  int64_t numel() const { return impl().numel; }
  int64_t storage_offset() const { return impl().offset; }
  DType dtype() const { return impl().dtype; }
  DType scalar_type() const { return impl().dtype; }
  TensorOptions options() const { return TensorOptions(dtype()); }
  bool is_floating_point() const { return gradus::is_floating_point(dtype()); }
  bool is_contiguous() const { return impl().is_contiguous; }
  /// Whether both are the same tensor, not only equal ones.
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }
  /// The first element; elements lie at the strides. Writing through it is not noticed by backward.
  template <Element T>
  T* data_ptr() const {
    check(dtype_of<T> == dtype(), "data_ptr: the tensor holds {}, not {}", dtype(), dtype_of<T>);
    return data<T>();
  }
  /// The value of a tensor with one element.
  template <class T>
  requires std::is_arithmetic_v<T> T item()
  const {
    check(numel() == 1, "item: the tensor is {}, only a tensor with one element has one value",
          sizes());
    return dispatch(dtype(), [&]<class S>() {
      const S value = *data<S>();
      if constexpr (std::is_floating_point_v<S> && std::is_integral_v<T> &&
                    !std::is_same_v<T, bool>) {
        using Limits = std::numeric_limits<T>;
        check(value - static_cast<S>(Limits::min()) > -1 &&
                  value < static_cast<S>(Limits::max() / 2 + 1) * 2,
              "item: {} is not in the range of the type asked for", value);
      }
      return static_cast<T>(value);
    });
  }

  /// See the functions of the same names below.
  bool equal(const Tensor& y) const;
  bool allclose(const Tensor& y, double rtol = 1e-5, double atol = 1e-8,
                bool equal_nan = false) const;

  // make another (differentiable)
  Tensor to(DType t) const;
  Tensor to(const TensorOptions& options) const { return to(options.dtype_or(dtype())); }
  Tensor clone() const, contiguous() const;

  // views: the same memory (differentiable)
  Tensor view(const Shape& sizes) const;
  Tensor reshape(const Shape& sizes) const;
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
  Tensor operator[](const Tensor& index) const;
  std::vector<Tensor> chunk(int64_t chunks, int64_t dim = 0) const;
  std::vector<Tensor> split(int64_t size, int64_t dim = 0) const;
  std::vector<Tensor> split(const std::vector<int64_t>& sizes, int64_t dim = 0) const;
  Tensor flatten(int64_t start_dim = 0, int64_t end_dim = -1) const;

  // elementwise (differentiable)
  Tensor add(const Tensor& y, Scalar alpha = 1) const;
  Tensor add(Scalar y, Scalar alpha = 1) const;
  Tensor sub(const Tensor& y, Scalar alpha = 1) const;
  Tensor sub(Scalar y, Scalar alpha = 1) const;
  Tensor mul(const Tensor& y) const;
  Tensor mul(Scalar y) const;
  Tensor div(const Tensor& y) const;
  Tensor div(Scalar y) const;
  Tensor pow(const Tensor& exponent) const;
  Tensor pow(Scalar exponent) const;
  Tensor operator-() const;
  Tensor neg() const, abs() const, exp() const, log() const, sqrt() const, rsqrt() const,
      sin() const, cos() const;
  Tensor tanh() const, sigmoid() const, relu() const;
  Tensor clamp(std::optional<Scalar> min = {}, std::optional<Scalar> max = {}) const;
  Tensor maximum(const Tensor& y) const;
  Tensor minimum(const Tensor& y) const;
  Tensor where(const Tensor& condition, const Tensor& otherwise) const;
  Tensor masked_fill(const Tensor& mask, Scalar value) const;
  Tensor masked_fill(const Tensor& mask, const Tensor& value) const;
  Tensor tril(int64_t diagonal = 0) const;
  Tensor triu(int64_t diagonal = 0) const;
  Tensor eq(const Tensor& y) const;
  Tensor eq(Scalar y) const;
  Tensor ne(const Tensor& y) const;
  Tensor ne(Scalar y) const;
  Tensor lt(const Tensor& y) const;
  Tensor lt(Scalar y) const;
  Tensor le(const Tensor& y) const;
  Tensor le(Scalar y) const;
  Tensor gt(const Tensor& y) const;
  Tensor gt(Scalar y) const;
  Tensor ge(const Tensor& y) const;
  Tensor ge(Scalar y) const;
  Tensor logical_not() const;
  Tensor logical_and(const Tensor& y) const;
  Tensor logical_or(const Tensor& y) const;

  // reduce (differentiable); dim is a number, braces or a vector; no dim is all of them
  Tensor sum(std::optional<DType> dtype = {}) const;
  Tensor sum(const Shape& dim, bool keepdim = false, std::optional<DType> dtype = {}) const;
  Tensor mean(std::optional<DType> dtype = {}) const;
  Tensor mean(const Shape& dim, bool keepdim = false, std::optional<DType> dtype = {}) const;
  Tensor var(const Shape& dim, bool unbiased = true, bool keepdim = false) const;
  Tensor std(const Shape& dim, bool unbiased = true, bool keepdim = false) const;
  template <std::same_as<bool> Bool = bool>  // a template, so that a number here is a dimension
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
  Tensor logsumexp(const Shape& dim, bool keepdim = false) const;
  Tensor norm(Scalar p = 2) const;
  Tensor norm(std::optional<Scalar> p, const Shape& dim, bool keepdim = false) const;
  Tensor cumsum(int64_t dim, std::optional<DType> dtype = {}) const;
  std::tuple<Tensor, Tensor> topk(int64_t k, int64_t dim = -1, bool largest = true,
                                  bool sorted = true) const;

  // linear algebra, index, neural (differentiable)
  Tensor matmul(const Tensor& y) const;
  Tensor outer(const Tensor& y) const;
  Tensor index_select(int64_t dim, const Tensor& index) const;
  Tensor gather(int64_t dim, const Tensor& index) const;
  Tensor scatter_add(int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor multinomial(int64_t num_samples, bool replacement = false) const;
  Tensor softmax(int64_t dim, std::optional<DType> dtype = {}) const;
  Tensor log_softmax(int64_t dim, std::optional<DType> dtype = {}) const;

  // in place
  Tensor fill_(Scalar value) const;
  Tensor zero_() const;
  Tensor copy_(const Tensor& source) const;
  Tensor add_(const Tensor& y, Scalar alpha = 1) const;
  Tensor add_(Scalar y, Scalar alpha = 1) const;
  Tensor sub_(const Tensor& y, Scalar alpha = 1) const;
  Tensor sub_(Scalar y, Scalar alpha = 1) const;
  Tensor mul_(const Tensor& y) const;
  Tensor mul_(Scalar y) const;
  Tensor div_(const Tensor& y) const;
  Tensor div_(Scalar y) const;
  Tensor masked_fill_(const Tensor& mask, Scalar value) const;
  Tensor uniform_(double from = 0, double to = 1) const;
  Tensor normal_(double mean = 0, double std = 1) const;
  Tensor bernoulli_(double p = 0.5) const;
  template <class Y>
  Tensor operator+=(const Y& y) const {
    return add_(y);
  }
  template <class Y>
  Tensor operator-=(const Y& y) const {
    return sub_(y);
  }
  template <class Y>
  Tensor operator*=(const Y& y) const {
    return mul_(y);
  }
  template <class Y>
  Tensor operator/=(const Y& y) const {
    return div_(y);
  }

  // gradients
  bool requires_grad() const;
  Tensor requires_grad_(bool on = true) const;
  bool is_leaf() const;
  /// Keeps the gradient of a tensor that is not a leaf, too.
  void retain_grad() const;
  /// The gradient that backward() left here, or an undefined tensor.
  Tensor grad() const;
  Tensor& mutable_grad() const;
  /// Replaces the memory, strides and dtype of a leaf by those of `value`, which has the same
  /// shape. Every handle to the leaf sees the new data, and its grad is converted to the new dtype.
  void set_data(const Tensor& value) const;
  /// Adds d(this)/d(leaf), times `gradient`, to the grad of every leaf behind this tensor.
  void backward(const Tensor& gradient = {}, std::optional<bool> retain_graph = {},
                bool create_graph = false) const;
  /// The same memory without history.
  Tensor detach() const;

  // for the rest of the library: nothing here is recorded or checked
  TensorImpl& impl() const {
    if (!impl_) [[unlikely]]
      fail("tensor: this Tensor is undefined, it was never given a value");
    return *impl_;
  }
  /// data_ptr without the check of the dtype.
  template <class T>
  T* data() const {
    return reinterpret_cast<T*>(impl().storage->data) + impl().offset;
  }
  /// Another look at the same memory.
  Tensor as_view(const Shape& sizes, const Shape& strides, int64_t offset) const;
  const Ref<Node>& node() const { return impl().node; }

 private:
  Ref<TensorImpl> impl_;
};

/// x as PyTorch prints it; numbers only, no grad_fn.
std::string to_string(const Tensor& x);
std::ostream& operator<<(std::ostream& out, const Tensor& x);

bool equal(const Tensor& a, const Tensor& b);
/// Whether |a - b| <= atol + rtol |b| everywhere.
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
              bool equal_nan = false);

}  // namespace gradus

template <>
struct fmt::formatter<gradus::Tensor> : gradus::ToStringFormatter {};
