#include "tensor/tensor.h"

#include "tensor/checks.h"
#include "tensor/factories.h"
#include "tensor/kernels/elementwise.h"
#include "tensor/kernels/isa.h"
#include "tensor/observers.h"
#include "tensor/strided.h"

namespace gradus {

void kernels::fail_out_of_memory() { throw Error(out_of_memory); }

namespace {

// Where tensors without elements point: adding an offset to a null pointer is undefined.
alignas(64) std::byte no_elements[64];

/// The kernels cannot throw, so the first tensor complains of a wrong environment variable.
void check_environment() {
  static const bool checked = [] {
    const char* const unknown = kernels::unknown_isa();
    check(unknown == nullptr,
          "GRADUS_CPU: expected portable, avx2, avx512, avx512_bf16 or amx, got '{}'",
          unknown ? unknown : "");
    return true;
  }();
  static_cast<void>(checked);
}

}  // namespace

Storage::Storage(int64_t size, bool zeroed) : data(no_elements), bytes(size) {
  if (size == 0) return;
  check_environment();
  data = static_cast<std::byte*>(kernels::allocate(static_cast<uint64_t>(size), zeroed));
  check(data != nullptr, "out of memory: a tensor of {} bytes could not be allocated", size);
  if (observers::active()) [[unlikely]]
    observers::allocated(*this);
}

Storage::~Storage() {
  if (bytes > 0) kernels::deallocate(data, static_cast<size_t>(bytes));
}

TensorImpl::TensorImpl(Ref<Storage> memory, int64_t start, const Shape& size, const Shape& step,
                       DType t, Ref<TensorImpl> viewed)
    : dtype(t),
      is_contiguous(true),
      storage(std::move(memory)),
      offset(start),
      sizes(size),
      strides(step),
      numel(1),
      base(std::move(viewed)) {
  for (size_t d = sizes.size(); d-- > 0;) {
    is_contiguous = is_contiguous && (sizes[d] == 1 || strides[d] == numel);
    numel *= sizes[d];
  }
  is_contiguous = is_contiguous || numel == 0;
  if (base) ++storage->views;
}
TensorImpl::~TensorImpl() {
  if (base) --storage->views;
}

void TensorImpl::set_data(const TensorImpl& value) {
  // Larger than any version at which the old or the new memory can have been saved.
  value.storage->version = std::max(storage->version.load(), value.storage->version.load()) + 1;
  if (std::exchange(base, nullptr)) --storage->views;
  storage = value.storage;
  offset = value.offset;
  strides = value.strides;
  dtype = value.dtype;
  is_contiguous = value.is_contiguous;
}

void fail_undefined() {
  fail(
      "tensor: this Tensor is undefined, it was never given a value; if it is a grad, no "
      "backward() "
      "has reached this tensor");
}

Scalar Tensor::item() const {
  check(numel() == 1, "item: the tensor is {}, only a tensor with one element has one value",
        sizes());
  return dispatch_stored(dtype(), [&]<class T>() { return Scalar(NumberOf<T>(*data<T>())); });
}

void* Tensor::data_ptr() const {
  return dispatch_stored(dtype(), [&]<class T>() -> void* { return data<T>(); });
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
  const TensorImpl& x = impl();
  return Tensor(make_ref<TensorImpl>(x.storage, offset, sizes, strides, x.dtype,
                                     /*viewed=*/x.base ? x.base : impl_));
}

Tensor Tensor::detach() const {
  const TensorImpl& x = impl();
  return Tensor(make_ref<TensorImpl>(x.storage, x.offset, x.sizes, x.strides, x.dtype));
}

bool equal(const Tensor& a, const Tensor& b) {
  check_same_dtype("equal", a, b);
  if (a.sizes() != b.sizes()) return false;
  const Tensor p = as_contiguous(a);
  const Tensor q = as_contiguous(b);
  return dispatch_stored(a.dtype(), [&]<class T>() {
    return std::equal(p.data<T>(), p.data<T>() + p.numel(), q.data<T>());
  });
}

bool Tensor::equal(const Tensor& y) const { return gradus::equal(*this, y); }
bool Tensor::allclose(const Tensor& y, double rtol, double atol, bool equal_nan) const {
  return gradus::allclose(*this, y, rtol, atol, equal_nan);
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  check_same_dtype("allclose", a, b);
  check(rtol >= 0 && atol >= 0, "allclose: rtol is {} and atol {}, a tolerance is not negative",
        rtol, atol);
  const Shape sizes = broadcast_shapes("allclose", a.sizes(), b.sizes());
  return dispatch("allclose", a.dtype(), [&]<class T>() {
    return kernels::all_close(a.data<T>(), b.data<T>(), strided_loop(sizes, a, b),
                              {.rtol = rtol, .atol = atol, .equal_nan = equal_nan});
  });
}

}  // namespace gradus
