// Lesson 04: self-attention without parameters. Each word attends to all words and becomes a
// mixture of them.
#include <cmath>

#include "gradus.h"
#include "lessons/kit/lesson.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 4,
    .title = "Simplified self-attention",
    .builds = "self-attention without parameters",
    .seconds = 1,
    .goals =
        {"compute a context vector for each word of a sentence, by hand and in one line of code",
         "explain attention scores, attention weights and context vectors, and say which of them "
         "sum to 1",
         "recognise a softmax over the wrong axis by its numbers"},
    .question =
        "a word alone says little: a 'step' can be part of a stair or of a dance. How can each "
        "word use information from the other words of its sentence, and how much from which?",
    .golden = "01_simplified_self_attention",
    .pitfalls = {"softmax_over_columns", "transposed_product"},
    .options = {"query", "text", "seed"},
    .query =
        "The number of the word whose context vector is computed first, from 1 (the book's is 2)",
    .exercises = {"softmax", "log_sum_exp", "cross_entropy"},
};

/// exp(x) / sum(exp(x)), as textbooks define it.
Tensor softmax_naive(const Tensor& x) { return exp(x) / exp(x).sum(); }

// NOLINTNEXTLINE(readability-function-size): a lesson runs from top to bottom
void simplified_self_attention(Lesson& lesson) {
  const Words& words = lesson.words();
  const auto T = static_cast<int64_t>(words.size());  // the number of words
  const int64_t q = lesson.query();                   // the row of the query
  const std::string word = words[static_cast<size_t>(q)];

  // 3.3.1: one word
  lesson.step("3.3.1", "A sentence as a table of numbers");
  lesson.say(
      "Each word is a vector of three numbers, one row of the table. (Lesson 11 shows where such "
      "numbers come from. {}) Nothing is learned in this lesson.",
      lesson.by_the_book() ? "Here they were chosen by hand, and nothing is random."
                           : "Here the book's six words have the book's numbers, and other words "
                             "have random ones.");
  const Tensor book = tensor({{0.43, 0.15, 0.89},    // Your
                              {0.55, 0.87, 0.66},    // journey
                              {0.57, 0.85, 0.64},    // starts
                              {0.22, 0.58, 0.33},    // with
                              {0.77, 0.25, 0.10},    // one
                              {0.05, 0.80, 0.55}});  // step
  const Tensor inputs = lesson.vectors(book);
  lesson.show_from_book("inputs", inputs, {.rows = words, .marked = q});
  lesson.say(
      "Tensors are printed as PyTorch prints them, with words beside the rows. (PyTorch also "
      "prints grad_fn=... for a tensor that it can differentiate; we leave that out.)");

  lesson.step("3.3.1", fmt::format("Scores: how similar is '{}' to each word?", word));
  lesson.say(
      "One word, the query '{}', is compared with every word. The comparison is the dot product: "
      "multiply the vectors number by number, and add. It is large if the vectors have similar "
      "directions, and if they are long.",
      word);
  const Tensor query = inputs[q];
  Tensor scores_2 = empty(T);
  for (int64_t i = 0; i < T; ++i)
    scores_2[i] = matmul(inputs[i], query);
  lesson.show_from_book("attn_scores_2", scores_2, {.columns = words});
  lesson.say("The first of these scores by hand, '{}' with '{}':", words[0], word);
  const std::vector<double> a = values_of(inputs[0]);
  const std::vector<double> b = values_of(query);
  lesson.lines(fmt::format("  {:.2f}*{:.2f} + {:.2f}*{:.2f} + {:.2f}*{:.2f} = {:.4f}", a[0], b[0],
                           a[1], b[1], a[2], b[2], (inputs[0] * query).sum().item<double>()));
  lesson.show_from_book("dot_0_1", matmul(inputs[0], query));

  lesson.step("3.3.1", "From scores to weights: divide by the sum");
  lesson.say(
      "Scores have no fixed scale. Attention weights do: they sum to 1, so each is a share, and "
      "says how much to take from that word. The simplest way to get them is to divide by the "
      "sum.");
  lesson.show_from_book("attn_scores_2_sum", scores_2.sum());
  const Tensor by_sum = scores_2 / scores_2.sum();
  lesson.show_from_book("attn_weights_2_by_sum", by_sum, {.columns = words});
  lesson.say("Their sum: {:.4f}", by_sum.sum().item<double>());
  lesson.often_asked("Scores or weights?",
                     "Scores are the results of the comparisons, and may sum to anything. Weights "
                     "are the normalised scores, and sum to 1. People call both of them "
                     "'attention'. If in doubt, look at the sum.");
  const Tensor with_negative = tensor({0.9, -0.4, 0.3});
  lesson.print("one negative score: [0.9, -0.4, 0.3] / sum", with_negative / with_negative.sum());
  lesson.often_asked(
      "Why is dividing by the sum not enough?",
      "It works here because all scores are positive. With one negative score, one share is "
      "below 0 and another one above 1, as you see above. If the sum is 0, the division fails.");

  lesson.step("3.3.1", "From scores to weights: softmax");
  lesson.ask(fmt::format("to which word will '{}' give the most weight?", word), words,
             scores_2.argmax().item<int64_t>());
  lesson.say(
      "So first make every score positive with exp, and then divide by the sum. This is the "
      "softmax. The order stays the same. The ratio of two weights depends only on the difference "
      "of their scores: a score that is higher by d gets e^d times the weight.");
  lesson.code("softmax_naive");
  lesson.show_from_book("exp_scores_2", exp(scores_2), {.columns = words});
  lesson.show_from_book("attn_weights_2_naive_softmax", softmax_naive(scores_2),
                        {.columns = words});
  const Tensor weights_2 = softmax(scores_2, -1);
  lesson.show_from_book("attn_weights_2", weights_2, {.columns = words});
  lesson.bars(fmt::format("weights of '{}'", word), words, weights_2);
  lesson.say("Sum of the weights: {:.4f}", weights_2.sum().item<double>());
  const int64_t high = scores_2.argmax().item<int64_t>();
  const int64_t low = scores_2.argmin().item<int64_t>();
  const double lead = (scores_2[high] - scores_2[low]).item<double>();
  lesson.say(
      "Check it: the score of '{}' is higher than that of '{}' by d = {:.4f}. e^d is {:.4f}, and "
      "the ratio of their weights is {:.4f}.",
      words[static_cast<size_t>(high)], words[static_cast<size_t>(low)], lead, std::exp(lead),
      (weights_2[high] / weights_2[low]).item<double>());
  // The power of ten that makes the largest score larger than 89.
  const double times = std::pow(10, std::ceil(std::log10(89 / scores_2[high].item<double>())));
  lesson.say(
      "The last tensor is from the library's softmax. It first subtracts the largest score from "
      "all scores. In theory this changes nothing, because numerator and denominator are divided "
      "by the same number, but it keeps exp from overflowing: exp(89) is too large for a float. "
      "With scores that are {:g} times as large, the naive softmax fails:",
      times);
  lesson.print(fmt::format("softmax_naive({:g} * scores)", times), softmax_naive(scores_2 * times));
  lesson.print(fmt::format("softmax({:g} * scores)", times), softmax(scores_2 * times, -1));

  lesson.step("3.3.1", fmt::format("The context vector of '{}'", word));
  lesson.say("Multiply each word's vector by its weight ...");
  const Tensor weighted = weights_2.unsqueeze(1) * inputs;
  lesson.show_from_book("weighted_inputs_2", weighted, {.rows = words});
  lesson.say(
      "... and add the rows. The result is the context vector of '{}': a summary of the sentence "
      "from the point of view of this word.",
      word);
  const Tensor context_2 = weighted.sum(0);
  lesson.show_from_book("context_vec_2", context_2);
  lesson.often_asked("Is a context vector a new word vector?",
                     "It is a weighted mean of the rows of the table. No number in it can be "
                     "larger than the largest number in its column.");

  // 3.3.2: all words at once
  lesson.step("3.3.2", "All scores at once");
  lesson.say(
      "Now every word is the query once. The scores form a table: a row for each query, and a "
      "column for each word that it is compared with, the key. First with two loops, then as one "
      "matrix product, X X^T:");
  Tensor by_loops = empty({T, T});
  for (int64_t i = 0; i < T; ++i)
    for (int64_t j = 0; j < T; ++j)
      by_loops[i][j] = matmul(inputs[i], inputs[j]);
  const Tensor scores = matmul(inputs, inputs.t());
  lesson.show_from_book("attn_scores", scores, {.rows = words, .columns = words, .marked = q});
  lesson.equal("loops and matrix product are equal", by_loops, scores);
  lesson.often_asked("X X^T or X^T X?",
                     "X has a row for each word and a column for each feature. X X^T compares "
                     "words with words. X^T X compares features with features: it is 3 x 3, "
                     "however long the sentence is. A 'what if' at the end shows it.");

  lesson.step("3.3.2", "All weights at once");
  const int64_t one = T > 4 ? 4 : T - 1;
  const Tensor weights = softmax(scores, -1);
  lesson.ask(
      fmt::format("to which word does '{}' give the most weight?", words[static_cast<size_t>(one)]),
      words, weights[one].argmax().item<int64_t>());
  lesson.say("softmax(scores, -1) normalises along the last axis (-1), so each row sums to 1.");
  lesson.show_from_book("attn_weights", weights, {.rows = words, .columns = words, .marked = q});
  lesson.show_from_book("attn_weights_row_sums", weights.sum(-1), {.columns = words});
  lesson.heatmap("attention weights", weights, words, words, 0.25);
  Words most;
  for (int64_t i = 0; i < T; ++i)
    most.push_back(fmt::format("  {} (length {:.4f}) gives the most weight to {}: {:.4f}\n",
                               terminal::fit(words[static_cast<size_t>(i)], 8, true),
                               inputs[i].norm().item<double>(),
                               words[static_cast<size_t>(weights[i].argmax().item<int64_t>())],
                               weights[i].max().item<double>()));
  lesson.lines(fmt::format("{}", fmt::join(most, "")));
  lesson.say_of_the_book(
      "Does a word attend most to itself? Only 'Your' and 'journey' do. 'starts', 'with' and "
      "'step' give the most to 'journey', and 'one' to 'starts'. A dot product is "
      "large for similar directions and for long vectors, and 'journey' is the longest vector.");

  lesson.step("3.3.2", "All context vectors at once");
  lesson.say("One more product, weights times inputs: row i is the context vector of word i.");
  const Tensor context = matmul(weights, inputs);
  lesson.show_from_book("context_vecs", context, {.rows = words, .marked = q});
  lesson.equal(fmt::format("row '{}' is the context vector from above", word), context[q],
               context_2);
  lesson.say("The library has these three lines as a layer, nn::SimplifiedSelfAttention:");
  lesson.code("nn/simplified_self_attention.h", "forward");
  nn::AttentionTrace trace;  // it keeps the layer's scores and weights
  lesson.equal("the layer gives the same", nn::SimplifiedSelfAttention()(inputs, &trace), context);
  lesson.attention("simplified self-attention", trace, words,
                   "Queries, keys and values are the same here: the words' own vectors. So the "
                   "scores are symmetric. The weights are not: each row was divided by its own "
                   "sum.");
  lesson.often_asked("Why do the figures in the book show slightly different numbers?",
                     "They cut numbers off after one or two digits instead of rounding them. (And "
                     "one reference to figure 3.10 there means figure 3.11.)");

  // mistakes, made on purpose
  lesson.step("what if", "... the softmax runs over the wrong axis (dim = 0)?");
  const Tensor wrong_weights = softmax(scores, 0);
  const auto sum_to_1 = [&](int64_t dim) { return allclose(wrong_weights.sum(dim), ones(T)); };
  lesson.ask("then what sums to 1?",
             {{"each row", sum_to_1(1)}, {"each column", sum_to_1(0)}, {"nothing", true}});
  lesson.say(
      "The scores are symmetric here, so the result is the transpose of the right weights, and "
      "every number looks plausible. Only the row sums reveal the mistake:");
  lesson.show_from_book("softmax_over_columns/attn_weights", wrong_weights,
                        {.rows = words, .columns = words});
  lesson.print("its row sums", wrong_weights.sum(-1), {.columns = words});
  lesson.show_from_book("softmax_over_columns/context_vecs", matmul(wrong_weights, inputs),
                        {.rows = words});
  lesson.say_of_the_book(
      "In the first row of the weights, 0.2098, 0.1385 is wrong, and 0.2098, 0.2006 is right.");

  lesson.step("what if", "... I compute X^T X?");
  lesson.show_from_book("transposed_product/scores", matmul(inputs.t(), inputs));
  lesson.say(
      "The result is 3 x 3: features against features. With three words, even the shape would look "
      "right.");

  lesson.try_next(
      {"./run lesson 4 --query 5: start with another word",
       "./run lesson 4 --text \"one step with one step\": your own sentence. Equal words get equal "
       "rows",
       "why does 'step' give more weight to 'journey' than to itself? Compute both dot products",
       "lesson 05: here the vectors are compared as they are. There a model can learn what to "
       "compare"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, simplified_self_attention); }
