// The stages of attention.
#include <cmath>

#include "autograd/grad_mode.h"
#include "page/panels.h"

namespace gradus::page {
namespace {

/// A field of a trace as (H, rows, columns): the heads of one sequence.
Tensor of_sequence(const Tensor& field, int64_t batch) {
  if (!field.defined()) return field;
  Tensor x = field.detach();
  check(x.dim() >= 2 && x.dim() <= 4,
        "attention: the trace has a tensor of shape {}, expected (T, D), (B, T, D) or (B, H, T, D)",
        x.sizes());
  if (x.dim() == 2) return x.unsqueeze(0);
  check(batch >= 0 && batch < x.size(0), "attention: batch is {}, and the trace has {} sequences",
        batch, x.size(0));
  x = x[batch];
  return x.dim() == 2 ? x.unsqueeze(0) : x;
}

/// The number by which the scores were divided before the softmax, 1 or sqrt(D): the one that gives
/// the weights.
double divisor(const Tensor& masked_scores, const Tensor& weights, int64_t D) {
  const NoGradGuard guard;
  const double root = std::sqrt(static_cast<double>(D));
  const auto is_divisor = [&](double d) {
    return softmax(masked_scores / d, -1).allclose(weights, 1e-3, 1e-4, /*equal_nan=*/true);
  };
  return is_divisor(root) ? root : 1;
}

Json step_json(const AttentionStep& step, const Words& queries, const Words& keys, int64_t batch) {
  const nn::AttentionTrace& trace = step.trace;
  check(trace.weights.defined(),
        "attention: the trace of step {} is empty; pass it to a layer first", step.step);
  const Tensor weights = of_sequence(trace.weights, batch);
  check(weights.size(-2) == std::ssize(queries) && weights.size(-1) == std::ssize(keys),
        "attention: {} queries and {} keys, and weights of shape {}", queries.size(), keys.size(),
        weights.sizes());
  Json json = {{"step", step.step}};
  const auto add = [&](const char* name, const Tensor& field) {
    const Tensor x = of_sequence(field, batch);
    if (x.defined()) json[name] = tensor_values(x);
  };
  add("q", trace.q);
  add("k", trace.k);
  add("v", trace.v);
  add("scores", trace.scores);
  add("masked_scores", trace.masked_scores);
  add("weights", trace.weights);
  add("context", trace.context);
  if (trace.q.defined() && trace.masked_scores.defined())
    json["divisor"] = divisor(of_sequence(trace.masked_scores, batch), weights, trace.q.size(-1));
  return json;
}

}  // namespace

Json attention_panel(const std::string& title, const Words& queries, const Words& keys,
                     const std::vector<AttentionStep>& steps, const AttentionOptions& options) {
  check(!steps.empty(), "attention: there is no step to show");
  Json list = Json::array();
  for (const AttentionStep& step : steps)
    list.push_back(step_json(step, queries, keys, options.batch));
  return {{"type", "attention"}, {"title", title}, {"note", options.note},
          {"queries", queries},  {"keys", keys},   {"masked_because", options.masked_because},
          {"steps", list}};
}

}  // namespace gradus::page
