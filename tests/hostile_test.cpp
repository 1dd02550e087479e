// Whatever its arguments, an op returns a result or throws an Error. The sanitizers find out if it
// does something else as well.
#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "tests/expect_error.h"
#include "tests/ops_table.h"

namespace gradus::tests {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

/// Calls it and returns the message of its Error, or "" after a result. Lets other exceptions
/// through.
std::string outcome(const std::function<void()>& call) {
  try {
    call();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

/// Calls the op and differentiates its result.
std::string run(const Row& row, const Tensors& inputs) {
  const std::string message = outcome([&] {
    const Tensor y = row.f(inputs);
    if (!y.defined() || !y.requires_grad() || y.numel() > 1 << 20) return;
    y.backward(ones_like(y), true);
    y.backward(ones_like(y), {}, true);
  });
  // A grad that was recorded keeps its leaf alive, and the leaf keeps its grad.
  for (const Tensor& x : inputs)
    if (x.requires_grad()) x.mutable_grad() = Tensor();
  return message;
}

TEST(Hostile, UndefinedTensorsAreNamed) {
  for (const Row& row : op_table()) {
    for (size_t i = 0; i < row.inputs.size(); ++i) {
      Tensors inputs = row.inputs;
      inputs[i] = Tensor();
      const std::string message = run(row, inputs);
      const bool optional =
          row.op == "layer_norm" || row.op == "linear" || row.op == "cross_entropy" ||
          row.op == "nll_loss" || row.op == "rms_norm" || row.op == "binary_cross_entropy" ||
          row.op == "binary_cross_entropy_with_logits" || row.op == "scaled_dot_product_attention";
      EXPECT_TRUE((optional && i >= 1) || message == kUndefined)
          << row.name << ", input " << i << ": '" << message << "'";
    }
  }
}

TEST(Hostile, AnyTensorAsAnyArgumentGivesAResultOrAnError) {
  const std::vector<std::pair<std::string, std::function<Tensor(X)>>> changes = {
      {"float32", [](X x) { return x.to(kFloat32); }},
      {"bfloat16", [](X x) { return x.detach().to(kBFloat16); }},
      {"int64", [](X x) { return x.to(kInt64); }},
      {"bool", [](X x) { return x.to(kBool); }},
      {"float64", [](X x) { return x.to(kFloat64); }},
      {"no dimensions", [](X x) { return zeros({}, x.dtype()); }},
      {"empty", [](X x) { return zeros({0}, x.dtype()); }},
      {"empty rows", [](X x) { return x.dim() > 0 ? x.narrow(0, 0, 0) : x; }},
      {"empty columns", [](X x) { return x.dim() > 0 ? x.narrow(-1, 0, 0) : x; }},
      {"one column", [](X x) { return x.dim() > 0 && x.size(-1) > 0 ? x.narrow(-1, 0, 1) : x; }},
      {"one dimension more", [](X x) { return x.unsqueeze(0); }},
      {"eight dimensions",
       [](X x) {
         return x.reshape({1, 1, 1, 1, 1, 1, 1, -1});
       }},
      {"a huge dimension of nothing",
       [](X x) {
         return zeros({int64_t{1} << 57, 0}, x.dtype());
       }},
      {"nothing of a huge dimension",
       [](X x) {
         return zeros({0, int64_t{1} << 57}, x.dtype());
       }},
      {"expanded beyond memory",
       [](X x) {
         return zeros({}, x.dtype()).expand({1 << 24, 1 << 24});
       }},
      {"NaN", [](X x) { return x.is_floating_point() ? full_like(x, std::nan("")) : x; }},
      {"infinite", [](X x) { return x.is_floating_point() ? full_like(x, -kInf) : x; }},
      {"zero", [](X x) { return zeros_like(x); }},
      {"largest", [](X x) { return x.dtype() == kInt64 ? full_like(x, kMost) : x; }},
      {"least", [](X x) { return x.dtype() == kInt64 ? full_like(x, kLeast) : x; }},
      {"of another size",
       [](X x) {
         return x.dim() > 0 ? cat({x, x}, 0) : x;
       }},
  };
  for (const Row& row : op_table()) {
    for (const auto& [name, change] : changes) {
      for (size_t i = 0; i <= row.inputs.size(); ++i) {
        Tensors inputs;
        for (size_t j = 0; j < row.inputs.size(); ++j) {
          Tensor x = row.inputs[j].detach().clone();
          if (j == i || i == row.inputs.size()) {
            try {
              x = change(x);
            } catch (const Error&) {  // not every tensor can be changed like this
            }
          }
          inputs.push_back(x.detach());
          const bool has_gradient = x.is_floating_point() && x.dtype() != kBFloat16;
          if (has_gradient) inputs.back().requires_grad_();
        }
        SCOPED_TRACE(row.name + ", " + name);
        EXPECT_NO_THROW(run(row, inputs));
      }
    }
  }
}

TEST(Hostile, AnyIntegerAsAnyArgumentGivesAResultOrAnError) {
  const Tensor x = arange(6, kFloat32).reshape({2, 3});
  const Tensor i = tensor({0, 1});
  const Tensor l = tensor({{0, 1, 0}, {1, 0, 1}});
  const Tensor number = ones({});
  const Tensor e = zeros({0, 3});
  const Tensor p = ones(3);
  const Tensor cube = ones({2, 3, 4});
  for (const int64_t n :
       {kLeast, kLeast + 1, -(int64_t{1} << 40), int64_t{-5}, int64_t{-1}, int64_t{0}, int64_t{1},
        int64_t{7}, int64_t{1} << 40, int64_t{1} << 57, kMost - 1, kMost}) {
    SCOPED_TRACE(n);
    for (const Tensor& a : {x, number, e, i, l, cube}) {
      const std::vector<std::function<void()>> calls = {
          [&] { a.size(n), a.stride(n); },
          [&] { a.transpose(n, 0); },
          [&] { a.transpose(-1, n); },
          [&] {
            a.permute({0, n});
          },
          [&] {
            a.permute({n, n});
          },
          [&] { a.unsqueeze(n); },
          [&] { a.squeeze(n); },
          [&] { a.select(n, 0); },
          [&] { a.select(0, n); },
          [&] { a[n]; },
          [&] { a.narrow(n, 0, 1); },
          [&] { a.narrow(0, n, 1); },
          [&] { a.narrow(0, 0, n); },
          [&] { a.narrow(0, n, n); },
          [&] { a.narrow(0, 1, n); },
          [&] { a.slice(n); },
          [&] { a.slice(0, n); },
          [&] { a.slice(0, {}, n); },
          [&] { a.slice(0, {}, {}, n); },
          [&] { a.slice(0, n, n, n); },
          [&] { a.slice(-1, 1, n, n); },
          [&] { a.chunk(n); },
          [&] { a.chunk(2, n); },
          [&] { a.split(1, n); },
          [&] {
            a.split(std::vector<int64_t>{n, n, n});
          },
          [&] {
            a.split(std::vector<int64_t>{n, 2});
          },
          [&] {
            a.split(std::vector<int64_t>{1, 1}, n);
          },
          [&] { a.flatten(n); },
          [&] { a.flatten(0, n); },
          [&] {
            cat({a, a}, n);
          },
          [&] {
            stack({a, a}, n);
          },
          [&] { a.view({n}); },
          [&] {
            a.view({n, n});
          },
          [&] {
            a.view({-1, n});
          },
          [&] {
            a.view({0, n, n});
          },
          [&] {
            a.reshape({n, -1});
          },
          [&] { a.expand({n}); },
          [&] {
            a.expand({n, 2, 3});
          },
          [&] {
            a.expand({n, n, -1});
          },
          [&] { a.tril(n); },
          [&] { a.triu(n); },
          [&] { a.sum(n); },
          [&] {
            a.sum({n, n}, true);
          },
          [&] { a.mean(n); },
          [&] { a.var(n); },
          [&] { a.std(n); },
          [&] { a.max(n); },
          [&] { a.amin(n); },
          [&] { a.argmax(n); },
          [&] { a.logsumexp(n); },
          [&] { a.norm(2, n); },
          [&] { a.norm(n); },
          [&] { a.cumsum(n); },
          [&] { a.topk(n); },
          [&] { a.topk(1, n); },
          [&] { a.softmax(n); },
          [&] { a.log_softmax(n); },
          [&] { a.index_select(n, i); },
          [&] { a.index_select(0, full({1}, n)); },
          [&] { a.gather(n, l); },
          [&] {
            a.gather(0, full({1, 1}, n));
          },
          [&] { a.scatter_add(n, l, a); },
          [&] {
            a.scatter_add(0, full({1, 1}, n), a);
          },
          [&] { embedding(a, full({1}, n)); },
          [&] { cross_entropy(a, full({2}, n)); },
          [&] { nll_loss(a, full({2}, n), {}, Reduction::Sum, n); },
          [&] { cross_entropy(a, i, {}, n); },
          [&] { mse_loss(a, a, n); },
          [&] { layer_norm(a, n); },
          [&] {
            layer_norm(a, {n, n});
          },
          [&] { sum_to(a, n); },
          [&] { a.pow(n); },
          [&] { pow(n, a); },
          [&] { a + n - n* a; },
          [&] { a / n; },
          [&] { a.clamp(n, n); },
          [&] { a.clone().fill_(n).add_(n).mul_(n).sub_(n, n).div_(n); },
          [&] { eq(a, n); },
          [&] { where(a > n, a, n); },
          [&] { a.masked_fill(a > 0, n); },
          [&] { full_like(a, n); },
          [&] { dropout(a, static_cast<double>(n), true); },
          [&] { a.clone().uniform_(static_cast<double>(n), 1); },
          [&] { a.clone().normal_(0, static_cast<double>(n)); },
          [&] { a.clone().bernoulli_(static_cast<double>(n)); },
          [&] { eq(a.to(kBool), n); },
          [&] { a.to(kBool).fill_(n); },
          [&] {
            a.roll(n).roll(n, n), a.roll({n, 1}, {0, n});
          },
          [&] {
            a.roll({n, n}, {0, -1});
          },
          [&] {
            a.tile(n), a.tile({n, n});
          },
          [&] { a.repeat_interleave(n), a.repeat_interleave(n, 0); },
          [&] { a.repeat_interleave(2, n), a.repeat_interleave(2, 0, n); },
          [&] { a.repeat_interleave(full({2}, n), 0); },
          [&] { a.repeat_interleave(n, -1, n); },
          [&] { a.unbind(n); },
          [&] {
            pad(a, {n, 1});
          },
          [&] {
            pad(a, {n, n});
          },
          [&] {
            pad(a, {-1, n, n, 0}, "constant", n);
          },
          [&] {
            pad(a, {n, -1}, "reflect");
          },
          [&] {
            pad(a, {-1, n}, "circular");
          },
          [&] {
            pad(a, {n, n, 0, n}, "replicate");
          },
          [&] { a.diagonal(n), a.diagonal(1, n), a.diagonal(1, 0, n); },
          [&] { a.diagonal(n, -1, 0), a.diag(n); },
          [&] { a.prod(n), a.sort(n), a.argsort(n), a.sort(0, n > 0); },
          [&] { a % n, n % a; },
          [&] { a.fmod(n), remainder(a, full({1}, n)); },
          [&] {
            nan_to_num(a, static_cast<double>(n)), nan_to_num(a, 0, 0, static_cast<double>(n));
          },
      };
      for (size_t c = 0; c < calls.size(); ++c) {
        SCOPED_TRACE(c);
        EXPECT_NO_THROW(outcome(calls[c]));
      }
    }
    const std::vector<std::function<void()>> calls = {
        [&] {
          if (n <= 7 || n > 1 << 30)
            zeros(n), empty({n, 3}), rand(n), randn({n}), ones({2, n}), full({n, n}, 1);
        },
        [&] {
          if (n <= 7 || n > 1 << 30) zeros({0, n, n}), zeros({n, n, 0});
        },
        [&] {
          if (n <= 7 || n > 1 << 30)
            eye(n), eye(1, n), linspace(0, 1, n), randperm(n), randint(9, {n});
        },
        [&] {
          if (n <= 7 || n > 1 << 30) arange(n), arange(n, 5);
        },
        [&] { arange(0, n, n); },
        [&] { arange(n, n + (n < 0), 1); },
        [&] { arange(kLeast, kMost, n); },
        [&] { arange(0, 5, n); },
        [&] { arange(n, static_cast<double>(n), 1, kInt64); },
        [&] { randint(n, {3}); },
        [&] { randint(n, 5, {3}); },
        [&] { randint(-5, n, {3}); },
        [&] { one_hot(i, n); },
        [&] { one_hot(full({1}, n)); },
        [&] { multinomial(p, n); },
        [&] { multinomial(p, n, true); },
        [&] { tensor(n).item<int32_t>(), tensor(static_cast<double>(n)).item<int32_t>(); },
        [&] { tensor(static_cast<double>(n)).item<int64_t>(); },
        [&] { tensor(static_cast<double>(n), kInt64); },
        [&] {
          tensor(n).pow(tensor(n)), tensor(n).abs(), -tensor(n), tensor({n, n}).sum(),
              tensor({n, n}).cumsum(0);
        },
    };
    for (size_t c = 0; c < calls.size(); ++c) {
      SCOPED_TRACE(c);
      EXPECT_NO_THROW(outcome(calls[c]));
    }
  }
}

}  // namespace
}  // namespace gradus::tests
