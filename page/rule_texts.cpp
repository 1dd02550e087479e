#include "page/rule_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace gradus::page {

namespace {

using Formulas = std::vector<std::string_view>;

constexpr std::string_view kSame = "dx = dy";
constexpr std::string_view kOtherShape = "dx = dy in the shape of x";
constexpr std::string_view kPart = "dx = dy in the part that was read, else 0";
constexpr std::string_view kLargest = "dx = dy where x is the largest, equal ones share it; else 0";
constexpr std::string_view kSmallest =
    "dx = dy where x is the smallest, equal ones share it; else 0";
constexpr std::string_view kStep = "dx = 0: y is constant between its steps";
constexpr std::string_view kSoftmax = "dx = y * (dy - sum(dy * y))";
constexpr std::string_view kReplaced = "dx = dy, and 0 where x was replaced";
constexpr std::string_view kRow = "row i of the table gets the sum of dy over all uses of i";

struct RuleInWords {
  std::string_view op;
  Formulas formulas;
};
const std::vector<RuleInWords> kRules = {
    {"abs", {"dx = dy * sign(x)"}},
    {"add", {"da = dy", "db = dy"}},
    {"alias", {kSame}},
    {"amax", {kLargest}},
    {"amin", {kSmallest}},
    {"cat", {"dx = the part of dy that comes from this input"}},
    {"ceil", {kStep}},
    {"clamp", {"dx = dy inside the limits, else 0"}},
    {"clone", {kSame}},
    {"contiguous", {kSame}},
    {"copy_", {"dx = 0", "dsource = dy"}},
    {"cos", {"dx = -dy * sin(x)"}},
    {"cross_entropy", {"dlogits = (softmax(logits) - 1 at the target) * dy / the number of rows"}},
    {"cumsum", {"dx[i] = dy[i] + dy[i + 1] + ..."}},
    {"diag", {"dx = the diagonal of dy"}},
    {"diagonal", {"dx = dy on the diagonal, else 0"}},
    {"diagonal_backward", {"dx = the diagonal of dy"}},
    {"div", {"da = dy / b", "db = -dy * y / b"}},
    {"dropout", {"dx = dy / (1 - p) where x was kept, else 0"}},
    {"embedding", {kRow}},
    {"erf", {"dx = dy * 2 / sqrt(pi) * exp(-x^2)"}},
    {"exp", {"dx = dy * y"}},
    {"expand", {kSame}},
    {"expm1", {"dx = dy * (y + 1)"}},
    {"flip", {"dx = dy in reverse order"}},
    {"floor", {kStep}},
    {"fmod", {"da = dy", "db = -dy * trunc(a / b)"}},
    {"gather", {"dx = 0, plus dy at the indices"}},
    {"gelu", {"dx = dy * gelu'(x), gelu'(x) = Phi(x) + x phi(x)"}},
    {"index", {"dx = 0, plus dy at the indices"}},
    {"index_add", {kSame, "dsource = dy at the indices"}},
    {"index_backward", {"dx = dy at the indices"}},
    {"index_put", {kReplaced, "dvalues = dy at the indices"}},
    {"index_put_", {kReplaced, "dvalues = dy at the indices"}},
    {"index_select", {kRow}},
    {"layer_norm",
     {"dx = (g - mean(g) - z mean(g z)) / std, g = dy * weight, z = (x - mean) / std",
      "dweight = dy * z, summed over the rows", "dbias = dy, summed over the rows"}},
    {"linear", {"dx = dy W", "dW = dy^T x", "db = dy, summed over the rows"}},
    {"log", {"dx = dy / x"}},
    {"log1p", {"dx = dy / (1 + x)"}},
    {"log2", {"dx = dy / (x * log(2))"}},
    {"log_softmax", {"dx = dy - softmax(x) * sum(dy)"}},
    {"logsumexp", {"dx = dy * softmax(x)"}},
    {"masked_fill", {"dx = dy, and 0 where the mask is true"}},
    {"masked_softmax", {kSoftmax}},
    {"matmul", {"da = dy b^T", "db = a^T dy"}},
    {"max", {kLargest}},
    {"maximum",
     {"da = dy where a > b, dy / 2 where a = b, else 0",
      "db = dy where b > a, dy / 2 where a = b, else 0"}},
    {"mean", {"dx = dy / n, repeated over the n averaged elements"}},
    {"min", {kSmallest}},
    {"minimum",
     {"da = dy where a < b, dy / 2 where a = b, else 0",
      "db = dy where b < a, dy / 2 where a = b, else 0"}},
    {"mul", {"da = dy * b", "db = dy * a"}},
    {"nan_to_num", {"dx = dy where x is finite, else 0"}},
    {"narrow", {kPart}},
    {"neg", {"dx = -dy"}},
    {"norm", {"dx = dy * x / y for the 2-norm"}},
    {"normal_cdf", {"dx = dy * exp(-x^2 / 2) / sqrt(2 pi)"}},
    {"pad", {"dx = the part of dy that comes from x"}},
    {"permute", {"dx = dy, its dimensions in the old order"}},
    {"pow", {"dx = dy * p * x^(p - 1)", "dp = dy * y * log(x)"}},
    {"prod", {"dx[i] = dy * the product of the other x[j]"}},
    {"relu", {"dx = dy where y > 0, else 0"}},
    {"remainder", {"da = dy", "db = -dy * floor(a / b)"}},
    {"reshape", {kOtherShape}},
    {"roll", {"dx = dy, rolled back"}},
    {"round", {kStep}},
    {"rsqrt", {"dx = -dy * y^3 / 2"}},
    {"scaled_dot_product_attention",
     {"dq = dscores k * scale, dscores = the rule of softmax for dy v^T",
      "dk = dscores^T q * scale", "dv = weights^T dy"}},
    {"scatter_add", {kSame, "dsource = dy at the indices"}},
    {"select", {kPart}},
    {"sigmoid", {"dx = dy * y * (1 - y)"}},
    {"sign", {kStep}},
    {"silu", {"dx = dy * silu'(x)"}},
    {"sin", {"dx = dy * cos(x)"}},
    {"slice", {kPart}},
    {"slice_backward", {"dx = the slice of dy"}},
    {"softmax", {kSoftmax}},
    {"sort", {"dx = dy at the places that the elements came from"}},
    {"sqrt", {"dx = dy / (2 y)"}},
    {"square", {"dx = dy * 2 x"}},
    {"squeeze", {kOtherShape}},
    {"std", {"dx = dy * (x - mean) / ((n - 1) y)"}},
    {"sub", {"da = dy", "db = -dy"}},
    {"sum", {"dx = dy, repeated over the summed elements"}},
    {"tanh", {"dx = dy * (1 - y * y)"}},
    {"to", {"dx = dy in the dtype of x"}},
    {"transpose", {"dx = dy, transposed back"}},
    {"tril", {"dx = dy in the triangle, else 0"}},
    {"trunc", {kStep}},
    {"unsqueeze", {kOtherShape}},
    {"var", {"dx = 2 dy * (x - mean) / (n - 1)"}},
    {"view", {kOtherShape}},
    {"where", {"da = dy where the condition is true, else 0", "db = dy where it is false, else 0"}},
};

}  // namespace

const std::vector<std::string_view>& rule_formulas(std::string_view op) {
  static const Formulas none;
  const auto found = std::find_if(kRules.begin(), kRules.end(),
                                  [&](const RuleInWords& rule) { return rule.op == op; });
  return found == kRules.end() ? none : found->formulas;
}

std::string rule_text(std::string_view op) {
  return fmt::format("{}{}", fmt::join(rule_formulas(op), "; "),
                     broadcasts(op) ? "; summed over broadcast dimensions" : "");
}

bool broadcasts(std::string_view op) {
  constexpr std::string_view ops[] = {"add",  "sub",     "mul",     "div",   "pow",   "remainder",
                                      "fmod", "maximum", "minimum", "where", "expand"};
  return std::find(std::begin(ops), std::end(ops), op) != std::end(ops);
}

}  // namespace gradus::page
