#include "page/play/backward/rules.h"

#include <algorithm>
#include <set>

#include "tensor/error.h"

namespace gradus::page {
namespace {

constexpr std::string_view kElementwise = "autograd/elementwise.cpp";
constexpr std::string_view kViews = "autograd/views.cpp";
constexpr std::string_view kSlice = "autograd/slice.cpp";
constexpr std::string_view kNeural = "autograd/neural.cpp";

const std::vector<RuleInWords> kRules = {
    {"add", {"da = dy", "db = dy"}, kElementwise, "Tensor add("},
    {"sub", {"da = dy", "db = -dy"}, kElementwise, "Tensor sub("},
    {"mul", {"da = dy * b", "db = dy * a"}, kElementwise, "Tensor mul("},
    {"div", {"da = dy / b", "db = -dy * y / b"}, kElementwise, "Tensor div("},
    {"pow",
     {"dx = dy * p * x^(p - 1)", "dp = dy * y * log(x)"},
     kElementwise,
     "Tensor pow(const Tensor& x, Scalar"},
    {"neg", {"dx = -dy"}, kElementwise, "Tensor neg("},
    {"exp", {"dx = dy * y"}, kElementwise, "Tensor exp("},
    {"log", {"dx = dy / x"}, kElementwise, "Tensor log("},
    {"sqrt", {"dx = dy / (2 y)"}, kElementwise, "Tensor sqrt("},
    {"sin", {"dx = dy * cos(x)"}, kElementwise, "Tensor sin("},
    {"cos", {"dx = -dy * sin(x)"}, kElementwise, "Tensor cos("},
    {"tanh", {"dx = dy * (1 - y * y)"}, kElementwise, "Tensor tanh("},
    {"sigmoid", {"dx = dy * y * (1 - y)"}, kElementwise, "Tensor sigmoid("},
    {"relu", {"dx = dy where y > 0, else 0"}, kElementwise, "Tensor relu("},
    {"gelu", {"dx = dy * gelu'(x), gelu'(x) = Phi(x) + x phi(x)"}, kElementwise, "Tensor gelu("},
    {"abs", {"dx = dy * sign(x)"}, kElementwise, "Tensor abs("},
    {"maximum",
     {"da = dy where a > b, dy / 2 where a = b, else 0",
      "db = dy where b > a, dy / 2 where a = b, else 0"},
     kElementwise,
     "Tensor extreme("},
    {"clone", {"dx = dy"}, "autograd/convert.cpp", "Tensor clone("},
    {"contiguous", {"dx = dy"}, "autograd/convert.cpp", "Tensor contiguous("},
    {"view", {"dx = dy in the shape of x"}, kViews, "Tensor record_reshape("},
    {"reshape", {"dx = dy in the shape of x"}, kViews, "Tensor record_reshape("},
    {"squeeze", {"dx = dy in the shape of x"}, kViews, "Tensor record_reshape("},
    {"unsqueeze", {"dx = dy in the shape of x"}, kViews, "Tensor record_reshape("},
    {"transpose", {"dx = dy, transposed back"}, kViews, "Tensor transpose("},
    {"permute", {"dx = dy, its dimensions in the old order"}, kViews, "Tensor permute("},
    {"expand", {"dx = dy; the engine sums it over the repetitions"}, kViews, "Tensor expand("},
    {"select", {"dx = 0, and dy in the part that was read"}, kSlice, "Tensor slice_impl("},
    {"narrow", {"dx = 0, and dy in the part that was read"}, kSlice, "Tensor slice_impl("},
    {"slice", {"dx = 0, and dy in the part that was read"}, kSlice, "Tensor slice_impl("},
    {"cat", {"the part of dy that comes from this input"}, kSlice, "Tensor cat("},
    {"sum", {"dx = dy, repeated over the summed dimensions"}, "autograd/reduce.cpp", "Tensor sum("},
    {"mean",
     {"dx = dy / n, repeated over the n summed elements"},
     "autograd/statistics.cpp",
     "Tensor mean("},
    {"amax",
     {"dx = dy where x is the largest, equal ones share it"},
     "autograd/reduce.cpp",
     "Tensor extreme("},
    {"cumsum", {"dx[i] = dy[i] + dy[i + 1] + ..."}, "autograd/reduce.cpp", "Tensor cumsum("},
    {"matmul", {"da = dy b^T", "db = a^T dy"}, "autograd/matmul.cpp", "Tensor product("},
    {"linear",
     {"dx = dy W", "dW = dy^T x", "db = dy, summed over the rows"},
     "autograd/matmul.cpp",
     "Tensor linear("},
    {"softmax", {"dx = y * (dy - sum(dy * y))"}, kNeural, "Tensor softmax("},
    {"masked_softmax", {"dx = y * (dy - sum(dy * y))"}, kNeural, "Tensor masked_softmax("},
    {"log_softmax", {"dx = dy - softmax(x) * sum(dy)"}, kNeural, "Tensor log_softmax("},
    {"layer_norm",
     {"dx = (g - mean(g) - z mean(g z)) / std, g = dy * weight, z = (x - "
      "mean) / std",
      "dweight = dy * z, summed over the rows", "dbias = dy, summed over the rows"},
     kNeural,
     "Tensor layer_norm("},
    {"where",
     {"da = dy where the condition is true, else 0", "db = dy where it is false, else 0"},
     "autograd/compare.cpp",
     "Tensor where("},
    {"masked_fill",
     {"dx = dy, and 0 where the mask is true"},
     "autograd/compare.cpp",
     "Tensor masked_fill("},
    {"tril", {"dx = dy in the triangle, else 0"}, "autograd/compare.cpp", "Tensor tril("},
};

}  // namespace

const RuleInWords& rule_of(std::string_view op) {
  const auto found = std::find_if(kRules.begin(), kRules.end(),
                                  [&](const RuleInWords& rule) { return rule.op == op; });
  if (found == kRules.end()) fail("rule_of: there is no text about the op '{}'", op);
  return *found;
}

std::string_view formula_of(std::string_view op, size_t input) {
  const std::vector<std::string_view>& formulas = rule_of(op).formulas;
  return formulas[std::min(input, formulas.size() - 1)];
}

bool broadcasts(std::string_view op) {
  static const std::set<std::string_view> ops = {"add", "sub",     "mul",   "div",
                                                 "pow", "maximum", "where", "expand"};
  return ops.count(op) > 0;
}

bool passes_on(std::string_view op, size_t input) {
  if (op == "sub") return input == 0;
  return op == "add" || op == "clone" || op == "contiguous" || op == "expand";
}

}  // namespace gradus::page
