// How a tensor of the log finds its line: a row of the table below names an op and its inputs by
// their names, as the expressions of the program do. (Rows cannot be matched by their order alone,
// because compilers evaluate the arguments of a call in different orders.)
#include "page/play/one_page/values.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "autograd/ops.h"
#include "tensor/factories.h"

namespace gradus::page::one_page {
namespace {

/// A result of an op.
struct Row {
  std::string name;
  std::string op;
  Words inputs;         // names of earlier rows or parameters
  Words snippets = {};  // parts of its lines; none: it is not shown
  Words axes = {};
};

const Words kByChannel = {"letter", "channel"};
const Words kByHead = {"head", "letter", "channel"};

constexpr const char* kNorm = "Tensor rms_norm(";
constexpr const char* kEmbed = "return rms_norm(embedding(wte, ids)";
constexpr const char* kHeads = ".view({-1, H, C / H})";
constexpr const char* kAttend = "= scaled_dot_product_attention(";
constexpr const char* kMerge = "context.transpose(0, 1).reshape(";
constexpr const char* kX = "x = embed(ids)";
constexpr const char* kA = "a = attention(rms_norm(x))";
constexpr const char* kF = "return {x, a, feed_forward(";
constexpr const char* kFeedForward = "linear(relu(linear(x, fc1)), fc2)";
constexpr const char* kLogits = "return linear(x + a + f, lm_head)";
constexpr const char* kLoss = "loss = cross_entropy(model(x), next)";

/// The ops of a call of rms_norm, whose result `name` is used in the lines with `callers`.
void add_norm(std::vector<Row>& rows, const std::string& x, const std::string& call,
              const std::string& name, const Words& callers) {
  const std::string square = "x * x in " + call;
  const std::string mean = "(x * x).mean(-1, true) in " + call;
  const std::string sum = "(x * x).mean(-1, true) + 1e-5 in " + call;
  const std::string factor = "pow(..., -0.5) in " + call;
  Words lines{kNorm};
  lines.insert(lines.end(), callers.begin(), callers.end());
  rows.push_back({square, "mul", {x, x}, {kNorm}, kByChannel});
  rows.push_back({mean, "mean", {square}, {kNorm}, {"letter", ""}});
  rows.push_back({sum, "add", {mean}});
  rows.push_back({factor, "pow", {sum}, {kNorm}, {"letter", ""}});
  rows.push_back({name, "mul", {x, factor}, lines, kByChannel});
}

std::vector<Row> forward_rows() {
  std::vector<Row> rows{{"next", "cat", {}, {"Tensor next = tensor(ids).narrow"}, {"letter"}},
                        {"rows of wte", "embedding", {"wte"}},
                        {"embedding(wte, ids)", "reshape", {"rows of wte"}, {kEmbed}, kByChannel},
                        {"wpe.narrow(0, 0, ids.numel())", "slice", {"wpe"}, {kEmbed}, kByChannel},
                        {"embedding(wte, ids) + wpe.narrow(...)",
                         "add",
                         {"embedding(wte, ids)", "wpe.narrow(0, 0, ids.numel())"},
                         {kEmbed},
                         kByChannel}};
  add_norm(rows, "embedding(wte, ids) + wpe.narrow(...)", "embed(ids)", "x", {kEmbed, kX});
  add_norm(rows, "x", "rms_norm(x)", "rms_norm(x)", {kA});
  for (const std::string w : {"wq", "wk", "wv"}) {
    const std::string product = fmt::format("linear(x, {})", w);
    rows.push_back({product, "linear", {"rms_norm(x)", w}, {kHeads}, kByChannel});
    rows.push_back({product + ".view", "view", {product}});
    rows.push_back({fmt::format("heads({})", w),
                    "transpose",
                    {product + ".view"},
                    {kHeads, kAttend},
                    kByHead});
  }
  rows.push_back({"context",
                  "scaled_dot_product_attention",
                  {"heads(wq)", "heads(wk)", "heads(wv)"},
                  {kAttend},
                  kByHead});
  rows.push_back({"context.transpose(0, 1)", "transpose", {"context"}});
  rows.push_back({"context.transpose(0, 1).reshape({-1, C})",
                  "reshape",
                  {"context.transpose(0, 1)"},
                  {kMerge},
                  kByChannel});
  rows.push_back({"a", "linear", {rows.back().name, "wo"}, {kMerge, kA}, kByChannel});
  rows.push_back({"x + a", "add", {"x", "a"}, {kF}, kByChannel});
  add_norm(rows, "x + a", "rms_norm(x + a)", "rms_norm(x + a)", {kF});
  rows.push_back(
      {"linear(x, fc1)", "linear", {"rms_norm(x + a)", "fc1"}, {kFeedForward}, kByChannel});
  rows.push_back({"relu(linear(x, fc1))", "relu", {"linear(x, fc1)"}, {kFeedForward}, kByChannel});
  rows.push_back({"f", "linear", {"relu(linear(x, fc1))", "fc2"}, {kFeedForward, kF}, kByChannel});
  rows.push_back({"x + a again", "add", {"x", "a"}});
  rows.push_back({"x + a + f", "add", {"x + a again", "f"}, {kLogits}, kByChannel});
  rows.push_back({"logits", "linear", {"x + a + f", "lm_head"}, {kLogits}, {"letter", "token"}});
  rows.push_back({"logits as (T, V)", "reshape", {"logits"}});
  rows.push_back(
      {"loss of each letter", "cross_entropy", {"logits as (T, V)"}, {kLoss}, {"letter"}});
  rows.push_back({"loss", "div", {}, {kLoss}, {}});
  return rows;
}

/// The number of the only line that has the snippet, from 1.
int line_of(std::string_view source, std::string_view snippet) {
  const size_t at = source.find(snippet);
  check(at != std::string_view::npos && source.find(snippet, at + 1) == std::string_view::npos,
        "lesson 10: '{}' is not in exactly one place of its source", snippet);
  return 1 +
         static_cast<int>(std::count(source.begin(), source.begin() + static_cast<long>(at), '\n'));
}

class Finder {
 public:
  Finder(const Snapshot& snapshot, std::string_view source)
      : snapshot_(snapshot), source_(source), used_(snapshot.ops.size()) {
    for (const auto& [name, p] : snapshot.parameters)
      known_.emplace(name, p);
  }

  std::vector<Value> values() {
    std::vector<Value> shown{
        {"ids", lines({"Tensor x = tensor(ids).narrow"}), {"letter"}, snapshot_.ids}};
    for (const Row& row : forward_rows()) {
      const Tensor result = find(row);
      known_.emplace(row.name, result);
      if (!row.snippets.empty())
        shown.push_back({row.name, lines(row.snippets), row.axes, result.detach()});
    }
    for (const auto& [name, p] : snapshot_.parameters) {
      const bool by_token = name == "wte" || name == "lm_head";
      const std::string rows = by_token ? "token" : name == "wpe" ? "position" : "output";
      shown.push_back({name,
                       lines({fmt::format("{0}(matrix(\"{0}\"", name)}),
                       {rows, name == "wte" || name == "wpe" ? "channel" : "input"},
                       p.detach()});
    }
    return shown;
  }

 private:
  std::vector<int> lines(const Words& snippets) const {
    std::vector<int> numbers;
    for (const std::string& snippet : snippets)
      numbers.push_back(line_of(source_, snippet));
    return numbers;
  }

  /// The first result that no row has used and that the row's op computed from its inputs.
  Tensor find(const Row& row) {
    for (size_t i = 0; i < snapshot_.ops.size(); ++i) {
      const autograd::OpLog::Entry& entry = snapshot_.ops[i];
      if (used_[i] || entry.op != row.op || !has_inputs(entry, row.inputs)) continue;
      used_[i] = true;
      return entry.result;
    }
    fail("lesson 10: its forward pass has no {} of {}", row.op,
         fmt::format("{}", fmt::join(row.inputs, " and ")));
  }
  bool has_inputs(const autograd::OpLog::Entry& entry, const Words& names) const {
    if (entry.inputs.size() < names.size()) return false;
    for (size_t i = 0; i < names.size(); ++i) {
      const auto known = known_.find(names[i]);
      if (known == known_.end() || !entry.inputs[i].is_same(known->second)) return false;
    }
    return true;
  }

  const Snapshot& snapshot_;
  const std::string_view source_;
  std::vector<bool> used_;
  std::map<std::string, Tensor> known_;
};

}  // namespace

std::vector<Value> values_of(const Snapshot& snapshot, std::string_view source) {
  return Finder(snapshot, source).values();
}

const Tensor& value_named(const std::vector<Value>& values, std::string_view name) {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&](const Value& value) { return value.name == name; });
  check(found != values.end(), "lesson 10: there is no value {}", name);
  return found->tensor;
}

Tensor attention_weights(const std::vector<Value>& values) {
  const NoGradGuard no_grad;
  const Tensor q = value_named(values, "heads(wq)");  // (H, T, D)
  const Tensor k = value_named(values, "heads(wk)");
  const int64_t T = q.size(1);
  const Tensor hidden = logical_not(ones({T, T}, kBool).tril());
  const double scale = std::sqrt(static_cast<double>(q.size(2)));
  const Tensor scores = matmul(q, k.transpose(-2, -1)) / scale;  // (H, T, T)
  const Tensor weights = softmax(scores.masked_fill(hidden, -INFINITY), -1);
  check(allclose(matmul(weights, value_named(values, "heads(wv)")), value_named(values, "context")),
        "lesson 10: its attention weights do not give its context");
  return weights;
}

}  // namespace gradus::page::one_page
