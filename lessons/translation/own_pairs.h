// Lesson 03 with --pairs: the reader's sentence pairs.
#pragma once
#include "lessons/translation/training.h"

namespace gradus::lessons {

/// Trains a model with Bahdanau's attention on the pairs, and translates some of those that were
/// kept for testing. Returns false if Ctrl-C ended the training; the translations are then those of
/// the half-trained model.
bool sentence_pairs(Lesson& lesson, const SplitPairs& pairs);

}  // namespace gradus::lessons
