// What the models do with a sequence of digits that a reader typed.
#pragma once
#include "page/play/bottleneck/models.h"

namespace gradus::page::bottleneck {

/// The digits of a text, spaces left out: (1, S) int64. Throws a sentence unless the text has 1 to
/// kLongest digits and nothing else.
Tensor digits_of(const std::string& text);
/// The text of a row of digits; another number is "?".
std::string text_of(const Tensor& digits);

/// What the model writes for source (1, S), digit by digit: (1, S). From output step `off` on it
/// has no attention.
Tensor written(const Model& model, const Tensor& source, int64_t off);

/// The attention weights (T, S) while the model writes `output` (1, T); undefined without
/// attention.
Tensor alignment(const Model& model, const Tensor& source, const Tensor& output);

/// How much a small change of the embedding of each encoder step changes the loss of each output
/// step: the norms of the gradients, (T, S). The decoder's inputs are the right digits.
Tensor gradients(const Model& model, const Tensor& source);

}  // namespace gradus::page::bottleneck
