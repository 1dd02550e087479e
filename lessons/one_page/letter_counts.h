// Models of lesson 10 without a network: tables of how often letters occur.
#pragma once
#include "lessons/kit/labels.h"
#include "text/char_tokenizer.h"

namespace gradus::lessons {

/// The mean loss of a table of how often each letter occurs in the words, and of a table of how
/// often each letter follows another one. The beginning and the end of a word count as a letter.
double loss_of_letter_counts(const Words& words, const text::CharTokenizer& letters);
double loss_of_pair_counts(const Words& words, const text::CharTokenizer& letters);

}  // namespace gradus::lessons
