#include <cmath>
#include <numeric>

#include "autograd/ops.h"
#include "tensor/kernels/attention.h"
#include "tensor/loops.h"
#include "tensor/random.h"

namespace gradus {

std::vector<int64_t> batch_offsets(const Tensor& x, const Shape& batch);  // in matmul.cpp

Tensor masked_softmax(const Tensor& scores) {
  check(scores.dim() >= 1, "masked_softmax: expected rows of scores, got a tensor without dimensions");
  Tensor hidden;  // (..., 1): rows in which every entry is -inf
  {
    const NoGradGuard no_grad;
    if (scores.size(-1) > 0) hidden = amax(scores, -1, true) == -std::numeric_limits<double>::infinity();
  }
  if (!hidden.defined() || sum(hidden).item<int64_t>() == 0) return softmax(scores, -1);
  return masked_fill(softmax(masked_fill(scores, hidden, 0.0), -1), hidden, 0.0);
}

namespace {

/// What an attention call is besides q, k and v.
struct AttentionOptions {
  Tensor mask;  // undefined, which keys take part, or what is added to the scores
  bool is_causal;
  double scale;
  double dropout_p;
};

/// The definition, with `drop` in the place of dropout.
template <class Drop>
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options, const Drop& drop) {
  constexpr const char* op = "scaled_dot_product_attention";
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Tensor& attn_mask = options.mask;
  Tensor scores = matmul(q, transpose(k, -2, -1)) * options.scale;  // (..., L, S)
  if (options.is_causal) {
    scores = masked_fill(scores, triu(ones({q.size(-2), k.size(-2)}, kBool), 1), -kInfinity);
  } else if (attn_mask.defined()) {
    check(broadcasts_to(attn_mask.sizes(), scores.sizes()),
          "{}: attn_mask of shape {} does not broadcast to the scores of shape {}", op, attn_mask.sizes(),
          scores.sizes());
    scores = attn_mask.dtype() == kBool ? masked_fill(scores, logical_not(attn_mask), -kInfinity) : scores + attn_mask;
  }
  const Tensor weights = attn_mask.defined() ? masked_softmax(scores) : softmax(scores, -1);
  return matmul(drop(weights), v);  // (..., L, Dv)
}

/// Which weights dropout keeps, a bit for each, drawn in the order in which dropout draws a number for each.
Tensor kept_weights(int64_t n, double p) {
  constexpr int64_t kChunk = 4096;
  const Tensor bits = zeros({n / 64 + 1}, kInt64);
  uint64_t* const words = reinterpret_cast<uint64_t*>(bits.data<int64_t>());
  std::array<float, kChunk> mask;
  const std::lock_guard lock(generator_mutex());
  for (int64_t begin = 0; begin < n; begin += kChunk) {
    const int64_t count = std::min(kChunk, n - begin);
    dropout_mask(default_generator(), mask.data(), count, p);
    for (int64_t i = 0; i < count; ++i)
      words[(begin + i) / 64] |= uint64_t{mask[static_cast<size_t>(i)] != 0} << i % 64;
  }
  return bits;
}

/// Memory for a tensor of these sizes, its dimensions but the last in x's order, so that heads merge without a copy.
Tensor laid_out_as(const Tensor& x, const Shape& sizes) {
  std::vector<size_t> order(sizes.size() - 1);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return x.strides()[a] < x.strides()[b]; });
  Shape strides = contiguous_strides(sizes);
  int64_t step = sizes.back();
  for (const size_t d : order) {
    strides[d] = step;
    step *= std::max<int64_t>(sizes[d], 1);
  }
  return empty_strided_like(sizes, strides, x.dtype());
}

/// A tensor whose rows the kernels can read, and where they lie.
struct Heads {
  Heads(const Tensor& given, const Shape& batch)
      : x(given.stride(-1) == 1 || given.size(-1) == 1 ? given : packed(given)), at(batch_offsets(x, batch)) {}
  template <class T> kernels::Rows<T> rows() const {
    return {x.data<std::remove_const_t<T>>(), x.stride(-2), at.data()};
  }
  Tensor x;
  std::vector<int64_t> at;
};

/// The op by the kernels; the leading dimensions of q, k and v are the same.
Tensor fused_attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  constexpr const char* op = "scaled_dot_product_attention";
  const Shape batch(q.sizes().begin(), q.sizes().end() - 2);
  const int64_t L = q.size(-2), S = k.size(-2), Dv = v.size(-1);
  Shape sizes = q.sizes(), all = q.sizes();
  sizes[sizes.size() - 1] = Dv, all[all.size() - 1] = S;
  const Tensor mask = options.mask.defined() ? options.mask.detach().expand(all) : Tensor();
  const int64_t heads = numel(op, batch);
  const double p = options.dropout_p;
  const Tensor kept = p > 0 ? kept_weights(numel(op, all), p) : Tensor();
  const Tensor y = laid_out_as(q, sizes), lse = empty(heads * L, q.dtype());

  const auto with_kernel = [=, mask = saved(mask)]<class T>(const Heads& hq, const Heads& hk, const Heads& hv,
                                                            const auto& run) {
    const std::vector<int64_t> mask_at = mask().defined() ? batch_offsets(mask(), batch) : std::vector<int64_t>();
    const bool is_bool = mask().defined() && mask().dtype() == kBool;
    run(kernels::Attention<T>{.q = hq.rows<const T>(),
                              .k = hk.rows<const T>(),
                              .v = hv.rows<const T>(),
                              .batch = heads,
                              .L = L,
                              .S = S,
                              .D = hq.x.size(-1),
                              .Dv = Dv,
                              .scale = static_cast<T>(options.scale),
                              .causal = options.is_causal,
                              .added = mask().defined() && !is_bool ? mask().template data<T>() : nullptr,
                              .visible = is_bool ? mask().template data<bool>() : nullptr,
                              .mask_at = mask_at.empty() ? nullptr : mask_at.data(),
                              .mask_row = mask().defined() ? mask().stride(-2) : 0,
                              .mask_col = mask().defined() ? mask().stride(-1) : 0,
                              .kept = p > 0 ? reinterpret_cast<const uint64_t*>(kept.data<int64_t>()) : nullptr,
                              .kept_scale = 1 / static_cast<T>(1 - p)});
  };
  const Heads hq(q, batch), hk(k, batch), hv(v, batch), hy(y, batch);
  dispatch_float(op, q.dtype(), [&]<class T>() {
    with_kernel.template operator()<T>(hq, hk, hv, [&](const kernels::Attention<T>& a) {
      kernels::attention(hy.rows<T>(), lse.data<T>(), a);
    });
  });
  auto fast = [=, q = saved(q), k = saved(k), v = saved(v), y = saved(y.detach())](const Tensor& dy,
                                                                                  const std::vector<bool>&) {
    const std::vector<Tensor> d{laid_out_as(q(), q().sizes()), laid_out_as(k(), k().sizes()),
                                laid_out_as(v(), v().sizes())};
    const Heads dq(d[0], batch), dk(d[1], batch), dv(d[2], batch), g(dy, batch), out(y(), batch);
    dispatch_float(op, dy.dtype(), [&]<class T>() {
      with_kernel.template operator()<T>(
          Heads(q(), batch), Heads(k(), batch), Heads(v(), batch), [&](const kernels::Attention<T>& a) {
            kernels::attention_backward(dq.rows<T>(), dk.rows<T>(), dv.rows<T>(), g.rows<const T>(),
                                        out.rows<const T>(), lse.data<T>(), a);
          });
    });
    return d;
  };
  return record_fused(op, y, {q, k, v}, fast, [=, given = saved(options.mask)](const std::vector<Tensor>& in) {
    AttentionOptions own = options;
    own.mask = given();
    return attend(in[0], in[1], in[2], own, [&](const Tensor& weights) {
      if (p == 0) return weights;
      const Tensor factors = empty(weights.sizes(), weights.dtype());
      dispatch_float(op, factors.dtype(), [&]<class T>() {
        for (int64_t i = 0; i < factors.numel(); ++i)
          factors.data<T>()[i] = (kept.data<int64_t>()[i / 64] >> i % 64 & 1) != 0 ? 1 / static_cast<T>(1 - p) : T(0);
      });
      return weights * factors;
    });
  });
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& attn_mask,
                                    double dropout_p, bool is_causal, std::optional<double> scale) {
  constexpr const char* op = "scaled_dot_product_attention";
  check(q.dim() >= 2 && k.dim() >= 2 && v.dim() >= 2, "{}: q {}, k {} and v {} need at least two dimensions", op,
        q.sizes(), k.sizes(), v.sizes());
  check(q.is_floating_point(), "{}: expected floating-point tensors, got {}; convert them with .to(kFloat32)", op,
        q.dtype());
  for (const Tensor& x : {k, v, attn_mask})
    if (x.defined() && x.dtype() != kBool) check_same_dtype(op, q, x);
  check(dropout_p >= 0 && dropout_p <= 1, "{}: dropout_p is a probability between 0 and 1, got {}", op, dropout_p);
  check(q.size(-1) == k.size(-1), "{}: q is {} and k {} - their heads differ in size, {} and {}", op, q.sizes(),
        k.sizes(), q.size(-1), k.size(-1));
  check(k.size(-2) == v.size(-2), "{}: k is {} and v {} - the {} keys do not meet the {} values", op, k.sizes(),
        v.sizes(), k.size(-2), v.size(-2));
  check(!attn_mask.defined() || !is_causal, "{}: give attn_mask or is_causal, not both", op);
  const AttentionOptions options{attn_mask, is_causal, scale.value_or(1 / std::sqrt(static_cast<double>(q.size(-1)))),
                                 dropout_p};
  const Shape leading(q.sizes().begin(), q.sizes().end() - 2);
  const auto fits = [&](const Tensor& x) {
    return x.dtype() == q.dtype() && x.numel() > 0 && Shape(x.sizes().begin(), x.sizes().end() - 2) == leading;
  };
  Shape scores = q.sizes();
  scores[scores.size() - 1] = k.size(-2);
  const bool mask_fits = !attn_mask.defined() || (broadcasts_to(attn_mask.sizes(), scores) && !needs_grad(attn_mask));
  const bool own_draws = dropout_p > 0 && dropout_style() != DropoutStyle::book;
  if (fits(q) && fits(k) && fits(v) && mask_fits && !own_draws) return fused_attention(q, k, v, options);
  return attend(q, k, v, options, [&](const Tensor& weights) { return dropout(weights, dropout_p, true); });
}

}  // namespace gradus
