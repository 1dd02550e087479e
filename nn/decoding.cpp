#include "nn/decoding.h"

#include <algorithm>
#include <cmath>

namespace gradus::nn {

Tensor teacher_forcing(const Speaker& speaker, const Tensor& ids, Tensor* weights) {
  const auto [B, T] = ids.sizes<2>();
  check(T > 0, "teacher_forcing: ids is {}, expected at least one word", ids.sizes());
  TensorList state = speaker.state, logits, looks;
  for (int64_t t = 0; t < T; ++t) {
    const NextWord next = speaker.step(ids.select(1, t), state);
    state = next.state;
    logits.push_back(next.logits);  // (B, V)
    looks.push_back(next.weights);  // (B, S)
  }
  if (weights && looks[0].defined()) *weights = stack(looks, 1);
  return stack(logits, 1);
}

Tensor greedy_search(const Speaker& speaker, int64_t B, const SearchOptions& options, Tensor* weights) {
  const NoGradGuard no_grad;
  check(options.max_length > 0, "greedy_search: max_length is {}, expected at least 1", options.max_length);
  TensorList state = speaker.state, said, looks;
  Tensor words = full(B, options.begin), ended = zeros(B, kBool);  // (B)
  while (std::ssize(said) < options.max_length && !(said.size() > 0 && ended.sum().item<int64_t>() == B)) {
    const NextWord next = speaker.step(words, state);
    state = next.state;
    words = masked_fill(next.logits.argmax(-1), ended, options.end);
    ended = logical_or(ended, words == options.end);
    said.push_back(words);
    looks.push_back(next.weights);
  }
  if (weights && looks[0].defined()) *weights = stack(looks, 1);
  return stack(said, 1);
}

std::vector<Hypothesis> beam_search(const Speaker& speaker, const SearchOptions& o) {
  const NoGradGuard no_grad;
  check(o.width > 0 && o.max_length > 0 && o.length_penalty >= 0,
        "beam_search: width is {}, max_length {} and length_penalty {}, expected positive numbers", o.width,
        o.max_length, o.length_penalty);
  const auto score = [&](double log_prob, size_t length) {
    return log_prob / std::pow(static_cast<double>(length), o.length_penalty);
  };
  std::vector<Hypothesis> open{{}}, ended;
  double best_ended = -INFINITY;
  TensorList state = speaker.state;
  // A sentence can only grow less likely: no open one gets a better score than with max_length words at no further
  // cost.
  while (!open.empty() && (ended.empty() || best_ended < score(open[0].log_prob, static_cast<size_t>(o.max_length)))) {
    std::vector<int64_t> words, parents;
    std::vector<double> log_probs;
    for (const Hypothesis& h : open) {
      words.push_back(h.ids.empty() ? o.begin : h.ids.back());
      log_probs.push_back(h.log_prob);
    }
    const NextWord next = speaker.step(tensor(words), state);
    const auto [N, V] = next.logits.sizes<2>();
    check(N == std::ssize(open), "beam_search: {} beginnings gave {} rows of logits; it takes one sentence at a time",
          open.size(), N);
    const Tensor total =
        tensor(log_probs, kFloat64).unsqueeze(1) + log_softmax(next.logits.to(kFloat64), -1);  // (N, V)
    const auto [best, places] = topk(total.flatten(), std::min(o.width, N * V));
    std::vector<Hypothesis> grown;
    for (int64_t i = 0; i < places.numel(); ++i) {
      const int64_t place = places[i].item<int64_t>();
      Hypothesis h = open[static_cast<size_t>(place / V)];
      h.ids.push_back(place % V);
      h.log_prob = best[i].item<double>();
      if (h.ids.back() == o.end || std::ssize(h.ids) == o.max_length) {
        best_ended = std::max(best_ended, score(h.log_prob, h.ids.size()));
        ended.push_back(h);
      } else {
        grown.push_back(h);
        parents.push_back(place / V);
      }
    }
    open = grown;
    state = next.state;
    for (Tensor& s : state) s = index_select(s, 0, tensor(parents));
  }
  std::stable_sort(ended.begin(), ended.end(), [&](const Hypothesis& a, const Hypothesis& b) {
    return score(a.log_prob, a.ids.size()) > score(b.log_prob, b.ids.size());
  });
  return ended;
}

}  // namespace gradus::nn
