// Four usual mistakes of fine-tuning, made on purpose.
#pragma once
#include "lessons/answers/number_gpt.h"
#include "lessons/answers/questions.h"

namespace gradus::lessons {

/// Trains copies of `before` without the mask, with a large learning rate and without <|end|>, and
/// asks `tuned` with another template.
void what_goes_wrong(Lesson& lesson, const nn::Gpt& before, const nn::Gpt& tuned,
                     const NumberTexts& texts, const NumberGptSizes& sizes,
                     const NumberTests& tests);

}  // namespace gradus::lessons
