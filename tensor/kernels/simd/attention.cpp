// Queries lie along the lanes of the vectors: a panel is two vectors of queries, and everything a
// query has (its numbers, its scores, its running maximum and sum) lies in one lane. So a softmax
// needs no sum across lanes, any number of keys and any size of head does, and the rows of k and v
// are read where they are. With kPanel queries in a panel:
//
//   scores (keys, kPanel) = k (keys, D) q' (D, kPanel)
//   y'     (Dv, kPanel)   = v' (Dv, keys) weights (keys, kPanel)
#include "tensor/kernels/simd/attention.h"

#include "tensor/kernels/simd/math.h"
#include "tensor/kernels/simd/tile.h"
#include "tensor/kernels/simd/transpose.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

template <class T>
constexpr int64_t kPanel = 2 * kWidth<T>;
template <class T>
constexpr int64_t kTile = kAttentionKeys* kPanel<T>;  // numbers of one block of scores
constexpr int64_t kFewQueries = 4;                    // so few are taken one by one

template <class T>
int64_t whole_vectors(int64_t n) {
  return (n + kWidth<T> - 1) / kWidth<T> * kWidth<T>;
}
template <class T>
T infinity() {
  return static_cast<T>(__builtin_inf());
}

/// t.c (M, N) = a (M, t.K) b (t.K, N) + start factor. N is whole vectors.
template <class T>
void multiply(const Tiles<T>& all, int64_t M, int64_t N) {
  const int64_t tiles = (M + kTileRows - 1) /
                        kTileRows;  // of near-equal heights: the first M % tiles have a row more
  for (int64_t n = 0; n < N; n += kPanel<T>) {
    Tiles<T> t = all;
    t.c += n, t.b += n;
    if (t.start) t.start += n;
    if (t.factor) t.factor += n;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      const int64_t rows = M / tiles + (tile < M % tiles);
      compute_for<T, false>(rows, N - n > kWidth<T>)(t);
      t.c += rows * t.c_row, t.a += rows * t.a_row;
      if (t.start) t.start += rows * t.start_row;
    }
  }
}

/// The queries i ... i + queries - 1 and the keys j ... j + keys - 1 of head b.
struct Block {
  int64_t b, i, queries, j, keys;
};

/// How many keys the queries before `end` see.
template <class T>
int64_t keys_before(const Attention<T>& a, int64_t end) {
  return a.causal ? min(a.S, end) : a.S;
}

template <class T>
T* row_of(const Rows<T>& x, int64_t b, int64_t i = 0) {
  return x.data + x.at[b] + i * x.row;
}
template <class T>
int64_t mask_at(const Attention<T>& a, int64_t b, int64_t i, int64_t j) {
  return a.mask_at[b] + i * a.mask_row + j * a.mask_col;
}
template <class T>
T kept_at(const Attention<T>& a, int64_t b, int64_t i, int64_t j) {
  const int64_t n = (b * a.L + i) * a.S + j;
  return (a.kept[n >> 6] >> (n & 63) & 1) != 0 ? a.kept_scale : 0;
}

/// to (keys, kPanel) = value(i, j); `rows` has room for as many.
template <class T, class Value>
GRADUS_INLINE void fill(T* to, T* rows, const Block& at, const Value& value) {
  for (int64_t i = 0; i < at.queries; ++i) {
    for (int64_t j = 0; j < at.keys; ++j)
      rows[i * kAttentionKeys + j] = value(at.i + i, at.j + j);
  }
  transpose_to(to, kPanel<T>, rows, kAttentionKeys, at.queries, at.keys);
}

/// Masks the scores; `spare` has room for two blocks. False if nothing is left to be seen.
template <class T>
bool mask(T* scores, const Attention<T>& a, const Block& at, T* spare) {
  constexpr int W = kWidth<T>;
  const Vector<T> hidden = broadcast(-infinity<T>());
  if (a.causal && at.j + at.keys - 1 > at.i) {
    Integers<T> lane;
    for (int i = 0; i < W; ++i)
      lane[i] = i;
    for (int64_t n = 0; n < at.keys * kPanel<T>; n += W) {
      const int64_t first =
          at.j + n / kPanel<T> - at.i - n % kPanel<T>;  // of the lanes that see the key
      if (first > 0)
        store(scores + n,
              lane < static_cast<int>(min<int64_t>(first, W)) ? hidden : load(scores + n));
    }
  }
  if (a.visible) {
    bool any = false;
    fill(spare, spare + kTile<T>, at, [&](int64_t i, int64_t j) {
      const bool sees = a.visible[mask_at(a, at.b, i, j)];
      any |= sees;
      return static_cast<T>(sees);
    });
    if (!any) return false;
    for (int64_t n = 0; n < at.keys * kPanel<T>; n += W)
      store(scores + n, load(spare + n) == 0 ? hidden : load(scores + n));
  } else if (a.added) {
    if (a.mask_col == 1) {
      transpose_to(spare, kPanel<T>, a.added + mask_at(a, at.b, at.i, at.j), a.mask_row, at.queries,
                   at.keys);
    } else {
      fill(spare, spare + kTile<T>, at,
           [&](int64_t i, int64_t j) { return a.added[mask_at(a, at.b, i, j)]; });
    }
    for (int64_t n = 0; n < at.keys * kPanel<T>; n += W)
      store(scores + n, load(scores + n) + load(spare + n));
  }
  return true;
}

/// Scores into weights e^(score - largest), after updating each query's largest score and sum of
/// weights; factor is what the earlier weights are to be multiplied by.
template <class T>
void weigh(T* scores, int64_t keys, T* largest, T* sum, T* factor) {
  constexpr int W = kWidth<T>;
  constexpr int V = 2;
  Vector<T> most[V];
  Vector<T> total[V] = {};
  for (int v = 0; v < V; ++v)
    most[v] = load(largest + v * W);
  for (int64_t j = 0; j < keys; ++j) {
    for (int v = 0; v < V; ++v)
      most[v] = max(load(scores + j * kPanel<T> + v * W), most[v]);
  }
  for (int v = 0; v < V; ++v) {
    const Vector<T> before = load(largest + v * W);
    store(largest + v * W, most[v]);
    most[v] = most[v] == -infinity<T>() ? Vector<T>{} : most[v];  // nothing seen so far
    store(factor + v * W, exp_below(before - most[v]));
  }
  for (int64_t j = 0; j < keys; ++j) {
    for (int v = 0; v < V; ++v) {
      T* const s = scores + j * kPanel<T> + v * W;
      const Vector<T> weight = exp_below(load(s) - most[v]);
      total[v] += weight;
      store(s, weight);
    }
  }
  for (int v = 0; v < V; ++v)
    store(sum + v * W, load(sum + v * W) * load(factor + v * W) + total[v]);
}

// Of whole vectors.
template <class T>
void clear(T* x, int64_t n) {
  for (int64_t i = 0; i < n; i += kWidth<T>)
    store(x + i, Vector<T>{});
}

/// to (rows, n) = scale * from (rows, n).
template <class T>
void copy(T* to, int64_t to_row, const T* from, int64_t from_row, int64_t rows, int64_t n,
          T scale = 1) {
  for (int64_t i = 0; i < rows; ++i, to += to_row, from += from_row) {
    int64_t d = 0;
    for (; d + kWidth<T> <= n; d += kWidth<T>)
      store(to + d, load(from + d) * scale);
    for (; d < n; ++d)
      to[d] = from[d] * scale;
  }
}

/// to (kPanel, columns) = scale * from (queries, n), zeros elsewhere; and to_panel (n, kPanel) the
/// same transposed.
template <class T>
void pack(T* to, T* to_panel, const T* from, int64_t row, int64_t queries, int64_t n, T scale) {
  const int64_t columns = whole_vectors<T>(n);
  if (queries < kPanel<T> || n < columns) clear(to, kPanel<T> * columns);
  copy(to, columns, from, row, queries, n, scale);
  transpose_to(to_panel, kPanel<T>, to, columns, kPanel<T>, n);
}

/// The product of row i of x with row i of y in lane i, for as many of the rows as there are.
template <class T>
GRADUS_INLINE Vector<T> dots(const T* x, int64_t x_row, const T* y, int64_t y_row, int64_t rows,
                             int64_t n) {
  constexpr int W = kWidth<T>;
  Vector<T> sums[W] = {};
  Vector<T> all = {};
  const T* x_at[W];
  const T* y_at[W];
  for (int i = 0; i < W; ++i)
    x_at[i] = x + min<int64_t>(i, rows - 1) * x_row,
    y_at[i] = y + min<int64_t>(i, rows - 1) * y_row;
  int64_t d = 0;
  for (; d + W <= n; d += W) {
    GRADUS_UNROLL
    for (int i = 0; i < W; ++i)
      sums[i] += load(x_at[i] + d) * load(y_at[i] + d);
  }
  for (int i = 0; d < n && i < W; ++i)
    sums[i] += load_part(x_at[i] + d, n - d) * load_part(y_at[i] + d, n - d);
  transpose<T>(sums);
  GRADUS_UNROLL
  for (int i = 0; i < W; ++i)
    all += sums[i];
  return all;
}

/// lse, and by what a query's sum of weighted values is divided: infinity where it saw nothing.
template <class T>
T finish(T* lse, T largest, T sum, const Attention<T>& a) {
  const bool sees_nothing = sum == 0 && (a.visible || a.added || a.S == 0);
  if (sees_nothing) sum = infinity<T>();
  *lse = sees_nothing ? sum : largest + static_cast<T>(__builtin_log(static_cast<double>(sum)));
  return sum;
}

/// One query, with its numbers and those of each key along the lanes: reading k and v is all that
/// takes time. `weights` has room for S.
template <class T>
void attend_alone(T* y, T* lse, const Attention<T>& a, int64_t b, int64_t query, T* weights) {
  constexpr int W = kWidth<T>;
  const T* const q = row_of(a.q, b, query);
  const T* const k = row_of(a.k, b);
  const T* const v = row_of(a.v, b);
  const int64_t S = keys_before(a, query + 1);
  for (int64_t j = 0; j < S; j += W)
    store(weights + j, dots(q, 0, k + j * a.k.row, a.k.row, S - j, a.D) * a.scale);
  for (int64_t j = 0; j < S && (a.visible || a.added); ++j) {
    if (a.added)
      weights[j] += a.added[mask_at(a, b, query, j)];
    else if (!a.visible[mask_at(a, b, query, j)])
      weights[j] = -infinity<T>();
  }
  const T largest = largest_of(weights, S);
  const T base = largest == -infinity<T>() ? 0 : largest;
  const T sum = static_cast<T>(sum_of<T>(S, [&](int64_t j, int64_t left) {
    const Vector<T> weight = exp_below(load_up_to(weights + j, left, -infinity<T>()) - base);
    store(weights + j, weight);
    return weight;
  }));
  const T divisor = finish(lse, largest, sum, a);
  for (int64_t j = 0; j < S; ++j)
    weights[j] *= (a.kept ? kept_at(a, b, query, j) : 1) / divisor;
  const int64_t whole = a.Dv / W * W;
  multiply<T>({y, weights, v, nullptr, 0, 0, 1, a.v.row, 0, S}, 1, whole);
  for (int64_t d = whole; d < a.Dv; ++d) {
    y[d] = 0;
    for (int64_t j = 0; j < S; ++j)
      y[d] += weights[j] * v[j * a.v.row + d];
  }
}

}  // namespace

template <class T>
int64_t attention_buffer(const Attention<T>& a, int64_t keys) {
  const int64_t D = whole_vectors<T>(a.D);
  const int64_t Dv = whole_vectors<T>(a.Dv);
  return whole_vectors<T>(a.L > kFewQueries ? 0 : a.S) + 5 * kTile<T> +
         3 * kAttentionQueries * (D + Dv + 1) + keys * (D + Dv);
}

template <class T>
void attention_queries(Rows<T> y, T* lse, const Attention<T>& a, int64_t b, int64_t begin,
                       int64_t end, T* buffer) {
  constexpr int64_t P = kPanel<T>;
  if (a.L <= kFewQueries) {
    for (int64_t i = begin; i < end; ++i)
      attend_alone(row_of(y, b, i), lse + b * a.L + i, a, b, i, buffer);
    return;
  }
  const T* const k = row_of(a.k, b);
  const T* const v = row_of(a.v, b);
  T* const scores = buffer;
  T* const spare = scores + kTile<T>;
  T* const sums = spare + 2 * kTile<T>;
  T* const largest = sums + kAttentionQueries;
  T* const factor = largest + kAttentionQueries;
  T* const queries = factor + kAttentionQueries;
  T* const contexts = queries + kAttentionQueries * a.D;
  T* const rows = contexts + kAttentionQueries * a.Dv;
  for (int64_t i = begin; i < end; i += P) {
    pack(rows, queries + (i - begin) * a.D, row_of(a.q, b, i), a.q.row, min(P, end - i), a.D,
         a.scale);
    for (int64_t n = 0; n < P; ++n)
      largest[i - begin + n] = -infinity<T>(), sums[i - begin + n] = 0;
    clear(contexts + (i - begin) * a.Dv, P * a.Dv);
  }
  for (int64_t j = 0; j < keys_before(a, end); j += kAttentionKeys) {
    for (int64_t i = begin; i < end; i += P) {
      const int64_t panel = i - begin;
      Block at{b, i, min(P, end - i), j, 0};
      at.keys = min<int64_t>(kAttentionKeys, keys_before(a, i + at.queries) - j);
      if (at.keys <= 0) continue;
      multiply<T>(
          {scores, k + j * a.k.row, queries + panel * a.D, nullptr, P, a.k.row, 1, P, 0, a.D},
          at.keys, P);
      if (!mask(scores, a, at, spare)) continue;
      weigh(scores, at.keys, largest + panel, sums + panel, factor);
      if (a.kept) {
        fill(spare, spare + kTile<T>, at,
             [&](int64_t m, int64_t n) { return kept_at(a, b, m, n); });
        for (int64_t n = 0; n < at.keys * P; n += kWidth<T>)
          store(scores + n, load(scores + n) * load(spare + n));
      }
      T* const context = contexts + panel * a.Dv;
      multiply<T>(
          {context, v + j * a.v.row, scores, context, P, 1, a.v.row, P, P, at.keys, 1, 0, factor},
          a.Dv, P);
    }
  }
  for (int64_t i = begin; i < end; i += P) {
    const int64_t panel = i - begin;
    const int64_t count = min(P, end - i);
    T* const context = contexts + panel * a.Dv;
    for (int64_t n = 0; n < count; ++n)
      factor[n] = finish(lse + b * a.L + i + n, largest[panel + n], sums[panel + n], a);
    for (int64_t n = 0; n < a.Dv * P; n += kWidth<T>)
      store(context + n, load(context + n) / load(factor + n % P));
    transpose_to(row_of(y, b, i), y.row, context, P, a.Dv, count);
  }
}

template <class T>
void attention_keys(const AttentionGradients<T>& g, const Attention<T>& a, int64_t b, int64_t begin,
                    int64_t end, T* buffer) {
  constexpr int64_t P = kPanel<T>;
  constexpr int W = kWidth<T>;
  const int64_t D = whole_vectors<T>(a.D);
  const int64_t Dv = whole_vectors<T>(a.Dv);
  const T* const k = row_of(a.k, b);
  const T* const v = row_of(a.v, b);
  T* const weights = buffer;
  T* const dscores = weights + kTile<T>;
  T* const spare = dscores + kTile<T>;
  T* const lse = spare + 2 * kTile<T>;
  T* const delta = lse + kAttentionQueries;
  T* const q_rows = delta + kAttentionQueries;
  T* const q_panels = q_rows + kAttentionQueries * D;
  T* const dy_rows = q_panels + kAttentionQueries * D;
  T* const dy_panels = dy_rows + kAttentionQueries * Dv;
  T* const dq_panels = dy_panels + kAttentionQueries * Dv;
  T* const dk = dq_panels + kAttentionQueries * D;
  T* const dv = dk + (end - begin) * D;
  clear(dk, (end - begin) * (D + Dv));

  for (int64_t first = 0; first < a.L; first += kAttentionQueries) {
    const int64_t last = min(first + kAttentionQueries, a.L);
    for (int64_t i = first; i < last; i += P) {
      const int64_t panel = i - first;
      const int64_t count = min(P, last - i);
      pack(q_rows + panel * D, q_panels + panel * D, row_of(a.q, b, i), a.q.row, count, a.D,
           a.scale);
      pack(dy_rows + panel * Dv, dy_panels + panel * Dv, row_of(g.dy, b, i), g.dy.row, count, a.Dv,
           T(1));
      for (int64_t n = 0; n < P; ++n)
        lse[panel + n] = n < count ? g.lse[b * a.L + i + n] : infinity<T>();
      for (int64_t n = 0; n < P; n += W) {
        const int64_t row = min(i + n, last - 1);
        store(delta + panel + n,
              dots(row_of(g.dy, b, row), g.dy.row, row_of(g.y, b, row), g.y.row, last - row, a.Dv));
      }
    }
    clear(dq_panels, kAttentionQueries * D);
    for (int64_t j = begin; j < min(end, keys_before(a, last)); j += kAttentionKeys) {
      for (int64_t i = first; i < last; i += P) {
        const int64_t panel = i - first;
        Block at{b, i, min(P, last - i), j, 0};
        at.keys = min(min<int64_t>(kAttentionKeys, end - j), keys_before(a, i + at.queries) - j);
        if (at.keys <= 0) continue;
        multiply<T>(
            {weights, k + j * a.k.row, q_panels + panel * D, nullptr, P, a.k.row, 1, P, 0, a.D},
            at.keys, P);
        if (!mask(weights, a, at, spare)) continue;
        multiply<T>(
            {dscores, v + j * a.v.row, dy_panels + panel * Dv, nullptr, P, a.v.row, 1, P, 0, a.Dv},
            at.keys, P);
        if (a.kept)
          fill(spare, spare + kTile<T>, at,
               [&](int64_t m, int64_t n) { return kept_at(a, b, m, n); });
        for (int64_t n = 0; n < at.keys * P; n += W) {
          const int64_t lane = panel + n % P;
          const Vector<T> weight = exp_below(load(weights + n) - load(lse + lane));
          const Vector<T> kept = a.kept ? load(spare + n) : broadcast(T(1));
          store(weights + n, weight * kept);
          store(dscores + n, weight * (load(dscores + n) * kept - load(delta + lane)));
        }
        T* const dv_j = dv + (j - begin) * Dv;
        T* const dk_j = dk + (j - begin) * D;
        T* const dq_i = dq_panels + panel * D;
        multiply<T>({dv_j, weights, dy_rows + panel * Dv, dv_j, Dv, P, 1, Dv, Dv, at.queries},
                    at.keys, Dv);
        multiply<T>({dk_j, dscores, q_rows + panel * D, dk_j, D, P, 1, D, D, at.queries}, at.keys,
                    D);
        multiply<T>({dq_i, k + j * a.k.row, dscores, dq_i, P, 1, a.k.row, P, P, at.keys}, a.D, P);
      }
    }
    for (int64_t n = 0; n < kAttentionQueries * D; n += W)
      store(dq_panels + n, load(dq_panels + n) * a.scale);
    for (int64_t i = first; i < last; i += P) {
      transpose_to(row_of(g.dq, b, i), g.dq.row, dq_panels + (i - first) * D, P, a.D,
                   min(P, last - i));
    }
  }
  copy(row_of(g.dk, b, begin), g.dk.row, dk, D, end - begin, a.D);
  copy(row_of(g.dv, b, begin), g.dv.row, dv, Dv, end - begin, a.Dv);
}

#define GRADUS_INSTANTIATE(T)                                                                  \
  template int64_t attention_buffer(const Attention<T>&, int64_t);                             \
  template void attention_queries(Rows<T>, T*, const Attention<T>&, int64_t, int64_t, int64_t, \
                                  T*);                                                         \
  template void attention_keys(const AttentionGradients<T>&, const Attention<T>&, int64_t,     \
                               int64_t, int64_t, T*);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
