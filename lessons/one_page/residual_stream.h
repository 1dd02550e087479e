// The residual stream of a small GPT, drawn for one token.
#pragma once
#include <array>
#include <functional>

#include "lessons/kit/lesson.h"
#include "text/char_tokenizer.h"

namespace gradus::lessons {

/// What the embeddings, attention and feed-forward add to the residual stream: ids (T) -> (T, C)
using Added = std::function<std::array<Tensor, 3>(const Tensor& ids)>;

/// Draws the stream of the last token of a beginning of the longest name: what each part adds to
/// it, and which token the model would choose then. lm_head is (V, C); the last id ends a name.
void explain_residual_stream(Lesson& lesson, const Words& names, const text::CharTokenizer& letters,
                             const Tensor& lm_head, const Added& added);

/// Values as a line of small bars between `low` and `high`: "▁▄█". Without UTF-8: digits.
std::string sparkline(const std::vector<double>& values, double low, double high, bool utf8);

}  // namespace gradus::lessons
