// The fused attention against its reference, and against plain ops.
#include "tensor/kernels/attention.h"

#include <cmath>
#include <limits>

#include "autograd/engine.h"
#include "autograd/ops.h"
#include "check/gradcheck.h"
#include "tensor/random.h"
#include "tests/kernels_support.h"

namespace gradus {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
using Tensors = std::vector<Tensor>;

/// The same as attention, a query at a time.
template <class T>
void attention_reference(kernels::Rows<T> y, T* lse, const kernels::Attention<T>& a) {
  std::vector<double> scores(static_cast<size_t>(a.S));
  std::vector<double> context(static_cast<size_t>(a.Dv));
  for (int64_t b = 0; b < a.batch; ++b) {
    for (int64_t i = 0; i < a.L; ++i) {
      double largest = -kInf;
      double sum = 0;
      for (int64_t j = 0; j < a.S; ++j) {
        double& score = scores[static_cast<size_t>(j)] = 0;
        for (int64_t d = 0; d < a.D; ++d)
          score += static_cast<double>(a.q.data[a.q.at[b] + i * a.q.row + d]) *
                   static_cast<double>(a.k.data[a.k.at[b] + j * a.k.row + d]);
        score *= static_cast<double>(a.scale);
        const int64_t at = a.mask_at ? a.mask_at[b] + i * a.mask_row + j * a.mask_col : 0;
        if ((a.causal && j > i) || (a.visible && !a.visible[at])) score = -kInf;
        if (a.added) score += static_cast<double>(a.added[at]);
        largest = std::max(largest, score);
      }
      std::fill(context.begin(), context.end(), 0.0);
      const bool sees_nothing = largest == -kInf && (a.visible || a.added || a.S == 0);
      for (int64_t j = 0; j < a.S && !sees_nothing; ++j) {
        const double weight = std::exp(scores[static_cast<size_t>(j)] - largest);
        const int64_t n = (b * a.L + i) * a.S + j;
        const bool dropped = a.kept && (a.kept[n / 64] >> (n % 64) & 1) == 0;
        const double factor = dropped ? 0 : a.kept ? static_cast<double>(a.kept_scale) : 1;
        sum += weight;
        for (int64_t d = 0; d < a.Dv; ++d)
          context[static_cast<size_t>(d)] +=
              weight * factor * static_cast<double>(a.v.data[a.v.at[b] + j * a.v.row + d]);
      }
      for (int64_t d = 0; d < a.Dv; ++d)
        y.data[y.at[b] + i * y.row + d] =
            sees_nothing ? 0 : static_cast<T>(context[static_cast<size_t>(d)] / sum);
      lse[b * a.L + i] = static_cast<T>(sees_nothing ? kInf : largest + std::log(sum));
    }
  }
}

struct Case {
  int64_t L, S, D, Dv;
};
const std::vector<Case> kCases{
    {1, 1, 1, 1},      {1, 3, 2, 5},      {2, 1, 7, 3},       {3, 200, 64, 64},  {1, 131, 33, 70},
    {4, 65, 16, 16},   {5, 5, 3, 2},      {7, 64, 17, 31},    {16, 16, 16, 16},  {31, 33, 8, 9},
    {33, 31, 1, 15},   {64, 64, 64, 64},  {65, 129, 40, 24},  {127, 63, 5, 100}, {129, 128, 65, 1},
    {130, 190, 12, 7}, {200, 70, 200, 3}, {195, 197, 19, 199}};

template <class T>
class Kernel : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(Kernel, Floats);

// Every size with every kind of mask, rows that lie side by side or apart, by 1, 2, 3 and 7
// threads.
TYPED_TEST(Kernel, IsTheReference) {
  using T = TypeParam;
  const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-13;
  for (const Case& c : kCases) {
    const auto [L, S, D, Dv] = c;
    for (const std::string kind :
         {"plain", "causal", "visible", "added", "dropout", "causal, dropout", "strange"}) {
      SCOPED_TRACE(fmt::format("{} queries, {} keys, D {}, Dv {}, {}", L, S, D, Dv, kind));
      constexpr int64_t kBatch = 3;
      const int64_t gap = kind == "strange" ? 11 : 0;
      const auto offsets = [&](int64_t rows, int64_t row) {
        return std::vector<int64_t>{2 * rows * row, 0, rows * row};  // in no order
      };
      const auto at_q = offsets(L, D + gap);
      const auto at_k = offsets(S, D + gap);
      const auto at_v = offsets(S, Dv + gap);
      const auto at_y = offsets(L, Dv + gap);
      const auto at_mask = offsets(L, S);
      auto q = kernels::numbers<T>(kBatch * L * (D + gap), 1);
      auto k = kernels::numbers<T>(kBatch * S * (D + gap), 2);
      const auto v = kernels::numbers<T>(kBatch * S * (Dv + gap), 3);
      const auto added = kernels::numbers<T>(kBatch * L * S, 4);
      for (T& x : q)
        x *= 4;
      const auto visible = std::make_unique<bool[]>(added.size());
      for (size_t i = 0; i < added.size(); ++i)
        visible[i] =
            added[i] > 0 && i / static_cast<size_t>(S) != 1;  // the second row sees nothing
      std::vector<uint64_t> kept(added.size() / 64 + 1);
      for (size_t i = 0; i < added.size(); ++i)
        kept[i / 64] |= uint64_t{added[i] > T(-0.5)} << i % 64;
      const bool drops = kind == "dropout" || kind == "causal, dropout" || kind == "strange";
      const kernels::Attention<T> a{
          {q.data(), D + gap, at_q.data()},
          {k.data(), D + gap, at_k.data()},
          {v.data(), Dv + gap, at_v.data()},
          kBatch,
          L,
          S,
          D,
          Dv,
          static_cast<T>(0.7),
          kind == "causal" || kind == "causal, dropout",
          kind == "added" ? added.data() : nullptr,
          kind == "visible" || kind == "strange" ? visible.get() : nullptr,
          at_mask.data(),
          S,
          1,
          drops ? kept.data() : nullptr,
          static_cast<T>(1.25)};
      const auto run = [&, L = L, Dv = Dv](const auto& attend) {
        std::vector<T> y(static_cast<size_t>(kBatch * L * (Dv + gap)), T(-7));
        std::vector<T> lse(static_cast<size_t>(kBatch * L));
        attend(kernels::Rows<T>{y.data(), Dv + gap, at_y.data()}, lse.data(), a);
        y.insert(y.end(), lse.begin(), lse.end());
        return y;
      };
      const auto fast = kernels::for_all_thread_counts([&] { return run(kernels::attention<T>); });
      const auto wanted = run(attention_reference<T>);
      for (size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == static_cast<T>(kInf))
          ASSERT_EQ(fast[i], wanted[i]) << i;
        else
          ASSERT_NEAR(fast[i], wanted[i],
                      tolerance * (1 + std::abs(static_cast<double>(wanted[i]))))
              << i;
      }
    }
  }
}

/// The op by plain ones.
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
  all.push_back(rand({3}));  // the generator stands where it stood
  return all;
}

void expect_near(const Tensors& got, const Tensors& wanted, double tolerance) {
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double most = wanted[i].abs().max().to(kFloat64).item<double>();
    EXPECT_TRUE(allclose(got[i], wanted[i], 0, tolerance * (1 + most)))
        << "number " << i << ": " << (got[i] - wanted[i]).abs().max() << " of " << most;
  }
}

TEST(Attention, IsThePlainOps) {
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

TEST(Attention, PartsOfOneArray) {
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

TEST(Attention, NaNAndInfinityGoThrough) {
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
    EXPECT_TRUE(allclose(seen, seen, 0, 0)) << seen;  // NaN is close to nothing
    EXPECT_TRUE(std::isnan(
        scaled_dot_product_attention(q, full({50, 4}, -kInf) * q[0].abs(), v)[0][0].item<float>()));
  }
}

}  // namespace
}  // namespace gradus
