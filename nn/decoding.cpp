#include "nn/decoding.h"

#include <cmath>

namespace gradus::nn {

Tensor teacher_forcing(const DecoderStepper& stepper, const Tensor& ids, Tensor* weights) {
  const auto [B, T] = ids.sizes<2>();
  check(T > 0, "teacher_forcing: ids is {}, expected at least one word", ids.sizes());
  TensorList state = stepper.state;
  TensorList logits;
  TensorList attention_weights;
  for (int64_t t = 0; t < T; ++t) {
    const StepOutput next = stepper.step(ids.select(1, t), state);
    state = next.state;
    logits.push_back(next.logits);              // (B, V)
    attention_weights.push_back(next.weights);  // (B, S)
  }
  if (weights && attention_weights[0].defined()) *weights = stack(attention_weights, 1);
  return stack(logits, 1);
}

Tensor greedy_search(const DecoderStepper& stepper, int64_t B, const SearchOptions& options) {
  const NoGradGuard no_grad;
  check(options.max_length > 0, "greedy_search: max_length is {}, expected at least 1",
        options.max_length);
  TensorList state = stepper.state;
  TensorList steps;                       // (B) each
  Tensor words = full(B, options.begin);  // (B)
  Tensor ended = zeros(B, kBool);         // (B)
  do {
    const StepOutput next = stepper.step(words, state);
    check(next.logits.size(0) == B, "greedy_search: {} sentences, but {} rows of logits", B,
          next.logits.size(0));
    state = next.state;
    words = masked_fill(next.logits.argmax(-1), ended, options.end);
    ended = logical_or(ended, words == options.end);
    steps.push_back(words);
  } while (std::ssize(steps) < options.max_length && ended.sum().item<int64_t>() < B);
  return stack(steps, 1);
}

namespace {

double score_of(double log_prob, int64_t length, const SearchOptions& options) {
  return log_prob / std::pow(static_cast<double>(length), options.length_penalty);
}

/// The unfinished sentences of a beam search, most likely first. Row n of each tensor belongs to
/// sentence n.
struct Beam {
  std::vector<Hypothesis> sentences;
  Tensor words;      // (N) int64: the last word of each
  Tensor log_probs;  // (N) float64
  TensorList state;  // of the decoder, (N, ...) each
};

/// The most likely of all N V one-word extensions of the beam's sentences. Those that end a
/// sentence compete with `best`, the others are the new beam.
Beam extend(const Beam& beam, const StepOutput& next, const SearchOptions& options,
            Hypothesis& best) {
  const auto [N, V] = next.logits.sizes<2>();
  const Tensor log_probs =
      beam.log_probs.unsqueeze(1) + log_softmax(next.logits.to(kFloat64), -1);  // (N, V)
  const auto [likeliest, candidates] = topk(log_probs.flatten(), std::min(options.width, N * V));

  Beam extended;
  std::vector<int64_t> kept;     // indices into `likeliest`
  std::vector<int64_t> parents;  // rows of `beam`
  std::vector<int64_t> words;
  for (int64_t i = 0; i < candidates.numel(); ++i) {
    const int64_t candidate = candidates[i].item<int64_t>();
    const int64_t parent = candidate / V;
    const int64_t word = candidate % V;
    Hypothesis sentence = beam.sentences[static_cast<size_t>(parent)];
    sentence.ids.push_back(word);
    sentence.log_prob = likeliest[i].item<double>();
    sentence.score = score_of(sentence.log_prob, std::ssize(sentence.ids), options);
    const bool finished = word == options.end || std::ssize(sentence.ids) == options.max_length;
    if (!finished) {
      extended.sentences.push_back(sentence);
      kept.push_back(i);
      parents.push_back(parent);
      words.push_back(word);
    } else if (sentence.score > best.score) {
      best = sentence;
    }
  }
  extended.words = tensor(words);
  extended.log_probs = likeliest.index_select(0, tensor(kept));
  for (const Tensor& state : next.state)
    extended.state.push_back(state.index_select(0, tensor(parents)));
  return extended;
}

}  // namespace

Hypothesis beam_search(const DecoderStepper& stepper, const SearchOptions& options) {
  const NoGradGuard no_grad;
  check(options.width > 0 && options.max_length > 0 && options.length_penalty >= 0,
        "beam_search: width is {}, max_length {} and length_penalty {}, expected positive numbers",
        options.width, options.max_length, options.length_penalty);
  Hypothesis best{{}, 0, -INFINITY};
  Beam beam{{Hypothesis{}}, full(1, options.begin), zeros(1, kFloat64), stepper.state};
  // Extending a sentence can only lower log_prob, so log_prob at the full length bounds the score
  // of every extension.
  while (!beam.sentences.empty() &&
         score_of(beam.sentences[0].log_prob, options.max_length, options) > best.score) {
    const StepOutput next = stepper.step(beam.words, beam.state);
    check(next.logits.size(0) == std::ssize(beam.sentences),
          "beam_search: {} hypotheses, but {} rows of logits; it takes one sentence at a time",
          beam.sentences.size(), next.logits.size(0));
    beam = extend(beam, next, options, best);
  }
  check(!best.ids.empty(), "beam_search: no sentence has a probability; are the logits NaN?");
  return best;
}

}  // namespace gradus::nn
