#include "page/rule_texts.h"

#include <map>

namespace gradus::page {

std::string rule_text(const std::string& op) {
  static const std::string same = "dx = dy";
  static const std::string other_shape = "dx = dy with the shape of x";
  static const std::string part = "dx = dy at the place that was read, 0 elsewhere";
  static const std::string largest = "dx = dy at the largest element, 0 elsewhere";
  static const std::string smallest = "dx = dy at the smallest element, 0 elsewhere";
  static const std::map<std::string, std::string> texts = {
      {"abs", "dx = dy sign(x)"},
      {"add", "da = dy, db = dy; over a broadcast dimension the sum"},
      {"alias", same},
      {"amax", largest},
      {"amin", smallest},
      {"cat", "each input gets its part of dy"},
      {"clamp", "dx = dy inside the limits, 0 outside"},
      {"clone", same},
      {"contiguous", same},
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
      {"max", largest},
      {"maximum", "dy goes to the larger of a and b"},
      {"mean", "dx = dy / n for each of the n elements"},
      {"min", smallest},
      {"minimum", "dy goes to the smaller of a and b"},
      {"mul", "da = dy b, db = dy a"},
      {"neg", "dx = -dy"},
      {"norm", "dx = dy x / y for the 2-norm"},
      {"normal_cdf", "dx = dy exp(-x^2 / 2) / sqrt(2 pi)"},
      {"permute", "dx = dy with the dimensions back in order"},
      {"pow", "dx = dy p x^(p - 1)"},
      {"relu", "dx = dy where x > 0, 0 elsewhere"},
      {"reshape", other_shape},
      {"rsqrt", "dx = -dy y^3 / 2"},
      {"scaled_dot_product_attention",
       "dv = weights^T dy; dweights = dy v^T, through the softmax to q and k"},
      {"scatter_add", "dx = dy, the source gets dy at the indices"},
      {"select", part},
      {"sigmoid", "dx = dy y (1 - y)"},
      {"silu", "dx = dy silu'(x)"},
      {"sin", "dx = dy cos(x)"},
      {"slice", part},
      {"slice_backward", "dx = the slice of dy"},
      {"softmax", "dx = y (dy - sum of dy y over the row)"},
      {"sqrt", "dx = dy / (2 y)"},
      {"squeeze", other_shape},
      {"std", "dx = dy (x - mean) / ((n - 1) y)"},
      {"sub", "da = dy, db = -dy; over a broadcast dimension the sum"},
      {"sum", "dx = dy for every element of the sum"},
      {"tanh", "dx = dy (1 - y^2)"},
      {"to", "dx = dy with the dtype of x"},
      {"transpose", "dx = dy with the two dimensions exchanged back"},
      {"unsqueeze", other_shape},
      {"var", "dx = 2 dy (x - mean) / (n - 1)"},
      {"view", other_shape},
      {"where", "a gets dy where the condition is true, b elsewhere"},
  };
  const auto found = texts.find(op);
  return found == texts.end() ? "" : found->second;
}

}  // namespace gradus::page
