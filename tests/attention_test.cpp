// The attention kernels against their reference, and the fused op against plain ops.
#include "tensor/kernels/attention.h"

#include <cmath>
#include <limits>

#include "autograd/engine.h"
#include "autograd/ops.h"
#include "check/gradcheck.h"
#include "tensor/random.h"
#include "tests/kernels_support.h"

namespace gradus::attention_test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
using Tensors = std::vector<Tensor>;

struct Case {
  int64_t L, S, D, Dv;
};
const std::vector<Case> kCases{
    {1, 1, 1, 1},      {1, 3, 2, 5},      {2, 1, 7, 3},        {3, 200, 64, 64},  {1, 131, 33, 70},
    {4, 65, 16, 16},   {5, 5, 3, 2},      {7, 64, 17, 31},     {16, 16, 16, 16},  {31, 33, 8, 9},
    {33, 31, 1, 15},   {64, 64, 64, 64},  {65, 129, 40, 24},   {127, 63, 5, 100}, {129, 128, 65, 1},
    {130, 190, 12, 7}, {200, 70, 200, 3}, {195, 197, 19, 199}, {200, 150, 32, 64}};

template <class T>
class Kernel : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(Kernel, Floats);

/// A call of the kernels with its own data: three heads of odd sizes, whose order in memory is not
/// their order in the call.
template <class T>
struct KernelCall {
  static constexpr int64_t kHeads = 3;
  Case sizes;
  int64_t gap = 0;  // between rows
  std::vector<int64_t> q_offsets;
  std::vector<int64_t> k_offsets;
  std::vector<int64_t> v_offsets;
  std::vector<int64_t> y_offsets;
  std::vector<int64_t> mask_offsets;
  std::vector<T> q;
  std::vector<T> k;
  std::vector<T> v;
  std::vector<T> dy;
  std::vector<T> added;
  std::unique_ptr<bool[]> visible;
  std::vector<uint64_t> kept;
  kernels::Attention<T> arguments;

  KernelCall(const Case& c, const std::string& kind)
      : sizes(c),
        gap(kind == "gaps, visible, dropout" ? 11 : 0),
        q_offsets(offsets(c.L, c.D + gap)),
        k_offsets(offsets(c.S, c.D + gap)),
        v_offsets(offsets(c.S, c.Dv + gap)),
        y_offsets(offsets(c.L, c.Dv + gap)),
        mask_offsets(offsets(c.L, c.S)),
        q(kernels::numbers<T>(kHeads * c.L * (c.D + gap), 1)),
        k(kernels::numbers<T>(kHeads * c.S * (c.D + gap), 2)),
        v(kernels::numbers<T>(kHeads * c.S * (c.Dv + gap), 3)),
        dy(kernels::numbers<T>(kHeads * c.L * (c.Dv + gap), 5)),
        added(kernels::numbers<T>(kHeads * c.L * c.S, 4)),
        visible(std::make_unique<bool[]>(added.size())),
        kept(added.size() / 64 + 1),
        arguments{.q = {q.data(), c.D + gap, q_offsets.data()},
                  .k = {k.data(), c.D + gap, k_offsets.data()},
                  .v = {v.data(), c.Dv + gap, v_offsets.data()},
                  .heads = kHeads,
                  .L = c.L,
                  .S = c.S,
                  .D = c.D,
                  .Dv = c.Dv,
                  .scale = static_cast<T>(0.7)} {
    for (T& x : q)
      x *= 4;
    for (size_t i = 0; i < added.size(); ++i) {
      const bool in_second_row = i / static_cast<size_t>(c.S) == 1;  // which sees no key
      visible[i] = added[i] > 0 && !in_second_row;
      kept[i / 64] |= uint64_t{added[i] > T(-0.5)} << i % 64;
    }
    const auto has = [&](const char* word) { return kind.find(word) != std::string::npos; };
    arguments.causal = has("causal");
    if (has("added")) arguments.mask.added = added.data();
    if (has("visible")) arguments.mask.visible = visible.get();
    arguments.mask.offsets = mask_offsets.data();
    arguments.mask.row_stride = c.S;
    arguments.mask.col_stride = 1;
    if (has("dropout")) arguments.dropout = {kept.data(), static_cast<T>(1.25)};
  }
  KernelCall(const KernelCall&) = delete;  // the arguments point into the vectors
  KernelCall& operator=(const KernelCall&) = delete;

  static std::vector<int64_t> offsets(int64_t rows, int64_t row_stride) {
    return {2 * rows * row_stride, 0, rows * row_stride};
  }

  struct Forward {
    std::vector<T> y;
    std::vector<T> m;
    std::vector<T> l;
    /// log(sum(exp(scores))) of each query. l alone has the relative error of exp(scores).
    std::vector<T> lse() const {
      std::vector<T> all(m);
      for (size_t i = 0; i < all.size(); ++i)
        all[i] += std::log(l[i]);
      return all;
    }
  };
  Forward forward(void (*attend)(kernels::Heads<T>, const kernels::SoftmaxSums<T>&,
                                 const kernels::Attention<T>&)) const {
    const auto queries = static_cast<size_t>(kHeads * sizes.L);
    Forward out{std::vector<T>(dy.size(), T(-7)), std::vector<T>(queries), std::vector<T>(queries)};
    attend({out.y.data(), sizes.Dv + gap, y_offsets.data()}, {out.m.data(), out.l.data()},
           arguments);
    return out;
  }

  /// dq, dk and dv, one after the other.
  std::vector<T> backward(Forward& forward,
                          void (*differentiate)(const kernels::AttentionGradients<T>&,
                                                const kernels::Attention<T>&)) const {
    std::vector<T> out(q.size() + k.size() + v.size(), T(-7));
    T* const dq = out.data();
    T* const dk = dq + q.size();
    T* const dv = dk + k.size();
    differentiate({.dq = {dq, sizes.D + gap, q_offsets.data()},
                   .dk = {dk, sizes.D + gap, k_offsets.data()},
                   .dv = {dv, sizes.Dv + gap, v_offsets.data()},
                   .dy = {dy.data(), sizes.Dv + gap, y_offsets.data()},
                   .y = {forward.y.data(), sizes.Dv + gap, y_offsets.data()},
                   .sums = {forward.m.data(), forward.l.data()}},
                  arguments);
    return out;
  }
};

template <class T>
void expect_near(const std::vector<T>& got, const std::vector<T>& wanted, double tolerance) {
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == static_cast<T>(kInf))
      ASSERT_EQ(got[i], wanted[i]) << i;
    else
      ASSERT_NEAR(got[i], wanted[i], tolerance * (1 + std::abs(static_cast<double>(wanted[i]))))
          << i;
  }
}

// Every size with every kind of mask and dropout, contiguous rows and rows with gaps, with 1, 2, 3
// and 7 threads. CTest runs this for every instruction set.
TYPED_TEST(Kernel, EqualsTheReference) {
  using T = TypeParam;
  for (const Case& c : kCases) {
    for (const std::string kind : {"plain", "causal", "visible", "added", "dropout",
                                   "causal, dropout", "gaps, visible, dropout"}) {
      SCOPED_TRACE(fmt::format("{} queries, {} keys, D {}, Dv {}, {}", c.L, c.S, c.D, c.Dv, kind));
      const KernelCall<T> call(c, kind);
      auto wanted = call.forward(kernels::attention_reference<T>);
      typename KernelCall<T>::Forward fast;
      kernels::for_all_thread_counts([&] {
        fast = call.forward(kernels::attention_forward<T>);
        std::vector<T> all = fast.y;
        all.insert(all.end(), fast.m.begin(), fast.m.end());
        all.insert(all.end(), fast.l.begin(), fast.l.end());
        return all;
      });
      const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-13;
      expect_near(fast.y, wanted.y, tolerance);
      expect_near(fast.m, wanted.m, tolerance);
      expect_near(fast.lse(), wanted.lse(), tolerance);

      const auto gradients = kernels::for_all_thread_counts(
          [&] { return call.backward(wanted, kernels::attention_backward<T>); });
      // Up to 200 queries add to an element of dk and dv.
      const double gradient_tolerance = sizeof(T) == 4 ? 1e-4 : 1e-13;
      expect_near(gradients, call.backward(wanted, kernels::attention_backward_reference<T>),
                  gradient_tolerance);
    }
  }
}

/// The op, made of plain ops.
Tensor plain(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, double p,
             bool causal) {
  Tensor scores = matmul(q, k.transpose(-2, -1)) / std::sqrt(static_cast<double>(q.size(-1)));
  if (causal) scores = scores.masked_fill(ones({q.size(-2), k.size(-2)}, kBool).triu(1), -kInf);
  if (mask.defined())
    scores = mask.dtype() == kBool ? scores.masked_fill(logical_not(mask), -kInf) : scores + mask;
  return matmul(dropout(mask.defined() ? masked_softmax(scores) : softmax(scores, -1), p, true), v);
}

Tensors with_gradients(const std::function<Tensor()>& f, const Tensors& inputs, const Tensor& dy) {
  manual_seed(5);
  const Tensor y = f();
  Tensors all = autograd::grad({y}, inputs, {dy});
  all.insert(all.begin(), y.detach());
  all.push_back(rand({3}));  // shows the state of the generator
  return all;
}

void expect_near(const Tensors& got, const Tensors& wanted, double tolerance) {
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double most = wanted[i].abs().max().to(kFloat64).item<double>();
    EXPECT_TRUE(allclose(got[i], wanted[i], 0, tolerance * (1 + most)))
        << "tensor " << i << ": " << (got[i] - wanted[i]).abs().max() << " of " << most;
  }
}

TEST(Attention, EqualsThePlainOps) {
  manual_seed(1);
  for (const DType t : {kFloat32, kFloat64}) {
    for (const auto& [L, S, D, Dv] : kCases) {
      const Tensor visible = rand({2, 1, L, S}) > 0.4;
      const Tensor padding = rand({2, 1, 1, S}) > 0.5;
      visible.select(2, 0).fill_(false);
      const Tensor added =
          randn({3, L, S}, t).masked_fill(rand({3, L, S}) > 0.8, -kInf).select(0, 1);
      added.select(0, L / 2).fill_(-kInf);
      for (const auto& [mask, causal, p] :
           std::vector<std::tuple<Tensor, bool, double>>{{{}, false, 0},
                                                         {{}, true, 0},
                                                         {visible, false, 0},
                                                         {padding, false, 0.2},
                                                         {added, false, 0},
                                                         {added.t().contiguous().t(), false, 0},
                                                         {{}, false, 0.3},
                                                         {{}, true, 0.5}}) {
        SCOPED_TRACE(fmt::format("{}, {} queries, {} keys, D {}, Dv {}, mask {}, causal {}, p {}",
                                 t, L, S, D, Dv, mask.defined() ? mask.sizes() : Shape{}, causal,
                                 p));
        const Tensor q = randn({2, 3, L, D}, t).requires_grad_();
        const Tensor v = randn({2, 3, S, Dv}, t).requires_grad_();
        const Tensor k = randn({2, S, 3, D}, t).transpose(1, 2).detach().requires_grad_();
        const Tensor dy = randn({2, 3, Dv, L}, t).transpose(2, 3);
        const auto fused = [&, m = mask, c = causal, r = p] {
          return scaled_dot_product_attention(q, k, v, m, r, c);
        };
        const auto wanted = with_gradients(
            [&, m = mask, c = causal, r = p] { return plain(q, k, v, m, r, c); }, {q, k, v}, dy);
        expect_near(with_gradients(fused, {q, k, v}, dy), wanted, t == kFloat32 ? 2e-5 : 1e-13);
        EXPECT_STREQ(fused().node()->name, "scaled_dot_product_attention");
      }
    }
  }
}

TEST(Attention, SameBitsByAnyNumberOfThreads) {
  manual_seed(2);
  for (const auto& [batch, L, S] :
       std::vector<std::array<int64_t, 3>>{{1, 300, 1500}, {3, 700, 300}, {20, 70, 70}}) {
    const Tensor q = randn({batch, L, 24}).requires_grad_();
    const Tensor k = randn({batch, S, 24}).requires_grad_();
    const Tensor v = randn({batch, S, 20}).requires_grad_();
    const Tensor dy = randn({batch, L, 20});
    for (const bool causal : {false, true}) {
      kernels::for_all_thread_counts([&] {
        std::vector<float> numbers;
        for (const Tensor& x : with_gradients(
                 [&] {
                   return scaled_dot_product_attention(q, k, v, {}, causal ? 0.1 : 0, causal);
                 },
                 {q, k, v}, dy)) {
          const Tensor c = x.contiguous();
          numbers.insert(numbers.end(), c.data<float>(), c.data<float>() + c.numel());
        }
        return numbers;
      });
      const auto wanted = with_gradients(
          [&] { return plain(q, k, v, {}, causal ? 0.1 : 0, causal); }, {q, k, v}, dy);
      expect_near(
          with_gradients(
              [&] { return scaled_dot_product_attention(q, k, v, {}, causal ? 0.1 : 0, causal); },
              {q, k, v}, dy),
          wanted, 2e-5);
    }
  }
}

TEST(Attention, ViewsOfOneTensor) {
  manual_seed(3);
  const int64_t B = 2;
  const int64_t T = 37;
  const int64_t H = 3;
  const int64_t D = 8;
  const Tensor qkv = randn({B, T, 3, H, D}, kFloat64).requires_grad_();
  const auto part = [&](int64_t i) { return qkv.select(2, i).transpose(1, 2); };  // (B, H, T, D)
  const Tensor dy = randn({B, H, T, D}, kFloat64);
  const auto fused = [&] {
    return scaled_dot_product_attention(part(0), part(1), part(2), {}, 0, true);
  };
  expect_near(
      with_gradients(fused, {qkv}, dy),
      with_gradients([&] { return plain(part(0), part(1), part(2), {}, 0, true); }, {qkv}, dy),
      1e-13);
  EXPECT_TRUE(fused().transpose(1, 2).is_contiguous());  // heads merge without a copy
  const Tensor columns = randn({D, T}, kFloat64).t();
  const Tensor q = randn({1, D}, kFloat64).expand({T, D});
  expect_near({scaled_dot_product_attention(q, columns, columns)},
              {plain(q, columns, columns, {}, 0, false)}, 1e-13);
}

TEST(Attention, FirstAndSecondDerivatives) {
  manual_seed(4);
  const auto leaf = [](const Shape& sizes) { return randn(sizes, kFloat64).requires_grad_(); };
  const Tensor hidden = tensor({{1, 0, 1, 1, 0}, {0, 0, 0, 0, 0}, {0, 1, 1, 0, 1}}).to(kBool);
  for (const auto& [mask, causal, p] : std::vector<std::tuple<Tensor, bool, double>>{
           {{}, false, 0}, {{}, true, 0}, {hidden, false, 0}, {{}, true, 0.4}}) {
    const auto f = [m = mask, c = causal, r = p](const Tensors& x) {
      manual_seed(6);
      return scaled_dot_product_attention(x[0], x[1], x[2], m, r, c, 0.8);
    };
    const Tensors inputs{leaf({2, 3, 4}), leaf({2, 5, 4}), leaf({2, 5, 3})};
    EXPECT_TRUE(gradcheck(f, inputs));
    EXPECT_TRUE(gradgradcheck(f, inputs));
  }
}

TEST(Attention, RowsThatSeeNothingAreZeros) {
  manual_seed(7);
  const Tensor q = randn({2, 9, 4}).requires_grad_();
  const Tensor k = randn({2, 70, 4}).requires_grad_();
  const Tensor v = randn({2, 70, 4}).requires_grad_();
  for (const Tensor& mask : {zeros({9, 70}, kBool), full({9, 70}, -kInf, kFloat32)}) {
    const Tensor y = scaled_dot_product_attention(q, k, v, mask);
    EXPECT_TRUE(equal(y.detach(), zeros({2, 9, 4})));
    for (const Tensor& dx : autograd::grad({y}, {q, k, v}, {ones({2, 9, 4})}))
      EXPECT_TRUE(equal(dx, zeros(dx.sizes())));
  }
}

TEST(Attention, NaNAndInfinityPropagate) {
  manual_seed(8);
  for (const int64_t L : {3, 40}) {
    const Tensor q = randn({L, 4});
    const Tensor k = randn({50, 4});
    const Tensor v = randn({50, 4});
    q[1][2] = std::nan("");
    Tensor y = scaled_dot_product_attention(q, k, v);
    for (int64_t i = 0; i < L; ++i)
      EXPECT_EQ(std::isnan(y[i][0].item<float>()), i == 1) << i;
    q[1][2] = 1;
    v[49][3] = kInf;
    y = scaled_dot_product_attention(q, k, v);
    for (int64_t i = 0; i < L; ++i) {
      EXPECT_EQ(y[i][3].item<float>(), kInf) << i;
      EXPECT_TRUE(std::isfinite(y[i][2].item<float>())) << i;
    }
    k[20].fill_(std::nan(""));  // of a key that no query sees
    v[49][3] = 0;
    const Tensor mask = ones({50}, kBool);
    mask[20] = false;
    const Tensor seen = scaled_dot_product_attention(q, k, v, mask);
    EXPECT_TRUE(allclose(seen, seen, 0, 0)) << seen;  // false if there is a NaN
    EXPECT_TRUE(std::isnan(
        scaled_dot_product_attention(q, full({50, 4}, -kInf) * q[0].abs(), v)[0][0].item<float>()));
  }
}

/// dq, dk and dv of attention.
Tensors gradients_of(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& dy) {
  Tensors leaves;
  for (const Tensor& x : {q, k, v})
    leaves.push_back(x.detach().clone().requires_grad_());
  return autograd::grad({scaled_dot_product_attention(leaves[0], leaves[1], leaves[2])}, leaves,
                        {dy});
}

// Scores that are far apart give one key all the weight: it gets dy, and the scores get 0, but for
// the rounding of dy . v, which is multiplied by keys or queries of up to 5e4.
TEST(Attention, GradientsAreExactWhereOneKeyHasAllTheWeight) {
  manual_seed(3);
  for (const auto& [L, S] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {1, 90}, {4, 3}, {5, 1}, {40, 70}, {150, 600}}) {
    SCOPED_TRACE(fmt::format("{} queries, {} keys", L, S));
    for (const DType t : {kFloat32, kFloat64}) {
      const Tensor q = randn({2, L, 17}, t) * 1e4;
      const Tensor k = randn({2, S, 17}, t) * 1e4;
      const Tensor v = randn({2, S, 9}, t);
      const Tensor dy = randn({2, L, 9}, t);
      const Tensors dx = gradients_of(q, k, v, dy);
      const double rounding = (t == kFloat32 ? 1e-6 : 1e-15) * 5e4;
      EXPECT_LT(dx[0].abs().max().to(kFloat64).item<double>(), rounding);
      EXPECT_LT(dx[1].abs().max().to(kFloat64).item<double>(), rounding);
      const Tensor chosen = one_hot(matmul(q, k.transpose(-2, -1)).argmax(-1), S).to(t);
      const Tensor wanted = matmul(chosen.transpose(-2, -1), dy);
      EXPECT_TRUE(L == 1 ? equal(dx[2], wanted) : allclose(dx[2], wanted, 1e-5, 1e-5));
    }
  }
}

// The logarithm of the sum of their exponentials cannot be told from the scores in float32.
TEST(Attention, KeysWithTheSameLargeScoreShareTheGradient) {
  for (const int64_t L : {1, 9}) {
    const Tensor q = full({L, 4}, 1e4);
    const Tensor k = full({2, 4}, 1e4);
    const Tensor v = tensor({{1., 2.}, {1., 2.}});
    const Tensors dx = gradients_of(q, k, v, ones({L, 2}));
    EXPECT_TRUE(equal(dx[2], full({2, 2}, 0.5 * static_cast<double>(L)))) << dx[2];
  }
}

TEST(Attention, HeadsOfSizeZeroGiveTheMeanOfTheValues) {
  const Tensor q = zeros({1, 2, 0}).requires_grad_();
  const Tensor k = zeros({1, 3, 0});
  const Tensor v = arange(6).to(kFloat32).view({1, 3, 2}).requires_grad_();
  const Tensor y = scaled_dot_product_attention(q, k, v);
  EXPECT_TRUE(allclose(y, tensor({{{2., 3.}, {2., 3.}}})));
  EXPECT_TRUE(
      allclose(scaled_dot_product_attention(q, k, v, {}, 0, true), tensor({{{0., 1.}, {1., 2.}}})));
  y.sum().backward();
  EXPECT_TRUE(allclose(v.grad(), full({1, 3, 2}, 2. / 3)));
  EXPECT_EQ(q.grad().sizes(), q.sizes());
}

TEST(Attention, WithoutKeysOrQueries) {
  const Tensor q = ones({1, 2, 4});
  for (const Tensor& mask : {Tensor(), ones({2, 0}, kBool), zeros({2, 0})}) {
    const Tensor v = ones({1, 0, 3}).requires_grad_();
    const Tensor y = scaled_dot_product_attention(q, ones({1, 0, 4}), v, mask);
    EXPECT_TRUE(equal(y.detach(), zeros({1, 2, 3})));
    y.sum().backward();
    EXPECT_EQ(v.grad().sizes(), v.sizes());
  }
  const Tensor none =
      scaled_dot_product_attention(ones({1, 0, 4}), q, ones({1, 2, 3}), {}, 0, true);
  EXPECT_EQ(none.sizes(), (Shape{1, 0, 3}));
  EXPECT_EQ(scaled_dot_product_attention(q, q, ones({1, 2, 0})).sizes(), (Shape{1, 2, 0}));
}

}  // namespace
}  // namespace gradus::attention_test
