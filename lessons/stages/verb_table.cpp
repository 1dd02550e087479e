#include "lessons/stages/verb_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus::lessons {
namespace {

/// Whether the model gives much weight to 'was' and none to 'were', or the reverse.
bool looks_for_one_form(const AtTheGap& model) {
  const auto [least, most] = std::minmax(model.copula[0], model.copula[1]);
  return least < 0.1 && most > 0.5;
}

}  // namespace

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

void show_models(Lesson& lesson, const std::vector<AtTheGap>& models, bool with_stood) {
  const std::string copula = with_stood ? "stood" : "was or were";
  const MeanAtTheGap mean = mean_of(models);
  lesson.lines(table_of_models(models, copula));
  lesson.say(
      "The worst of these models is right {:.1f}% of the time. On average the subject gets a "
      "weight of {:.2f} ({:.2f} to {:.2f}), and '{}' gets {:.2f}.",
      100 * mean.worst, mean.subject, mean.least, mean.most, copula, mean.copula);
  const auto one_form = std::count_if(models.begin(), models.end(), looks_for_one_form);
  if (!lesson.quick() && one_form > 0)
    lesson.say(
        "{} of these models look for one of the two words only. If they do not find it, they "
        "choose the other verb.",
        one_form);
  if (!lesson.quick())
    lesson.holds("every model chooses the right verb in at least 95%", mean.worst >= 0.95);
}

}  // namespace gradus::lessons
