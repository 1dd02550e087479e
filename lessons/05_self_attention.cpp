// Lesson 05: self-attention with trainable weights. Each word gets three roles: query, key and
// value.
#include <cmath>

#include "gradus.h"
#include "lessons/kit/lesson.h"

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
         "say why the scores are divided by the square root of the keys' size, and what happens if "
         "not",
         "tell weight matrices from attention weights, and find a gradient of the one through the "
         "other"},
    .question =
        "in lesson 04 every word compared itself as it is, and nothing could be learned. What has "
        "to be added so that training can decide what a word looks for, what it offers, and what "
        "it hands over?",
    .golden = "02_self_attention_qkv",
    .pitfalls = {"no_scaling", "scale_by_d_k", "query_and_key_exchanged"},
    .options = {"query", "text", "seed"},
    .query =
        "The word whose query, key, value, scores and context vector are computed first: 1 is "
        "the first word (the book takes 2)",
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

/// (loss(w + h) - loss(w - h)) / 2h for each element of w: the gradient without any calculus.
template <class Loss>
Tensor finite_differences(const Loss& loss, const Tensor& w, double h = 1e-6) {
  const NoGradGuard no_grad;
  Tensor gradient = zeros_like(w);
  for (int64_t i = 0; i < w.size(0); ++i)
    for (int64_t j = 0; j < w.size(1); ++j) {
      Tensor up = w.clone();
      Tensor down = w.clone();
      up[i][j] += h;
      down[i][j] -= h;
      gradient[i][j] = (loss(up) - loss(down)) / (2 * h);
    }
  return gradient;
}

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
      "Each word is multiplied with three matrices. Its query says what it looks for, its key what "
      "it can be found by, its value what it hands over. The matrices take 3 numbers in and give 2 "
      "out. They start random: seed {}, drawn in the order query, key, value, each number between "
      "0 and 1.",
      lesson.seed(123));
  manual_seed(lesson.seed(123));
  const Tensor W_query = rand({3, 2});
  const Tensor W_key = rand({3, 2});
  const Tensor W_value = rand({3, 2});
  lesson.show_from_book("W_query", W_query);
  lesson.show_from_book("W_key", W_key);
  lesson.show_from_book("W_value", W_value);
  lesson.often_asked(
      "Which weights?",
      "Weight matrices are learned, and then the same for every input. Attention weights are "
      "computed anew for each input and never learned. We always write the full names.");

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

  lesson.step("3.4.1", "Scores: queries against keys");
  lesson.say("The query of '{}' is compared with the key of every word; first with its own:", word);
  lesson.show_from_book("attn_score_22", matmul(queries[q], keys[q]));
  const Tensor scores_2 = matmul(queries[q], keys.t());
  lesson.show_from_book("attn_scores_2", scores_2, {.columns = words});
  lesson.ask("will the table of all scores still be symmetric, as in lesson 04?", {"yes", "no"}, 1);
  lesson.say("And all against all:");
  const Tensor scores = matmul(queries, keys.t());
  lesson.show_from_book("attn_scores", scores, table);
  lesson.say(
      "({}, {}) is {:.4f}, ({}, {}) is {:.4f}: looking for and being found are two things now. "
      "Exchange queries and keys and the table is transposed.",
      words[1], words[0], scores[1][0].item<double>(), words[0], words[1],
      scores[0][1].item<double>());

  lesson.step("3.4.1", "Scaling, softmax, context vector");
  const double d_k = static_cast<double>(keys.size(-1));
  lesson.say("The scores are divided by sqrt({}) before the softmax.", d_k);
  const Tensor scaled_2 = scores_2 / std::sqrt(d_k);
  const Tensor weights_2 = softmax(scaled_2, -1);
  lesson.show_from_book("scaled_scores_2", scaled_2, {.columns = words});
  lesson.show_from_book("attn_weights_2", weights_2, {.columns = words});
  lesson.bars(words, weights_2);
  lesson.say("Without the division the same scores give sharper weights:");
  lesson.show_from_book("attn_weights_2_unscaled", softmax(scores_2, -1), {.columns = words});
  lesson.say(
      "The context vector: the weights times the values (in lesson 04: times the inputs "
      "themselves).");
  lesson.show_from_book("context_vec_2", matmul(weights_2, values));
  lesson.often_asked("Divided by the square root of what?",
                     "Of the keys' size: here 2. Not of the inputs' size (3), not of the number of "
                     "words, and not by the size itself.");

  lesson.step("3.4.1", "Why the square root?");
  lesson.say(
      "The softmax of small numbers is soft. Eight times the numbers, and one of them takes nearly "
      "all: then the others get almost no gradient and learn nothing.");
  lesson.say("The five numbers are those of the video lectures that follow the book:");
  const Tensor demo = tensor({0.1, -0.2, 0.3, -0.2, 0.5});
  lesson.print("demo", demo);
  lesson.show_from_book("lecture/softmax_demo", softmax(demo, -1), {.name = "softmax(demo)"});
  lesson.show_from_book("lecture/softmax_demo_times_8", softmax(demo * 8, -1),
                        {.name = "softmax(8 demo)"});
  lesson.say(
      "And a dot product grows with the number of terms. Of 10,000 pairs of random vectors:");
  lesson.ask(
      "two vectors of 100 numbers, each with variance 1: what is the variance of their dot "
      "product?",
      {"about 1", "about 10", "about 100"}, 2);
  std::string variances;
  for (const int64_t d : {int64_t{5}, int64_t{100}}) {
    const Tensor dots = (randn({10000, d}) * randn({10000, d})).sum(-1);
    variances += fmt::format(
        "  {:3} numbers each: variance about {:3.0f}; divided by sqrt({}) about {:.0f}\n", d,
        dots.var().item<double>(), d,
        (dots / std::sqrt(static_cast<double>(d))).var().item<double>());
  }
  lesson.lines(variances);
  lesson.say(
      "Dividing by the square root brings the variance back to about 1, whatever the size; "
      "dividing by the size itself would press it towards 0.");

  // 3.4.2: as a class
  lesson.step("3.4.2", "All of it as a class: version 1");
  lesson.say(
      "SelfAttentionV1, at the top of this program, has these lines in one place. The same seed, "
      "so the same matrices:");
  lesson.code("SelfAttentionV1");
  manual_seed(lesson.seed(123));
  SelfAttentionV1 v1{rand({3, 2}), rand({3, 2}), rand({3, 2})};
  lesson.show_from_book("v1/attn_weights", v1.weights(inputs), table);
  lesson.heatmap("attention weights, version 1", v1.weights(inputs), words, words, 0.25);
  lesson.show_from_book("v1/context_vecs", v1(inputs), rows);
  lesson.equal(fmt::format("row '{}' is the context vector from before", word), v1(inputs)[q],
               matmul(weights_2, values));

  lesson.step("3.4.2", "What makes it trainable: a gradient");
  lesson.say(
      "Take any number that depends on the result, say the mean of all squares. How does it change "
      "if an entry of a weight matrix grows a little? backward() answers for all entries at once.");
  for (const Tensor& w : {v1.W_query, v1.W_key, v1.W_value})
    w.requires_grad_();
  const Tensor loss = mean_square(v1(inputs));
  loss.backward();
  lesson.show_from_book("v1/loss_mean_square", loss);
  lesson.show_from_book("v1/grad/W_query", v1.W_query.grad());
  lesson.show_from_book("v1/grad/W_key", v1.W_key.grad());
  lesson.show_from_book("v1/grad/W_value", v1.W_value.grad());
  lesson.say(
      "Beside it the same for W_query without calculus, in float64: move each entry by a millionth "
      "up and down, and divide the change of the loss by the way.");
  const Tensor x = inputs.to(kFloat64);
  const Tensor W_k = W_key.to(kFloat64);
  const Tensor W_v = W_value.to(kFloat64);
  const Tensor numeric = finite_differences(
      [&](const Tensor& w) {
        return mean_square(SelfAttentionV1{w, W_k, W_v}(x));
      },
      W_query.to(kFloat64));
  lesson.print("W_query by finite differences", numeric);
  lesson.equal("backward and finite differences equal", v1.W_query.grad().to(kFloat64), numeric,
               1e-6);

  lesson.step("3.4.2", "Version 2: with Linear layers");
  lesson.say(
      "nn::SelfAttention holds three Linear layers instead of bare matrices: they start with "
      "better numbers, between -0.577 and 0.577 here. Seed {}.",
      lesson.seed(789));
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
  lesson.show_from_book("v2/context_vecs", context, rows);
  lesson.show_from_book("v2/loss_mean_square", mean_square(context));
  lesson.often_asked("Version 1 and 2 differ. Which is wrong?",
                     "Neither: other first numbers and another seed (early copies of the book "
                     "forgot to print 789).");
  lesson.often_asked("All weights are about 1/6. Does it not work?",
                     "Small untrained matrices give scores near 0, and these give nearly equal "
                     "weights. Training is what makes them differ.");
  lesson.often_asked(
      "Does the order of the three matter?",
      "In the constructor yes: each draws its numbers from the same generator. In forward no.");

  // exercise 3.1
  lesson.step("ex. 3.1", "Version 2's matrices in version 1");
  manual_seed(lesson.seed(123));
  const nn::SelfAttention other(3, 2);
  lesson.ask("a Linear layer from 3 to 2 numbers: what shape does it store?", {"(3, 2)", "(2, 3)"},
             1);
  lesson.say(
      "A Linear layer stores its matrix as (out, in), here {}, and computes x W^T. So version 1 "
      "gets the transposed matrices:",
      other.W_query.weight.sizes());
  const SelfAttentionV1 copied{other.W_query.weight.t(), other.W_key.weight.t(),
                               other.W_value.weight.t()};
  lesson.show_from_book("exercise_3_1/context_vecs", copied(inputs), rows);
  lesson.equal("equal", copied(inputs), other(inputs));

  // mistakes, made on purpose
  lesson.step("what if", "... the scores are not scaled?");
  lesson.show_from_book("no_scaling/context_vecs", matmul(softmax(trace.scores, -1), trace.v),
                        rows);

  lesson.step("what if", "... they are divided by 2 instead of sqrt(2)?");
  lesson.show_from_book("scale_by_d_k/context_vecs", matmul(softmax(trace.scores / 2, -1), trace.v),
                        rows);
  lesson.say_of_the_book(
      "Right is -0.0739, 0.0713 in the first row. Unscaled it begins -0.0726, 0.0731, divided by 2 "
      "-0.0748, 0.0699: with two numbers a key, both mistakes hide in the third digit.");

  lesson.step("what if", "... queries and keys are exchanged?");
  const Tensor exchanged = matmul(trace.k, trace.q.t());
  lesson.show_from_book("query_and_key_exchanged/attn_weights",
                        softmax(exchanged / std::sqrt(d_k), -1), table);
  lesson.equal("the scores are the transposed ones", exchanged, trace.scores.t());

  lesson.try_next(
      {"./run lesson 5 --seed 1: other first matrices. Do all weights stay near 1/6 in version 2?",
       "./run lesson 5 --text \"to be or not to be\": equal words get equal context vectors. Is "
       "that good? What would have to be added to tell the two 'be' apart?",
       "make the finite differences' step h 1e-2 or 1e-12 in this program, and watch the digits go",
       "lesson 06: a word must not see what comes after it"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, self_attention); }
