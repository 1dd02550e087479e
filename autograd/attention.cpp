#include "tensor/kernels/attention.h"

#include <cmath>
#include <numeric>

#include "autograd/ops.h"
#include "tensor/loops.h"
#include "tensor/random.h"

namespace gradus {
namespace {

constexpr const char* kOp = "scaled_dot_product_attention";
constexpr double kHidden =
    -std::numeric_limits<double>::infinity();  // the score of what may not be seen

/// What an attention call is besides q, k and v.
struct AttentionOptions {
  Tensor mask;  // undefined, which keys take part, or what is added to the scores
  bool is_causal;
  double scale;
  double dropout_p;
};

/// The definition, with `drop` in the place of dropout.
template <class Drop>
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options,
              const Drop& drop) {
  const Tensor& attn_mask = options.mask;
  Tensor scores = matmul(q, transpose(k, -2, -1)) * options.scale;  // (..., L, S)
  if (options.is_causal) {
    scores = masked_fill(scores, triu(ones({q.size(-2), k.size(-2)}, kBool), 1), kHidden);
  } else if (attn_mask.defined()) {
    check(broadcasts_to(attn_mask.sizes(), scores.sizes()),
          "{}: attn_mask of shape {} does not broadcast to the scores of shape {}", kOp,
          attn_mask.sizes(), scores.sizes());
    scores = attn_mask.dtype() == kBool ? masked_fill(scores, logical_not(attn_mask), kHidden)
                                        : scores + attn_mask;
  }
  const Tensor weights = attn_mask.defined() ? masked_softmax(scores) : softmax(scores, -1);
  return matmul(drop(weights), v);  // (..., L, Dv)
}

/// Which weights dropout keeps, a bit for each, drawn in the order in which dropout draws a number
/// for each.
Tensor kept_weights(int64_t n, double p) {
  constexpr int64_t kChunk = 4096;
  const Tensor bits = zeros({n / 64 + 1}, kInt64);
  uint64_t* const words = reinterpret_cast<uint64_t*>(bits.data<int64_t>());
  std::array<float, kChunk> mask;
  const LockedGenerator generator;
  for (int64_t begin = 0; begin < n; begin += kChunk) {
    const int64_t count = std::min(kChunk, n - begin);
    dropout_mask(*generator, mask.data(), count, p);
    for (int64_t i = 0; i < count; ++i)
      words[(begin + i) / 64] |= uint64_t{mask[static_cast<size_t>(i)] != 0} << i % 64;
  }
  return bits;
}

/// Memory for a tensor of these sizes, its dimensions but the last in x's order, so that heads
/// merge without a copy.
Tensor laid_out_as(const Tensor& x, const Shape& sizes) {
  std::vector<size_t> order(sizes.size() - 1);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return x.strides()[a] < x.strides()[b]; });
  Shape strides = contiguous_strides(sizes);
  int64_t step = sizes.back();
  for (const size_t d : order) {
    strides[d] = step;
    step *= std::max<int64_t>(sizes[d], 1);
  }
  return empty_strided_like(sizes, strides, x.dtype());
}

/// Where the matrices of x begin when its leading dimensions are broadcast to `batch`.
std::vector<int64_t> batch_offsets(const Tensor& x, const Shape& batch) {
  return kernels::offsets(kernels::strided_loop<1>(batch.size(), batch.data(), {layout(x, 2)}))[0];
}

/// Heads of rows, each row's numbers side by side, and where they lie.
struct Heads {
  Tensor x;
  std::vector<int64_t> at;
  template <class T>
  kernels::Rows<T> rows() const {
    return {x.data<std::remove_const_t<T>>(), x.stride(-2), at.data()};
  }
};
Heads heads_of(const Tensor& given, const Shape& batch) {
  const Tensor x = given.stride(-1) == 1 || given.size(-1) == 1 ? given : as_contiguous(given);
  return {x.detach(), batch_offsets(x, batch)};
}

/// A call of the kernels.
struct Call {
  AttentionOptions options;
  Heads q, k, v, y, mask;
  Tensor lse, kept;

  template <class T>
  kernels::Attention<T> kernel() const {
    const bool masked = mask.x.defined();
    const bool is_bool = masked && mask.x.dtype() == kBool;
    return {
        .q = q.rows<const T>(),
        .k = k.rows<const T>(),
        .v = v.rows<const T>(),
        .batch = std::ssize(q.at),
        .L = q.x.size(-2),
        .S = k.x.size(-2),
        .D = q.x.size(-1),
        .Dv = v.x.size(-1),
        .scale = static_cast<T>(options.scale),
        .causal = options.is_causal,
        .added = masked && !is_bool ? mask.x.data<T>() : nullptr,
        .visible = is_bool ? mask.x.data<bool>() : nullptr,
        .mask_at = mask.at.data(),
        .mask_row = masked ? mask.x.stride(-2) : 0,
        .mask_col = masked ? mask.x.stride(-1) : 0,
        .kept = kept.defined() ? reinterpret_cast<const uint64_t*>(kept.data<int64_t>()) : nullptr,
        .kept_scale = 1 / static_cast<T>(1 - options.dropout_p)};
  }
  /// What dropout multiplies the weights by.
  Tensor factors(const Tensor& weights) const {
    const Tensor scales = empty(weights.sizes(), weights.dtype());
    dispatch_float("dropout", scales.dtype(), [&]<class T>() {
      for (int64_t i = 0; i < scales.numel(); ++i)
        scales.data<T>()[i] = (kept.data<int64_t>()[i / 64] >> i % 64 & 1) != 0
                                  ? 1 / static_cast<T>(1 - options.dropout_p)
                                  : T(0);
    });
    return scales;
  }
};

/// The op by the kernels; the leading dimensions of q, k and v are the same.
Tensor fused_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                       const AttentionOptions& options) {
  const Shape batch(q.sizes().begin(), q.sizes().end() - 2);
  Shape sizes = q.sizes();
  Shape all = q.sizes();
  Shape rows = q.sizes();
  sizes[sizes.size() - 1] = v.size(-1), all[all.size() - 1] = k.size(-2),
                       rows.erase(rows.size() - 1);
  const Tensor y = laid_out_as(q, sizes);
  Call call{options,
            heads_of(q, batch),
            heads_of(k, batch),
            heads_of(v, batch),
            heads_of(y, batch),
            {},
            {},
            {}};
  if (options.mask.defined()) {
    call.mask.x = options.mask.detach().expand(all);
    call.mask.at = batch_offsets(call.mask.x, batch);
  }
  call.lse = empty(rows, q.dtype());
  if (options.dropout_p > 0) call.kept = kept_weights(numel(kOp, all), options.dropout_p);
  dispatch_float(kOp, q.dtype(), [&]<class T>() {
    kernels::attention(call.y.rows<T>(), call.lse.data<T>(), call.kernel<T>());
  });

  const std::vector<Saved> used{saved(q.detach()), saved(k.detach()), saved(v.detach()),
                                saved(options.mask), saved(y.detach())};
  auto fast = [=](const Tensor& dy, const std::vector<bool>&) {
    for (const Saved& x : used)
      x();  // throws if one was changed since
    std::vector<Tensor> d;
    for (const Tensor& x : {call.q.x, call.k.x, call.v.x})
      d.push_back(laid_out_as(x, x.sizes()));
    const Heads dq = heads_of(d[0], batch);
    const Heads dk = heads_of(d[1], batch);
    const Heads dv = heads_of(d[2], batch);
    dispatch_float(kOp, dy.dtype(), [&, g = heads_of(dy, batch)]<class T>() {
      kernels::attention_backward(dq.rows<T>(), dk.rows<T>(), dv.rows<T>(), g.rows<const T>(),
                                  call.y.rows<const T>(), call.lse.data<T>(), call.kernel<T>());
    });
    return d;
  };
  return record_fused(kOp, y, {q, k, v}, fast, [=](const std::vector<Tensor>& in) {
    used[3]();
    return attend(in[0], in[1], in[2], options, [&](const Tensor& weights) {
      return options.dropout_p == 0 ? weights : weights * call.factors(weights);
    });
  });
}

}  // namespace

Tensor masked_softmax(const Tensor& scores) {
  check(scores.dim() >= 1,
        "masked_softmax: expected rows of scores, got a tensor without dimensions");
  if (scores.size(-1) == 0) return softmax(scores, -1);
  const Tensor hidden =
      amax(scores.detach(), -1, true) == kHidden;  // (..., 1): rows in which every entry is -inf
  if (sum(hidden).item<int64_t>() == 0) return softmax(scores, -1);
  return masked_fill(softmax(masked_fill(scores, hidden, 0.0), -1), hidden, 0.0);
}

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale) {
  check(q.dim() >= 2 && k.dim() >= 2 && v.dim() >= 2,
        "{}: q {}, k {} and v {} need at least two dimensions", kOp, q.sizes(), k.sizes(),
        v.sizes());
  check(q.is_floating_point(),
        "{}: expected floating-point tensors, got {}; convert them with .to(kFloat32)", kOp,
        q.dtype());
  for (const Tensor& x : {k, v, attn_mask})
    if (x.defined() && x.dtype() != kBool) check_same_dtype(kOp, q, x);
  check(dropout_p >= 0 && dropout_p <= 1, "{}: dropout_p is a probability between 0 and 1, got {}",
        kOp, dropout_p);
  check(q.size(-1) == k.size(-1), "{}: q is {} and k {} - their heads differ in size, {} and {}",
        kOp, q.sizes(), k.sizes(), q.size(-1), k.size(-1));
  check(k.size(-2) == v.size(-2), "{}: k is {} and v {} - the {} keys do not meet the {} values",
        kOp, k.sizes(), v.sizes(), k.size(-2), v.size(-2));
  check(!attn_mask.defined() || !is_causal, "{}: give attn_mask or is_causal, not both", kOp);
  const AttentionOptions options{attn_mask, is_causal,
                                 scale.value_or(1 / std::sqrt(static_cast<double>(q.size(-1)))),
                                 dropout_p};
  const Shape leading(q.sizes().begin(), q.sizes().end() - 2);
  const auto fits = [&](const Tensor& x) {
    return x.dtype() == q.dtype() && x.numel() > 0 &&
           Shape(x.sizes().begin(), x.sizes().end() - 2) == leading;
  };
  Shape scores = q.sizes();
  scores[scores.size() - 1] = k.size(-2);
  const bool mask_fits =
      !attn_mask.defined() || (broadcasts_to(attn_mask.sizes(), scores) && !needs_grad(attn_mask));
  const bool own_draws = dropout_p > 0 && dropout_style() != DropoutStyle::book;
  if (fits(q) && fits(k) && fits(v) && mask_fits && !own_draws)
    return fused_attention(q, k, v, options);
  return attend(q, k, v, options,
                [&](const Tensor& weights) { return dropout(weights, dropout_p, true); });
}

}  // namespace gradus
