#include "page/rule_texts.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace gradus::page {

namespace {

constexpr const char* kSame = "dx = dy";
constexpr const char* kOtherShape = "dx = dy with the shape of x";
constexpr const char* kPart = "dx = dy at the place that was read, 0 elsewhere";
constexpr const char* kLargest = "dx = dy at the largest element, 0 elsewhere";
constexpr const char* kSmallest = "dx = dy at the smallest element, 0 elsewhere";

struct RuleText {
  std::string_view op;
  const char* text;
};
constexpr RuleText kRules[] = {
    {"abs", "dx = dy sign(x)"},
    {"add", "da = dy, db = dy; over a broadcast dimension the sum"},
    {"alias", kSame},
    {"amax", kLargest},
    {"amin", kSmallest},
    {"cat", "each input gets its part of dy"},
    {"clamp", "dx = dy inside the limits, 0 outside"},
    {"clone", kSame},
    {"contiguous", kSame},
    {"copy_", "the source gets dy"},
    {"cos", "dx = -dy sin(x)"},
    {"cross_entropy", "dlogits = (softmax(logits) - 1 at the target) dy / number of rows"},
    {"cumsum", "dx[i] = dy[i] + dy[i + 1] + ..."},
    {"div", "da = dy / b, db = -dy y / b"},
    {"dropout", "dx = dy / (1 - p) where x was kept, 0 elsewhere"},
    {"embedding", "row i of the table gets the sum of dy over all uses of token i"},
    {"exp", "dx = dy y"},
    {"expand", "dx = sum of dy over the repeated elements"},
    {"gather", "dx = dy added at the indices"},
    {"gelu", "dx = dy gelu'(x)"},
    {"index_add", "dx = dy, the source gets dy at the indices"},
    {"index_select", "each row gets the sum of dy over all its uses"},
    {"layer_norm", "dx = (g - mean(g) - n mean(g n)) / std(x), g = dy weight, n = normalized x"},
    {"linear", "dx = dy W, dW = dy^T x, dbias = sum of dy over the rows"},
    {"log", "dx = dy / x"},
    {"log_softmax", "dx = dy - exp(y) sum of dy over the row"},
    {"logsumexp", "dx = dy softmax(x)"},
    {"masked_fill", "dx = dy where the mask is false, 0 elsewhere"},
    {"matmul", "dA = dy B^T, dB = A^T dy"},
    {"max", kLargest},
    {"maximum", "dy goes to the larger of a and b"},
    {"mean", "dx = dy / n for each of the n elements"},
    {"min", kSmallest},
    {"minimum", "dy goes to the smaller of a and b"},
    {"mul", "da = dy b, db = dy a"},
    {"neg", "dx = -dy"},
    {"norm", "dx = dy x / y for the 2-norm"},
    {"normal_cdf", "dx = dy exp(-x^2 / 2) / sqrt(2 pi)"},
    {"permute", "dx = dy with the dimensions back in order"},
    {"pow", "dx = dy p x^(p - 1)"},
    {"relu", "dx = dy where x > 0, 0 elsewhere"},
    {"reshape", kOtherShape},
    {"rsqrt", "dx = -dy y^3 / 2"},
    {"scaled_dot_product_attention",
     "dv = weights^T dy; dweights = dy v^T, through the softmax to q and k"},
    {"scatter_add", "dx = dy, the source gets dy at the indices"},
    {"select", kPart},
    {"sigmoid", "dx = dy y (1 - y)"},
    {"silu", "dx = dy silu'(x)"},
    {"sin", "dx = dy cos(x)"},
    {"slice", kPart},
    {"slice_backward", "dx = the slice of dy"},
    {"softmax", "dx = y (dy - sum of dy y over the row)"},
    {"sqrt", "dx = dy / (2 y)"},
    {"squeeze", kOtherShape},
    {"std", "dx = dy (x - mean) / ((n - 1) y)"},
    {"sub", "da = dy, db = -dy; over a broadcast dimension the sum"},
    {"sum", "dx = dy for every element of the sum"},
    {"tanh", "dx = dy (1 - y^2)"},
    {"to", "dx = dy with the dtype of x"},
    {"transpose", "dx = dy with the two dimensions exchanged back"},
    {"unsqueeze", kOtherShape},
    {"var", "dx = 2 dy (x - mean) / (n - 1)"},
    {"view", kOtherShape},
    {"where", "a gets dy where the condition is true, b elsewhere"},
};

}  // namespace

std::string rule_text(const std::string& op) {
  const auto* const found = std::find_if(std::begin(kRules), std::end(kRules),
                                         [&](const RuleText& rule) { return rule.op == op; });
  return found == std::end(kRules) ? "" : found->text;
}

}  // namespace gradus::page
