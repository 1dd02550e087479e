// A reference-counted pointer whose count lives in the object.
#pragma once
#include <atomic>
#include <cstdint>
#include <utility>

namespace gradus {

/// Base class of the objects that a Ref points to.
struct RefCounted {
  std::atomic<uint32_t> references{0};
};
template <class T>
void retain(T* object) {
  object->references.fetch_add(1, std::memory_order_relaxed);
}
/// Returns whether this was the last reference. If the count is 1 no other thread can change it, so
/// the subtraction, which is slower, is skipped.
inline bool drop_reference(RefCounted* object) {
  return object->references.load(std::memory_order_acquire) == 1 ||
         object->references.fetch_sub(1, std::memory_order_acq_rel) == 1;
}
template <class T>
void release(T* object) {
  if (drop_reference(object)) delete object;
}

/// Shared ownership of a T. retain(T*) and release(T*) change the count.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}  // NOLINT: implicit, as for a pointer
  explicit Ref(T* object) : object_(object) {
    if (object_) retain(object_);
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ~Ref() {
    if (object_) release(object_);
  }
  /// The first owner of a new object: no other thread knows it yet, so the count is simply set.
  static Ref first(T* object) {
    object->references.store(1, std::memory_order_relaxed);
    Ref owner;
    owner.object_ = object;
    return owner;
  }
  /// Not counted: the owner of the object must forget() it before it is destroyed.
  static Ref uncounted(T* object) {
    Ref pointer;
    pointer.object_ = object;
    return pointer;
  }
  void forget() { object_ = nullptr; }
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

 private:
  T* object_ = nullptr;
};

template <class T, class... Args>
Ref<T> make_ref(Args&&... args) {
  return Ref<T>::first(new T(std::forward<Args>(args)...));
}

}  // namespace gradus
