#include "tensor/tensor.h"

#include "tensor/kernels/index.h"
#include "tensor/loops.h"

namespace gradus {

Storage::Storage(int64_t size, bool zeroed) : bytes(size) {
  if (size == 0) return;
  data = static_cast<std::byte*>(kernels::allocate(static_cast<size_t>(size), zeroed));
  check(data != nullptr, "empty: there is no memory for a tensor of {} bytes", size);
}

Storage::~Storage() {
  if (data) kernels::deallocate(data, static_cast<size_t>(bytes));
}

TensorImpl::TensorImpl(Ref<Storage> memory, int64_t start, const Shape& size, const Shape& step,
                       DType t, bool view)
    : storage(std::move(memory)),
      offset(start),
      sizes(size),
      strides(step),
      dtype(t),
      is_view(view),
      is_contiguous(true),
      numel(1) {
  for (size_t d = sizes.size(); d-- > 0;) {
    is_contiguous = is_contiguous && (sizes[d] == 1 || strides[d] == numel);
    numel *= sizes[d];
  }
  is_contiguous = is_contiguous || numel == 0;
  if (is_view) ++storage->views;
}
TensorImpl::~TensorImpl() {
  if (is_view) --storage->views;
}

void TensorImpl::set_data(const TensorImpl& value) {
  // Larger than any version at which the old or the new memory can have been saved.
  value.storage->version = std::max(storage->version.load(), value.storage->version.load()) + 1;
  if (std::exchange(is_view, false)) --storage->views;
  storage = value.storage;
  offset = value.offset;
  strides = value.strides;
  dtype = value.dtype;
  is_contiguous = value.is_contiguous;
}

int64_t Tensor::size(int64_t dim) const {
  check(!sizes().empty(), "size: a tensor without dimensions has no sizes");
  return sizes()[wrap_dim("size", dim, sizes().size())];
}
int64_t Tensor::stride(int64_t dim) const {
  check(!sizes().empty(), "stride: a tensor without dimensions has no strides");
  return strides()[wrap_dim("stride", dim, sizes().size())];
}

Tensor Tensor::as_view(const Shape& sizes, const Shape& strides, int64_t offset) const {
  return Tensor(
      make_ref<TensorImpl>(impl().storage, offset, sizes, strides, dtype(), /*view=*/true));
}

Tensor Tensor::detach() const {
  const TensorImpl& x = impl();
  return Tensor(
      make_ref<TensorImpl>(x.storage, x.offset, x.sizes, x.strides, x.dtype, /*view=*/false));
}

void check_same_dtype(const char* op, const Tensor& a, const Tensor& b) {
  check(a.dtype() == b.dtype(), "{}: the dtypes differ, {} and {}; convert one with .to()", op,
        a.dtype(), b.dtype());
}

Tensor checked_ids(const char* op, const char* what, const Tensor& ids, int64_t size,
                   const char* of, std::optional<int64_t> allowed) {
  check(ids.dtype() == kInt64, "{}: each {} is a whole number and must be int64, got {}", op, what,
        ids.dtype());
  const Tensor in_order = as_contiguous(ids);
  const int64_t* data = in_order.data<int64_t>();
  const bool none_fits = size == 0 && !allowed;
  const int64_t at =
      none_fits ? 0 : kernels::find_outside(data, ids.numel(), size, allowed.value_or(0));
  if (at < ids.numel())
    fail("{}: {} {} at {} is outside the {} {}", op, what, data[at], index_of(at, ids.sizes()),
         size, of);
  return in_order;
}

void copy_elements(const Tensor& to, const Tensor& from) {
  const auto walk = strided_loop(to.sizes(), to, from);
  dispatch(to.dtype(), [&]<class Y>() {
    dispatch(from.dtype(), [&]<class X>() {
      if constexpr (std::is_same_v<X, Y>)
        kernels::copy(to.data<Y>(), from.data<X>(), walk);
      else
        kernels::map(to.data<Y>(), from.data<X>(), walk, kernels::convert<Y, X>);
    });
  });
}

Tensor as_contiguous(const Tensor& x) {
  if (x.is_contiguous()) return x;
  const Tensor y = empty(x.sizes(), x.dtype());
  copy_elements(y, x);
  return y;
}

bool may_write_in_place(const Tensor& x) {
  return kernels::meets_each_once(strided_loop(x.sizes(), x));
}

bool equal(const Tensor& a, const Tensor& b) {
  check_same_dtype("equal", a, b);
  if (a.sizes() != b.sizes()) return false;
  const Tensor p = as_contiguous(a);
  const Tensor q = as_contiguous(b);
  return dispatch(a.dtype(), [&]<class T>() {
    return std::equal(p.data<T>(), p.data<T>() + p.numel(), q.data<T>());
  });
}

bool Tensor::equal(const Tensor& y) const { return gradus::equal(*this, y); }
bool Tensor::allclose(const Tensor& y, double rtol, double atol, bool equal_nan) const {
  return gradus::allclose(*this, y, rtol, atol, equal_nan);
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  check_same_dtype("allclose", a, b);
  const Tensor close = empty(broadcast_shapes("allclose", a.sizes(), b.sizes()), kBool);
  dispatch(a.dtype(), [&]<class T>() {
    zip_into<bool, T>(close, a, b,
                      [&](T p, T q) { return kernels::is_close(p, q, rtol, atol, equal_nan); });
  });
  return std::all_of(close.data<bool>(), close.data<bool>() + close.numel(),
                     [](bool ok) { return ok; });
}

}  // namespace gradus
