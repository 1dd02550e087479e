#include "page/play/backward/subject.h"

#include "autograd/graph.h"
#include "autograd/op_log.h"
#include "nn/gpt_block.h"

namespace gradus::page {
namespace {

constexpr ExpressionOptions kOptions{.dtype = kFloat64, .most_elements = 64, .most_steps = 30};

/// A leaf that needs gradients.
Tensor leaf(const Tensor& x) { return x.to(kFloat64).requires_grad_(); }

std::vector<NamedInput> leaves_of_expressions() {
  return {{"x", leaf(tensor({{1., -2.}, {0.5, 3.}, {-1., 2.}}))},
          {"w", leaf(tensor({{0.5, -1.}, {2., 0.25}}))},
          {"b", leaf(tensor({0.1, -0.3}))},
          {"a", leaf(tensor(2.))},
          {"c", leaf(tensor(-3.))}};
}

void keep(Forward& forward, const Tensor& x, const std::string& text) {
  const uint64_t id = autograd::node_id(x);
  if (id != 0) forward.known.insert({id, {x.detach(), text}});
}

/// The expression, and .sum() after it unless its result is a single number.
Forward run(const std::string& code, const std::vector<NamedInput>& leaves) {
  std::vector<std::pair<std::string, Tensor>> given;
  Forward forward;
  for (const auto& [name, x] : leaves) {
    given.emplace_back(name, x);
    keep(forward, x, name);
  }
  const Outcome outcome = run_expression(
      code, given,
      [&](const Step& step) {
        forward.steps.push_back(step);
        keep(forward, step.result,
             code.substr(step.place.first, step.place.last - step.place.first));
      },
      kOptions);
  if (outcome.fault) throw ExpressionError(*outcome.fault);
  forward.loss = outcome.result.numel() == 1 ? outcome.result : outcome.result.sum();
  keep(forward, forward.loss, "the loss");
  if (!forward.loss.sizes().empty()) forward.loss = forward.loss.sum();
  return forward;
}

Subject expression(const std::string& code) {
  Subject subject{.code = code, .leaves = leaves_of_expressions()};
  const std::vector<NamedInput>& leaves = subject.leaves;
  subject.forward = [code, leaves] {
    Forward forward = run(code, leaves);
    if (!needs_grad(forward.loss))
      throw ExpressionError("the result does not depend on x, w, b, a or c", {0, code.size()});
    return forward;
  };
  subject.loss = [code, leaves] { return run(code, leaves).loss; };
  return subject;
}

/// Keeps what each child of the layer computes, in `forward`.
template <class Child>
void watch(const Child& child, const std::string& name, const std::shared_ptr<Forward*>& current) {
  child.register_forward_hook([name, current](const nn::Module&, const Tensor& x, const Tensor& y) {
    if (*current != nullptr) {
      keep(**current, y, name);
      keep(**current, x, "the input of " + name);
    }
  });
}

/// Keeps the stages of attention.
void keep_trace(Forward& forward, const nn::AttentionTrace& trace) {
  keep(forward, trace.q, "queries, by heads");
  keep(forward, trace.k, "keys, by heads");
  keep(forward, trace.v, "values, by heads");
  keep(forward, trace.scores, "scores q k^T");
  keep(forward, trace.masked_scores, "masked scores");
  keep(forward, trace.weights, "attention weights");
  keep(forward, trace.context, "context: weights v");
  keep(forward, trace.merged, "the heads, side by side");
}

void watch_attention(const nn::MultiHeadAttention& att, const std::shared_ptr<Forward*>& current) {
  watch(att.W_query, "W_query", current);
  watch(att.W_key, "W_key", current);
  watch(att.W_value, "W_value", current);
  watch(att.out_proj, "out_proj", current);
}

/// A layer with its parameters, and the mean of the squares of its result as the loss.
template <class Layer>
Subject layer(const std::string& code, const Layer& module, int64_t width,
              const std::shared_ptr<Forward*>& current) {
  module.to(kFloat64);
  const Tensor x = leaf(randn({1, 3, width}));
  Subject subject{.code = code, .leaves = {{"x", x}}};
  for (const auto& [name, parameter] : module.named_parameters())
    subject.leaves.push_back({name, parameter});
  subject.loss = [module, x] {
    nn::AttentionTrace trace;
    const Tensor y = module(x, &trace);
    return (y * y).mean();
  };
  subject.forward = [module, x, current, leaves = subject.leaves] {
    Forward forward;
    for (const auto& [name, value] : leaves)
      keep(forward, value, name);
    nn::AttentionTrace trace;
    *current = &forward;
    const autograd::OpLog log;
    const Tensor y = module(x, &trace);
    *current = nullptr;
    const Tensor squares = y * y;
    forward.loss = squares.mean();
    keep_trace(forward, trace);
    keep(forward, y, "the result of the layer");
    keep(forward, squares, "its squares");
    keep(forward, forward.loss, "the loss");
    for (const auto& [op, result, inputs] : log.entries())
      keep(forward, result, std::string(op));
    return forward;
  };
  subject.note =
      "The layer of the library, in float64; the loss is the mean "
      "of the squares of its "
      "result. x has 3 tokens of 4 numbers.";
  return subject;
}

Subject gpt_block(const std::string& code) {
  manual_seed(1);
  const nn::GptBlock block(
      {.context_length = 3, .emb_dim = 4, .n_heads = 2, .n_layers = 1, .drop_rate = 0});
  const auto current = std::make_shared<Forward*>(nullptr);
  watch(block.norm1, "norm1", current);
  watch(block.att, "att", current);
  watch_attention(block.att, current);
  watch(block.norm2, "norm2", current);
  watch(block.ff, "ff", current);
  return layer(code, block, 4, current);
}

Subject attention(const std::string& code) {
  manual_seed(1);
  const nn::MultiHeadAttention att(4, 4, 3, 0, 2);
  const auto current = std::make_shared<Forward*>(nullptr);
  watch_attention(att, current);
  return layer(code, att, 4, current);
}

}  // namespace

const std::vector<BackwardExample>& backward_examples() {
  static const std::vector<BackwardExample> examples = {
      {"used twice", "auto e = a * c; auto d = e + a; d * e"},
      {"a neuron layer", "(x.matmul(w) + b).tanh().sum()"},
      {"broadcasting", "(x * b).pow(2).sum()"},
      {"softmax", "auto p = x.matmul(w).softmax(1); -p.log().select(1, 0).mean()"},
      {"self-attention", "x.matmul(x.t()).softmax(1).matmul(x.matmul(w)).pow(2).mean()"},
      {"attention with heads", "attention(x)"},
      {"a GPT block", "gpt_block(x)"},
  };
  return examples;
}

Subject subject_of(const std::string& code) {
  if (code == "gpt_block(x)") return gpt_block(code);
  if (code == "attention(x)") return attention(code);
  return expression(code);
}

}  // namespace gradus::page
