#include "nn/decoding.h"

#include <cmath>

namespace gradus::nn {

Tensor teacher_forcing(const DecoderStepper& stepper, const Tensor& ids, Tensor* weights) {
  const auto [B, T] = ids.sizes<2>();
  check(T > 0, "teacher_forcing: ids is {}, expected at least one word", ids.sizes());
  TensorList state = stepper.state;
  TensorList logits;
  TensorList looks;
  for (int64_t t = 0; t < T; ++t) {
    const StepOutput next = stepper.step(ids.select(1, t), state);
    state = next.state;
    logits.push_back(next.logits);  // (B, V)
    looks.push_back(next.weights);  // (B, S)
  }
  if (weights && looks[0].defined()) *weights = stack(looks, 1);
  return stack(logits, 1);
}

Tensor greedy_search(const DecoderStepper& stepper, int64_t B, const SearchOptions& o) {
  const NoGradGuard no_grad;
  check(o.max_length > 0, "greedy_search: max_length is {}, expected at least 1", o.max_length);
  TensorList state = stepper.state;
  TensorList said;
  Tensor words = full(B, o.begin);
  Tensor ended = zeros(B, kBool);  // (B)
  do {
    const StepOutput next = stepper.step(words, state);
    check(next.logits.size(0) == B, "greedy_search: {} sentences, but {} rows of logits", B,
          next.logits.size(0));
    state = next.state;
    words = masked_fill(next.logits.argmax(-1), ended, o.end);
    ended = logical_or(ended, words == o.end);
    said.push_back(words);
  } while (std::ssize(said) < o.max_length && ended.sum().item<int64_t>() < B);
  return stack(said, 1);
}

Hypothesis beam_search(const DecoderStepper& stepper, const SearchOptions& o) {
  const NoGradGuard no_grad;
  check(o.width > 0 && o.max_length > 0 && o.length_penalty >= 0,
        "beam_search: width is {}, max_length {} and length_penalty {}, expected positive numbers",
        o.width, o.max_length, o.length_penalty);
  const auto score = [&](double log_prob, int64_t length) {
    return log_prob / std::pow(static_cast<double>(length), o.length_penalty);
  };
  Hypothesis best{{}, 0, -INFINITY};
  std::vector<Hypothesis> open{
      {}};  // likeliest first, with its rows in `words`, `log_probs` and `state`
  Tensor words = full(1, o.begin);
  Tensor log_probs = zeros(1, kFloat64);
  TensorList state = stepper.state;
  // A sentence only grows less likely, so none scores better than its beginning does at the full
  // length.
  while (!open.empty() && score(open[0].log_prob, o.max_length) > best.score) {
    const StepOutput next = stepper.step(words, state);
    const auto [N, V] = next.logits.sizes<2>();
    check(N == std::ssize(open),
          "beam_search: {} beginnings gave {} rows of logits; it takes one sentence at a time",
          open.size(), N);
    const Tensor total =
        log_probs.unsqueeze(1) + log_softmax(next.logits.to(kFloat64), -1);  // (N, V)
    const auto [likeliest, places] = topk(total.flatten(), std::min(o.width, N * V));
    std::vector<Hypothesis> grown;
    std::vector<int64_t> kept;
    std::vector<int64_t> parents;
    std::vector<int64_t> last_words;  // of the grown
    for (int64_t i = 0; i < places.numel(); ++i) {
      const int64_t place = places[i].item<int64_t>();
      Hypothesis h = open[static_cast<size_t>(place / V)];
      h.ids.push_back(place % V);
      h.log_prob = likeliest[i].item<double>();
      h.score = score(h.log_prob, std::ssize(h.ids));
      if (place % V != o.end && std::ssize(h.ids) < o.max_length)
        grown.push_back(h), kept.push_back(i), parents.push_back(place / V),
            last_words.push_back(place % V);
      else if (h.score > best.score)
        best = h;
    }
    open = grown, words = tensor(last_words), log_probs = likeliest.index_select(0, tensor(kept)),
    state = next.state;
    for (Tensor& s : state)
      s = s.index_select(0, tensor(parents));
  }
  check(!best.ids.empty(), "beam_search: no sentence has a probability; are the logits NaN?");
  return best;
}

}  // namespace gradus::nn
