#include "tensor/kernels/attention.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/attention.h"

namespace gradus::kernels {

namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// body(task, buffer) for each task, whichever thread is free next taking it; `size` numbers of
/// buffer for each thread.
template <class T, class Body>
void for_each_task(int64_t tasks, bool serial, int64_t size, const Body& body) {
  const int64_t workers = serial ? 1 : std::min<int64_t>(get_num_threads(), tasks);
  struct alignas(64) Line {
    T numbers[64 / sizeof(T)];
  };
  const int64_t lines = divide_up(size * static_cast<int64_t>(sizeof(T)), sizeof(Line));
  const auto memory = std::make_unique_for_overwrite<Line[]>(static_cast<size_t>(workers * lines));
  std::atomic<int64_t> next{0};
  parallel_for(workers, 1, [&](int64_t begin, int64_t end) {
    for (int64_t w = begin; w < end; ++w) {
      for (int64_t task = next++; task < tasks; task = next++)
        body(task, memory[static_cast<size_t>(w * lines)].numbers);
    }
  });
}

template <class T>
bool is_small(const Attention<T>& a) {
  return static_cast<double>(a.batch) * static_cast<double>(a.L) * static_cast<double>(a.S) *
             static_cast<double>(a.D + a.Dv) <
         200'000;
}

}  // namespace

template <class T>
void attention(Rows<T> y, T* lse, const Attention<T>& a) {
  const int64_t blocks = divide_up(a.L, kAttentionQueries);
  const int64_t size = GRADUS_DISPATCH(attention_buffer(a, int64_t{0}));
  for_each_task<T>(a.batch * blocks, is_small(a), size, [&](int64_t task, T* buffer) {
    const int64_t begin =
        (blocks - 1 - task % blocks) * kAttentionQueries;  // causal: the longest first
    GRADUS_DISPATCH(attention_queries(y, lse, a, task / blocks, begin,
                                      std::min(begin + kAttentionQueries, a.L), buffer));
  });
}

template <class T>
void attention_backward(Rows<T> dq, Rows<T> dk, Rows<T> dv, Rows<const T> dy, Rows<const T> y,
                        const T* lse, const Attention<T>& a) {
  // A task computes dk and dv for some of a head's keys, all of them if there are enough heads. Its
  // part of dq is added to those of the head's other tasks at the end, in their order.
  const int64_t wanted =
      std::clamp(divide_up(8, a.batch), int64_t{1}, divide_up(a.S, 4 * kAttentionKeys));
  const int64_t length = divide_up(divide_up(a.S, wanted), kAttentionKeys) * kAttentionKeys;
  const int64_t parts = divide_up(a.S, length);
  const int64_t size = a.L * a.D;
  const auto more =
      std::make_unique_for_overwrite<T[]>(static_cast<size_t>((parts - 1) * a.batch * size));
  std::vector<int64_t> more_at(static_cast<size_t>(a.batch));
  for (int64_t b = 0; b < a.batch; ++b)
    more_at[static_cast<size_t>(b)] = b * size;
  const int64_t buffer_size = GRADUS_DISPATCH(attention_buffer(a, length));
  for_each_task<T>(a.batch * parts, is_small(a), buffer_size, [&](int64_t task, T* buffer) {
    const int64_t b = task / parts;
    const int64_t part = task % parts;
    AttentionGradients<T> g{dq, dk, dv, dy, y, lse};
    if (part > 0) g.dq = {more.get() + (part - 1) * a.batch * size, a.D, more_at.data()};
    GRADUS_DISPATCH(
        attention_keys(g, a, b, part * length, std::min((part + 1) * length, a.S), buffer));
  });
  parallel_for(parts == 1 ? 0 : a.batch * a.L, grain_for(parts * a.D),
               [&](int64_t begin, int64_t end) {
                 for (int64_t n = begin; n < end; ++n) {
                   T* const row = dq.data + dq.at[n / a.L] + n % a.L * dq.row;
                   for (int64_t part = 1; part < parts; ++part) {
                     const T* const from = more.get() + (part - 1) * a.batch * size + n * a.D;
                     for (int64_t d = 0; d < a.D; ++d)
                       row[d] += from[d];
                   }
                 }
               });
}

#define GRADUS_INSTANTIATE(T)                                                               \
  template void attention(Rows<T>, T*, const Attention<T>&);                                \
  template void attention_backward(Rows<T>, Rows<T>, Rows<T>, Rows<const T>, Rows<const T>, \
                                   const T*, const Attention<T>&);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
