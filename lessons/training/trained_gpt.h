// What lesson 12 shows of the trained model: its attention, how it samples, and its cache.
#pragma once
#include "lessons/training/training_text.h"
#include "nn/gpt.h"

namespace gradus::lessons {

/// Token ids (1, T) as text, without the first one.
std::string text_of(const TrainingText& text, const Tensor& ids);
/// The text with "|" for each line end and one space for several.
std::string in_one_line(std::string text);

/// Measures all heads on windows of the text, ids (B, T), and draws two of them.
void show_attention(Lesson& lesson, const nn::Gpt& model, const Tensor& windows,
                    const TrainingText& text);
/// What temperature, top-k and top-p do to the logits of the book's section 5.3.
void show_sampling_of_the_book(Lesson& lesson);
/// What the model writes with some of these options.
void show_sampling(Lesson& lesson, const nn::Gpt& model, const TrainingText& text);
/// Computes the logits with and without the key/value cache, and compares their time.
void show_cache(Lesson& lesson, const nn::Gpt& model, const TrainingText& text);

}  // namespace gradus::lessons
