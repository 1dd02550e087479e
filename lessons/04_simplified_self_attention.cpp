// Lesson 04: self-attention without parameters. Each word attends to all words and becomes a
// mixture of them.
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
        {"turn a sentence of vectors into one context vector for each word, by hand and in one "
         "line",
         "say what attention scores, attention weights and context vectors are, and which sums "
         "to what",
         "recognise a softmax over the wrong axis by its numbers"},
    .question =
        "a word alone says little: 'step' can be a stair or a dance. How can each word take "
        "something from the other words of its sentence, and how much from which?",
    .golden = "01_simplified_self_attention",
    .pitfalls = {"softmax_over_columns", "transposed_product"},
    .options = {"query", "text", "seed"},
    .query =
        "The word whose scores, weights and context vector are computed first: 1 is the first "
        "word (the book takes 2)",
    .exercises = {"softmax", "log_sum_exp", "cross_entropy"},
};

/// exp(x) / sum(exp(x)), just as it is written in textbooks.
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
      "Each word has become a vector of three numbers, one row of the table. (How numbers get into "
      "such a table is a later story; these were simply written down.) Nothing in this lesson is "
      "random and nothing is learned.");
  const Tensor book = tensor({{0.43, 0.15, 0.89},    // Your
                              {0.55, 0.87, 0.66},    // journey
                              {0.57, 0.85, 0.64},    // starts
                              {0.22, 0.58, 0.33},    // with
                              {0.77, 0.25, 0.10},    // one
                              {0.05, 0.80, 0.55}});  // step
  const Tensor inputs = lesson.vectors(book);
  lesson.show_from_book("inputs", inputs, {.rows = words, .marked = q});
  lesson.say(
      "A tensor is printed as PyTorch prints it; the words beside it are ours. (PyTorch adds "
      "grad_fn=... to tensors that it can differentiate; we leave that away.)");

  lesson.step("3.3.1", fmt::format("Scores: how well does '{}' go with each word?", word));
  lesson.say(
      "We ask one word, the query '{}', to compare itself with every word. The comparison is the "
      "dot product: multiply number by number and add. It is large when two vectors point the same "
      "way, and when they are long.",
      word);
  const Tensor query = inputs[q];
  Tensor scores_2 = empty(T);
  for (int64_t i = 0; i < T; ++i)
    scores_2[i] = matmul(inputs[i], query);
  lesson.show_from_book("attn_scores_2", scores_2, {.columns = words});
  lesson.say("The first of them taken apart, '{}' with '{}':", words[0], word);
  const std::vector<double> a = values_of(inputs[0]);
  const std::vector<double> b = values_of(query);
  lesson.lines(fmt::format("  {:.2f}*{:.2f} + {:.2f}*{:.2f} + {:.2f}*{:.2f} = {:.4f}", a[0], b[0],
                           a[1], b[1], a[2], b[2], (inputs[0] * query).sum().item<double>()));
  lesson.show_from_book("dot_0_1", matmul(inputs[0], query));

  lesson.step("3.3.1", "From scores to weights: divide by the sum");
  lesson.say(
      "Scores are on no scale. Weights are: they sum to 1, so they can say 'this share of me comes "
      "from there'. The first idea is to divide by the sum.");
  lesson.show_from_book("attn_scores_2_sum", scores_2.sum());
  const Tensor by_sum = scores_2 / scores_2.sum();
  lesson.show_from_book("attn_weights_2_by_sum", by_sum, {.columns = words});
  lesson.say("Their sum: {:.4f}", by_sum.sum().item<double>());
  lesson.often_asked("Scores or weights?",
                     "Scores are the raw comparisons and may sum to anything; weights are what "
                     "remains after normalising, and sum to 1. Both are called 'attention' in "
                     "careless moments. Look at the sum.");
  const Tensor with_negative = tensor({0.9, -0.4, 0.3});
  lesson.print("one negative score: [0.9, -0.4, 0.3] / sum", with_negative / with_negative.sum());
  lesson.often_asked(
      "Why not stay with the sum?",
      "It works here because all six scores are positive. One negative score is enough for a "
      "'share' below 0 and another above 1, as you see; and if the sum is 0, nothing works.");

  lesson.step("3.3.1", "From scores to weights: softmax");
  lesson.ask(fmt::format("to which word will '{}' give the most weight?", word), words,
             scores_2.argmax().item<int64_t>());
  lesson.say(
      "So first make every score positive by exp, then divide by the sum. This is the softmax. It "
      "keeps the order, and it stretches distances: a lead in score becomes a bigger lead in "
      "weight.");
  lesson.show_from_book("exp_scores_2", exp(scores_2), {.columns = words});
  lesson.show_from_book("attn_weights_2_naive_softmax", softmax_naive(scores_2),
                        {.columns = words});
  const Tensor weights_2 = softmax(scores_2, -1);
  lesson.show_from_book("attn_weights_2", weights_2, {.columns = words});
  lesson.bars(words, weights_2);
  lesson.say("Sum of the weights: {:.4f}", weights_2.sum().item<double>());
  lesson.say(
      "The last tensor is the library's softmax. It first subtracts the largest score from all, "
      "which changes nothing on paper (top and bottom of the fraction shrink alike) but keeps exp "
      "from overflowing. With scores a hundred times as large the naive one fails:");
  lesson.print("softmax_naive(100 * scores)", softmax_naive(scores_2 * 100));
  lesson.print("softmax(100 * scores)", softmax(scores_2 * 100, -1));

  lesson.step("3.3.1", fmt::format("The context vector of '{}'", word));
  lesson.say("Now take each word's vector times its weight ...");
  const Tensor weighted = weights_2.unsqueeze(1) * inputs;
  lesson.show_from_book("weighted_inputs_2", weighted, {.rows = words});
  lesson.say(
      "... and add the rows. The result is the context vector: '{}' as seen in this sentence.",
      word);
  const Tensor context_2 = weighted.sum(0);
  lesson.show_from_book("context_vec_2", context_2);
  lesson.often_asked("Is a context vector a new word vector?",
                     "It is a mixture of the rows of the table, nothing else. No number in it can "
                     "be larger than the largest in its column.");

  // 3.3.2: all words at once
  lesson.step("3.3.2", "All scores at once");
  lesson.say(
      "What one word did, every word does: a table with a row for each word that looks (query) and "
      "a column for each word that is looked at (key). First by two loops, then as one matrix "
      "product X X^T:");
  Tensor by_loops = empty({T, T});
  for (int64_t i = 0; i < T; ++i)
    for (int64_t j = 0; j < T; ++j)
      by_loops[i][j] = matmul(inputs[i], inputs[j]);
  const Tensor scores = matmul(inputs, inputs.t());
  lesson.show_from_book("attn_scores", scores, {.rows = words, .columns = words, .marked = q});
  lesson.equal("loops and product equal", by_loops, scores);
  lesson.often_asked("X X^T or X^T X?",
                     "X is words by features. X X^T compares words with words: words x words. The "
                     "other one compares features with features: it is 3 x 3, whatever the length "
                     "of the sentence. See 'what if' below.");

  const int64_t one = T > 4 ? 4 : T - 1;
  const Tensor weights = softmax(scores, -1);
  lesson.step("3.3.2", "All weights at once");
  lesson.ask(
      fmt::format("to which word does '{}' give the most weight?", words[static_cast<size_t>(one)]),
      words, weights[one].argmax().item<int64_t>());
  lesson.say("softmax(scores, -1): -1 is the last axis, so each row is normalised by itself.");
  lesson.show_from_book("attn_weights", weights, {.rows = words, .columns = words, .marked = q});
  lesson.show_from_book("attn_weights_row_sums", weights.sum(-1), {.columns = words});
  lesson.heatmap("attention weights", weights, words, words, 0.25);
  Words most;
  for (int64_t i = 0; i < T; ++i)
    most.push_back(fmt::format("  {} gives most to {}, {:.4f}; its vector has length {:.4f}\n",
                               terminal::fit(words[static_cast<size_t>(i)], 8, true),
                               words[static_cast<size_t>(weights[i].argmax().item<int64_t>())],
                               weights[i].max().item<double>(), inputs[i].norm().item<double>()));
  lesson.lines(fmt::format("{}", fmt::join(most, "")));
  lesson.say_of_the_book(
      "Does a word attend most to itself? Only 'Your' and 'journey' do. 'starts', 'with' and "
      "'step' give most to 'journey', and 'one' to 'starts': a dot product grows with direction "
      "and with length, and 'journey' is the longest vector of all.");

  lesson.step("3.3.2", "All context vectors at once");
  lesson.say("One more product, weights times inputs: row i is the mixture of word i.");
  const Tensor context = matmul(weights, inputs);
  lesson.show_from_book("context_vecs", context, {.rows = words, .marked = q});
  lesson.equal(fmt::format("row '{}' is the context vector from before", word), context[q],
               context_2);
  lesson.say("The library has the three lines as a layer, nn::SimplifiedSelfAttention:");
  lesson.code("nn/simplified_self_attention.h", "forward");
  lesson.equal("the layer gives the same", nn::SimplifiedSelfAttention()(inputs), context);
  lesson.often_asked("The figures in the book show slightly other numbers?",
                     "They cut numbers off after one or two digits instead of rounding them. (And "
                     "one reference there to figure 3.10 means 3.11.)");

  // mistakes, made on purpose
  lesson.step("what if", "... the softmax runs over the wrong axis (dim = 0)?");
  lesson.ask("then what sums to 1?", {"each row", "each column", "nothing"}, 1);
  lesson.say(
      "The scores are symmetric here, so this gives just the transpose, and every number looks "
      "plausible. Only the row sums give it away:");
  const Tensor wrong_weights = softmax(scores, 0);
  lesson.show_from_book("softmax_over_columns/attn_weights", wrong_weights,
                        {.rows = words, .columns = words});
  lesson.print("its row sums", wrong_weights.sum(-1), {.columns = words});
  lesson.show_from_book("softmax_over_columns/context_vecs", matmul(wrong_weights, inputs),
                        {.rows = words});
  lesson.say_of_the_book(
      "Remember the first row: 0.2098, 0.1385 is wrong, 0.2098, 0.2006 is right.");

  lesson.step("what if", "... it is X^T X?");
  lesson.show_from_book("transposed_product/scores", matmul(inputs.t(), inputs));
  lesson.say(
      "Three by three: features against features. With as many words as features, not even the "
      "shape would tell.");

  lesson.try_next(
      {"./run lesson 4 --query 5: look at another word",
       "./run lesson 4 --text \"one step with one step\": your own sentence; equal words get equal "
       "rows",
       "why is the row of 'step' (0.05, 0.80, 0.55) still mostly about 'journey'? Take the dot "
       "products apart",
       "lesson 05: here every word compares itself as it is. There it learns what to look for"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, simplified_self_attention); }
