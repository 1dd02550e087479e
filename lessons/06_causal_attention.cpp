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
         "explain what dropout does to attention weights, and why rows then no longer sum to 1",
         "test that a layer is causal: change the last word, and nothing before it may move"},
    .question =
        "a language model learns to say the next word. If a word can look at the words after it, "
        "it reads the answer off the page. How do we hide them without disturbing the rest?",
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
  lesson.step("3.5.1", "Where we stand: every word sees every word");
  lesson.say(
      "Lesson 05's second version (seed {}), its scores and its weights. Everything above the "
      "diagonal is a look into the future.",
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

  lesson.step("3.5.1", "First way: erase, then divide again");
  lesson.say(
      "A matrix of ones with zeros above the diagonal, times the weights: the future is gone, but "
      "rows sum to less than 1. Divide each row by its sum.");
  const Tensor keep = tril(ones({T, T}));
  const Tensor erased = unmasked * keep;
  lesson.show_from_book("mask_simple", keep, rows);
  lesson.show_from_book("masked_simple", erased, table);
  lesson.show_from_book("masked_simple_row_sums", erased.sum(-1, true), rows);
  const Tensor renormalised = erased / erased.sum(-1, true);
  lesson.show_from_book("masked_simple_norm", renormalised, table);

  lesson.step("3.5.1", "Second way: minus infinity before the softmax");
  lesson.say(
      "exp(-inf) is 0. So write -inf over the scores above the diagonal, and the softmax does the "
      "rest in one go.");
  const Tensor hide = triu(ones({T, T}), 1);
  const Tensor masked_scores = scores.masked_fill(hide.to(kBool), -kInfinity);
  lesson.show_from_book("mask_triu", hide, rows);
  lesson.show_from_book("masked_scores", masked_scores, table);
  lesson.ask("which row of the weights stays exactly as it was without a mask?",
             {"the first", "the last", "none"}, 1);
  const Tensor weights = softmax(masked_scores / scale, -1);
  lesson.show_from_book("attn_weights", weights, table);
  lesson.print("row sums", weights.sum(-1), {.columns = words});
  lesson.heatmap("with the causal mask", weights.masked_fill(hide.to(kBool), -kInfinity), words,
                 words);
  lesson.show_from_book("context_vecs", matmul(weights, values), rows);
  lesson.equal("first and second way equal", renormalised, weights);
  lesson.often_asked(
      "Was the future not in the denominator of the first way?",
      "It was, when the softmax ran: erased weights alone still carry a trace of it (their rows "
      "sum to less than 1, by as much as the future had). Dividing by the row sum cancels that "
      "denominator, and nothing is left. The line above proves it.");

  // 3.5.2: dropout
  lesson.step("3.5.2", "Dropout, on a matrix of ones");
  lesson.say(
      "While training, dropout erases each number with probability p, and multiplies the others by "
      "1 / (1 - p), so that the mean stays. A model cannot lean on a single connection then. p = "
      "0.5, seed {}:",
      lesson.seed(123));
  const std::string mask = lesson.mask_suffix();
  const auto dropped = [&](const Tensor& x, double p) {
    manual_seed(lesson.seed(123));
    return dropout(x, p, /*train=*/true);
  };
  lesson.ask(fmt::format("of {} ones, how many will dropout 0.5 erase?", T * T),
             {"exactly half", "about half", "half of each row"}, 1);
  const Tensor ones_dropped = dropped(ones({T, T}), 0.5);
  lesson.show_from_book("dropout_ones" + mask, ones_dropped);
  lesson.say(
      "Numbers left: {} of {}. Each is drawn by itself: nothing makes it half of a row, or half of "
      "all.",
      (ones_dropped > 0).sum().item<int64_t>(), T * T);
  lesson.often_asked(
      "The numbers in my PyTorch differ?",
      "Older PyTorch packages for Linux and Windows draw another mask on Intel machines. Run this "
      "lesson with --dropout=mkl to see that one; all else stays the same.");
  lesson.say(
      "The factor is 1 / (1 - p), not 1 / p: at p = 0.5 both are 2, so look at 0.1 and 0.2.");
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
        "'journey' has lost both of its numbers, 'starts' none of its three: dropout 0.5 does not "
        "take half of each row.");
  lesson.show_from_book("dropout_row_sums" + mask, weights_dropped.sum(-1), {.columns = words});
  lesson.often_asked("Must rows not sum to 1?",
                     "After dropout they do not, and nobody divides again: only on average is the "
                     "sum 1. A row can even lose everything; then its context vector is zeros for "
                     "this one training step. In use, after training, dropout is off.");

  // 3.5.3: the class
  lesson.step("3.5.3", "As a class, for a batch of texts");
  const Tensor batch = stack({inputs, inputs});
  lesson.say(
      "Two copies of the text make a batch of shape {}: texts, words, numbers. "
      "nn::CausalAttention, seed {}, dropout 0:",
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
  lesson.show_from_book("class/context_vecs", context, rows);
  lesson.show_from_book("class/loss_mean_square", (context * context).mean());
  lesson.equal("both texts are equal, so are their contexts", context[0], context[1]);
  lesson.often_asked("Should the class not give the numbers from before?",
                     "It draws its own matrices, with its own seed: 123 here, 789 above.");
  lesson.often_asked("How is a batch transposed?",
                     "Words and numbers only: keys.transpose(-2, -1), the last two axes. A plain "
                     "transpose of everything would mix the texts; the library refuses it:");
  try {
    trace.k.t();
  } catch (const Error& e) {
    lesson.say("Error: {}", e.what());
  }

  lesson.step("3.5.3", "Fewer words than the mask is made for");
  const int64_t few = std::min<int64_t>(4, T - 1);
  lesson.say(
      "The mask is made once, for the longest text (context_length = {}), and cut to the words "
      "that are there. {} words:",
      T, few);
  const Tensor context_few = causal(batch.narrow(1, 0, few));
  lesson.show_from_book("class/context_vecs_first_4_tokens", context_few, rows);
  lesson.equal("the same as the first rows above", context_few, context.narrow(1, 0, few));

  lesson.step("3.5.3", "The test of causality: change the last word");
  lesson.ask("we change the last word of the text: how many context vectors move?",
             {"one", "half of them", "all"}, 0);
  Tensor changed = batch.clone();
  changed.select(1, T - 1).fill_(0.9);
  const Tensor moved = (causal(changed) - causal(batch)).abs().amax({-1})[0];
  lesson.print("largest change of each context vector", moved, {.columns = words});
  lesson.equal("all but the last stay where they were", moved.narrow(0, 0, T - 1), zeros({T - 1}),
               0);
  lesson.equal("the last one moves", (moved[T - 1] > 0).item<int64_t>(), 1);

  // mistakes, made on purpose
  const Tensor above = hide.to(kBool);
  const auto softmaxed = [&](const Tensor& s) { return softmax(s / scale, -1); };
  lesson.step("what if", "... I erase after the softmax and do not divide again?");
  lesson.show_from_book("mask_after_softmax/attn_weights", softmaxed(scores) * keep, table);
  lesson.say("Rows sum to less than 1, and how much less was decided by the future.");

  lesson.step("what if", "... I write 0 instead of -inf?");
  const Tensor zeroed = softmaxed(scores.masked_fill(above, 0));
  lesson.show_from_book("mask_with_zero/attn_weights", zeroed, table);
  lesson.say("exp(0) is 1, so the future keeps a good share: {:.0f}% of the first row.",
             100 * zeroed[0].narrow(0, 1, T - 1).sum().item<double>());

  lesson.step("what if", "... I forget the underscore: masked_fill instead of masked_fill_?");
  const Tensor forgotten = scores.clone();
  forgotten.masked_fill(above, -kInfinity);  // the masked scores are returned, and lost
  lesson.show_from_book("mask_result_thrown_away/attn_weights", softmaxed(forgotten), table);
  lesson.say(
      "No mask at all, and no error. The last row looks right, because the last word may see "
      "everything: a look at the last row proves nothing.");

  lesson.step("what if", "... the mask includes the diagonal (triu with 0 instead of 1)?");
  lesson.show_from_book("mask_includes_diagonal/attn_weights",
                        softmaxed(scores.masked_fill(triu(ones({T, T})).to(kBool), -kInfinity)),
                        table);
  lesson.say(
      "The first word may see nothing: its scores are all -inf, and 0 / 0 is nan. From there nan "
      "spreads to everything.");

  lesson.step("what if", "... I hide the wrong half?");
  lesson.show_from_book("mask_lower_triangle/attn_weights",
                        softmaxed(scores.masked_fill(tril(ones({T, T}), -1).to(kBool), -kInfinity)),
                        table);
  lesson.say(
      "Each word sees only the future. The first row is the unmasked one, the last is 1 for "
      "itself: just the other way round.");

  lesson.try_next({"./run lesson 6 --dropout=mkl: the other mask",
                   "./run lesson 6 --text \"a very long journey starts with one very small step\": "
                   "a larger triangle",
                   "which gradient does a query of the first word get? (Its only weight is always "
                   "1.) Guess, then call backward()",
                   "lesson 07: several of these side by side"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, causal_attention); }
