// The last part of lesson 01: what training does with gradients.
#pragma once
#include "lessons/kit/lesson.h"

namespace gradus::lessons {

/// Fits a line by gradient descent: by hand, with optim::SGD, and with a learning rate that is too
/// large.
void gradient_descent(Lesson& lesson);

}  // namespace gradus::lessons
