// What the attention heads of a trained GPT look at, measured.
#pragma once
#include "nn/gpt.h"

namespace gradus::lessons {

struct HeadsOfGpt {
  Tensor previous;  // (layers, heads): the weight on the token to the left, on average
  Tensor distance;  // (layers, heads): how many tokens to the left it looks, on average
};

/// Averages over all positions of the windows, ids (B, T), but the first.
HeadsOfGpt measure_heads(const nn::Gpt& model, const Tensor& ids);

}  // namespace gradus::lessons
