#include "page/play/backward/rules.h"

#include <algorithm>
#include <iterator>

#include "page/rule_texts.h"
#include "tensor/error.h"

namespace gradus::page {
namespace {

constexpr std::string_view kElementwise = "autograd/elementwise.cpp";
constexpr std::string_view kViews = "autograd/views.cpp";
constexpr std::string_view kSlice = "autograd/slice.cpp";
constexpr std::string_view kNeural = "autograd/neural.cpp";
constexpr std::string_view kReduce = "autograd/reduce.cpp";
constexpr std::string_view kConvert = "autograd/convert.cpp";
constexpr std::string_view kCompare = "autograd/compare.cpp";
constexpr std::string_view kMatmul = "autograd/matmul.cpp";

constexpr RuleSource kSources[] = {
    {"add", kElementwise, "Tensor add("},
    {"sub", kElementwise, "Tensor sub("},
    {"mul", kElementwise, "Tensor mul("},
    {"div", kElementwise, "Tensor div("},
    {"pow", kElementwise, "Tensor pow(const Tensor& x, Scalar"},
    {"neg", kElementwise, "Tensor neg("},
    {"exp", kElementwise, "Tensor exp("},
    {"log", kElementwise, "Tensor log("},
    {"sqrt", kElementwise, "Tensor sqrt("},
    {"sin", kElementwise, "Tensor sin("},
    {"cos", kElementwise, "Tensor cos("},
    {"tanh", kElementwise, "Tensor tanh("},
    {"sigmoid", kElementwise, "Tensor sigmoid("},
    {"relu", kElementwise, "Tensor relu("},
    {"gelu", kElementwise, "Tensor gelu("},
    {"abs", kElementwise, "Tensor abs("},
    {"maximum", kElementwise, "Tensor extreme("},
    {"clone", kConvert, "Tensor clone("},
    {"contiguous", kConvert, "Tensor contiguous("},
    {"view", kViews, "Tensor record_reshape("},
    {"reshape", kViews, "Tensor record_reshape("},
    {"squeeze", kViews, "Tensor record_reshape("},
    {"unsqueeze", kViews, "Tensor record_reshape("},
    {"transpose", kViews, "Tensor transpose("},
    {"permute", kViews, "Tensor permute("},
    {"expand", kViews, "Tensor expanded("},
    {"select", kSlice, "Tensor slice_impl("},
    {"narrow", kSlice, "Tensor slice_impl("},
    {"slice", kSlice, "Tensor slice_impl("},
    {"cat", kSlice, "Tensor cat("},
    {"sum", kReduce, "Tensor sum("},
    {"mean", "autograd/statistics.cpp", "Tensor mean("},
    {"amax", kReduce, "Tensor extreme("},
    {"cumsum", kReduce, "Tensor cumsum("},
    {"matmul", kMatmul, "Tensor product("},
    {"linear", kMatmul, "Tensor linear("},
    {"softmax", kNeural, "Tensor softmax("},
    {"masked_softmax", kNeural, "Tensor masked_softmax("},
    {"log_softmax", kNeural, "Tensor log_softmax("},
    {"layer_norm", kNeural, "Tensor layer_norm("},
    {"where", kCompare, "Tensor where("},
    {"masked_fill", kCompare, "Tensor masked_fill("},
    {"tril", kCompare, "Tensor tril("},
};

}  // namespace

const RuleSource& rule_source(std::string_view op) {
  const auto* const found = std::find_if(std::begin(kSources), std::end(kSources),
                                         [&](const RuleSource& rule) { return rule.op == op; });
  if (found == std::end(kSources))
    fail("rule_source: it is not listed where the op '{}' is defined", op);
  return *found;
}

std::string_view formula_of(std::string_view op, size_t input) {
  const std::vector<std::string_view>& formulas = rule_formulas(op);
  if (formulas.empty()) fail("formula_of: there is no text about the op '{}'", op);
  return formulas[std::min(input, formulas.size() - 1)];
}

bool passes_on(std::string_view op, size_t input) {
  if (op == "sub") return input == 0;
  return op == "add" || op == "clone" || op == "contiguous" || op == "expand";
}

}  // namespace gradus::page
