// Rows of the table of ops: softmax, normalisation, losses, attention.
#pragma once
#include "tests/op_row.h"

namespace gradus::tests {

inline void add_neural(Rows& rows) {
  for (const int64_t dim : {0, 1, -1}) {
    rows.push_back(row("softmax", fmt::format("{}", dim), [=](X x) { return softmax(x, dim); },
                       {nonzero(2, 3, 4)})
                       .fused());
    rows.push_back(row("log_softmax", fmt::format("{}", dim),
                       [=](X x) { return log_softmax(x, dim); }, {nonzero(2, 3, 4)})
                       .fused());
  }
  const auto layer = [](X x, X w, X b) { return layer_norm(x, w.sizes(), w, b); };
  rows.insert(
      rows.end(),
      {
          row("softmax", "of a number", [](X x) { return softmax(x, 0); }, {nonzero()}).fused(),
          row("softmax", "", [](X x) { return softmax(x, -1); }, {nonzero(2, 3)}).fused().smooth(),
          row("log_softmax", "", [](X x) { return log_softmax(x, -1); }, {nonzero(2, 3)})
              .fused()
              .smooth(),
          row("layer_norm", "", layer, {nonzero(3, 4), nonzero(4), nonzero(4)}).fused().smooth(),
          row("layer_norm", "over two dimensions", layer,
              {nonzero(2, 2, 3), nonzero(2, 3), nonzero(2, 3)})
              .fused(),
          row("layer_norm", "without weight and bias",
              [](X x) { return layer_norm(x, 4, {}, {}, 1e-3); }, {nonzero(3, 4)})
              .fused(),
          row("layer_norm", "without weight", [](X x, X b) { return layer_norm(x, {4}, {}, b); },
              {nonzero(3, 4), nonzero(4)})
              .fused(),
          row("layer_norm", "without bias", [](X x, X w) { return layer_norm(x, {4}, w); },
              {nonzero(3, 4), nonzero(4)})
              .fused(),
          row("layer_norm", "with one parameter twice",
              [](X x, X p) { return layer_norm(x, {4}, p, p); }, {nonzero(3, 4), nonzero(4)})
              .fused(),
          row("layer_norm", "of no rows", layer, {nonzero(0, 4), nonzero(4), nonzero(4)}).fused(),
          row("dropout", "",
              [](X x) {
                manual_seed(3);
                return dropout(x, 0.4, true);
              },
              {nonzero(4, 5)}),
          row("dropout", "of everything", [](X x) { return dropout(x, 1, true); }, {nonzero(2, 3)}),
          row("dropout", "not training", [](X x) { return mul(dropout(x, 0.4, false), 2); },
              {nonzero(2, 3)}),
          row("mse_loss", "", [](X a, X b) { return mse_loss(a, b); },
              {nonzero(2, 3), nonzero(2, 3)}),
          row("mse_loss", "sum", [](X a, X b) { return mse_loss(a, b, Reduction::Sum); },
              {nonzero(2, 3), nonzero(2, 3)}),
          row("mse_loss", "none", [](X a, X b) { return mse_loss(a, b, Reduction::None); },
              {nonzero(2, 3), nonzero(2, 3)}),
      });

  using Loss = Tensor (*)(X, X, X, int64_t, int64_t);
  const Loss entropy = [](X x, X y, X w, int64_t r, int64_t i) {
    return cross_entropy(x, y, w, r, i);
  };
  const Loss nll = [](X x, X y, X w, int64_t r, int64_t i) { return nll_loss(x, y, w, r, i); };
  for (const auto& [op, loss] : {std::pair{"cross_entropy", entropy}, std::pair{"nll_loss", nll}}) {
    for (const int64_t reduction : {Reduction::Mean, Reduction::Sum, Reduction::None}) {
      const auto plain = [=, f = loss](X x, X y) { return f(x, y, {}, reduction, -100); };
      const auto weighted = [=, f = loss](X x, X y, X w) { return f(x, y, w, reduction, 1); };
      const std::string form = reduction == Reduction::Mean  ? "mean"
                               : reduction == Reduction::Sum ? "sum"
                                                             : "none";
      rows.push_back(row(op, form, plain, {nonzero(4, 3), indices({2, 0, 1, 2})}));
      rows.push_back(
          row(op, form + ", some ignored", plain, {nonzero(4, 3), indices({2, -100, 1, -100})}));
      rows.push_back(row(op, form + ", weighted, class 1 ignored", weighted,
                         {nonzero(4, 3), indices({2, 0, 1, 2}), positive(3)}));
      rows.push_back(row(op, form + " of a vector", plain, {nonzero(3), indices(1)}));
      rows.push_back(
          row(op, form + " with more dimensions", weighted,
              {nonzero(2, 3, 2, 2), indices({{{0, 1}, {2, 2}}, {{1, 1}, {0, 2}}}), positive(3)}));
    }
  }
  for (const int64_t reduction : {Reduction::Mean, Reduction::Sum, Reduction::None})
    rows.push_back(row("cross_entropy", fmt::format("smoothed, weighted, reduction {}", reduction),
                       [=](X x, X y, X w) { return cross_entropy(x, y, w, reduction, 1, 0.3); },
                       {nonzero(4, 3), indices({2, 0, 1, 2}), positive(3)}));
  rows.push_back(row("cross_entropy", "smoothed",
                     [](X x, X y) { return cross_entropy(x, y, {.label_smoothing = 0.1}); },
                     {nonzero(4, 3), indices({2, -100, 1, 2})}));

  for (const int64_t reduction : {Reduction::Mean, Reduction::Sum, Reduction::None}) {
    const auto smoothed = [=](X x, X y, X w) {
      return cross_entropy(x, y, w, reduction, -100, 0.3);
    };
    const std::string form = fmt::format("of distributions, reduction {}", reduction);
    rows.push_back(row("cross_entropy", form,
                       [=](X x, X y) { return cross_entropy(x, y, {}, reduction); },
                       {nonzero(4, 3), positive(4, 3)}));
    rows.push_back(row("cross_entropy", form + ", smoothed and weighted", smoothed,
                       {nonzero(2, 3, 2), positive(2, 3, 2), positive(3)}));
    rows.push_back(row("cross_entropy", form + ", of a vector", smoothed,
                       {nonzero(3), positive(3), positive(3)}));
  }

  constexpr auto attend = scaled_dot_product_attention;
  const Tensor some = mask({{1, 0, 1}, {0, 1, 1}});
  const Tensor hidden = mask({{1, 0, 1}, {0, 0, 0}});
  const auto attention = [&](const std::string& form, auto f, Tensors inputs) {
    rows.push_back(row("scaled_dot_product_attention", form, f, std::move(inputs)));
    rows.back().is_fused = form != "with numbers added";  // those need a gradient themselves
  };
  attention("", [=](X q, X k, X v) { return attend(q, k, v, {}, 0, false, {}); },
            {nonzero(2, 4), nonzero(3, 4), nonzero(3, 2)});
  attention("with heads and a scale",
            [=](X q, X k, X v) { return attend(q, k, v, {}, 0, false, 0.3); },
            {nonzero(2, 2, 2, 4), nonzero(2, 2, 3, 4), nonzero(2, 2, 3, 2)});
  attention("causal", [=](X q, X k, X v) { return attend(q, k, v, {}, 0, true, {}); },
            {nonzero(2, 3, 4), nonzero(2, 3, 4), nonzero(2, 3, 4)});
  attention("causal, fewer keys", [=](X q, X k, X v) { return attend(q, k, v, {}, 0, true, {}); },
            {nonzero(4, 2), nonzero(3, 2), nonzero(3, 2)});
  attention("of itself", [=](X x) { return attend(x, x, x, {}, 0, true, {}); }, {nonzero(3, 4)});
  attention("masked", [=](X q, X k, X v, X m) { return attend(q, k, v, m, 0, false, {}); },
            {nonzero(2, 2, 4), nonzero(2, 3, 4), nonzero(2, 3, 2), some});
  attention("with a row that sees nothing",
            [=](X q, X k, X v, X m) { return attend(q, k, v, m, 0, false, {}); },
            {nonzero(2, 2, 4), nonzero(2, 3, 4), nonzero(2, 3, 2), hidden});
  attention("with numbers added",
            [=](X q, X k, X v, X m) { return attend(q, k, v, m, 0, false, {}); },
            {nonzero(2, 4), nonzero(3, 4), nonzero(3, 2), nonzero(2, 3)});
  attention("with a row of -inf added",
            [=](X q, X k, X v, X m) {
              return attend(q, k, v, where(m, zeros({}, q.dtype()), -kInf), 0, false, {});
            },
            {nonzero(2, 4), nonzero(3, 4), nonzero(3, 2), hidden});
  attention("with dropout",
            [=](X q, X k, X v) {
              manual_seed(2);
              return attend(q, k, v, {}, 0.3, false, {});
            },
            {nonzero(2, 4), nonzero(3, 4), nonzero(3, 2)});
  rows.push_back(row("masked_softmax", "", [](X x) { return masked_softmax(x); }, {nonzero(2, 3)}));
  rows.push_back(row("masked_softmax", "with a hidden row",
                     [](X x, X m) { return masked_softmax(masked_fill(x, m, -kInf)); },
                     {nonzero(3, 3), mask({{0, 1, 0}, {1, 1, 1}, {0, 0, 0}})}));
}

}  // namespace gradus::tests
