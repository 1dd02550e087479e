#include <memory>
#include <stdexcept>

#include "gradus.h"
#include "tests/bench/cases.h"

namespace bench {

using namespace gradus;

namespace {

using Op = std::function<Tensor()>;

/// y = op(), with its graph nodes.
Case forward_case(const Op& op) {
  const auto y = std::make_shared<Tensor>();
  // The result of the previous call is freed before the next call is timed.
  return {.run = [=] { *y = op(); }, .prepare = [=] { *y = Tensor(); }};
}

/// Backward from dy to the gradients of the leaves.
Case backward_case(const Op& op, const std::vector<Tensor>& leaves) {
  struct State {
    Tensor y, dy;
  };
  const auto state = std::make_shared<State>();
  state->dy = ones_like(op().detach());
  return {.run = [=] { state->y.backward(state->dy); },
          .prepare =
              [=] {
                for (Tensor leaf : leaves)
                  leaf.mutable_grad() = Tensor();
                state->y = Tensor();
                state->y = op();
              }};
}

/// n tiny ops, each applied to the result of the one before.
Case chain_backward(const std::function<Tensor(const Tensor&)>& op, const Tensor& x) {
  constexpr int length = 1000;
  const auto y = std::make_shared<Tensor>();
  return {.run =
              [=] {
                y->backward(ones_like(*y));
                *y = Tensor();
              },
          .prepare =
              [=] {
                *y = x;
                for (int i = 0; i < length; ++i)
                  *y = op(*y);
              },
          .per = length};
}

Case mlp_step() {
  struct State {
    nn::Sequential model{nn::Linear(3, 16), [](const Tensor& in) { return tanh(in); },
                         nn::Linear(16, 16), [](const Tensor& in) { return tanh(in); },
                         nn::Linear(16, 1)};
    Tensor x = randn({6, 3}), y = randn({6, 1});
    optim::AdamW optimizer{model.parameters(), {.lr = 1e-3}};
  };
  const auto s = std::make_shared<State>();
  return {.run = [=] {
    s->optimizer.zero_grad();
    mse_loss(s->model(s->x), s->y).backward();
    s->optimizer.step();
  }};
}

}  // namespace

Case tiny_case(const std::string& name) {
  if (name == "mlp") return mlp_step();
  const std::string op = name.substr(0, name.find('/'));
  const std::string kind = name.substr(op.size() + 1);
  const Tensor x = randn({6, 3});
  const Tensor b = randn({6, 3});
  const Tensor w = randn({3, kind == "backward" ? 3 : 2});
  std::function<Tensor(const Tensor&)> apply;
  if (op == "add") apply = [=](const Tensor& in) { return in + b; };
  if (op == "matmul") apply = [=](const Tensor& in) { return matmul(in, w); };
  if (op == "softmax") apply = [](const Tensor& in) { return softmax(in, -1); };
  if (!apply) throw std::runtime_error("no row tiny/" + name);
  if (kind == "plain")
    return {.run = [=] {
      const NoGradGuard no_grad;
      apply(x);
    }};
  for (const Tensor& leaf : {x, b, w})
    leaf.requires_grad_();
  if (kind == "graph") return {.run = [=] { apply(x); }};
  return chain_backward(apply, x);
}

Case op_case(const std::string& name, bool backward) {
  std::vector<Tensor> leaves;
  const auto leaf = [&leaves](const Shape& sizes) {
    leaves.push_back(randn(sizes).requires_grad_());
    return leaves.back();
  };
  Op op;
  if (name == "softmax") {
    const Tensor x = leaf({4, 12, 256, 256});
    op = [=] { return softmax(x, -1); };
  } else if (name == "layer_norm") {
    const Tensor x = leaf({1024, 768});
    const Tensor weight = leaf({768});
    const Tensor bias = leaf({768});
    op = [=] { return layer_norm(x, {768}, weight, bias); };
  } else if (name == "gelu" || name == "gelu_tanh") {
    const Tensor x = leaf({1024, 3072});
    op = [=] { return gelu(x, name == "gelu" ? "none" : "tanh"); };
  } else if (name == "cross_entropy") {
    const Tensor x = leaf({256, 50257});
    const Tensor target = randint(50257, {256});
    op = [=] { return cross_entropy(x, target); };
  } else if (name == "embedding") {
    const Tensor weight = leaf({50257, 768});
    const Tensor ids = randint(50257, {256});
    op = [=] { return embedding(weight, ids); };
  } else if (name == "index_ids" || name == "index_mask") {
    const Tensor x = leaf({4096, 768});
    const Tensor which = name == "index_ids" ? randint(4096, {4096}) : rand({4096, 768}) > 0.5;
    op = [=] { return x[which]; };
  } else if (name == "attention") {
    const Shape sizes = {4, 12, 256, 64};
    const Tensor q = leaf(sizes);
    const Tensor k = leaf(sizes);
    const Tensor v = leaf(sizes);
    op = [=] { return scaled_dot_product_attention(q, k, v, {}, 0, true); };
  } else if (name == "linear" || name == "linear_head") {
    const int64_t out = name == "linear" ? 3072 : 50257;
    const Tensor x = leaf({256, 768});
    const Tensor weight = leaf({out, 768});
    const Tensor bias = leaf({out});
    op = [=] { return linear(x, weight, bias); };
  } else {
    throw std::runtime_error("no row op/" + name);
  }
  return backward ? backward_case(op, leaves) : forward_case(op);
}

}  // namespace bench
