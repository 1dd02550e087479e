// The stages of attention.
#include <cmath>

#include "autograd/grad_mode.h"
#include "page/panels.h"

namespace gradus::page {
namespace {

constexpr int64_t kMostNumbers = 300000;  // of 16 bits, in a page of less than 1 MB
constexpr int64_t kMostAsText = 10000;    // before all of them are packed

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

/// For each masked score 1 if the key is hidden, as text; for one head if all heads
/// hide the same keys. Null if nothing is hidden.
Json hidden_keys(const Tensor& masked_scores) {
  if (!masked_scores.defined()) return nullptr;
  const std::vector<double> values = elements(masked_scores);
  std::string hidden;
  for (const double x : values)
    hidden += x == -INFINITY ? '1' : '0';
  if (hidden.find('1') == std::string::npos) return nullptr;
  const auto heads = static_cast<size_t>(masked_scores.size(0));
  const std::string first = hidden.substr(0, hidden.size() / heads);
  std::string repeated;
  for (size_t head = 0; head < heads; ++head)
    repeated += first;
  return hidden == repeated ? first : hidden;
}

/// The heads of one sequence, field by field.
struct Sequence {
  Tensor q, k, v, scores, masked_scores, weights, dropped_weights, context;

  Sequence(const nn::AttentionTrace& trace, int64_t batch)
      : q(of_sequence(trace.q, batch)),
        k(of_sequence(trace.k, batch)),
        v(of_sequence(trace.v, batch)),
        scores(of_sequence(trace.scores, batch)),
        masked_scores(of_sequence(trace.masked_scores, batch)),
        weights(of_sequence(trace.weights, batch)),
        dropped_weights(of_sequence(trace.dropped_weights, batch)),
        context(of_sequence(trace.context, batch)) {}

  std::vector<std::pair<const char*, Tensor>> vectors() const {
    return {{"q", q}, {"k", k}, {"v", v}, {"context", context}};
  }
  std::vector<std::pair<const char*, Tensor>> matrices() const {
    const bool is_dropped = dropped_weights.defined() && !dropped_weights.equal(weights);
    return {{"scores", scores},
            {"weights", weights},
            {"dropped_weights", is_dropped ? dropped_weights : Tensor()}};
  }
  /// How many numbers a page has of it.
  int64_t count(bool with_vectors) const {
    int64_t numbers = 0;
    for (const auto& [name, x] : matrices())
      numbers += x.defined() ? x.numel() : 0;
    for (const auto& [name, x] : vectors())
      numbers += with_vectors && x.defined() ? x.numel() : 0;
    return numbers;
  }
};

void check_words(const Sequence& heads, const Words& queries, const Words& keys) {
  const Shape& sizes = heads.weights.sizes();
  check(sizes[1] == std::ssize(queries) && sizes[2] == std::ssize(keys),
        "attention: {} queries and {} keys, and the weights of a head are [{}, {}]; expected one "
        "row for each query, one column for each key",
        queries.size(), keys.size(), sizes[1], sizes[2]);
}

/// Whether the scores are dot products, and by what they were divided.
Json formula(const Sequence& heads) {
  const bool has_scores = heads.q.defined() && heads.masked_scores.defined();
  if (!has_scores) return {{"divisor", nullptr}};
  const int64_t D = heads.q.size(-1);
  const double d = divisor(heads.masked_scores, heads.weights, D);
  return {{"divisor", number(d)}, {"divisor_text", d == 1 ? "1" : fmt::format("√{}", D)}};
}

Json step_json(int64_t step, const Sequence& heads, bool with_vectors, Packing packing) {
  Json json = {{"step", step}};
  const auto add = [&](const char* name, const Tensor& x) {
    if (x.defined()) json[name] = tensor_values(x.sizes(), elements(x), packing);
  };
  for (const auto& [name, x] : heads.matrices())
    add(name, x);
  json["hidden"] = hidden_keys(heads.masked_scores);
  json.update(formula(heads));
  if (packing == Packing::large) add("masked_scores", heads.masked_scores);
  if (!with_vectors) return json;
  for (const auto& [name, x] : heads.vectors())
    add(name, x);
  return json;
}

}  // namespace

Json attention_panel(const std::string& title, const Words& queries, const Words& keys,
                     const std::vector<AttentionStep>& steps, const AttentionOptions& options) {
  check(!steps.empty(), "attention: there is no step to show");
  check(!queries.empty() && !keys.empty(), "attention: {} queries and {} keys, expected words",
        queries.size(), keys.size());
  std::vector<Sequence> all;
  int64_t everything = 0;
  int64_t matrices = 0;
  for (const AttentionStep& step : steps) {
    check(step.trace.weights.defined(),
          "attention: the trace of step {} is empty; pass it to a layer first", step.step);
    const Sequence heads(step.trace, options.batch);
    check_words(heads, queries, keys);
    everything += heads.count(true);
    matrices += heads.count(false);
    all.push_back(heads);
  }
  // Too many steps: the queries, keys and values of the last one only.
  const bool with_vectors = everything <= kMostNumbers;
  if (!with_vectors) matrices += all.back().count(true) - all.back().count(false);
  check(with_vectors || matrices <= kMostNumbers,
        "attention: {} steps have {} numbers, more than the {} that fit into a page; show fewer "
        "steps, heads or tokens",
        steps.size(), matrices, kMostNumbers);
  const Packing packing = everything > kMostAsText ? Packing::always : Packing::large;
  Json list = Json::array();
  for (size_t i = 0; i < all.size(); ++i)
    list.push_back(step_json(steps[i].step, all[i], with_vectors || i + 1 == all.size(), packing));
  Json json = {{"type", "attention"}, {"title", title}, {"note", options.note},
               {"queries", queries},  {"keys", keys},   {"masked_because", options.masked_because}};
  json.update(formula(all.back()));
  json["steps"] = std::move(list);
  return json;
}

}  // namespace gradus::page
