#include "tensor/kernels/attention.h"

#include <cmath>
#include <numeric>

#include "autograd/ops.h"
#include "tensor/checks.h"
#include "tensor/random.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

constexpr const char* kOp = "scaled_dot_product_attention";
constexpr double kHidden = -std::numeric_limits<double>::infinity();  // the score of a hidden key

/// The arguments of an attention call besides q, k and v.
struct AttentionOptions {
  Tensor mask;  // undefined, bool (true: the key is visible), or added to the scores
  bool is_causal;
  double scale;
  double dropout_p;
  // Kept for the backward, which computes the scores again: they must be those of the forward even
  // if the setting has changed since.
  kernels::MatmulPrecision precision = kernels::matmul_precision();
};

/// The definition of the op in plain ops. q (..., L, D), k (..., S, D), v (..., S, Dv) ->
/// (..., L, Dv). `drop` is called in place of dropout.
template <class Drop>
Tensor attention_in_plain_ops(const Tensor& q, const Tensor& k, const Tensor& v,
                              const AttentionOptions& options, const Drop& drop) {
  const Tensor& mask = options.mask;
  Tensor scores = matmul(q, transpose(k, -2, -1)) * options.scale;  // (..., L, S)
  if (options.is_causal) {
    scores = masked_fill(scores, triu(ones({q.size(-2), k.size(-2)}, kBool), 1), kHidden);
  } else if (mask.defined()) {
    check(broadcasts_to(mask.sizes(), scores.sizes()),
          "{}: attn_mask of shape {} does not broadcast to the scores of shape {}", kOp,
          mask.sizes(), scores.sizes());
    scores =
        mask.dtype() == kBool ? masked_fill(scores, logical_not(mask), kHidden) : scores + mask;
  }
  const Tensor weights = mask.defined() ? masked_softmax(scores) : softmax(scores, -1);
  return matmul(drop(weights), v);  // (..., L, Dv)
}

/// One bit for each of n weights: whether dropout keeps it. Draws the same random numbers in the
/// same order as `dropout`, so that both keep the same weights.
Tensor draw_kept_bits(int64_t n, double p) {
  constexpr int64_t kChunk = 4096;
  const Tensor bits = zeros({n / 64 + 1}, kInt64);
  uint64_t* const words = reinterpret_cast<uint64_t*>(bits.data<int64_t>());
  std::array<float, kChunk> factors;
  const LockedGenerator generator;
  for (int64_t begin = 0; begin < n; begin += kChunk) {
    const int64_t count = std::min(kChunk, n - begin);
    dropout_mask(*generator, factors.data(), count, p);
    for (int64_t i = 0; i < count; ++i) {
      const bool kept = factors[static_cast<size_t>(i)] != 0;
      words[(begin + i) / 64] |= uint64_t{kept} << i % 64;
    }
  }
  return bits;
}

/// An empty tensor with contiguous rows whose other dimensions have the order of x's in memory:
/// heads that are a view of (B, T, H, D) give a result whose heads merge without a copy.
Tensor empty_in_order_of(const Tensor& x, const Shape& sizes) {
  std::vector<size_t> dims(sizes.size() - 1);  // without the last, from the innermost to outermost
  std::iota(dims.begin(), dims.end(), size_t{0});
  std::stable_sort(dims.begin(), dims.end(),
                   [&](size_t a, size_t b) { return x.strides()[a] < x.strides()[b]; });
  Shape strides = contiguous_strides(sizes);
  int64_t stride = sizes.back();
  for (const size_t d : dims) {
    strides[d] = stride;
    stride *= std::max<int64_t>(sizes[d], 1);
  }
  return empty_strided_like(sizes, strides, x.dtype());
}

/// The offsets of the matrices of x when its leading dimensions are broadcast to `batch`.
std::vector<int64_t> matrix_offsets(const Tensor& x, const Shape& batch) {
  return kernels::offsets(kernels::strided_loop<1>(batch.size(), batch.data(), {layout(x, 2)}))[0];
}

Shape batch_of(const Tensor& x) { return {x.sizes().begin(), x.sizes().end() - 2}; }

/// x (..., rows, columns) with the last dimension replaced.
Shape with_last(Shape sizes, int64_t size) {
  sizes[sizes.size() - 1] = size;
  return sizes;
}

/// A tensor (..., rows, columns) with contiguous rows, as the kernels take it.
struct HeadsTensor {
  Tensor x;
  std::vector<int64_t> offsets;  // of each matrix

  HeadsTensor() = default;
  explicit HeadsTensor(const Tensor& given)
      : x(has_contiguous_rows(given) ? given.detach() : as_contiguous(given).detach()),
        offsets(matrix_offsets(x, batch_of(x))) {}

  template <class T>
  kernels::Heads<T> heads() const {
    return {x.data<std::remove_const_t<T>>(), x.stride(-2), offsets.data()};
  }

 private:
  static bool has_contiguous_rows(const Tensor& x) { return x.stride(-1) == 1 || x.size(-1) == 1; }
};

/// A call of the fused kernels: the inputs and results of the forward.
struct FusedCall {
  AttentionOptions options;
  HeadsTensor q;  // (..., L, D)
  HeadsTensor k;  // (..., S, D)
  HeadsTensor v;  // (..., S, Dv)
  HeadsTensor y;  // (..., L, Dv)
  Tensor m;       // (..., L)
  Tensor l;       // (..., L)
  Tensor mask;    // (..., L, S), or undefined
  std::vector<int64_t> mask_offsets;
  Tensor kept_bits;  // of dropout, or undefined

  template <class T>
  kernels::SoftmaxSums<T> sums() const {
    return {m.data<T>(), l.data<T>()};
  }
  template <class T>
  kernels::Attention<T> arguments() const {
    return {.q = q.heads<const T>(),
            .k = k.heads<const T>(),
            .v = v.heads<const T>(),
            .heads = std::ssize(q.offsets),
            .L = q.x.size(-2),
            .S = k.x.size(-2),
            .D = q.x.size(-1),
            .Dv = v.x.size(-1),
            .scale = static_cast<T>(options.scale),
            .causal = options.is_causal,
            .mask = kernel_mask<T>(),
            .dropout = kernel_dropout<T>(),
            .precision = options.precision};
  }

  /// The factors of dropout, as a tensor of the shape of the weights.
  Tensor dropout_factors(const Tensor& weights) const {
    const Tensor factors = empty(weights.sizes(), weights.dtype());
    dispatch_float("dropout", factors.dtype(), [&]<class T>() {
      for (int64_t i = 0; i < factors.numel(); ++i) {
        const bool kept = (kept_bits.data<int64_t>()[i / 64] >> i % 64 & 1) != 0;
        factors.data<T>()[i] = kept ? kept_scale<T>() : T(0);
      }
    });
    return factors;
  }

 private:
  template <class T>
  T kept_scale() const {
    return 1 / static_cast<T>(1 - options.dropout_p);
  }
  template <class T>
  kernels::AttentionMask<T> kernel_mask() const {
    if (!mask.defined()) return {};
    const bool is_bool = mask.dtype() == kBool;
    return {.added = is_bool ? nullptr : mask.data<T>(),
            .visible = is_bool ? mask.data<bool>() : nullptr,
            .offsets = mask_offsets.data(),
            .row_stride = mask.stride(-2),
            .col_stride = mask.stride(-1)};
  }
  template <class T>
  kernels::AttentionDropout<T> kernel_dropout() const {
    if (!kept_bits.defined()) return {};
    return {.kept = reinterpret_cast<const uint64_t*>(kept_bits.data<int64_t>()),
            .kept_scale = kept_scale<T>()};
  }
};

/// The forward by the kernels. The leading dimensions of q, k and v are the same.
FusedCall fused_forward(const Tensor& q, const Tensor& k, const Tensor& v,
                        const AttentionOptions& options) {
  const Shape scores = with_last(q.sizes(), k.size(-2));  // (..., L, S)
  FusedCall call;
  call.options = options;
  call.q = HeadsTensor(q);
  call.k = HeadsTensor(k);
  call.v = HeadsTensor(v);
  call.y = HeadsTensor(empty_in_order_of(q, with_last(q.sizes(), v.size(-1))));
  call.m = empty({q.sizes().begin(), q.sizes().end() - 1}, q.dtype());
  call.l = empty(call.m.sizes(), q.dtype());
  if (options.mask.defined()) {
    call.mask = options.mask.detach().expand(scores);
    call.mask_offsets = matrix_offsets(call.mask, batch_of(q));
  }
  if (options.dropout_p > 0) call.kept_bits = draw_kept_bits(numel(kOp, scores), options.dropout_p);
  dispatch_float(kOp, q.dtype(), [&]<class T>() {
    kernels::attention_forward(call.y.heads<T>(), call.sums<T>(), call.arguments<T>());
  });
  return call;
}

/// dq, dk and dv by the kernels.
std::vector<Tensor> fused_backward(const FusedCall& call, const Tensor& given_dy) {
  const HeadsTensor dy(given_dy);
  const HeadsTensor dq(empty_in_order_of(call.q.x, call.q.x.sizes()));
  const HeadsTensor dk(empty_in_order_of(call.k.x, call.k.x.sizes()));
  const HeadsTensor dv(empty_in_order_of(call.v.x, call.v.x.sizes()));
  dispatch_float(kOp, given_dy.dtype(), [&]<class T>() {
    kernels::attention_backward<T>({.dq = dq.heads<T>(),
                                    .dk = dk.heads<T>(),
                                    .dv = dv.heads<T>(),
                                    .dy = dy.heads<const T>(),
                                    .y = call.y.heads<const T>(),
                                    .sums = call.sums<T>()},
                                   call.arguments<T>());
  });
  return {dq.x, dk.x, dv.x};
}

/// The op, computed by the fused kernels. A second derivative differentiates the definition in
/// plain ops.
Tensor fused_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                       const AttentionOptions& options) {
  const FusedCall call = fused_forward(q, k, v, options);
  const Tensor y = call.y.x.detach();  // its node will own `call`, so `call` must not own it
  const Saved saved_mask = saved(options.mask);
  const std::vector<Saved> used{saved(q.detach()), saved(k.detach()), saved(v.detach()), saved_mask,
                                saved(y.detach())};
  auto backward = [=](const Tensor& dy, const std::vector<bool>&) {
    for (const Saved& x : used)
      x();  // throws if one was changed in place since the forward
    return fused_backward(call, dy);
  };
  auto definition = [=](const std::vector<Tensor>& inputs) {
    saved_mask();
    const auto drop = [&](const Tensor& weights) {
      return options.dropout_p == 0 ? weights : weights * call.dropout_factors(weights);
    };
    return attention_in_plain_ops(inputs[0], inputs[1], inputs[2], options, drop);
  };
  return record_fused(kOp, y, {q, k, v}, backward, definition);
}

/// Whether the fused kernels compute this call: they take neither broadcast leading dimensions, nor
/// empty tensors, nor a mask that needs a gradient.
bool can_be_fused(const Tensor& q, const Tensor& k, const Tensor& v,
                  const AttentionOptions& options) {
  const Shape batch = batch_of(q);
  for (const Tensor& x : {q, k, v}) {
    if (x.dtype() != q.dtype() || x.numel() == 0 || batch_of(x) != batch) return false;
  }
  // PyTorch's dropout draws its random numbers in an order of its own.
  if (options.dropout_p > 0 && dropout_style() != DropoutStyle::book) return false;
  const Tensor& mask = options.mask;
  if (!mask.defined()) return true;
  return broadcasts_to(mask.sizes(), with_last(q.sizes(), k.size(-2))) && !needs_grad(mask);
}

void check_arguments(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& attn_mask,
                     double dropout_p, bool is_causal) {
  check(q.dim() >= 2 && k.dim() >= 2 && v.dim() >= 2,
        "{}: q {}, k {} and v {} need at least two dimensions", kOp, q.sizes(), k.sizes(),
        v.sizes());
  check(q.is_floating_point(),
        "{}: expected floating-point tensors, got {}; convert them with .to(kFloat32)", kOp,
        q.dtype());
  for (const Tensor& x : {k, v, attn_mask}) {
    if (x.defined() && x.dtype() != kBool) check_same_dtype(kOp, q, x);
  }
  check(dropout_p >= 0 && dropout_p <= 1, "{}: dropout_p is a probability between 0 and 1, got {}",
        kOp, dropout_p);
  check(q.size(-1) == k.size(-1), "{}: q is {} and k {} - their heads differ in size, {} and {}",
        kOp, q.sizes(), k.sizes(), q.size(-1), k.size(-1));
  check(k.size(-2) == v.size(-2), "{}: k is {} and v {} - the {} keys do not meet the {} values",
        kOp, k.sizes(), v.sizes(), k.size(-2), v.size(-2));
  check(!attn_mask.defined() || !is_causal, "{}: give attn_mask or is_causal, not both", kOp);
}

}  // namespace

Tensor masked_softmax(const Tensor& scores) {
  check(scores.dim() >= 1,
        "masked_softmax: expected rows of scores, got a tensor without dimensions");
  check_is_no_bfloat16("masked_softmax", scores.dtype());
  if (scores.size(-1) == 0) return softmax(scores, -1);
  // (..., 1): rows in which every score is -inf
  const Tensor hidden = amax(scores.detach(), -1, true) == kHidden;
  if (sum(hidden).item<int64_t>() == 0) return softmax(scores, -1);
  return masked_fill(softmax(masked_fill(scores, hidden, 0.0), -1), hidden, 0.0);
}

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale) try {
  check_arguments(q, k, v, attn_mask, dropout_p, is_causal);
  check(!scale || q.dtype() != kFloat32 || fits<float>(*scale), "{}: scale {} does not fit into {}",
        kOp, scale.value_or(0), q.dtype());
  // Without a scale of its own, a head of size 0 has scores of 0, not 0 * infinity.
  const double head_size = static_cast<double>(std::max<int64_t>(q.size(-1), 1));
  const double default_scale = 1 / std::sqrt(head_size);
  const AttentionOptions options{.mask = attn_mask,
                                 .is_causal = is_causal,
                                 .scale = scale.value_or(default_scale),
                                 .dropout_p = dropout_p};
  if (can_be_fused(q, k, v, options)) return fused_attention(q, k, v, options);
  return attention_in_plain_ops(
      q, k, v, options, [&](const Tensor& weights) { return dropout(weights, dropout_p, true); });
} catch (const std::bad_alloc&) {
  kernels::fail_out_of_memory();
}

}  // namespace gradus
