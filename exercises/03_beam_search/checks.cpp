#include "exercises/checks.h"

#include "exercises/03_beam_search/beam_search.h"

using namespace gradus;

namespace {

constexpr int64_t kEnd = 0;

/// A model of 4 tokens that knows only the last token of a text. Row 4 is for the empty text.
class Chain {
 public:
  explicit Chain(const Tensor& probabilities) : log_probs_(log(probabilities)) {}
  Tensor operator()(const mine::Tokens& tokens) const {
    check(tokens.empty() || tokens.back() != kEnd,
          "next was asked about {}, which is finished: its last token is the end", as_text(tokens));
    ++asked;
    return log_probs_[tokens.empty() ? log_probs_.size(0) - 1 : tokens.back()];
  }
  double log_prob(const mine::Tokens& tokens) const {
    double sum = 0;
    int64_t row = log_probs_.size(0) - 1;
    for (const int64_t token : tokens) {
      sum += log_probs_[row][token].item<double>();
      row = token;
    }
    return sum;
  }
  static std::string as_text(const mine::Tokens& tokens) {
    return fmt::format("[{}]", fmt::join(tokens, ", "));
  }
  mutable int asked = 0;

 private:
  Tensor log_probs_;  // (V + 1, V)
};

/// After 1 comes anything, after 2 almost surely 3, after 3 the end. 1 looks best at first.
Chain trap() {
  return Chain(tensor({{1.0, 0.0, 0.0, 0.0},    // after the end, never asked
                       {0.3, 0.3, 0.2, 0.2},    // after 1
                       {0.05, 0.0, 0.0, 0.95},  // after 2
                       {0.9, 0.05, 0.05, 0.0},  // after 3
                       {0.0, 0.5, 0.4, 0.1}},   // at the start
                      kFloat64));
}

Chain random_chain(uint64_t seed) { return Chain(softmax(example({5, 4}, seed) * 1.5, -1)); }

std::vector<mine::Hypothesis> search(const Chain& chain, int64_t width, int64_t max_length) {
  return mine::beam_search([&chain](const mine::Tokens& tokens) { return chain(tokens); }, kEnd,
                           width, max_length);
}

void expect_tokens(const std::string& what, const mine::Hypothesis& yours,
                   const mine::Tokens& right) {
  check(yours.tokens == right, "{} is {}, it must be {}", what, Chain::as_text(yours.tokens),
        Chain::as_text(right));
}

/// All texts, finished or of max_length tokens, the best first.
std::vector<mine::Hypothesis> all_texts(const Chain& chain, size_t max_length) {
  std::vector<mine::Hypothesis> open(1);
  std::vector<mine::Hypothesis> all;
  while (!open.empty()) {
    const mine::Hypothesis h = open.back();
    open.pop_back();
    if (h.tokens.size() == max_length || (!h.tokens.empty() && h.tokens.back() == kEnd)) {
      all.push_back({h.tokens, chain.log_prob(h.tokens)});
      continue;
    }
    for (int64_t token = 0; token < 4; ++token) {
      open.push_back(h);
      open.back().tokens.push_back(token);
    }
  }
  std::sort(all.begin(), all.end(), [](const mine::Hypothesis& a, const mine::Hypothesis& b) {
    return a.log_prob > b.log_prob;
  });
  return all;
}

TEST(shape, at_most_width_texts) {
  const size_t one = search(random_chain(1), 1, 5).size();
  check(one == 1, "with width 1 there are {} texts", one);
  const size_t three = search(random_chain(1), 3, 5).size();
  check(three == 3, "with width 3 there are {} texts", three);
  const size_t few = search(random_chain(1), 100, 1).size();
  check(few == 4, "with width 100, 4 tokens and max_length 1 there are {} texts, not 4", few);
}

TEST(shape, at_most_max_length_tokens) {
  for (const mine::Hypothesis& h : search(random_chain(2), 4, 3))
    check(h.tokens.size() <= 3, "{} is longer than max_length = 3", Chain::as_text(h.tokens));
}

TEST(forward, width_one_is_the_greedy_choice) {
  const Chain chain(tensor({{1.0, 0.0, 0.0, 0.0},
                            {0.1, 0.2, 0.7, 0.0},
                            {0.2, 0.1, 0.1, 0.6},
                            {0.8, 0.1, 0.05, 0.05},
                            {0.1, 0.6, 0.2, 0.1}},
                           kFloat64));
  const auto found = search(chain, 1, 10);
  check(found.size() == 1, "with width 1 there are {} texts", found.size());
  expect_tokens("the text with width 1", found[0], {1, 2, 3, kEnd});
}

TEST(forward, a_wider_beam_finds_a_better_text) {
  // 1, end has 0.5 * 0.3 = 0.15; 2, 3, end has 0.4 * 0.95 * 0.9 = 0.342
  const auto found = search(trap(), 2, 10);
  check(!found.empty(), "with width 2 there is no text");
  expect_tokens("the best text with width 2", found[0], {2, 3, kEnd});
  expect_close("its log_prob", tensor(found[0].log_prob, kFloat64),
               tensor(std::log(0.342), kFloat64));
}

TEST(forward, the_beam_is_for_all_texts_together) {
  // Both of the best two texts begin with 2.
  const Chain chain(tensor({{1.0, 0.0, 0.0, 0.0},
                            {0.5, 0.5, 0.0, 0.0},
                            {0.5, 0.0, 0.1, 0.4},
                            {1.0, 0.0, 0.0, 0.0},
                            {0.0, 0.1, 0.8, 0.1}},
                           kFloat64));
  const auto found = search(chain, 2, 2);
  check(found.size() == 2, "with width 2 there are {} texts", found.size());
  expect_tokens("the best text", found[0], {2, kEnd});
  expect_tokens("the second text", found[1], {2, 3});
}

TEST(forward, finished_texts_stay_and_compete) {
  const auto found = search(trap(), 3, 10);
  check(found.size() == 3, "with width 3 there are {} texts", found.size());
  expect_tokens("the best text with width 3", found[0], {2, 3, kEnd});
  expect_tokens("the second text with width 3", found[1], {1, kEnd});
}

TEST(invariants, a_beam_as_wide_as_all_texts_finds_the_best) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Chain chain = random_chain(seed);
    const auto found = search(chain, 200, 4);
    const auto right = all_texts(chain, 4);
    check(found.size() == right.size(), "with width 200, max_length 4 there are {} texts, not {}",
          found.size(), right.size());
    // two texts can have the same log_prob, so the tokens are not compared
    for (size_t i = 0; i < right.size(); ++i)
      expect_close(fmt::format("the log_prob of text {} of all texts of at most 4 tokens", i + 1),
                   tensor(found[i].log_prob, kFloat64), tensor(right[i].log_prob, kFloat64));
  }
}

TEST(invariants, the_best_comes_first_with_its_log_prob) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Chain chain = random_chain(seed);
    const auto found = search(chain, 3, 6);
    for (size_t i = 0; i < found.size(); ++i) {
      expect_close("the log_prob of " + Chain::as_text(found[i].tokens),
                   tensor(found[i].log_prob, kFloat64),
                   tensor(chain.log_prob(found[i].tokens), kFloat64));
      check(i == 0 || found[i].log_prob <= found[i - 1].log_prob,
            "text {} has a larger log_prob than the one before it", i + 1);
    }
  }
}

TEST(invariants, of_equal_texts_the_first_is_better) {
  const auto found = search(Chain(full({5, 4}, 0.25, kFloat64)), 2, 2);
  check(found.size() == 2, "with width 2 there are {} texts", found.size());
  expect_tokens("the best of equal texts", found[0], {kEnd});
  expect_tokens("the second of equal texts", found[1], {1, kEnd});
}

TEST(numerics, impossible_tokens_are_never_chosen) {
  const auto found = search(trap(), 20, 2);
  for (const mine::Hypothesis& h : found)
    check(std::isfinite(h.log_prob), "{} is impossible, its log_prob is {}",
          Chain::as_text(h.tokens), h.log_prob);
  check(found.size() == 9, "there are 9 possible texts of at most 2 tokens, not {}", found.size());
}

TEST(numerics, long_texts) {
  // the probability is 2^-1100, which is 0 in float64
  const mine::NextToken coin = [](const mine::Tokens&) {
    return tensor({-std::numeric_limits<double>::infinity(), std::log(0.5), std::log(0.5)},
                  kFloat64);
  };
  const auto found = mine::beam_search(coin, kEnd, 1, 1100);
  check(found.size() == 1, "with width 1 there are {} texts", found.size());
  expect_close("the log_prob of 1,100 tokens with probability 1/2",
               tensor(found[0].log_prob, kFloat64), tensor(1100 * std::log(0.5), kFloat64));
}

TEST(budget, stops_when_all_texts_are_finished) {
  const Chain chain = trap();
  search(chain, 2, 1000);
  check(chain.asked <= 20, "next was called {} times, 20 calls are enough", chain.asked);
}

}  // namespace
