// What lesson 14 shows of a conversation as training data: tokens, mask, loss and packing.
#pragma once
#include "lessons/answers/number_gpt.h"

namespace gradus::lessons {

/// One conversation, token by token: the target of each, whether it counts, its probability and its
/// part of the loss. Checks that the loss is that of the answer alone.
void show_masked_loss(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts);
/// The same conversations with a row for each, and packed. Checks that loss and gradient are equal.
void show_packing(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts);

/// The batch with every target of its conversations, questions included.
gpt::Batch without_mask(const gpt::Batch& batch);
/// The share of the questions in the targets of without_mask.
double share_of_questions(const gpt::ConversationRows& rows);
/// The batch without the targets that are the token `end`.
gpt::Batch without_end(const gpt::Batch& batch, int64_t end);

}  // namespace gradus::lessons
