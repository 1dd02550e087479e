// The book's GPT with the sizes of GPT-2, which lesson 13 counts and trains.
#pragma once
#include <string>
#include <vector>

#include "lessons/kit/data_loader.h"
#include "lessons/kit/lesson.h"
#include "nn/gpt.h"

namespace gradus::lessons {

/// The book's model, with its first random weights.
nn::Gpt untrained_gpt(const Lesson& lesson, int64_t context_length);

/// The number of parameters of each part.
std::string table_of_parameters(const nn::Gpt& model);

/// The first three and the last three columns, as the book prints them.
Tensor printed_columns(const Tensor& logits);

/// The mean loss over at most five batches of two windows.
double mean_loss(const nn::Gpt& model, const std::vector<Window>& windows, bool shuffle);

/// Prints both losses after step 0 or 5, and compares them with the book's.
void check_losses(Lesson& lesson, int64_t step, double train, double validation);

}  // namespace gradus::lessons
