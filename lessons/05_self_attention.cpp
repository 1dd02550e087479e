// Lesson 05: self-attention with trainable weights. Each word gets three roles: query, key and
// value.
#include <cmath>

#include "gradus.h"
#include "lessons/kit/lesson.h"
#include "lessons/stages/finite_differences.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 5,
    .title = "Self-attention with trainable weights",
    .builds = "queries, keys and values",
    .seconds = 1,
    .goals =
        {"compute queries, keys and values, scaled scores, attention weights and context vectors",
         "say why the scores are divided by the square root of the keys' size, and what happens "
         "without it",
         "tell weight matrices from attention weights, and compute the gradient of a weight "
         "matrix"},
    .question =
        "in lesson 04 the words were compared as they are, and nothing could be learned. What has "
        "to be added so that training can decide what a word looks for, how it is found, and what "
        "it passes on?",
    .golden = "02_self_attention_qkv",
    .pitfalls = {"no_scaling", "scale_by_d_k", "query_and_key_exchanged"},
    .options = {"query", "text", "seed"},
    .query =
        "The number of the word whose query, key, value and context vector are computed first, "
        "from 1 (the book's is 2)",
    .exercises = {"attention", "lora"},
};

/// The book's SelfAttention_v1: three matrices (d_in, d_out), x (T, d_in) -> (T, d_out).
struct SelfAttentionV1 {
  Tensor W_query, W_key, W_value;

  Tensor weights(const Tensor& x) const {
    const Tensor queries = matmul(x, W_query);        // (T, d_out)
    const Tensor keys = matmul(x, W_key);             // (T, d_out)
    const Tensor scores = matmul(queries, keys.t());  // (T, T)
    return softmax(scores / std::sqrt(static_cast<double>(keys.size(-1))), -1);
  }
  Tensor operator()(const Tensor& x) const { return matmul(weights(x), matmul(x, W_value)); }
};

Tensor mean_square(const Tensor& x) { return (x * x).mean(); }

// NOLINTNEXTLINE(readability-function-size): a lesson runs from top to bottom
void self_attention(Lesson& lesson) {
  const Words& words = lesson.words();
  const int64_t q = lesson.query();
  const std::string word = words[static_cast<size_t>(q)];
  const Labels rows{.rows = words, .marked = q};
  const Labels table{.rows = words, .columns = words, .marked = q};
  const Tensor inputs = lesson.vectors(tensor({{0.43, 0.15, 0.89},     // Your
                                               {0.55, 0.87, 0.66},     // journey
                                               {0.57, 0.85, 0.64},     // starts
                                               {0.22, 0.58, 0.33},     // with
                                               {0.77, 0.25, 0.10},     // one
                                               {0.05, 0.80, 0.55}}));  // step

  // 3.4.1: step by step
  lesson.step("3.4.1", "Three matrices, three roles");
  lesson.say(
      "The vector of each word is multiplied by three matrices. The results are its query, which "
      "says what the word looks for; its key, by which other words find it; and its value, which "
      "it passes on. Each matrix turns 3 numbers into 2. At the start they are random: each number "
      "is between 0 and 1, drawn with seed {} in the order query, key, value.",
      lesson.seed(123));
  lesson.print("inputs, as in lesson 04", inputs, rows);
  manual_seed(lesson.seed(123));
  const Tensor W_query = rand({3, 2});
  const Tensor W_key = rand({3, 2});
  const Tensor W_value = rand({3, 2});
  lesson.show_from_book("W_query", W_query);
  lesson.show_from_book("W_key", W_key);
  lesson.show_from_book("W_value", W_value);
  lesson.often_asked(
      "Which weights?",
      "Weight matrices are learned, and then they are the same for every input. Attention weights "
      "are computed anew for each input, and are never learned. In lessons 04 to 07 'weights' "
      "alone means attention weights.");

  lesson.step("3.4.1", fmt::format("The query, key and value of '{}', and of all words", word));
  lesson.show_from_book("query_2", matmul(inputs[q], W_query));
  lesson.show_from_book("key_2", matmul(inputs[q], W_key));
  lesson.show_from_book("value_2", matmul(inputs[q], W_value));
  const Tensor queries = matmul(inputs, W_query);
  const Tensor keys = matmul(inputs, W_key);
  const Tensor values = matmul(inputs, W_value);
  lesson.show_from_book("queries", queries, rows);
  lesson.show_from_book("keys", keys, rows);
  lesson.show_from_book("values", values, rows);

  lesson.step("3.4.1", "Scores: queries and keys");
  lesson.say("The query of '{}' is compared with the key of every word. First with its own key:",
             word);
  lesson.show_from_book("attn_score_22", matmul(queries[q], keys[q]));
  const Tensor scores_2 = matmul(queries[q], keys.t());
  lesson.show_from_book("attn_scores_2", scores_2, {.columns = words});
  lesson.say("Now the queries of all words with the keys of all words:");
  const Tensor scores = matmul(queries, keys.t());
  const bool symmetric = allclose(scores, scores.t());
  lesson.ask("is the table of all scores still symmetric, as in lesson 04?",
             {{"yes", symmetric}, {"no", !symmetric}});
  lesson.show_from_book("attn_scores", scores, table);
  lesson.say(
      "The score of query '{}' and key '{}' is {:.4f}; of query '{}' and key '{}' it is {:.4f}. A "
      "word can now look for one thing and be found by another. Exchanging queries and keys would "
      "transpose the table.",
      words[1], words[0], scores[1][0].item<double>(), words[0], words[1],
      scores[0][1].item<double>());

  lesson.step("3.4.1", "Scaling, softmax, context vector");
  const double d_k = static_cast<double>(keys.size(-1));
  lesson.say("The scores are divided by sqrt({}) before the softmax. The next step says why.", d_k);
  const Tensor scaled_2 = scores_2 / std::sqrt(d_k);
  const Tensor weights_2 = softmax(scaled_2, -1);
  lesson.show_from_book("scaled_scores_2", scaled_2, {.columns = words});
  lesson.show_from_book("attn_weights_2", weights_2, {.columns = words});
  lesson.bars(fmt::format("weights of '{}'", word), words, weights_2);
  lesson.say("Without the division the same scores give sharper weights:");
  lesson.show_from_book("attn_weights_2_unscaled", softmax(scores_2, -1), {.columns = words});
  lesson.say(
      "The context vector is the sum of the values, each times its weight. (In lesson 04 it was "
      "the sum of the inputs.)");
  lesson.show_from_book("context_vec_2", matmul(weights_2, values));
  lesson.often_asked("Divided by the square root of what?",
                     "Of the size of a key, here 2. Not of the size of an input (3), and not of "
                     "the number of words. And it is the square root, not the size itself.");

  lesson.step("3.4.1", "Why the square root?");
  lesson.say(
      "The softmax of small numbers is nearly even. The larger the numbers, the more of the weight "
      "goes to one of them. Take five numbers from the lecture (the video lectures that follow the "
      "book; lesson 07 has one of their examples, too), and multiply them by 8 and by 40:");
  const Tensor demo = tensor({0.1, -0.2, 0.3, -0.2, 0.5});
  lesson.print("five scores", demo);
  const Tensor p = softmax(demo, -1);
  const Tensor p_8 = softmax(demo * 8, -1);
  const Tensor p_40 = softmax(demo * 40, -1);
  lesson.show_from_book("lecture/softmax_demo", p, {.name = "softmax of the scores"});
  lesson.show_from_book("lecture/softmax_demo_times_8", p_8,
                        {.name = "softmax of 8 times the scores"});
  lesson.print("softmax of 40 times the scores", p_40);
  lesson.say(
      "The derivative of a weight p with respect to its own score is p (1 - p). It is near 0 if p "
      "is near 0, and also if p is near 1: then no score gets a gradient, not even the largest "
      "one, and nothing is learned. p (1 - p) for the last of the five:");
  const Tensor largest = stack({p[-1], p_8[-1], p_40[-1]});
  lesson.print("p (1 - p)", largest * (1 - largest), {.columns = {"scores", "x 8", "x 40"}});
  lesson.say("And a dot product is a sum, whose variance grows with the number of its terms.");
  std::string variances;
  double of_100 = 0;
  for (const int64_t d : {int64_t{5}, int64_t{100}}) {
    const Tensor dots = (randn({10000, d}) * randn({10000, d})).sum(-1);
    of_100 = dots.var().item<double>();
    variances += fmt::format(
        "  {:3} numbers each: variance about {:3.0f}; divided by sqrt({}) about {:.0f}\n", d,
        of_100, d, (dots / std::sqrt(static_cast<double>(d))).var().item<double>());
  }
  const auto is_near = [&](double guess) { return std::abs(of_100 - guess) < guess / 2; };
  lesson.ask(
      "two vectors of 100 random numbers, each with variance 1: what is the variance of their dot "
      "product?",
      {{"about 1", is_near(1)}, {"about 10", is_near(10)}, {"about 100", is_near(100)}});
  lesson.say("Measured with 10,000 pairs of random vectors:");
  lesson.lines(variances);
  lesson.say(
      "Dividing by the square root of the size brings the variance back to about 1, for any size. "
      "Dividing by the size itself would make it smaller and smaller.");

  // 3.4.2: as a class
  lesson.step("3.4.2", "All of it as a class: version 1");
  lesson.say(
      "SelfAttentionV1, at the top of this program, has all of these lines. With the same seed it "
      "gets the same matrices:");
  lesson.code("SelfAttentionV1");
  manual_seed(lesson.seed(123));
  SelfAttentionV1 v1{rand({3, 2}), rand({3, 2}), rand({3, 2})};
  lesson.show_from_book("v1/attn_weights", v1.weights(inputs), table);
  lesson.heatmap("attention weights, version 1", v1.weights(inputs), words, words, 0.25);
  lesson.show_from_book("v1/context_vecs", v1(inputs), rows);
  lesson.equal(fmt::format("row '{}' is the context vector from above", word), v1(inputs)[q],
               matmul(weights_2, values));

  lesson.step("3.4.2", "What makes it trainable: a gradient");
  lesson.say(
      "Take any number that depends on the result as the loss, such as the mean of all squares. "
      "How does it change if one entry of a weight matrix grows a little? backward() computes this "
      "for all entries at once.");
  for (const Tensor& w : {v1.W_query, v1.W_key, v1.W_value})
    w.requires_grad_();
  const Tensor loss = mean_square(v1(inputs));
  loss.backward();
  lesson.show_from_book("v1/loss_mean_square", loss);
  lesson.show_from_book("v1/grad/W_query", v1.W_query.grad(), {.name = "gradient of W_query"});
  lesson.show_from_book("v1/grad/W_key", v1.W_key.grad(), {.name = "gradient of W_key"});
  lesson.show_from_book("v1/grad/W_value", v1.W_value.grad(), {.name = "gradient of W_value"});
  lesson.say(
      "For comparison, the gradient of W_query without calculus, in float64: move each entry up "
      "and down by a millionth, and divide the change of the loss by the distance moved.");
  lesson.code("lessons/stages/finite_differences.h", "finite_differences");
  const Tensor x = inputs.to(kFloat64);
  const Tensor W_k = W_key.to(kFloat64);
  const Tensor W_v = W_value.to(kFloat64);
  const Tensor numeric = finite_differences(
      [&](const Tensor& w) {
        return mean_square(SelfAttentionV1{w, W_k, W_v}(x));
      },
      W_query.to(kFloat64));
  lesson.print("gradient of W_query by finite differences", numeric);
  lesson.equal("backward() and finite differences are equal", v1.W_query.grad().to(kFloat64),
               numeric, 1e-6);

  lesson.step("3.4.2", "Version 2: with Linear layers");
  lesson.say(
      "nn::SelfAttention has three Linear layers instead of plain matrices. Their initial "
      "values are better for training: between -{0:.3f} and {0:.3f} here, 1 / sqrt(3). Seed {1}.",
      1 / std::sqrt(3.0), lesson.seed(789));
  manual_seed(lesson.seed(789));
  const nn::SelfAttention v2(3, 2);
  lesson.show_from_book("v2/param/W_query.weight", v2.W_query.weight);
  lesson.show_from_book("v2/param/W_key.weight", v2.W_key.weight);
  lesson.show_from_book("v2/param/W_value.weight", v2.W_value.weight);
  lesson.code("nn/self_attention.h", "forward");
  nn::AttentionTrace trace;
  const Tensor context = v2.forward(inputs, &trace);
  lesson.show_from_book("v2/queries", trace.q, rows);
  lesson.show_from_book("v2/keys", trace.k, rows);
  lesson.show_from_book("v2/values", trace.v, rows);
  lesson.show_from_book("v2/attn_scores", trace.scores, table);
  lesson.show_from_book("v2/attn_weights", trace.weights, table);
  lesson.heatmap("attention weights, version 2", trace.weights, words, words, 0.25);
  lesson.attention("self-attention, version 2", trace, words,
                   "Each word has a query, a key and a value of its own. A score is query times "
                   "key, and is divided by sqrt(2) before the softmax.");
  lesson.show_from_book("v2/context_vecs", context, rows);
  lesson.show_from_book("v2/loss_mean_square", mean_square(context));
  lesson.often_asked("Versions 1 and 2 give different results. Which one is wrong?",
                     "Neither. Their matrices differ: they are drawn in a different way and with "
                     "a different seed. (Early copies of the book did not print the seed, 789.)");
  lesson.often_asked("All weights are similar. Does it not work?",
                     "It does. Small untrained matrices give scores near 0, and these give nearly "
                     "equal weights. Training makes them differ.");
  lesson.often_asked("Does the order of the three layers matter?",
                     "In the constructor it does, since each layer draws its numbers from the same "
                     "generator. In forward it does not.");

  lesson.step("ex. 3.1", "Version 2's matrices in version 1");
  manual_seed(lesson.seed(123));
  const nn::SelfAttention other(3, 2);
  const Shape stored = other.W_query.weight.sizes();
  lesson.ask("what is the shape of the matrix of a Linear layer from 3 numbers to 2?",
             {{"(3, 2)", stored == Shape{3, 2}}, {"(2, 3)", stored == Shape{2, 3}}});
  lesson.say(
      "A Linear layer stores its matrix as (out, in), here {}, and computes x W^T. So version 1 "
      "needs the transposed matrices, here those of a new layer, as in the book:",
      stored);
  const SelfAttentionV1 copied{other.W_query.weight.t(), other.W_key.weight.t(),
                               other.W_value.weight.t()};
  lesson.show_from_book("exercise_3_1/context_vecs", copied(inputs), rows);
  lesson.equal("both versions are equal", copied(inputs), other(inputs));

  lesson.step("what if", "... the scores of version 2 are not scaled?");
  lesson.print("context vectors of version 2", context, rows);
  lesson.show_from_book("no_scaling/context_vecs", matmul(softmax(trace.scores, -1), trace.v),
                        rows);

  lesson.step("what if", "... they are divided by 2 instead of sqrt(2)?");
  lesson.show_from_book("scale_by_d_k/context_vecs", matmul(softmax(trace.scores / 2, -1), trace.v),
                        rows);
  const auto largest_change = [&](const Tensor& weights) {
    return (matmul(weights, trace.v) - context).abs().max().item<double>();
  };
  lesson.say(
      "Compare both tables with those of version 2 above. Without scaling no number "
      "changes by more than {:.4f}, and divided by 2 by no more than {:.4f}: keys of two numbers "
      "make such mistakes hard to see.",
      largest_change(softmax(trace.scores, -1)), largest_change(softmax(trace.scores / 2, -1)));

  lesson.step("what if", "... queries and keys are exchanged?");
  const Tensor exchanged = matmul(trace.k, trace.q.t());
  lesson.show_from_book("query_and_key_exchanged/attn_weights",
                        softmax(exchanged / std::sqrt(d_k), -1), table);
  lesson.equal("the scores are transposed", exchanged, trace.scores.t());

  lesson.try_next(
      {"./run lesson 5 --seed 1: other matrices. Are the weights of version 2 still similar?",
       "./run lesson 5 --text \"to be or not to be\": equal words get equal context vectors. What "
       "would have to be added to tell the two 'be' apart?",
       "change the step h of finite_differences to 1e-2 or 1e-12: how many digits are still right?",
       "lesson 06: a word must not see the words after it"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, self_attention); }
