// Decoders that produce one word at a time: with the correct words as input (teacher forcing), or
// with the words that the model chose itself (greedy and beam search).
#pragma once
#include <functional>

#include "autograd/ops.h"

namespace gradus::nn {

/// The result of an encoder, which a decoder starts from.
struct Encoded {
  Tensor states;  // (B, S, K): the state of every word
  Tensor mask;    // (B, S) bool, true for words, false for padding; undefined without padding
  Tensor last;    // (B, K): the final states of the directions; undefined for a Transformer
};

/// The result of one decoder step.
struct StepOutput {
  Tensor logits;     // (B, V): of the next word
  TensorList state;  // each tensor (B, ...): the state for the next step
  Tensor weights;    // (B, S): attention weights, undefined if there are none
};

/// A decoder at the start of B sentences. step(words, state) reads one word of each sentence, (B)
/// int64; the first step gets the `state` given here, each later one the state that the previous
/// step returned.
struct DecoderStepper {
  TensorList state;
  std::function<StepOutput(const Tensor& words, const TensorList& state)> step;
};

/// Reads the given words, whatever the decoder would have chosen: ids (B, T) int64 -> the logits
/// after each word, (B, T, V). `weights`, if given, gets the attention weights (B, T, S).
Tensor teacher_forcing(const DecoderStepper& stepper, const Tensor& ids, Tensor* weights = nullptr);

/// The options of greedy_search and beam_search.
struct SearchOptions {
  int64_t begin = 0;          // the id of the word that begins a sentence
  int64_t end = 1;            // the id of the word that ends one
  int64_t max_length = 100;   // in words; longer sentences are cut
  int64_t width = 4;          // sentences that the beam keeps; 1 is greedy search
  double length_penalty = 0;  // score = log p / length^length_penalty; 0: log p; typically 0.6 to 1
};

/// Chooses the most likely word at each step, for B sentences at once, until all have ended:
/// (B, at most max_length) int64, filled with `end` after the end of a sentence.
Tensor greedy_search(const DecoderStepper& stepper, int64_t B, const SearchOptions& options);

/// A sentence that beam_search has found.
struct Hypothesis {
  std::vector<int64_t> ids;  // without `begin`, with `end` unless it was cut
  double log_prob = 0;
  double score = 0;  // log_prob / length^length_penalty
};

/// Extends the `width` most likely unfinished sentences by one word at each step, and returns the
/// finished sentence with the best score. The stepper must be at the start of a single sentence.
Hypothesis beam_search(const DecoderStepper& stepper, const SearchOptions& options);

}  // namespace gradus::nn
