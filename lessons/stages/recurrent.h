// The second and third step of lesson 02: recurrent networks.
#pragma once
#include "lessons/kit/lesson.h"

namespace gradus::lessons {

/// A hidden state, computed by hand and by nn::RNN.
void hidden_state(Lesson& lesson);
/// How much of a gradient is left, many steps before the end of a sentence.
void fading_gradient(Lesson& lesson);

}  // namespace gradus::lessons
