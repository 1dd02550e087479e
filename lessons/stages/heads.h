// The stages of multi-head attention, which lesson 07 computes one by one, compares and draws.
#pragma once
#include <cmath>
#include <string>

#include "gradus.h"
#include "lessons/kit/lesson.h"

namespace gradus::lessons {

/// Every stage between x (B, T, d_in) and the result of multi-head attention (B, T, d_out).
struct HeadStages {
  struct Projected {
    Tensor whole, viewed, split;
  };
  Projected queries, keys, values;
  Tensor attn_scores, masked_scores, attn_weights;
  Tensor context_per_head, context_concatenated, context_vecs;

  HeadStages(const nn::MultiHeadAttention& mha, const Tensor& x) {
    const int64_t B = x.size(0);
    const int64_t T = x.size(1);
    const int64_t H = mha.num_heads;
    const int64_t d_out = mha.out_proj.weight.size(0);
    const int64_t D = d_out / H;
    const auto project = [&](const nn::Linear& W) {
      const Tensor whole = W(x);                                // (B, T, d_out)
      const Tensor viewed = whole.view({B, T, H, D});           // each row cut into H pieces
      return Projected{whole, viewed, viewed.transpose(1, 2)};  // (B, H, T, D)
    };
    queries = project(mha.W_query);
    keys = project(mha.W_key);
    values = project(mha.W_value);
    attn_scores = matmul(queries.split, keys.split.transpose(2, 3));  // (B, H, T, T)
    const Tensor future = triu(ones({T, T}), 1).to(kBool);  // (T, T), for all texts and heads
    masked_scores = attn_scores.masked_fill(future, -INFINITY);
    attn_weights = softmax(masked_scores / std::sqrt(static_cast<double>(D)), -1);
    context_per_head = matmul(attn_weights, values.split);  // (B, H, T, D)
    context_concatenated = context_per_head.transpose(1, 2).contiguous().view({B, T, d_out});
    context_vecs = mha.out_proj(context_concatenated);  // (B, T, d_out)
  }
};

/// The context vectors of all heads: softmax(q k^T / divisor) v, causal or not. For the mistakes.
/// q, k, v (H, T, D) -> (H, T, D)
Tensor contexts_of(const Tensor& q, const Tensor& k, const Tensor& v, double divisor,
                   bool causal = true);

/// Compares the parameters with the book's; `where` is the beginning of their names.
void compare_parameters(Lesson& lesson, const std::string& where, const nn::Module& module);
/// Compares the projections: as the matrices give them, cut into heads, and with the heads in
/// front.
void compare_projections(Lesson& lesson, const std::string& where, const HeadStages& s,
                         const Words& words);
/// Rows (T, 6) cut into two heads (2, T, 3), as a picture.
std::string picture_of_cutting(const Tensor& rows, const Words& words, bool utf8);
/// Exercise 3.3 of the book: GPT-2's attention, its parameters, and its time with one head and with
/// twelve.
void size_of_gpt2(Lesson& lesson);
/// The shape at every stage, one in each line.
std::string table_of_shapes(const HeadStages& s);

}  // namespace gradus::lessons
