// What the models of lesson 09 that choose a verb do, in a table and all together.
#pragma once
#include <string>
#include <vector>

#include "lessons/kit/lesson.h"
#include "lessons/translation/verb_model.h"

namespace gradus::lessons {

/// What several models do at the gap, as means over the models, and over one and many subjects.
struct MeanAtTheGap {
  double worst = 1;                // the share of right verbs of the worst model
  double subject = 0, copula = 0;  // the attention weights
  double least = 1, most = 0;      // the smallest and the largest weight of the subject
};
MeanAtTheGap mean_of(const std::vector<AtTheGap>& models);

/// One line for each model. `copula` is the head of its columns: "stood" or "was or were".
std::string table_of_models(const std::vector<AtTheGap>& models, const std::string& copula);

/// Prints the table of the models and their means.
void show_models(Lesson& lesson, const std::vector<AtTheGap>& models, bool with_stood);

}  // namespace gradus::lessons
