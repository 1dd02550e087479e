// The third step of lesson 03.
#pragma once
#include "lessons/kit/lesson.h"

namespace gradus::lessons {

/// What a score of Bahdanau's attention depends on, and that padding is not among it.
void what_scores_see(Lesson& lesson);

}  // namespace gradus::lessons
