// Steps 7 and 8 of lesson 15: what is predicted, and what data-parallel training cannot do.
#pragma once
#include "lessons/kit/lesson.h"

namespace gradus::lessons {

/// The time of a step and the memory on many machines, and two published cases.
void show_many_machines(Lesson& lesson);
/// What a model would take that does not fit into one machine.
void show_what_is_too_large(Lesson& lesson);

}  // namespace gradus::lessons
