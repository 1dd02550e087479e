#include "tensor/kernels/attention.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

#include "tensor/kernels/bfloat16/attention.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/simd/attention.h"

namespace gradus::kernels {

// The reference version. The comments name the formulas of attention.h.

namespace {

template <class T>
T* row_of(const Heads<T>& x, int64_t head, int64_t row) {
  return x.data + x.offsets[head] + row * x.row_stride;
}

template <class T>
double dot(const T* x, const T* y, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i)
    sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return sum;
}

/// sums += factor * x.
template <class T>
void add_scaled(double* sums, double factor, const T* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    sums[i] += factor * static_cast<double>(x[i]);
}

template <class T>
void store_row(T* row, const double* values, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    row[i] = static_cast<T>(values[i]);
}

/// S_ij of one head.
template <class T>
double score(const Attention<T>& attention, int64_t head, int64_t i, int64_t j) {
  constexpr double kHidden = -std::numeric_limits<double>::infinity();
  const AttentionMask<T>& mask = attention.mask;
  const int64_t offset =
      mask.offsets ? mask.offsets[head] + i * mask.row_stride + j * mask.col_stride : 0;
  if (attention.causal && j > i) return kHidden;
  if (mask.visible && !mask.visible[offset]) return kHidden;
  const double product =
      dot(row_of(attention.q, head, i), row_of(attention.k, head, j), attention.D);
  const double scaled = static_cast<double>(attention.scale) * product;
  return mask.added ? scaled + static_cast<double>(mask.added[offset]) : scaled;
}

/// Z_ij of one head.
template <class T>
double dropout_factor(const Attention<T>& attention, int64_t head, int64_t i, int64_t j) {
  if (!attention.dropout.kept) return 1;
  const int64_t bit = (head * attention.L + i) * attention.S + j;
  const bool kept = (attention.dropout.kept[bit / 64] >> (bit % 64) & 1) != 0;
  return kept ? static_cast<double>(attention.dropout.kept_scale) : 0;
}

struct RowSums {
  double m;
  double l;
};

/// m and l of one query.
template <class T>
RowSums row_sums(const std::vector<double>& scores, const Attention<T>& attention) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double largest = -kInfinity;
  for (const double s : scores)
    largest = std::max(largest, s);
  const bool may_see_nothing = attention.mask.visible || attention.mask.added || attention.S == 0;
  if (largest == -kInfinity && may_see_nothing) return {0, kInfinity};
  double sum = 0;
  for (const double s : scores)
    sum += std::exp(s - largest);
  return {largest, sum};
}

}  // namespace

template <class T>
void attention_reference(Heads<T> y, const SoftmaxSums<T>& sums, const Attention<T>& attention) {
  const auto& [q, k, v, heads, L, S, D, Dv, scale, causal, mask, dropout, precision] = attention;
  std::vector<double> scores(static_cast<size_t>(S));
  std::vector<double> context(static_cast<size_t>(Dv));
  for (int64_t head = 0; head < heads; ++head) {
    for (int64_t i = 0; i < L; ++i) {
      for (int64_t j = 0; j < S; ++j)
        scores[static_cast<size_t>(j)] = score(attention, head, i, j);
      const auto [m, l] = row_sums(scores, attention);
      std::fill(context.begin(), context.end(), 0.0);
      for (int64_t j = 0; j < S; ++j) {
        const double weight = std::exp(scores[static_cast<size_t>(j)] - m) / l;  // P_ij
        const double factor = weight * dropout_factor(attention, head, i, j);
        add_scaled(context.data(), factor, row_of(v, head, j), Dv);  // y = (P * Z) v
      }
      store_row(row_of(y, head, i), context.data(), Dv);
      sums.m[head * L + i] = static_cast<T>(m);
      sums.l[head * L + i] = static_cast<T>(l);
    }
  }
}

template <class T>
void attention_backward_reference(const AttentionGradients<T>& gradients,
                                  const Attention<T>& attention) {
  const auto& [q, k, v, heads, L, S, D, Dv, scale, causal, mask, dropout, precision] = attention;
  std::vector<double> dq(static_cast<size_t>(D));
  std::vector<double> dk(static_cast<size_t>(S * D));
  std::vector<double> dv(static_cast<size_t>(S * Dv));
  for (int64_t head = 0; head < heads; ++head) {
    std::fill(dk.begin(), dk.end(), 0.0);
    std::fill(dv.begin(), dv.end(), 0.0);
    for (int64_t i = 0; i < L; ++i) {
      const T* const dy = row_of(gradients.dy, head, i);
      const double m = static_cast<double>(gradients.sums.m[head * L + i]);
      const double l = static_cast<double>(gradients.sums.l[head * L + i]);
      const double delta = dot(dy, row_of(gradients.y, head, i), Dv);  // rowsum(dy * y)
      std::fill(dq.begin(), dq.end(), 0.0);
      for (int64_t j = 0; j < S; ++j) {
        const double weight = std::exp(score(attention, head, i, j) - m) / l;  // P
        const double factor = dropout_factor(attention, head, i, j);           // Z
        const double dweight = dot(dy, row_of(v, head, j), Dv) * factor;       // dP = dy v^T * Z
        const double dscore = weight * (dweight - delta);                      // dS
        const double scaled = static_cast<double>(scale) * dscore;             // scale * dS
        add_scaled(dq.data(), scaled, row_of(k, head, j), D);                  // dq
        add_scaled(dk.data() + j * D, scaled, row_of(q, head, i), D);          // dk
        add_scaled(dv.data() + j * Dv, weight * factor, dy, Dv);               // dv
      }
      store_row(row_of(gradients.dq, head, i), dq.data(), D);
    }
    for (int64_t j = 0; j < S; ++j) {
      store_row(row_of(gradients.dk, head, j), dk.data() + j * D, D);
      store_row(row_of(gradients.dv, head, j), dv.data() + j * Dv, Dv);
    }
  }
}

// The fast version splits the work into tasks, which the threads share. simd/attention_forward.cpp
// and simd/attention_backward.cpp compute a task, or the files of these names in bfloat16/.

namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

/// How a task is computed: by the functions of simd/attention.h or of bfloat16/attention.h.
template <class T>
struct Blocks {
  int64_t queries;       // of a block; a task of the forward begins at a multiple of it
  int64_t most_queries;  // of a task of the forward: more share what is prepared for the keys
  int64_t keys;          // of a block; a task of the backward begins at a multiple of it
  int64_t (*forward_scratch_size)(const Attention<T>&, int64_t queries);
  int64_t (*backward_scratch_size)(const Attention<T>&, int64_t keys);
  void (*forward)(Heads<T>, const SoftmaxSums<T>&, const Attention<T>&, const HeadRange&, T*);
  void (*backward)(const AttentionGradients<T>&, const Attention<T>&, const HeadRange&, T*);
};

#if defined(__x86_64__)
#define GRADUS_BF16_BLOCKS(isa)                                                                  \
  {                                                                                              \
    .queries = kBf16Queries, .most_queries = std::numeric_limits<int64_t>::max(),                \
    .keys = kBf16Keys, .forward_scratch_size = isa::bf16_attention_forward_scratch_size,         \
    .backward_scratch_size = isa::bf16_attention_backward_scratch_size,                          \
    .forward = isa::bf16_attention_forward_block, .backward = isa::bf16_attention_backward_block \
  }

/// Only if has_bfloat16_products().
Blocks<float> bf16_blocks() {
  if (isa() == Isa::amx) return GRADUS_BF16_BLOCKS(amx);
  return GRADUS_BF16_BLOCKS(avx512_bf16);
}
#endif

template <class T>
Blocks<T> blocks_for([[maybe_unused]] const Attention<T>& attention) {
#if defined(__x86_64__)
  if constexpr (std::is_same_v<T, float>) {
    if (attention.precision == MatmulPrecision::medium && has_bfloat16_products() &&
        attention.L >= kBf16FewestQueries)
      return bf16_blocks();
  }
#endif
  return {.queries = kAttentionQueries,
          .most_queries = kMostAttentionQueries,
          .keys = kAttentionKeys,
          .forward_scratch_size = GRADUS_DISPATCH(attention_forward_scratch_size<T>),
          .backward_scratch_size = GRADUS_DISPATCH(attention_backward_scratch_size<T>),
          .forward = GRADUS_DISPATCH(attention_forward_block<T>),
          .backward = GRADUS_DISPATCH(attention_backward_block<T>)};
}

/// body(task, memory) for each task. A thread that is free takes the next one. Each thread has
/// `size` numbers of memory, in cache lines of its own.
template <class T, class Body>
void for_each_task(int64_t tasks, bool serial, int64_t size, const Body& body) {
  const int64_t workers = serial ? 1 : std::min<int64_t>(get_num_threads(), tasks);
  struct alignas(64) CacheLine {
    T numbers[64 / sizeof(T)];
  };
  const int64_t lines = divide_up(size * static_cast<int64_t>(sizeof(T)), sizeof(CacheLine));
  const auto memory =
      std::make_unique_for_overwrite<CacheLine[]>(static_cast<size_t>(workers * lines));
  std::atomic<int64_t> next{0};
  parallel_for(workers, 1, [&](int64_t begin, int64_t end) {
    for (int64_t worker = begin; worker < end; ++worker) {
      T* const own = memory[static_cast<size_t>(worker * lines)].numbers;
      for (int64_t task = next++; task < tasks; task = next++)
        body(task, own);
    }
  });
}

/// Whether starting threads would cost more than they gain.
template <class T>
bool is_small(const Attention<T>& attention) {
  const double scores = static_cast<double>(attention.heads) * static_cast<double>(attention.L) *
                        static_cast<double>(attention.S);
  return scores * static_cast<double>(attention.D + attention.Dv) < 200'000;
}

/// The queries of a task of the forward: up to `most_queries`, but enough tasks for the threads.
/// The queries are computed one by one or in blocks, so the bits do not depend on the split.
template <class T>
int64_t queries_of_task(const Attention<T>& attention, const Blocks<T>& blocks) {
  const int64_t wanted = divide_up(int64_t{4} * get_num_threads(), attention.heads);
  const int64_t parts = std::min(wanted, divide_up(attention.L, blocks.queries));
  return std::min(round_up(divide_up(attention.L, parts), blocks.queries), blocks.most_queries);
}

/// The split of each head's keys among the tasks of a backward.
struct KeyParts {
  int64_t parts;  // of a head
  int64_t keys;   // of a part
};

/// One task per head if there are at least 8 heads; otherwise about 8 tasks in all, each with about
/// 4 blocks of keys or more. The split does not depend on the number of threads.
template <class T>
KeyParts key_parts(const Attention<T>& attention, int64_t block) {
  const int64_t wanted =
      std::clamp(divide_up(8, attention.heads), int64_t{1}, divide_up(attention.S, 4 * block));
  const int64_t keys = round_up(divide_up(attention.S, wanted), block);
  return {.parts = divide_up(attention.S, keys), .keys = keys};
}

/// The contributions to dq of all parts of the keys but the first, each (heads, L, D). Part 0
/// writes into dq itself.
template <class T>
class PartialDq {
 public:
  PartialDq(const Attention<T>& attention, int64_t parts)
      : attention_(attention),
        parts_(parts),
        size_(attention.heads * attention.L * attention.D),
        data_(std::make_unique_for_overwrite<T[]>(static_cast<size_t>((parts - 1) * size_))),
        offsets_(static_cast<size_t>(attention.heads)) {
    for (size_t head = 0; head < offsets_.size(); ++head)
      offsets_[head] = static_cast<int64_t>(head) * attention.L * attention.D;
  }

  Heads<T> part(int64_t part) const {
    return {data_.get() + (part - 1) * size_, attention_.D, offsets_.data()};
  }

  /// dq += part 1 + part 2 + ..., in this order for any number of threads.
  void add_to(const Heads<T>& dq) const {
    if (parts_ == 1) return;
    const int64_t L = attention_.L;
    const int64_t D = attention_.D;
    parallel_for(attention_.heads * L, grain_for(parts_ * D), [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        T* const to = row_of(dq, n / L, n % L);
        for (int64_t p = 1; p < parts_; ++p) {
          const T* const from = row_of(part(p), n / L, n % L);
          for (int64_t d = 0; d < D; ++d)
            to[d] += from[d];
        }
      }
    });
  }

 private:
  const Attention<T>& attention_;
  int64_t parts_;
  int64_t size_;
  std::unique_ptr<T[]> data_;
  std::vector<int64_t> offsets_;
};

}  // namespace

template <class T>
void attention_forward(Heads<T> y, const SoftmaxSums<T>& sums, const Attention<T>& attention) {
  const Blocks<T> blocks = blocks_for(attention);
  const int64_t queries_each = queries_of_task(attention, blocks);
  const int64_t in_head = divide_up(attention.L, queries_each);
  for_each_task<T>(attention.heads * in_head, is_small(attention),
                   blocks.forward_scratch_size(attention, queries_each),
                   [&](int64_t task, T* memory) {
                     // The last block first: with a causal mask it sees the most keys and takes
                     // the longest.
                     const int64_t begin = (in_head - 1 - task % in_head) * queries_each;
                     const HeadRange queries{.head = task / in_head,
                                             .begin = begin,
                                             .end = std::min(begin + queries_each, attention.L)};
                     blocks.forward(y, sums, attention, queries, memory);
                   });
}

template <class T>
void attention_backward(const AttentionGradients<T>& gradients, const Attention<T>& attention) {
  const Blocks<T> blocks = blocks_for(attention);
  const auto [parts, keys_of_part] = key_parts(attention, blocks.keys);
  const PartialDq<T> partial_dq(attention, parts);
  const int64_t size = blocks.backward_scratch_size(attention, keys_of_part);
  for_each_task<T>(attention.heads * parts, is_small(attention), size,
                   [&, parts = parts, keys_of_part = keys_of_part](int64_t task, T* memory) {
                     const int64_t part = task % parts;
                     const HeadRange keys{.head = task / parts,
                                          .begin = part * keys_of_part,
                                          .end = std::min((part + 1) * keys_of_part, attention.S)};
                     AttentionGradients<T> outputs = gradients;
                     if (part > 0) outputs.dq = partial_dq.part(part);
                     blocks.backward(outputs, attention, keys, memory);
                   });
  partial_dq.add_to(gradients.dq);
}

#define GRADUS_INSTANTIATE(T)                                                                    \
  template void attention_reference(Heads<T>, const SoftmaxSums<T>&, const Attention<T>&);       \
  template void attention_backward_reference(const AttentionGradients<T>&, const Attention<T>&); \
  template void attention_forward(Heads<T>, const SoftmaxSums<T>&, const Attention<T>&);         \
  template void attention_backward(const AttentionGradients<T>&, const Attention<T>&);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels
