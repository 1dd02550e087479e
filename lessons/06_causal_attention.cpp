// Lesson 06: causal attention. A word attends to itself and to the words before it, never to those
// after it.
#include <cmath>
#include <limits>

#include "gradus.h"
#include "lessons/kit/lesson.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 6,
    .title = "Causal attention",
    .builds = "attention that cannot see the future",
    .seconds = 1,
    .goals =
        {"hide the future from every word, in two ways, and say why they agree",
         "explain what dropout does to attention weights, and why the rows no longer sum to 1",
         "test that a layer is causal: if the last word changes, nothing before it may change"},
    .question =
        "a language model learns to predict the next word. If a word can see the words after it, "
        "it can copy the answer. How are they hidden without disturbing the rest?",
    .golden = "03_causal_attention",
    .pitfalls = {"mask_"},
    .options = {"text", "seed", "dropout"},
    .exercises = {"sliding_window"},
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// NOLINTNEXTLINE(readability-function-size): a lesson runs from top to bottom
void causal_attention(Lesson& lesson) {
  const Words& words = lesson.words();
  const auto T = static_cast<int64_t>(words.size());
  const Labels rows{.rows = words};
  const Labels table{.rows = words, .columns = words};
  const Tensor inputs = lesson.vectors(tensor({{0.43, 0.15, 0.89},     // Your
                                               {0.55, 0.87, 0.66},     // journey
                                               {0.57, 0.85, 0.64},     // starts
                                               {0.22, 0.58, 0.33},     // with
                                               {0.77, 0.25, 0.10},     // one
                                               {0.05, 0.80, 0.55}}));  // step

  // 3.5.1: the mask
  lesson.step("3.5.1", "The starting point: every word sees every word");
  lesson.say(
      "These are the scores and the weights of lesson 05's version 2 (seed {}). In each row, "
      "everything to the right of the diagonal is about words that come later.",
      lesson.seed(789));
  manual_seed(lesson.seed(789));
  const nn::SelfAttention attention(3, 2);
  const Tensor queries = attention.W_query(inputs);
  const Tensor keys = attention.W_key(inputs);
  const Tensor values = attention.W_value(inputs);
  const Tensor scores = matmul(queries, keys.t());
  const double scale = std::sqrt(static_cast<double>(keys.size(-1)));
  const Tensor unmasked = softmax(scores / scale, -1);
  lesson.show_from_book("attn_scores", scores, table);
  lesson.show_from_book("attn_weights_unmasked", unmasked, table);
  lesson.print("row sums", unmasked.sum(-1), {.columns = words});
  lesson.heatmap("without a mask", unmasked, words, words);

  lesson.step("3.5.1", "First way: set weights to 0, then divide again");
  lesson.say(
      "Multiply the weights by a matrix of ones with zeros above the diagonal. The future is gone, "
      "but all rows except the last sum to less than 1. So divide each row by its sum.");
  const Tensor keep = tril(ones({T, T}));
  const Tensor erased = unmasked * keep;
  lesson.show_from_book("mask_simple", keep, rows);
  lesson.show_from_book("masked_simple", erased, table);
  lesson.show_from_book("masked_simple_row_sums", erased.sum(-1, true), rows);
  const Tensor renormalised = erased / erased.sum(-1, true);
  lesson.show_from_book("masked_simple_norm", renormalised, table);

  lesson.step("3.5.1", "Second way: minus infinity before the softmax");
  lesson.say(
      "exp(-inf) is 0. So replace the scores above the diagonal by -inf, and the softmax does the "
      "rest.");
  const Tensor hide = triu(ones({T, T}), 1);
  const Tensor masked_scores = scores.masked_fill(hide.to(kBool), -kInfinity);
  lesson.show_from_book("mask_triu", hide, rows);
  lesson.show_from_book("masked_scores", masked_scores, table);
  const Tensor weights = softmax(masked_scores / scale, -1);
  lesson.ask("which row of the weights is exactly the same as without a mask?",
             {{"the first", equal(weights[0], unmasked[0])},
              {"the last", equal(weights[T - 1], unmasked[T - 1])},
              {"none", true}});
  lesson.show_from_book("attn_weights", weights, table);
  lesson.print("row sums", weights.sum(-1), {.columns = words});
  lesson.heatmap("with the causal mask", weights.masked_fill(hide.to(kBool), -kInfinity), words,
                 words);
  lesson.show_from_book("context_vecs", matmul(weights, values), rows);
  lesson.equal("both ways give the same weights", renormalised, weights);
  lesson.often_asked(
      "In the first way, the softmax saw the future. Does that matter?",
      "Its denominator contained the future, and so each row sums to less than 1 when the future "
      "is set to 0. Dividing by the row sum cancels this denominator, and no trace of the future "
      "is left. The line above shows it.");

  // 3.5.2: dropout
  lesson.step("3.5.2", "Dropout, on a matrix of ones");
  lesson.say(
      "During training, dropout sets each number to 0 with probability p, and multiplies the "
      "others by 1 / (1 - p), so that the mean stays the same. A model then cannot rely on a "
      "single connection. Here p = 0.5, with seed {}:",
      lesson.seed(123));
  const std::string mask = lesson.mask_suffix();
  const auto dropped = [&](const Tensor& x, double p) {
    manual_seed(lesson.seed(123));
    return dropout(x, p, /*train=*/true);
  };
  const Tensor ones_dropped = dropped(ones({T, T}), 0.5);
  const Tensor left_in_row = (ones_dropped > 0).sum(-1);
  const bool half_of_each = equal(left_in_row * 2, full_like(left_in_row, T));
  lesson.ask("does dropout with p = 0.5 set exactly half of each row to 0?",
             {{"yes", half_of_each}, {"no", !half_of_each}});
  lesson.show_from_book("dropout_ones" + mask, ones_dropped);
  lesson.say(
      "{} of {} numbers are left; row by row {}. Each number is drawn independently, so half "
      "of them are left only on average.",
      left_in_row.sum().item<int64_t>(), T * T,
      fmt::format("{}", fmt::join(values_of(left_in_row), ", ")));
  lesson.often_asked(
      "Why does my PyTorch print different numbers?",
      "Older PyTorch packages for Linux and Windows draw a different mask on Intel machines. With "
      "--dropout=mkl this lesson uses that mask; everything else stays the same.");
  lesson.say(
      "The factor is 1 / (1 - p), not 1 / p. For p = 0.5 both are 2, so look at p = 0.1 and 0.2:");
  for (const double p : {0.1, 0.2}) {
    const std::string name = fmt::format("dropout_ones_p{}", p);
    if (mask.empty())
      lesson.show_from_book(name, dropped(ones({T, T}), p));
    else
      lesson.print(name, dropped(ones({T, T}), p));
  }

  lesson.step("3.5.2", "Dropout of the attention weights");
  const Tensor weights_dropped = dropped(weights, 0.5);
  lesson.show_from_book("dropout_attn_weights" + mask, weights_dropped, table);
  if (mask.empty())
    lesson.say_of_the_book(
        "'journey' has lost both of its weights, and 'starts' none of its three.");
  lesson.show_from_book("dropout_row_sums" + mask, weights_dropped.sum(-1), {.columns = words});
  lesson.often_asked("Should the rows not sum to 1?",
                     "After dropout they do so only on average, and they are not divided again. A "
                     "row can even lose all of its weights; its context vector is then 0 in this "
                     "training step. After training, dropout is switched off.");

  // 3.5.3: the class
  lesson.step("3.5.3", "As a class, for a batch of texts");
  const Tensor batch = stack({inputs, inputs});
  lesson.say(
      "Two copies of the text make a batch of shape {}: texts, words, numbers. The layer is "
      "nn::CausalAttention, with seed {} and without dropout:",
      batch.sizes(), lesson.seed(123));
  manual_seed(lesson.seed(123));
  const nn::CausalAttention causal(3, 2, /*max_tokens=*/T, /*dropout_p=*/0.0);
  lesson.show_from_book("class/param/W_query.weight", causal.W_query.weight);
  lesson.show_from_book("class/param/W_key.weight", causal.W_key.weight);
  lesson.show_from_book("class/param/W_value.weight", causal.W_value.weight);
  lesson.code("nn/causal_attention.h", "forward");
  lesson.code("nn/attend.h", "attend");
  nn::AttentionTrace trace;
  const Tensor context = causal.forward(batch, &trace);
  lesson.show_from_book("class/queries", trace.q, rows);
  lesson.show_from_book("class/keys", trace.k, rows);
  lesson.show_from_book("class/values", trace.v, rows);
  lesson.show_from_book("class/attn_weights", trace.weights, rows);
  lesson.attention("causal attention", trace, words,
                   "The first word sees only itself, so its weight is 1 and its context vector is "
                   "its own value. The last word sees all words.");
  lesson.show_from_book("class/context_vecs", context, rows);
  lesson.show_from_book("class/loss_mean_square", (context * context).mean());
  lesson.equal("the two texts are equal, and so are their contexts", context[0], context[1]);
  lesson.often_asked(
      "Why does the class not give the same numbers as above?",
      fmt::format("It draws its own matrices, with a different seed: {} here, {} above.",
                  lesson.seed(123), lesson.seed(789)));
  lesson.often_asked("How is a batch transposed?",
                     "Only words and numbers are exchanged, the last two axes: "
                     "keys.transpose(-2, -1). keys.t() is for matrices only.");
  lesson.refused("t() of a batch of keys is an error:", [&] { trace.k.t(); });

  lesson.step("3.5.3", "A text with fewer words");
  const int64_t few = std::min<int64_t>(4, T - 1);
  lesson.say(
      "The layer takes texts of up to max_tokens words, here {}; the book calls this "
      "context_length. The book's class makes its mask once, for the longest text, and uses the "
      "upper left part of it for a shorter one. Our layer keeps no mask: attend() makes one for "
      "the text that it gets. With {} words:",
      causal.context_length, few);
  const Tensor context_few = causal(batch.narrow(1, 0, few));
  lesson.show_from_book("class/context_vecs_first_4_tokens", context_few, rows);
  lesson.equal("the same as the first rows of the longer text", context_few,
               context.narrow(1, 0, few));

  lesson.step("3.5.3", "The test of causality: change the last word");
  lesson.say(
      "Replace the last word of both texts by the vector 0.9, 0.9, 0.9, and compare the context "
      "vectors of the first text.");
  const Tensor changed = batch.clone();
  changed.select(1, T - 1).fill_(0.9);
  const Tensor change = (causal(changed) - causal(batch)).abs().amax({-1})[0];
  const int64_t count = (change > 0).sum().item<int64_t>();
  lesson.ask("how many of the context vectors change?",
             {{"one", count == 1}, {"half of them", 2 * count == T}, {"all", count == T}});
  lesson.print("largest change of each context vector", change, {.columns = words});
  lesson.equal("all except the last stay the same", change.narrow(0, 0, T - 1), zeros({T - 1}), 0);
  lesson.equal("the last one changes", (change[T - 1] > 0).item<int64_t>(), 1);

  // mistakes, made on purpose
  lesson.step("what if", "... I set weights to 0 after the softmax and do not divide again?");
  const Tensor above = hide.to(kBool);
  const auto softmaxed = [&](const Tensor& s) { return softmax(s / scale, -1); };
  lesson.show_from_book("mask_after_softmax/attn_weights", softmaxed(scores) * keep, table);
  lesson.say(
      "All rows except the last sum to less than 1, and how much less depends on the future "
      "words.");

  lesson.step("what if", "... the scores are set to 0 instead of -inf?");
  const Tensor zeroed = softmaxed(scores.masked_fill(above, 0));
  lesson.show_from_book("mask_with_zero/attn_weights", zeroed, table);
  lesson.say("exp(0) is 1, so the future keeps much of the weight: {:.0f}% of the first row.",
             100 * zeroed[0].narrow(0, 1, T - 1).sum().item<double>());

  lesson.step("what if", "... I forget the underscore: masked_fill instead of masked_fill_?");
  const Tensor forgotten = scores.clone();
  forgotten.masked_fill(above, -kInfinity);  // returns the masked scores, which are then lost
  lesson.show_from_book("mask_result_thrown_away/attn_weights", softmaxed(forgotten), table);
  lesson.say(
      "There is no mask and no error. The last row is right, because the last word may see "
      "everything. So checking the last row proves nothing.");

  lesson.step("what if", "... the mask includes the diagonal (triu with 0 instead of 1)?");
  lesson.show_from_book("mask_includes_diagonal/attn_weights",
                        softmaxed(scores.masked_fill(triu(ones({T, T})).to(kBool), -kInfinity)),
                        table);
  lesson.say(
      "The first word sees nothing: all of its scores are -inf, and its weights are 0 / 0, which "
      "is nan. Every loss that depends on this row is nan, too, and so are the gradients.");

  lesson.step("what if", "... I hide the wrong half?");
  lesson.show_from_book("mask_lower_triangle/attn_weights",
                        softmaxed(scores.masked_fill(tril(ones({T, T}), -1).to(kBool), -kInfinity)),
                        table);
  lesson.say(
      "Each word sees itself and the words after it. The first row is the same as without a mask, "
      "and the last word sees only itself.");

  lesson.try_next({"./run lesson 6 --dropout=mkl: the other dropout mask",
                   "./run lesson 6 --text \"a very long journey starts with one very small step\": "
                   "a larger triangle",
                   "which gradient does the query of the first word get? (Its only weight is "
                   "always 1.) Guess, and then call backward()",
                   "lesson 07: several causal attentions side by side"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, causal_attention); }
