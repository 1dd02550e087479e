// Pictures of messages between processes, in text.
#pragma once
#include <string>

#include "lessons/machines/overlap.h"
#include "terminal/pictures.h"

namespace gradus::lessons {

/// The sum of the gradients of micro-batches as a tree, and which process computes which part.
std::string tree_picture(int64_t micro_batches, int64_t processes);

/// all_reduce by halves for four processes: what each has after each exchange.
std::string halves_picture();
/// The ring: what each of four processes sends to the next one.
std::string ring_picture();

/// Backward and the buckets on one axis of time.
std::string timeline(const Overlap& times, const terminal::Canvas& canvas);

}  // namespace gradus::lessons
