// A number becomes a key: an unsigned integer with the same order. Keys are sorted together with
// the index of the number, digit by digit from the last digit on, as cards were sorted by machines:
// https://en.wikipedia.org/wiki/Radix_sort
// Each pass keeps the order of equal digits. So the keys are sorted after the last pass, and equal
// ones have their old order.
#include "tensor/kernels/sort.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <type_traits>
#include <vector>

#include "tensor/kernels/parallel.h"

namespace gradus::kernels {
namespace {

template <class Key, class T>
Key key_of(T x) {
  constexpr Key sign_bit = Key{1} << (std::numeric_limits<Key>::digits - 1);
  if constexpr (std::is_same_v<T, bool>) {
    return x;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<Key>(x) ^ sign_bit;
  } else {
    if (x != x) return std::numeric_limits<Key>::max();
    const T without_minus_zero = x + T(0);
    const Key bits = std::bit_cast<Key>(without_minus_zero);
    return (bits & sign_bit) != 0 ? ~bits : bits ^ sign_bit;
  }
}

template <class Key, class Index>
struct SortItem {
  Key key;
  Index index;
};

constexpr int kDigitBits = 8;
constexpr size_t kDigits = size_t{1} << kDigitBits;

template <class Key>
size_t digit(Key key, int pass) {
  return static_cast<size_t>(key >> (pass * kDigitBits)) % kDigits;
}

/// Sorts n items, with memory for n others. Returns where they are then.
template <class Key, class Index>
SortItem<Key, Index>* radix_sort(SortItem<Key, Index>* items, SortItem<Key, Index>* others,
                                 int64_t n) {
  constexpr int kPasses = std::numeric_limits<Key>::digits / kDigitBits;
  std::array<std::array<Index, kDigits>, kPasses> counts{};
  for (int64_t i = 0; i < n; ++i) {
    for (int pass = 0; pass < kPasses; ++pass)
      ++counts[static_cast<size_t>(pass)][digit(items[i].key, pass)];
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    std::array<Index, kDigits>& count = counts[static_cast<size_t>(pass)];
    if (count[digit(items[0].key, pass)] == static_cast<Index>(n)) continue;  // all the same
    Index start = 0;
    for (Index& number : count) {
      const Index next = start + number;
      number = start;
      start = next;
    }
    for (int64_t i = 0; i < n; ++i)
      others[count[digit(items[i].key, pass)]++] = items[i];
    std::swap(items, others);
  }
  return items;
}

template <class Key, class Index, class T>
void sort_row(T* values, int64_t* indices, const T* x, int64_t n, bool descending,
              SortItem<Key, Index>* items) {
  constexpr int64_t kShortRow = 64;
  const Key flip = descending ? std::numeric_limits<Key>::max() : Key{0};
  for (int64_t i = 0; i < n; ++i)
    items[i] = {static_cast<Key>(key_of<Key>(x[i]) ^ flip), static_cast<Index>(i)};
  if (n <= kShortRow) {
    std::sort(items, items + n, [](const auto& a, const auto& b) {
      return a.key < b.key || (a.key == b.key && a.index < b.index);
    });
  } else {
    items = radix_sort(items, items + n, n);
  }
  for (int64_t i = 0; i < n; ++i) {
    const auto index = static_cast<int64_t>(items[i].index);
    values[i] = x[index];
    indices[i] = index;
  }
}

template <class Key, class Index, class T>
void sort_with(T* values, int64_t* indices, const T* x, int64_t rows, int64_t n, bool descending) {
  constexpr int64_t kFewElements = 1 << 12;
  const int64_t tasks =
      rows * n < kFewElements ? 1 : std::min<int64_t>(rows, 4 * get_num_threads());
  std::vector<SortItem<Key, Index>> memory(
      static_cast<size_t>(std::min<int64_t>(tasks, rows) * 2 * n));
  parallel_for(tasks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      SortItem<Key, Index>* const items = memory.data() + task * 2 * n;
      for (int64_t row = rows * task / tasks; row < rows * (task + 1) / tasks; ++row)
        sort_row(values + row * n, indices + row * n, x + row * n, n, descending, items);
    }
  });
}

}  // namespace

template <class T>
void sort_rows(T* values, int64_t* indices, const T* x, int64_t rows, int64_t n, bool descending) {
  if (rows == 0 || n == 0) return;
  using Key = std::conditional_t<sizeof(T) <= sizeof(uint32_t), uint32_t, uint64_t>;
  if (n <= std::numeric_limits<uint32_t>::max())
    sort_with<Key, uint32_t>(values, indices, x, rows, n, descending);
  else
    sort_with<Key, uint64_t>(values, indices, x, rows, n, descending);
}

template void sort_rows(float*, int64_t*, const float*, int64_t, int64_t, bool);
template void sort_rows(double*, int64_t*, const double*, int64_t, int64_t, bool);
template void sort_rows(int64_t*, int64_t*, const int64_t*, int64_t, int64_t, bool);
template void sort_rows(bool*, int64_t*, const bool*, int64_t, int64_t, bool);

}  // namespace gradus::kernels
