// bfloat16 as a dtype that only stores numbers: conversions, copies, printing, files, and linear
// and embedding with such a weight. Everything else refuses it.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "gradus.h"
#include "tests/expect_error.h"
#include "tests/files_support.h"
#include "tests/ops_table.h"

namespace gradus::bfloat16_test {
namespace {

/// All bfloat16 numbers, in the order of their bits.
Tensor all_numbers() {
  const Tensor x = empty({256, 256}, kBFloat16);
  for (uint32_t bits = 0; bits < 65536; ++bits)
    x.data<BFloat16>()[bits].bits = static_cast<uint16_t>(bits);
  return x;
}

TEST(BFloat16, EveryNumberSurvivesFloat32) {
  const Tensor x = all_numbers();
  const Tensor back = x.to(kFloat32).to(kBFloat16);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const uint16_t bits = x.data<BFloat16>()[i].bits;
    const uint16_t quiet = std::isnan(float{x.data<BFloat16>()[i]}) ? bits | 0x40 : bits;
    ASSERT_EQ(back.data<BFloat16>()[i].bits, quiet) << bits;
  }
}

TEST(BFloat16, IsTheUpperHalfOfAFloat) {
  const Tensor x = all_numbers();
  const Tensor wide = x.to(kFloat32);
  for (const auto& [bits, value] : std::vector<std::pair<int64_t, float>>{
           {0x3F80, 1.F}, {0xC049, -3.140625F}, {0x0001, 0x1p-133F}, {0x7F80, INFINITY}})
    EXPECT_EQ(wide.data<float>()[bits], value);
  EXPECT_TRUE(std::signbit(wide.data<float>()[0x8000]));
  EXPECT_TRUE(std::isnan(wide.data<float>()[0x7FC0]));
  EXPECT_EQ(x.to(kFloat64).data<double>()[0x3F81], 1.0078125);
  EXPECT_TRUE(equal(x.to(kBool), wide.to(kBool)));
  EXPECT_TRUE(equal(x.to(kInt64), wide.to(kInt64)));
}

// Values from PyTorch 2.15: torch.tensor([...]).to(torch.bfloat16).view(torch.int16).
TEST(BFloat16, RoundsToTheNearestNumberAndTiesToEven) {
  const std::vector<std::pair<float, uint16_t>> cases = {
      {1.F, 0x3F80},
      {0x1.01p0F, 0x3F80},  // halfway to 0x3F81, whose last bit is 1
      {0x1.010002p0F, 0x3F81},
      {0x1.03p0F, 0x3F82},
      {0x1.02fffep0F, 0x3F81},
      {-0x1.03p0F, 0xBF82},
      {0x1.fffffep127F, 0x7F80},  // the largest float
      {0x1.fefffep127F, 0x7F7F},
      {0x1p-149F, 0},
      {0x1.0002p-134F, 1},
      {0x1p-134F, 0},
      {-0.F, 0x8000},
      {-INFINITY, 0xFF80}};
  for (const auto& [value, bits] : cases) {
    EXPECT_EQ(BFloat16(value).bits, bits) << value;
    const Tensor x = full({3, 5}, value, kFloat32);
    EXPECT_EQ(x.to(kBFloat16).data<BFloat16>()[7].bits, bits) << value;
    EXPECT_EQ(x.to(kFloat64).to(kBFloat16).data<BFloat16>()[7].bits, bits) << value;
  }
  EXPECT_TRUE(std::isnan(float{BFloat16(NAN)}));
  EXPECT_EQ(tensor({3, 1000, -7}).to(kBFloat16).to_vector<double>(),
            (std::vector<double>{3, 1000, -7}));
  EXPECT_EQ(tensor({true, false}).to(kBFloat16).to_vector<int>(), (std::vector<int>{1, 0}));
}

TEST(BFloat16, IsADType) {
  const Tensor x = tensor({{1.5, -2.25}, {0.0, 3.0}}).to(kBFloat16);
  EXPECT_EQ(x.dtype(), kBFloat16);
  EXPECT_STREQ(name(kBFloat16), "bfloat16");
  EXPECT_EQ(element_size(kBFloat16), 2);
  EXPECT_TRUE(is_floating_point(kBFloat16));
  EXPECT_TRUE(x.is_floating_point());
  EXPECT_EQ(float{x.data_ptr<BFloat16>()[1]}, -2.25F);
  EXPECT_EQ(x.data_ptr(), x.data_ptr<BFloat16>());
  EXPECT_EQ(x[0][1].item<double>(), -2.25);
  EXPECT_EQ(x[1][1].item().to_double(), 3);
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{1.5, -2.25, 0, 3}));
  EXPECT_FALSE(x.requires_grad());
}

// As print(x) of PyTorch in Python.
TEST(BFloat16, IsPrinted) {
  EXPECT_EQ(to_string(tensor({{1.5, -2.25}, {0.1, 3.0}}).to(kBFloat16)),
            "tensor([[ 1.5000, -2.2500],\n"
            "        [ 0.1001,  3.0000]], dtype=torch.bfloat16)");
  EXPECT_EQ(to_string(tensor({1.0, 300.0}).to(kBFloat16)),
            "tensor([  1., 300.], dtype=torch.bfloat16)");
  EXPECT_EQ(to_string(empty({0}, kBFloat16)), "tensor([], dtype=torch.bfloat16)");
}

TEST(BFloat16, ViewsAndCopiesMoveTheNumbers) {
  const Tensor wide = arange(0, 40 * 70).to(kFloat32).reshape({40, 70});
  const Tensor x = wide.to(kBFloat16);
  const Tensor rounded = x.to(kFloat32);
  const auto expect_same = [](const Tensor& narrow, const Tensor& expected) {
    EXPECT_EQ(narrow.dtype(), kBFloat16);
    EXPECT_TRUE(equal(narrow.to(kFloat32), expected));
  };
  expect_same(x.t(), rounded.t());
  expect_same(x.t().contiguous(), rounded.t().contiguous());
  expect_same(x.flip({0, 1}), rounded.flip({0, 1}));
  expect_same(x.slice(1, 3, 60, 4).clone(), rounded.slice(1, 3, 60, 4));
  expect_same(wide.t().to(kBFloat16), rounded.t());
  expect_same(cat({x, x}, 1), cat({rounded, rounded}, 1));
  expect_same(x[7].expand({3, 70}).contiguous(), rounded[7].expand({3, 70}));
  const Tensor y = empty({40, 70}, kBFloat16);
  y.copy_(wide);
  EXPECT_TRUE(equal(y, x));
  y.select(1, 2).copy_(wide.select(1, 3));
  EXPECT_FALSE(equal(y, x));
  EXPECT_TRUE(equal(y.select(1, 2), x.select(1, 3)));
}

TEST(BFloat16, HasNoGradient) {
  const Tensor w = ones({2, 3}).requires_grad_();
  const Tensor x = w.detach().to(kBFloat16);
  expect_error([&] { w.to(kBFloat16); },
               "to: x requires gradients, and a bfloat16 tensor has none; convert x.detach(), or "
               "use NoGradGuard");
  {
    const NoGradGuard no_grad;
    EXPECT_FALSE(w.to(kBFloat16).requires_grad());
  }
  const std::string stores =
      ": a bfloat16 tensor only stores the weight of linear or embedding; convert it with "
      ".to(kFloat32)";
  expect_error([&] { x.requires_grad_(); }, "requires_grad_" + stores);
  expect_error([&] { x.copy_(w); },
               "copy_: the source requires gradients, and a bfloat16 tensor has none; copy its "
               "detach()");
  expect_error([&] { w.set_data(x); },
               "set_data: the tensor requires gradients, and a bfloat16 tensor has none; call "
               "requires_grad_(false) before");
  expect_error([&] { ones({2}, kBFloat16); }, "ones" + stores);
  expect_error([&] { zeros({2}, kBFloat16); }, "zeros" + stores);
  expect_error([&] { x.fill_(1); }, "fill_" + stores);
  expect_error([&] { tensor({1.0}, kBFloat16); }, "tensor" + stores);
  expect_error([&] { randn({2}, kBFloat16); }, "randn" + stores);
  expect_error([&] { (void)allclose(x, x); }, "allclose" + stores);
  expect_error([&] { x.any(); }, "any" + stores);
  expect_error([&] { x.all(0); }, "all" + stores);
  expect_error([&] { masked_softmax(x); }, "masked_softmax" + stores);
  expect_error([&] { binary_cross_entropy_with_logits(x, x); },
               "binary_cross_entropy_with_logits" + stores);
  const Tensor heads = ones({1, 1, 2, 3}).to(kBFloat16);
  expect_error([&] { scaled_dot_product_attention(heads, heads, heads); },
               "scaled_dot_product_attention" + stores);
  expect_error([&] { set_default_dtype(kBFloat16); },
               "set_default_dtype: expected kFloat32 or kFloat64, got bfloat16");
}

// Ops that only move numbers give a result, which some rows of the table multiply then. All others
// name themselves, except for what is another spelling of an op, such as operator+.
TEST(BFloat16, EveryOtherOpRefusesIt) {
  const std::set<std::string> moves = {
      "alias",   "cat",     "chunk",  "clone",     "contiguous", "diag",      "diagonal",
      "expand",  "flatten", "flip",   "index",     "narrow",     "permute",   "repeat",
      "reshape", "roll",    "select", "slice",     "split",      "squeeze",   "stack",
      "t",       "tile",    "to",     "transpose", "unbind",     "unsqueeze", "view"};
  const std::set<std::string> computes = {"embedding", "linear"};
  // Maximum, minimum and sum; the rows of the others begin with another op.
  const std::set<std::string> others = {"max",
                                        "min",
                                        "sum_to",
                                        "any",
                                        "all",
                                        "trace",
                                        "index_put_",
                                        "masked_softmax",
                                        "scaled_dot_product_attention",
                                        "binary_cross_entropy_with_logits"};
  std::set<std::string> given;
  for (const tests::Row& row : tests::op_table()) {
    tests::Tensors inputs;
    bool any = false;
    for (const Tensor& x : row.inputs) {
      const bool converts = x.defined() && x.is_floating_point();
      inputs.push_back(converts ? x.detach().to(kBFloat16) : x);
      any = any || converts;
    }
    if (!any) continue;
    try {
      const Tensor y = row.f(inputs);
      given.insert(row.op);
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_TRUE(message.find("bfloat16") != std::string::npos) << row.name << ": " << message;
      const bool has_other_name = row.op.starts_with("operator") || others.contains(row.op);
      EXPECT_TRUE(message.starts_with(row.op + ": ") || moves.contains(row.op) || has_other_name)
          << row.name << ": " << message;
    }
  }
  for (const std::string& op : given)
    EXPECT_TRUE(moves.contains(op) || computes.contains(op)) << op;
}

using BFloat16Files = Files;

TEST_F(BFloat16Files, KeepTheirBits) {
  const Tensor x = all_numbers();
  const Tensor y = arange(0, 6).to(kFloat32).reshape({2, 3});
  save_safetensors(path("x"), {{"x", x}, {"y", y}, {"t", x.t()}});
  const NamedTensors back = load_safetensors(path("x"));
  ASSERT_EQ(back.size(), 3U);
  EXPECT_TRUE(same(back[0].second, y));  // those with the largest elements come first
  EXPECT_TRUE(same(back[1].second, x));
  EXPECT_TRUE(same(back[2].second, x.t()));
  expect_error([&] { save_npy(path("x.npy"), x); },
               "save_npy: a bfloat16 tensor only stores the weight of linear or embedding; convert "
               "it with .to(kFloat32)");
}

TEST_F(BFloat16Files, AreLoadedIntoFloat32Modules) {
  const nn::Linear narrow(5, 3);
  const nn::Linear wide(5, 3);
  narrow.to(kBFloat16);
  nn::save(narrow, path("linear"));
  nn::load(wide, path("linear"));
  EXPECT_TRUE(equal(wide.weight.detach(), narrow.weight.to(kFloat32)));
  const nn::Linear other(5, 3);
  other.load_state_dict(narrow.state_dict());
  EXPECT_TRUE(equal(other.weight.detach(), wide.weight.detach()));
  nn::save(wide, path("wide"));
  expect_error([&] { nn::load(narrow, path("wide")); },
               "load: " + path("wide") +
                   ": 'weight' is float32 in the file and bfloat16 in the "
                   "model");
}

TEST(BFloat16Module, LinearAndEmbeddingComputeWithTheirWeights) {
  manual_seed(1);
  const nn::Linear linear(7, 4);
  const nn::Embedding embedding(10, 7);
  const Tensor ids = tensor({{3, 9}, {0, 3}});
  linear.weight.mutable_grad() = zeros({4, 7});
  linear.to(kBFloat16);
  embedding.to(kBFloat16);
  EXPECT_FALSE(linear.weight.requires_grad());
  EXPECT_FALSE(linear.weight.grad().defined());
  const Tensor x = embedding(ids);
  EXPECT_EQ(x.dtype(), kFloat32);
  EXPECT_EQ(x.sizes(), (Shape{2, 2, 7}));
  EXPECT_TRUE(equal(x, gradus::embedding(embedding.weight.to(kFloat32), ids)));
  const Tensor y = linear(x);
  const Tensor expected = gradus::linear(x, linear.weight.to(kFloat32), linear.bias.to(kFloat32));
  EXPECT_TRUE(allclose(y, expected, 0, 1e-6));
  linear.to(kFloat32);
  EXPECT_TRUE(allclose(linear(x), expected, 0, 1e-6));
  const nn::LayerNorm norm(7);
  norm.to(kBFloat16);
  expect_error([&] { norm(x); },
               "layer_norm: the dtypes differ, float32 and bfloat16; convert one with .to()");
}

/// linear of x and a bfloat16 weight against the same numbers in float64.
void compare_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y = linear(x, weight, bias);
  const Tensor wide_bias = bias.defined() ? bias.to(kFloat64) : bias;
  const Tensor expected = linear(x.to(kFloat64), weight.to(kFloat64), wide_bias);
  const Tensor magnitudes = linear(x.to(kFloat64).abs(), weight.to(kFloat64).abs());
  const double of_sums = std::ldexp(static_cast<double>(x.size(-1) + 2), -24);
  const Tensor error = (y.to(kFloat64) - expected).abs();
  EXPECT_EQ(y.dtype(), kFloat32);
  EXPECT_TRUE((error <= magnitudes * of_sums + 1e-6).all().item<bool>())
      << x.sizes() << weight.sizes();
}

TEST(BFloat16Linear, SumsTheExactWeights) {
  manual_seed(2);
  for (const int64_t rows : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 40}) {
    for (const int64_t in : {1, 15, 33, 128, 300, 1027}) {
      for (const int64_t out : {1, 3, 16, 61}) {
        const Tensor x = randn({rows, in});
        const Tensor weight = randn({out, in}).to(kBFloat16);
        const Tensor bias = randn({out});
        compare_linear(x, weight, bias);
        compare_linear(x, weight, bias.to(kBFloat16));
        compare_linear(x, weight, {});
      }
    }
  }
  // More rows of the weight than are converted at a time.
  compare_linear(randn({9, 512}), randn({5000, 512}).to(kBFloat16), randn({5000}));
}

TEST(BFloat16Linear, TakesAnyStrides) {
  manual_seed(3);
  const Tensor weight = randn({33, 20}).to(kBFloat16);
  const Tensor bias = randn({40}).slice(0, 0, 40, 2);
  for (const int64_t rows : {3, 12}) {
    compare_linear(randn({33, rows}).t(), weight.t(), bias);
    compare_linear(randn({rows, 66}).slice(1, 0, 66, 2), weight.t().contiguous(), bias);
    compare_linear(randn({2, rows, 33}), weight.t(), bias);
  }
  compare_linear(randn({33}), weight.t(), bias);
}

TEST(BFloat16Linear, SameBitsForAnyNumberOfThreads) {
  manual_seed(4);
  const Tensor weight = randn({501, 300}).to(kBFloat16);
  const int before = get_num_threads();
  for (const int64_t rows : {1, 5, 8, 20}) {
    const Tensor x = randn({rows, 300});
    set_num_threads(1);
    const Tensor y = linear(x, weight);
    for (const int threads : {2, 3, 7}) {
      set_num_threads(threads);
      EXPECT_TRUE(equal(linear(x, weight), y)) << rows << " rows, " << threads << " threads";
    }
    // A text is the same alone and in a batch of a few.
    if (rows <= 8) {
      EXPECT_TRUE(equal(linear(x.slice(0, 0, 1), weight), y.slice(0, 0, 1)));
    }
  }
  set_num_threads(before);
}

TEST(BFloat16Linear, InputAndBiasHaveGradients) {
  manual_seed(5);
  const Tensor weight = randn({6, 5}).to(kBFloat16);
  const Tensor wide = weight.to(kFloat32);
  const Tensor dy = randn({2, 3, 6});
  const Tensor x = randn({2, 3, 5}).requires_grad_();
  const Tensor bias = randn({6}).requires_grad_();
  linear(x, weight, bias).backward(dy);
  const Tensor dx = x.grad();
  const Tensor dbias = bias.grad();
  x.mutable_grad() = {};
  bias.mutable_grad() = {};
  linear(x, wide, bias).backward(dy);
  EXPECT_TRUE(allclose(dx, x.grad(), 1e-6, 1e-6));
  EXPECT_TRUE(equal(dbias, bias.grad()));
}

TEST(BFloat16Linear, NanAndInfinityAreNotLost) {
  const Tensor weight = ones({20, 40}).to(kBFloat16);
  weight.data<BFloat16>()[3] = BFloat16(INFINITY);
  for (const int64_t rows : {2, 12}) {
    const Tensor y = linear(zeros({rows, 40}), weight);
    EXPECT_TRUE(std::isnan(y[0][0].item<float>()));
    EXPECT_EQ(y[0][1].item<float>(), 0);
  }
}

TEST(BFloat16Linear, RefusesOtherDtypes) {
  const Tensor weight = ones({3, 2}).to(kBFloat16);
  const std::string start = "linear: the weight is bfloat16, so x and bias must be float32, got ";
  expect_error([&] { linear(ones({4, 2}, kFloat64), weight); }, start + "float64 and no bias");
  expect_error(
      [&] {
        linear(ones({4, 2}), weight, ones({3}, kFloat64));
      },
      start + "float32 and float64");
  expect_error([&] { linear(weight, weight); }, start + "bfloat16 and no bias");
  expect_error(
      [&] {
        linear(ones({4, 2}).to(kBFloat16), ones({3, 2}));
      },
      "linear: the dtypes differ, bfloat16 and float32; convert one with .to()");
  expect_error(
      [&] {
        linear(ones({4, 3}), weight);
      },
      "linear: x is [4, 3] and weight [3, 2] - the 3 columns of x do not meet the 2 of "
      "weight");
}

}  // namespace
}  // namespace gradus::bfloat16_test
