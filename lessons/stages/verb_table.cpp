#include "lessons/stages/verb_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus::lessons {

MeanAtTheGap mean_of(const std::vector<AtTheGap>& models) {
  MeanAtTheGap mean;
  const auto share = 1 / static_cast<double>(2 * models.size());
  for (const AtTheGap& m : models) {
    mean.worst = std::min(mean.worst, m.right);
    for (const size_t many : {0U, 1U}) {
      mean.subject += m.subject[many] * share;
      mean.copula += m.copula[many] * share;
      mean.least = std::min(mean.least, m.subject[many]);
      mean.most = std::max(mean.most, m.subject[many]);
    }
  }
  return mean;
}

std::string table_of_models(const std::vector<AtTheGap>& models, const std::string& copula) {
  std::string table = fmt::format(
      "         verbs   subject      {:<13}other nouns\n"
      "  seed   right   one   many   one   many   one   many\n",
      copula);
  for (size_t i = 0; i < models.size(); ++i) {
    const AtTheGap& m = models[i];
    table +=
        fmt::format("  {:>4} {:>6.1f}% {:>5.2f} {:>6.2f} {:>5.2f} {:>6.2f} {:>5.2f} {:>6.2f}\n",
                    i + 1, 100 * m.right, m.subject[0], m.subject[1], m.copula[0], m.copula[1],
                    m.nouns[0], m.nouns[1]);
  }
  return table;
}

}  // namespace gradus::lessons
