// The stages of a GPT block, which lesson 08 computes one by one, compares and draws.
#pragma once
#include <string>

#include "gradus.h"
#include "lessons/kit/lesson.h"

namespace gradus::lessons {

/// The stages of a block, one by one.
struct BlockStages {
  Tensor x, norm1, attention, after_attention, norm2, feed_forward, output;
  nn::AttentionTrace trace;

  BlockStages(const nn::GptBlock& block, const Tensor& input) : x(input) {
    norm1 = block.norm1(x);
    attention = block.att(norm1, &trace);
    after_attention = x + attention;
    norm2 = block.norm2(after_attention);
    feed_forward = block.ff(norm2);
    output = after_attention + feed_forward;
  }
};

/// The block as a drawing, with the norms of the stages.
std::string drawing_of_block(const BlockStages& s, bool utf8);
/// Compares every stage of the tiny block with PyTorch's.
void compare_stages(Lesson& lesson, const nn::GptBlock& tiny, const BlockStages& s);
/// Mistakes, made on purpose. `out` is the layer output that the first step normalises.
void block_mistakes(Lesson& lesson, const Tensor& out);

}  // namespace gradus::lessons
