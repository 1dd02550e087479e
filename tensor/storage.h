// What is inside a Tensor: Storage is its memory, TensorImpl says where the elements are in it.
#pragma once
#include "tensor/memory.h"
#include "tensor/ref.h"
#include "tensor/shape.h"

namespace gradus {

/// The memory of a tensor. Its views and detached copies share it.
struct Storage : RefCounted, memory::Pooled {
  /// Memory aligned for vector instructions: zeros, or uninitialised (NaN in debug builds). Throws
  /// Error if there is not enough.
  explicit Storage(int64_t size, bool zeroed = false);
  ~Storage();
  Storage(const Storage&) = delete;

  std::byte* data;  // never null
  int64_t bytes;
  std::atomic<uint32_t> version{0};  // counts the writes in place, so that backward detects them
  std::atomic<int32_t> views{0};     // existing views; if there are any, no write can be recorded
};

struct Node;  // a vertex of the graph, see autograd/node.h
void retain(Node* node);
void release(Node* node);

/// The object that all copies of a Tensor share. Element (i, j, ...) is at
///   offset + i * strides[0] + j * strides[1] + ...
/// in the storage.
struct TensorImpl : RefCounted, memory::Pooled {
  TensorImpl(Ref<Storage> memory, int64_t start, const Shape& size, const Shape& step, DType t,
             Ref<TensorImpl> viewed = {});
  ~TensorImpl();
  /// Takes over the memory, strides and dtype of `value`, which has the same sizes. It counts as a
  /// write in place: a backward that has saved the old data throws.
  void set_data(const TensorImpl& value);

  DType dtype;  // the small members come first: they use bytes that would be padding elsewhere
  bool is_contiguous;
  Ref<Storage> storage;
  int64_t offset;  // of the first element, in elements
  Shape sizes;
  Shape strides;  // in elements
  int64_t numel;
  Ref<Node> node;  // null if the tensor needs no gradients
  // The tensor whose memory a view shares, never a view itself; null if this is not a view. A write
  // to the view must be refused if the base needs gradients, even if the view was made before that
  // or under NoGradGuard and has no node.
  Ref<TensorImpl> base;
};

}  // namespace gradus
