// Grades several answers at once.
#pragma once
#include <cstddef>
#include <functional>

namespace gradus::grader {

/// How many answers are graded at once: one for each core, at most 16.
size_t worker_count();

/// Calls work(0), ..., work(count - 1), several at once. `work` must not throw.
void for_each_on_cores(size_t count, const std::function<void(size_t)>& work);

}  // namespace gradus::grader
