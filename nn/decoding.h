// Saying one word after another: with the right words given (teacher forcing), or with those the
// model likes best.
#pragma once
#include <functional>

#include "autograd/ops.h"

namespace gradus::nn {

/// What an encoder leaves to a decoder.
struct Encoded {
  Tensor states;  // (B, S, K): of every word
  Tensor mask;    // (B, S) bool, true: a word; undefined if no sentence is shorter than S
  Tensor last;  // (B, K): the state at the end, beside it that of a backward walk at the beginning
};

/// The mask of sentences that end after `lengths` words: (B) int64 of 1 ... S -> (B, S).
inline Tensor length_mask(const char* op, const Tensor& lengths, int64_t B, int64_t S) {
  check(lengths.dtype() == kInt64 && lengths.sizes() == Shape{B},
        "{}: lengths is {} {}, expected [{}] int64", op, lengths.sizes(), lengths.dtype(), B);
  const bool fit = logical_and(lengths >= 1, lengths <= S).sum().item<int64_t>() == B;
  check(fit, "{}: lengths is {}, expected numbers from 1 to {}", op, lengths, S);
  return arange(S) < lengths.unsqueeze(1);
}

/// What a model says after a word: the logits of the next word (B, V), the state that goes with it,
/// each tensor with B in front, and the attention weights (B, S) if there are any.
struct StepOutput {
  Tensor logits;
  TensorList state;
  Tensor weights;
};

/// A decoder at the beginning of its B sentences: step(words (B) int64, state) for each word,
/// `state` first.
struct DecoderStepper {
  TensorList state;
  std::function<StepOutput(const Tensor& words, const TensorList& state)> step;
};

/// The logits after each of the given words: ids (B, T) int64 -> (B, T, V). `weights`, if given,
/// gets the attention weights (B, T, S).
Tensor teacher_forcing(const DecoderStepper& stepper, const Tensor& ids, Tensor* weights = nullptr);

struct SearchOptions {
  int64_t begin = 0, end = 1;  // the words that begin and end a sentence
  int64_t max_length = 100;    // a sentence without `end` is cut here
  int64_t width = 4;           // of the beam
  double length_penalty = 0;   // finished sentences are compared by log p / length^this
};

/// The likeliest word again and again, for B sentences at once, until all have ended: (B, at most
/// max_length) int64, filled with `end` after a sentence's end.
Tensor greedy_search(const DecoderStepper& stepper, int64_t B, const SearchOptions& options);

struct Hypothesis {
  std::vector<int64_t> ids;  // without `begin`, with `end` unless it was cut
  double log_prob = 0;
  double score = 0;  // log_prob / length^length_penalty
};

/// The sentence of the best score that is found when the `width` likeliest beginnings are kept at
/// each step. The stepper is one of a single sentence.
Hypothesis beam_search(const DecoderStepper& stepper, const SearchOptions& options);

}  // namespace gradus::nn
