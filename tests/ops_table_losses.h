// Rows of the table of ops: activations with parameters, RMSNorm, losses of each element.
#pragma once
#include "tests/op_row.h"

namespace gradus::tests {

inline void add_activations(Rows& rows) {
  for (const Tensor& in : {nonzero(2, 3), nonzero(), nonzero(0, 2)}) {
    const std::string form = fmt::format("of {}", in.sizes());
    rows.push_back(row("softplus", form, [](X x) { return softplus(x); }, {in}).smooth());
    rows.push_back(row("leaky_relu", form, [](X x) { return leaky_relu(x); }, {in}).smooth());
    rows.push_back(row("elu", form, [](X x) { return elu(x); }, {in}).smooth());
  }
  const Tensor row_weight = positive(3);
  const auto norm = [](X x, X w) { return rms_norm(x, w.sizes(), w, 0.1); };
  rows.insert(
      rows.end(),
      {
          row("softplus", "with beta", [](X x) { return softplus(x, 2.5); }, {nonzero(2, 3)}),
          row("softplus", "with a threshold", [](X x) { return softplus(x, 2, 0.1); },
              {nonzero(2, 3)}),
          row("leaky_relu", "with a slope", [](X x) { return leaky_relu(x, -0.5); },
              {nonzero(2, 3)}),
          row("leaky_relu", "at its kink", [](X x) { return leaky_relu(x, 0.25); },
              {doubles({-1., 0., 1.})})
              .gradients({doubles({0.25, 0.25, 1.})}),
          row("elu", "with all its factors", [](X x) { return elu(x, 0.5, 2, 3); },
              {nonzero(2, 3)}),
          row("elu", "at its kink", [](X x) { return elu(x, 0.5); }, {doubles({0., 1.})})
              .gradients({doubles({0.5, 1.})}),
          row("rms_norm", "", norm, {nonzero(2, 3), row_weight}).smooth(),
          row("rms_norm", "over two dimensions", norm, {nonzero(2, 2, 3), nonzero(2, 3)}),
          row("rms_norm", "without a weight", [](X x) { return rms_norm(x, 3); }, {nonzero(2, 3)}),
          row("rms_norm", "of no rows", norm, {nonzero(0, 3), row_weight}),
      });
}

inline void add_losses(Rows& rows) {
  for (const int64_t r : {Reduction::Mean, Reduction::Sum, Reduction::None}) {
    const std::string form = fmt::format("reduction {}", r);
    // With these differences no element is at a kink.
    const Tensors pair = {nonzero(2, 3), nonzero(2, 3) * 0.1};
    const Tensors probabilities = {positive(2, 3) * 0.4, positive(2, 3) * 0.4};
    const Tensors weighted = {probabilities[0], probabilities[1], positive(3)};
    rows.insert(
        rows.end(),
        {
            row(
                "l1_loss", form, [=](X a, X b) { return l1_loss(a, b, r); }, pair),
            row(
                "smooth_l1_loss", form, [=](X a, X b) { return smooth_l1_loss(a, b, r, 0.7); },
                pair),
            row(
                "huber_loss", form, [=](X a, X b) { return huber_loss(a, b, r, 0.7); }, pair),
            row(
                "binary_cross_entropy", form,
                [=](X x, X t, X w) { return binary_cross_entropy(x, t, w, r); }, weighted),
            row(
                "binary_cross_entropy_with_logits", form,
                [=](X x, X t, X w) { return binary_cross_entropy_with_logits(x, t, w, w + 1, r); },
                weighted),
            row(
                "kl_div", form, [=](X x, X t) { return kl_div(x, t, r); }, probabilities),
            row(
                "kl_div", form + ", log_target", [=](X x, X t) { return kl_div(x, t, r, true); },
                pair),
        });
  }
  rows.insert(
      rows.end(),
      {
          row("l1_loss", "at its kink", [](X a, X b) { return l1_loss(a, b, kSum); },
              {doubles({1., 2.}), doubles({1., 1.})})
              .gradients({doubles({0., 1.}), doubles({0., -1.})}),
          row("binary_cross_entropy", "plain", [](X x, X t) { return binary_cross_entropy(x, t); },
              {positive(2, 3) * 0.4, positive(2, 3) * 0.4}),
          row("binary_cross_entropy_with_logits", "plain",
              [](X x, X t) { return binary_cross_entropy_with_logits(x, t); },
              {nonzero(2, 3), positive(2, 3) * 0.4}),
          row("cosine_similarity", "", [](X a, X b) { return cosine_similarity(a, b); },
              {nonzero(2, 3), nonzero(2, 3)})
              .smooth(),
          row("cosine_similarity", "of a matrix and a row",
              [](X a, X b) { return cosine_similarity(a, b, -1); }, {nonzero(2, 3), nonzero(3)}),
          row("cosine_similarity", "along dim 0",
              [](X a, X b) { return cosine_similarity(a, b, 0); }, {nonzero(2, 3), nonzero(2, 3)}),
      });
}

}  // namespace gradus::tests
