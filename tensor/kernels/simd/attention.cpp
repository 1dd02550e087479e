// Queries lie along the lanes of the vectors: a panel is two vectors of queries, and everything a query has (its
// numbers, its scores, its running maximum and sum) lies in one lane. So a softmax needs no sum across lanes, any
// number of keys and any size of head does, and the rows of k and v are read where they are. With kPanel queries in a
// panel:
//
//   scores (keys, kPanel) = k (keys, D) q' (D, kPanel)
//   y'     (Dv, kPanel)   = v' (Dv, keys) weights (keys, kPanel)
#include "tensor/kernels/simd/attention.h"

#include "tensor/kernels/simd/transpose.h"
#include "tensor/kernels/simd/vector.h"

namespace gradus::kernels::GRADUS_ISA {
namespace {

constexpr int kTileRows = GRADUS_BYTES == 64 ? 14 : 6;
template <class T> constexpr int64_t kPanel = 2 * kWidth<T>;
template <class T> constexpr int64_t kTile = kAttentionKeys* kPanel<T>;  // numbers of one block of scores
constexpr int64_t kFewQueries = 4;                                       // so few are taken one by one

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
template <class T> int64_t whole_vectors(int64_t n) { return (n + kWidth<T> - 1) / kWidth<T> * kWidth<T>; }
template <class T> T infinity() { return static_cast<T>(__builtin_inf()); }

/// e^x for x up to about 0: 2^n e^f with |f| <= log(2) / 2, e^f by its series. 0 below the smallest normal number.
template <class T> GRADUS_INLINE Vector<T> exp_negative(Vector<T> x) {
  constexpr bool is_float = sizeof(T) == 4;
  constexpr int kTerms = is_float ? 7 : 13;
  constexpr T log2e = static_cast<T>(1.4426950408889634), lowest = is_float ? T(-87.33) : T(-708.39);
  constexpr T high = is_float ? T(0.693359375) : static_cast<T>(0x1.62e42fee00000p-1);
  constexpr T low = static_cast<T>(is_float ? -2.1219444005469057e-4 : 1.9082149292705877e-10);
  constexpr T to_whole = is_float ? T(0x1.8p23) : static_cast<T>(0x1.8p52);  // what is added rounds to a whole number
  const auto under = x < broadcast(lowest);
  const Vector<T> t = x * log2e + to_whole, n = t - to_whole;
  const Vector<T> f = (x - n * high) - n * low;
  T factorial = 1;
  for (int i = 2; i <= kTerms; ++i) factorial *= static_cast<T>(i);
  T term = 1 / factorial;
  Vector<T> e = broadcast(term);
  GRADUS_UNROLL
  for (int i = kTerms; i > 0; --i) {
    term *= static_cast<T>(i);
    e = e * f + term;
  }
  const Whole<T> power = (reinterpret_cast<Whole<T>>(t) + (is_float ? 127 : 1023)) << (is_float ? 23 : 52);
  return under ? Vector<T>{} : e * reinterpret_cast<Vector<T>>(power);
}

/// c (M, N) = a (M, K) b (K, N), plus c times a factor for each column, or plus c. N is whole vectors.
template <class T> struct Product {
  T* c;
  int64_t c_row;
  const T* a;
  int64_t a_step;  // between the rows of a, whose columns lie side by side (BY_ROWS), or the other way round
  const T* b;
  int64_t b_row;
  bool add = false;
  const T* factor = nullptr;
};

template <class T, bool BY_ROWS, int ROWS, int VECTORS> void tile(const Product<T>& p, int64_t K) {
  constexpr int W = kWidth<T>;
  Vector<T> sum[ROWS][VECTORS] = {};
  const T *a = p.a, *b = p.b;
  const int64_t a_row = BY_ROWS ? p.a_step : 1, a_col = BY_ROWS ? 1 : p.a_step, b_row = p.b_row;
  for (int64_t k = K; k > 0; --k, a += a_col, b += b_row) {
    Vector<T> row[VECTORS];
    GRADUS_UNROLL
    for (int j = 0; j < VECTORS; ++j) row[j] = load(b + j * W);
    GRADUS_UNROLL
    for (int i = 0; i < ROWS; ++i) {
      GRADUS_UNROLL
      for (int j = 0; j < VECTORS; ++j) sum[i][j] += a[i * a_row] * row[j];
    }
  }
  GRADUS_UNROLL
  for (int i = 0; i < ROWS; ++i) {
    GRADUS_UNROLL
    for (int j = 0; j < VECTORS; ++j) {
      T* const c = p.c + i * p.c_row + j * W;
      if (p.factor) sum[i][j] += load(c) * load(p.factor + j * W);
      else if (p.add) sum[i][j] += load(c);
      store(c, sum[i][j]);
    }
  }
}

template <class T> using Tile = void (*)(const Product<T>&, int64_t K);
template <class T, bool BY_ROWS, int ROWS = 1> Tile<T> tile_for(int64_t rows, bool two) {
  if constexpr (ROWS < kTileRows) {
    if (rows > ROWS) return tile_for<T, BY_ROWS, ROWS + 1>(rows, two);
  }
  return two ? tile<T, BY_ROWS, ROWS, 2> : tile<T, BY_ROWS, ROWS, 1>;
}

template <bool BY_ROWS, class T> void multiply(const Product<T>& all, int64_t M, int64_t N, int64_t K) {
  const int64_t tiles = (M + kTileRows - 1) / kTileRows;  // of near-equal heights: the first `tall` have a row more
  for (int64_t n = 0; n < N; n += kPanel<T>) {
    Product<T> p = all;
    p.c += n, p.b += n;
    if (p.factor) p.factor += n;
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t rows = M / tiles + (t < M % tiles);
      tile_for<T, BY_ROWS>(rows, N - n > kWidth<T>)(p, K);
      p.c += rows * p.c_row, p.a += BY_ROWS ? rows * p.a_step : rows;
    }
  }
}

/// The queries i ... i + queries - 1 and the keys j ... j + keys - 1 of head b.
struct Block {
  int64_t b, i, queries, j, keys;
};

/// How many keys the queries before `end` see.
template <class T> int64_t keys_before(const Attention<T>& a, int64_t end) { return a.causal ? least(a.S, end) : a.S; }

template <class T> T* row_of(const Rows<T>& x, int64_t b, int64_t i = 0) { return x.data + x.at[b] + i * x.row; }
template <class T> int64_t mask_at(const Attention<T>& a, int64_t b, int64_t i, int64_t j) {
  return a.mask_at[b] + i * a.mask_row + j * a.mask_col;
}
template <class T> T kept_at(const Attention<T>& a, int64_t b, int64_t i, int64_t j) {
  const int64_t n = (b * a.L + i) * a.S + j;
  return (a.kept[n >> 6] >> (n & 63) & 1) != 0 ? a.kept_scale : 0;
}

/// to (keys, kPanel) = value(i, j); `rows` has room for as many.
template <class T, class Value> GRADUS_INLINE void fill(T* to, T* rows, const Block& at, const Value& value) {
  for (int64_t i = 0; i < at.queries; ++i) {
    for (int64_t j = 0; j < at.keys; ++j) rows[i * kAttentionKeys + j] = value(at.i + i, at.j + j);
  }
  transpose_to(to, kPanel<T>, rows, kAttentionKeys, at.queries, at.keys);
}

/// Masks the scores; `spare` has room for two blocks. False if nothing is left to be seen.
template <class T> bool mask(T* scores, const Attention<T>& a, const Block& at, T* spare) {
  constexpr int W = kWidth<T>;
  const Vector<T> hidden = broadcast(-infinity<T>());
  if (a.causal && at.j + at.keys - 1 > at.i) {
    Whole<T> lane;
    for (int i = 0; i < W; ++i) lane[i] = i;
    for (int64_t j = 0; j < at.keys; ++j) {
      for (int v = 0; v < 2; ++v) {
        const int64_t first = at.j + j - at.i - v * W;  // of the lanes that see key j
        T* const s = scores + j * kPanel<T> + v * W;
        if (first > 0) store(s, lane < static_cast<int>(least(first, W)) ? hidden : load(s));
      }
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
      transpose_to(spare, kPanel<T>, a.added + mask_at(a, at.b, at.i, at.j), a.mask_row, at.queries, at.keys);
    } else {
      fill(spare, spare + kTile<T>, at, [&](int64_t i, int64_t j) { return a.added[mask_at(a, at.b, i, j)]; });
    }
    for (int64_t n = 0; n < at.keys * kPanel<T>; n += W) store(scores + n, load(scores + n) + load(spare + n));
  }
  return true;
}

/// Scores into weights e^(score - largest), after updating each query's largest score and sum of weights; factor is
/// what the earlier weights are to be multiplied by.
template <class T> void weigh(T* scores, int64_t keys, T* largest, T* sum, T* factor) {
  constexpr int W = kWidth<T>, V = 2;
  Vector<T> most[V], total[V] = {};
  for (int v = 0; v < V; ++v) most[v] = load(largest + v * W);
  for (int64_t j = 0; j < keys; ++j) {
    for (int v = 0; v < V; ++v) most[v] = max(load(scores + j * kPanel<T> + v * W), most[v]);
  }
  for (int v = 0; v < V; ++v) {
    const Vector<T> before = load(largest + v * W);
    store(largest + v * W, most[v]);
    most[v] = most[v] == -infinity<T>() ? Vector<T>{} : most[v];  // nothing seen so far
    store(factor + v * W, exp_negative<T>(before - most[v]));
  }
  for (int64_t j = 0; j < keys; ++j) {
    for (int v = 0; v < V; ++v) {
      T* const s = scores + j * kPanel<T> + v * W;
      const Vector<T> weight = exp_negative<T>(load(s) - most[v]);
      total[v] += weight;
      store(s, weight);
    }
  }
  for (int v = 0; v < V; ++v) store(sum + v * W, load(sum + v * W) * load(factor + v * W) + total[v]);
}

// Of whole vectors.
template <class T> void clear(T* x, int64_t n) {
  for (int64_t i = 0; i < n; i += kWidth<T>) store(x + i, Vector<T>{});
}
template <class T> void scale_by(T* x, int64_t n, T factor) {
  for (int64_t i = 0; i < n; i += kWidth<T>) store(x + i, load(x + i) * factor);
}

/// to (rows, n) = scale * from (rows, n).
template <class T>
void copy(T* to, int64_t to_row, const T* from, int64_t from_row, int64_t rows, int64_t n, T scale = 1) {
  for (int64_t i = 0; i < rows; ++i, to += to_row, from += from_row) {
    int64_t d = 0;
    for (; d + kWidth<T> <= n; d += kWidth<T>) store(to + d, load(from + d) * scale);
    for (; d < n; ++d) to[d] = from[d] * scale;
  }
}

/// to (kPanel, columns) = scale * from (queries, n), zeros elsewhere; and to_panel (n, kPanel) the same transposed.
template <class T> void pack(T* to, T* to_panel, const T* from, int64_t row, int64_t queries, int64_t n, T scale) {
  const int64_t columns = whole_vectors<T>(n);
  if (queries < kPanel<T> || n < columns) clear(to, kPanel<T> * columns);
  copy(to, columns, from, row, queries, n, scale);
  transpose_to(to_panel, kPanel<T>, to, columns, kPanel<T>, n);
}

/// The product of row i of x with row i of y in lane i, for as many of the rows as there are.
template <class T>
GRADUS_INLINE Vector<T> dots(const T* x, int64_t x_row, const T* y, int64_t y_row, int64_t rows, int64_t n) {
  constexpr int W = kWidth<T>;
  Vector<T> sums[W] = {}, all = {};
  const T *x_at[W], *y_at[W];
  for (int i = 0; i < W; ++i) x_at[i] = x + least(i, rows - 1) * x_row, y_at[i] = y + least(i, rows - 1) * y_row;
  int64_t d = 0;
  for (; d + W <= n; d += W) {
    GRADUS_UNROLL
    for (int i = 0; i < W; ++i) sums[i] += load(x_at[i] + d) * load(y_at[i] + d);
  }
  for (int i = 0; d < n && i < W; ++i) sums[i] += load_part(x_at[i] + d, n - d) * load_part(y_at[i] + d, n - d);
  transpose<T>(sums);
  GRADUS_UNROLL
  for (int i = 0; i < W; ++i) all += sums[i];
  return all;
}

/// lse, and by what a query's sum of weighted values is divided: infinity where it saw nothing.
template <class T> T finish(T* lse, T largest, T sum, const Attention<T>& a) {
  const bool sees_nothing = sum == 0 && (a.visible || a.added || a.S == 0);
  if (sees_nothing) sum = infinity<T>();
  *lse = sees_nothing ? sum : largest + static_cast<T>(__builtin_log(static_cast<double>(sum)));
  return sum;
}

/// One query, with its numbers and those of each key along the lanes: reading k and v is all that takes time.
template <class T> void attend_alone(T* y, T* lse, const Attention<T>& a, int64_t b, int64_t query, T* buffer) {
  constexpr int W = kWidth<T>;
  const T *const q = row_of(a.q, b, query), *const k = row_of(a.k, b), *const v = row_of(a.v, b);
  T *weights = buffer, *context = buffer + kTile<T>;
  clear(context, whole_vectors<T>(a.Dv));
  T largest = -infinity<T>(), sum = 0;
  const int64_t S = keys_before(a, query + 1);
  for (int64_t j = 0; j < S; j += kAttentionKeys) {
    const int64_t keys = least(kAttentionKeys, S - j);
    T most = largest;
    for (int64_t n = 0; n < keys; n += W) {
      const Vector<T> score = dots(q, 0, k + (j + n) * a.k.row, a.k.row, keys - n, a.D);
      store(weights + n, score * a.scale);
    }
    for (int64_t n = 0; n < whole_vectors<T>(keys); ++n) {
      T& s = weights[n];
      if (n >= keys || (a.visible && !a.visible[mask_at(a, b, query, j + n)])) s = -infinity<T>();
      else if (a.added) s += a.added[mask_at(a, b, query, j + n)];
      most = s > most ? s : most;
    }
    const T base = most == -infinity<T>() ? 0 : most;
    const T factor = exp_negative<T>(broadcast(largest - base))[0];
    Vector<T> total = {};
    for (int64_t n = 0; n < keys; n += W) {
      const Vector<T> weight = exp_negative<T>(load(weights + n) - base);
      total += weight;
      store(weights + n, weight);
    }
    largest = most, sum *= factor;
    scale_by(context, a.Dv, factor);
    for (int i = 0; i < W; ++i) sum += total[i];
    for (int64_t n = 0; a.kept && n < keys; ++n) weights[n] *= kept_at(a, b, query, j + n);
    int64_t d = 0;
    for (; d + 4 * W <= a.Dv; d += 4 * W)
      tile<T, true, 1, 4>({context + d, 0, weights, 0, v + j * a.v.row + d, a.v.row, true, nullptr}, keys);
    for (; d + W <= a.Dv; d += W)
      tile<T, true, 1, 1>({context + d, 0, weights, 0, v + j * a.v.row + d, a.v.row, true, nullptr}, keys);
    for (; d < a.Dv; ++d) {
      for (int64_t n = 0; n < keys; ++n) context[d] += weights[n] * v[(j + n) * a.v.row + d];
    }
  }
  const T divisor = finish(lse, largest, sum, a);
  for (int64_t d = 0; d < a.Dv; ++d) y[d] = context[d] / divisor;
}

}  // namespace

template <class T> int64_t attention_buffer(const Attention<T>& a, int64_t keys) {
  const int64_t D = whole_vectors<T>(a.D), Dv = whole_vectors<T>(a.Dv);
  return 5 * kTile<T> + 3 * kAttentionQueries * (D + Dv + 1) + keys * (D + Dv);
}

template <class T>
void attention_queries(Rows<T> y, T* lse, const Attention<T>& a, int64_t b, int64_t begin, int64_t end, T* buffer) {
  constexpr int64_t P = kPanel<T>;
  if (a.L <= kFewQueries) {
    for (int64_t i = begin; i < end; ++i) attend_alone(row_of(y, b, i), lse + b * a.L + i, a, b, i, buffer);
    return;
  }
  const T *const k = row_of(a.k, b), *const v = row_of(a.v, b);
  T *const scores = buffer, *const spare = scores + kTile<T>, *const sums = spare + 2 * kTile<T>;
  T *const largest = sums + kAttentionQueries, *const factor = largest + kAttentionQueries;
  T *const queries = factor + kAttentionQueries, *const contexts = queries + kAttentionQueries * a.D;
  T* const rows = contexts + kAttentionQueries * a.Dv;
  for (int64_t i = begin; i < end; i += P) {
    pack(rows, queries + (i - begin) * a.D, row_of(a.q, b, i), a.q.row, least(P, end - i), a.D, a.scale);
    for (int64_t n = 0; n < P; ++n) largest[i - begin + n] = -infinity<T>(), sums[i - begin + n] = 0;
    clear(contexts + (i - begin) * a.Dv, P * a.Dv);
  }
  for (int64_t j = 0; j < keys_before(a, end); j += kAttentionKeys) {
    for (int64_t i = begin; i < end; i += P) {
      const int64_t panel = i - begin;
      Block at{b, i, least(P, end - i), j, 0};
      at.keys = least(kAttentionKeys, keys_before(a, i + at.queries) - j);
      if (at.keys <= 0) continue;
      multiply<true, T>({scores, P, k + j * a.k.row, a.k.row, queries + panel * a.D, P}, at.keys, P, a.D);
      if (!mask(scores, a, at, spare)) continue;
      weigh(scores, at.keys, largest + panel, sums + panel, factor);
      if (a.kept) {
        fill(spare, spare + kTile<T>, at, [&](int64_t m, int64_t n) { return kept_at(a, b, m, n); });
        for (int64_t n = 0; n < at.keys * P; n += kWidth<T>) store(scores + n, load(scores + n) * load(spare + n));
      }
      multiply<false, T>({contexts + panel * a.Dv, P, v + j * a.v.row, a.v.row, scores, P, true, factor}, a.Dv, P,
                         at.keys);
    }
  }
  for (int64_t i = begin; i < end; i += P) {
    const int64_t panel = i - begin, count = least(P, end - i);
    T* const context = contexts + panel * a.Dv;
    for (int64_t n = 0; n < count; ++n)
      factor[n] = finish(lse + b * a.L + i + n, largest[panel + n], sums[panel + n], a);
    for (int64_t n = 0; n < a.Dv * P; n += kWidth<T>) store(context + n, load(context + n) / load(factor + n % P));
    transpose_to(row_of(y, b, i), y.row, context, P, a.Dv, count);
  }
}

template <class T> void attention_keys(const AttentionGradients<T>& g, const Attention<T>& a, int64_t b, int64_t begin,
                                       int64_t end, T* buffer) {
  constexpr int64_t P = kPanel<T>;
  constexpr int W = kWidth<T>;
  const int64_t D = whole_vectors<T>(a.D), Dv = whole_vectors<T>(a.Dv);
  const T *const k = row_of(a.k, b), *const v = row_of(a.v, b);
  T *const weights = buffer, *const dscores = weights + kTile<T>, *const spare = dscores + kTile<T>;
  T *const lse = spare + 2 * kTile<T>, *const delta = lse + kAttentionQueries;
  T *const q_rows = delta + kAttentionQueries, *const q_panels = q_rows + kAttentionQueries * D;
  T *const dy_rows = q_panels + kAttentionQueries * D, *const dy_panels = dy_rows + kAttentionQueries * Dv;
  T *const dq_panels = dy_panels + kAttentionQueries * Dv, *const dk = dq_panels + kAttentionQueries * D;
  T* const dv = dk + (end - begin) * D;
  clear(dk, (end - begin) * (D + Dv));

  for (int64_t first = 0; first < a.L; first += kAttentionQueries) {
    const int64_t last = least(first + kAttentionQueries, a.L);
    for (int64_t i = first; i < last; i += P) {
      const int64_t panel = i - first, count = least(P, last - i);
      pack(q_rows + panel * D, q_panels + panel * D, row_of(a.q, b, i), a.q.row, count, a.D, a.scale);
      pack(dy_rows + panel * Dv, dy_panels + panel * Dv, row_of(g.dy, b, i), g.dy.row, count, a.Dv, T(1));
      for (int64_t n = 0; n < P; ++n) lse[panel + n] = n < count ? g.lse[b * a.L + i + n] : infinity<T>();
      for (int64_t n = 0; n < P; n += W) {
        const int64_t row = least(i + n, last - 1);
        store(delta + panel + n, dots(row_of(g.dy, b, row), g.dy.row, row_of(g.y, b, row), g.y.row, last - row, a.Dv));
      }
    }
    clear(dq_panels, kAttentionQueries * D);
    for (int64_t j = begin; j < least(end, keys_before(a, last)); j += kAttentionKeys) {
      for (int64_t i = first; i < last; i += P) {
        const int64_t panel = i - first;
        Block at{b, i, least(P, last - i), j, 0};
        at.keys = least(least(kAttentionKeys, end - j), keys_before(a, i + at.queries) - j);
        if (at.keys <= 0) continue;
        multiply<true, T>({weights, P, k + j * a.k.row, a.k.row, q_panels + panel * D, P}, at.keys, P, a.D);
        if (!mask(weights, a, at, spare)) continue;
        multiply<true, T>({dscores, P, v + j * a.v.row, a.v.row, dy_panels + panel * Dv, P}, at.keys, P, a.Dv);
        if (a.kept) fill(spare, spare + kTile<T>, at, [&](int64_t m, int64_t n) { return kept_at(a, b, m, n); });
        for (int64_t n = 0; n < at.keys * P; n += W) {
          const int64_t lane = panel + n % P;
          const Vector<T> weight = exp_negative<T>(load(weights + n) - load(lse + lane));
          const Vector<T> kept = a.kept ? load(spare + n) : broadcast(T(1));
          store(weights + n, weight * kept);
          store(dscores + n, weight * (load(dscores + n) * kept - load(delta + lane)));
        }
        multiply<true, T>({dv + (j - begin) * Dv, Dv, weights, P, dy_rows + panel * Dv, Dv, true}, at.keys, Dv,
                          at.queries);
        multiply<true, T>({dk + (j - begin) * D, D, dscores, P, q_rows + panel * D, D, true}, at.keys, D, at.queries);
        multiply<false, T>({dq_panels + panel * D, P, k + j * a.k.row, a.k.row, dscores, P, true}, a.D, P, at.keys);
      }
    }
    scale_by(dq_panels, kAttentionQueries * D, a.scale);
    for (int64_t i = first; i < last; i += P) {
      transpose_to(row_of(g.dq, b, i), g.dq.row, dq_panels + (i - first) * D, P, a.D, least(P, last - i));
    }
  }
  copy(row_of(g.dk, b, begin), g.dk.row, dk, D, end - begin, a.D);
  copy(row_of(g.dv, b, begin), g.dv.row, dv, Dv, end - begin, a.Dv);
}

#define GRADUS_INSTANTIATE(T)                                                                       \
  template int64_t attention_buffer(const Attention<T>&, int64_t);                                  \
  template void attention_queries(Rows<T>, T*, const Attention<T>&, int64_t, int64_t, int64_t, T*); \
  template void attention_keys(const AttentionGradients<T>&, const Attention<T>&, int64_t, int64_t, int64_t, T*);
GRADUS_INSTANTIATE(float)
GRADUS_INSTANTIATE(double)

}  // namespace gradus::kernels::GRADUS_ISA
