#include "lessons/translation/verb_model.h"

#include "autograd/ops.h"

namespace gradus::lessons {

AtTheGap measure(const VerbModel& model, const AgreementGrammar& grammar, bool with_stood,
                 int64_t count) {
  const NoGradGuard no_grad;
  AtTheGap mean;
  constexpr int kForms = 6;  // 1 to 3 clauses, without and with an opening
  for (int64_t form = 0; form < kForms; ++form) {
    const AgreementSentences test = grammar.draw(count, 1 + form % 3, form >= 3, with_stood);
    nn::AttentionTrace trace;
    const Tensor chosen = model(test.words, &trace).argmax(-1);
    mean.right += (chosen == test.plural).to(kFloat64).mean().item<double>() / kForms;
    const Tensor weights = trace.weights.select(1, 0).select(1, -1);  // (B, T): of the gap
    for (const int64_t many : {0, 1}) {
      const Tensor of_these = (test.plural == many).to(kFloat32);
      const auto weight_at = [&](int64_t place) {
        const Tensor sum = (weights.select(1, place) * of_these).sum();
        return (sum / of_these.sum()).item<double>() / kForms;
      };
      const auto m = static_cast<size_t>(many);
      mean.subject[m] += weight_at(test.subject);
      mean.copula[m] += weight_at(test.copula);
      for (const int64_t place : test.nouns)
        mean.nouns[m] += weight_at(place);
    }
  }
  return mean;
}

}  // namespace gradus::lessons
