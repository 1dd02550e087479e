// The reference of the properties: arrays as std::vector and loops over indices, without strides.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

namespace gradus::fuzz {

using Index = std::vector<int64_t>;

inline int64_t count(const Index& sizes) {
  int64_t n = 1;
  for (const int64_t size : sizes)
    n *= size;
  return n;
}

/// Calls f with every index of an array, the last dimension fastest.
inline void for_each_index(const Index& sizes, const std::function<void(const Index&)>& f) {
  Index index(sizes.size(), 0);
  for (int64_t n = count(sizes); n > 0; --n) {
    f(index);
    for (size_t d = sizes.size(); d-- > 0;) {
      if (++index[d] < sizes[d]) break;
      index[d] = 0;
    }
  }
}

template <class T>
struct Array {
  Index sizes;
  std::vector<T> values = {};  // in row-major order

  /// An array whose value at each index is f(index).
  static Array make(const Index& sizes, const std::function<T(const Index&)>& f) {
    Array array{sizes};
    for_each_index(sizes, [&](const Index& index) { array.values.push_back(f(index)); });
    return array;
  }

  size_t position(const Index& index) const {
    int64_t position = 0;
    for (size_t d = 0; d < sizes.size(); ++d)
      position = position * sizes[d] + index[d];
    return static_cast<size_t>(position);
  }
  T at(const Index& index) const { return values[position(index)]; }
  /// The value at an index of an array that this one is broadcast to.
  T broadcast_at(const Index& index) const {
    Index own(index.end() - std::ssize(sizes), index.end());
    for (size_t d = 0; d < sizes.size(); ++d)
      if (sizes[d] == 1) own[d] = 0;
    return at(own);
  }
};

/// The shape that a and b broadcast to; false if they do not fit.
inline bool broadcast(const Index& a, const Index& b, Index& sizes) {
  sizes.assign(std::max(a.size(), b.size()), 1);
  for (const Index& from : {a, b})
    for (size_t i = 1; i <= from.size(); ++i) {
      int64_t& size = sizes[sizes.size() - i];
      const int64_t other = from[from.size() - i];
      if (size != 1 && other != 1 && size != other) return false;
      if (size == 1) size = other;
    }
  return true;
}

}  // namespace gradus::fuzz
