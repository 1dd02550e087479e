// Lesson 07: multi-head attention: several causal attentions, and how to compute them as one.
#include <cmath>
#include <limits>

#include "gradus.h"
#include "lessons/stages/heads.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 7,
    .title = "Multi-head attention",
    .builds = "several heads in one layer",
    .seconds = 1,
    .goals = {"use several attention heads side by side, and compute all of them with one set of "
              "large matrices",
              "follow a tensor through view, transpose, scores, mask, softmax and back, with its "
              "shape at every stage",
              "recognise by their numbers five common mistakes that cause no error message"},
    .question =
        "one causal attention gives each word one mixture of itself and the words before it. But a "
        "word is related to others in more than one way. How do we get several mixtures without "
        "paying for several layers?",
    .golden = "04_multi_head_attention",
    .pitfalls = {"heads_"},
    .options = {"text", "seed", "all"},
    .exercises = {"rope", "attention_bugs", "grouped_query_attention", "kv_cache"},
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// NOLINTNEXTLINE(readability-function-size): a lesson runs from top to bottom
void multi_head_attention(Lesson& lesson) {
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
  const Tensor batch = stack({inputs, inputs});                        // (2, T, 3)

  // 3.6.1: heads side by side
  lesson.step("3.6.1", "The simple way: two layers side by side");
  lesson.say(
      "nn::MultiHeadAttentionWrapper has two of lesson 06's CausalAttention layers, each with its "
      "own three matrices, and joins their results side by side. Seed {}, 2 numbers from each "
      "head:",
      lesson.seed(123));
  manual_seed(lesson.seed(123));
  const nn::MultiHeadAttentionWrapper wrapper(3, 2, /*context_length=*/T, /*dropout=*/0.0,
                                              /*num_heads=*/2);
  nn::AttentionTrace trace;
  const Tensor side_by_side = wrapper.forward(batch, &trace);
  for (size_t h = 0; h < 2; ++h) {
    const std::string head = fmt::format("wrapper/head{}/", h);
    compare_parameters(lesson, head, wrapper.heads[h]);
    const Tensor weights = trace.weights[0][static_cast<int64_t>(h)];
    lesson.detail(head + "attn_weights", weights, table);
    lesson.heatmap(fmt::format("head {}", h),
                   weights.masked_fill(triu(ones({T, T}), 1).to(kBool), -kInfinity), words, words);
    lesson.print(fmt::format("context of head {}, first text", h),
                 trace.context[0][static_cast<int64_t>(h)], rows);
  }
  lesson.attention("two heads", trace, words,
                   "Both heads see the same words, and give them different weights.");
  lesson.code("nn/multi_head_attention_wrapper.h", "forward");
  const int64_t last = side_by_side.size(-1);
  lesson.ask("2 texts, and 2 heads of 2 numbers each: what is the last size of the result?",
             {{"2", last == 2}, {"4", last == 4}, {"8", last == 8}});
  lesson.show_from_book("wrapper/context_vecs", side_by_side, rows);
  lesson.often_asked("What is d_out?",
                     "In this wrapper it is the size of each head: 2 heads of 2 make 4 columns. In "
                     "the class below it is the size of all heads together: 2 heads of 1 make 2.");
  lesson.often_asked("Does each head look at a different part of the text?",
                     "No. In every head a word sees itself and all words before it. But each head "
                     "has its own matrices, and so it sees other queries, keys and values.");

  lesson.step("ex. 3.2", "Two heads, but 2 numbers in all");
  manual_seed(lesson.seed(123));
  const nn::MultiHeadAttentionWrapper narrow(3, 1, T, 0.0, 2);
  lesson.say(
      "So d_out = 1 for each head. (Some printed solutions have different numbers, from an older "
      "version of the program.)");
  lesson.show_from_book("exercise_3_2/context_vecs", narrow(batch), rows);

  // 3.6.2: one class
  lesson.step("3.6.2", "The fast way: one set of matrices, cut into heads");
  lesson.say(
      "nn::MultiHeadAttention computes the queries of all heads with one matrix, and then cuts "
      "each row into pieces, one for each head. Keys and values are computed in the same way. Seed "
      "{}, d_out = 2 for both heads together. HeadStages, in lessons/stages/heads.h, keeps the "
      "result of every step.",
      lesson.seed(123));
  manual_seed(lesson.seed(123));
  const nn::MultiHeadAttention mha(3, 2, T, 0.0, 2);
  compare_parameters(lesson, "split/", mha);
  const HeadStages book(mha, batch);
  compare_projections(lesson, "split/", book, words);
  lesson.say(
      "With one number in each head, a score is the product of two numbers, one from the query and "
      "one from the key. For the first text (rows: heads):");
  const Tensor q_book = book.queries.split[0].squeeze(-1);  // (2, T)
  const Tensor k_book = book.keys.split[0].squeeze(-1);     // (2, T)
  lesson.print("queries of both heads", q_book, {.columns = words});
  lesson.print("keys of both heads", k_book, {.columns = words});
  lesson.say("Head 0, the query of '{}' and the key of '{}': {:.4f} * {:.4f} = {:.4f}.", words[1],
             words[0], q_book[0][1].item<double>(), k_book[0][0].item<double>(),
             book.attn_scores[0][0][1][0].item<double>());
  lesson.print("weights of both heads, first text", book.attn_weights[0], rows);
  lesson.detail("split/context_per_head", book.context_per_head, rows);
  lesson.show_from_book("split/context_concatenated", book.context_concatenated, rows);
  lesson.show_from_book("split/context_vecs", book.context_vecs, rows);
  lesson.detail("split/loss_mean_square", (book.context_vecs * book.context_vecs).mean());
  lesson.code("lessons/stages/heads.h", "HeadStages");
  lesson.equal("the layer gives the same", mha(batch), book.context_vecs);
  lesson.often_asked("Why do the numbers differ from the wrapper's?",
                     "The sizes differ, and so does the order in which the random numbers are "
                     "drawn: here first one query matrix for all heads, there first the three "
                     "matrices of head 0. And here the output projection follows.");
  lesson.often_asked("Why is the result not just the heads side by side?",
                     "That is context_concatenated. After it comes one more layer, the output "
                     "projection out_proj, which mixes the heads.");

  lesson.step("3.6.2", "Many matrix products at once");
  lesson.say(
      "matmul multiplies matrices, which are the last two axes, and does so for all indices of the "
      "axes before them: here for 1 text and 2 heads.");
  const Tensor a = tensor({{{{0.2745, 0.6584, 0.2775, 0.8573},
                             {0.8993, 0.0390, 0.9268, 0.7388},
                             {0.7179, 0.7058, 0.9156, 0.4340}},
                            {{0.0772, 0.3565, 0.1479, 0.5331},
                             {0.4066, 0.2318, 0.4545, 0.9737},
                             {0.4606, 0.5159, 0.4220, 0.5786}}}});
  lesson.show_from_book("batched_matmul/a", a);
  lesson.show_from_book("batched_matmul/a_at", matmul(a, a.transpose(2, 3)),
                        {.name = "a times a transposed"});
  for (int64_t h = 0; h < 2; ++h) {
    const Tensor head = a[0][h];
    lesson.equal(fmt::format("head {} computed alone is equal", h), matmul(head, head.t()),
                 matmul(a, a.transpose(2, 3))[0][h]);
  }

  // the lecture's example: large enough to look inside
  lesson.step("lecture", "Looking inside: 3 words of 6 numbers, 2 heads of 3");
  const Words three{"The", "cat", "sleeps"};
  const Tensor x = tensor({{0.43, 0.15, 0.89, 0.55, 0.87, 0.66},
                           {0.57, 0.85, 0.64, 0.22, 0.58, 0.33},
                           {0.77, 0.25, 0.10, 0.05, 0.80, 0.55}});
  manual_seed(lesson.seed(123));
  const nn::MultiHeadAttention lecture(6, 6, 3, 0.0, 2);
  lesson.say(
      "This example is from the video lectures that follow the book, and is not in the book. With "
      "3 numbers in each head it is large enough to look inside:");
  lesson.show_from_book("lecture/inputs", x, {.rows = three});
  compare_parameters(lesson, "lecture/", lecture);
  const HeadStages s(lecture, stack({x, x}));
  lesson.say("Two copies of the text make a batch of 2. These are the shapes at every stage:");
  lesson.lines(table_of_shapes(s));
  lesson.say(
      "This is how the queries of the first text are cut into two heads. Keys and values are cut "
      "in the same way:");
  lesson.lines(picture_of_cutting(s.queries.whole[0], three, lesson.canvas().utf8));
  compare_projections(lesson, "lecture/", s, three);

  lesson.step("lecture", "Scores, mask, weights, for each head");
  lesson.detail("lecture/attn_scores", s.attn_scores, {.rows = three});
  lesson.detail("lecture/masked_scores", s.masked_scores, {.rows = three});
  lesson.detail("lecture/attn_weights", s.attn_weights, {.rows = three});
  lesson.print("masked scores, first text", s.masked_scores[0], {.rows = three});
  for (int64_t h = 0; h < 2; ++h)
    lesson.heatmap(fmt::format("weights of head {}", h),
                   s.attn_weights[0][h].masked_fill(triu(ones({3, 3}), 1).to(kBool), -kInfinity),
                   three, three);
  lesson.often_asked(
      "Why has the mask no axis for the heads?",
      "Its shape is (words, words). Broadcasting repeats it for every text and every head.");
  lesson.often_asked("Divided by what?",
                     "By sqrt(head_dim) = sqrt(3), because a key has 3 numbers in each head. Not "
                     "by sqrt(d_out) = sqrt(6), and not by the root of the number of words.");

  lesson.step("lecture", "Context vectors, and back to one row for each word");
  lesson.detail("lecture/context_per_head", s.context_per_head, {.rows = three});
  lesson.print("context vectors of both heads, first text", s.context_per_head[0], {.rows = three});
  lesson.detail("lecture/context_concatenated", s.context_concatenated, {.rows = three});
  lesson.print("side by side, first text", s.context_concatenated[0], {.rows = three});
  lesson.show_from_book("lecture/context_vecs", s.context_vecs, {.rows = three});
  nn::AttentionTrace of_lecture;
  lesson.equal("the layer gives the same", lecture(stack({x, x}), &of_lecture), s.context_vecs);
  lesson.attention("two heads of 3 numbers", of_lecture, three,
                   "A head sees 3 of the 6 numbers of each query, key and value.");

  lesson.step("lecture", "One head alone");
  const auto makes_head_1 = [&](int64_t row) {
    const Tensor queries = linear(x, lecture.W_query.weight.narrow(0, row, 3));
    return allclose(queries, s.queries.split[0][1], 1e-5, 1e-6);
  };
  lesson.ask("which rows of W_query.weight (6, 6) make the queries of head 1?",
             {{"rows 0 to 2", makes_head_1(0)}, {"rows 3 to 5", makes_head_1(3)}, {"all", true}});
  lesson.say(
      "One large matrix is the same as one small matrix for each head: head h uses the rows 3h, "
      "3h + 1 and 3h + 2 of each weight matrix. Lesson 06's attention with these rows gives the "
      "same context vectors as the head:");
  for (int64_t h = 0; h < 2; ++h) {
    const auto rows_of = [&](const nn::Linear& W) {
      return linear(x, W.weight.narrow(0, 3 * h, 3));
    };
    const Tensor q = rows_of(lecture.W_query);
    const Tensor k = rows_of(lecture.W_key);
    const Tensor v = rows_of(lecture.W_value);
    lesson.equal(fmt::format("head {} computed alone is equal", h),
                 scaled_dot_product_attention(q, k, v, {}, 0, /*is_causal=*/true),
                 s.context_per_head[0][h]);
  }

  // view and transpose
  lesson.step("3.6.2", "Why view and then transpose?");
  lesson.say(
      "Take 2 words of 4 numbers, 0 to 7, and 2 heads. With a view as (word, head, number) and a "
      "transpose, head 0 gets the first half of each word. A direct view as (head, word, number) "
      "has the same shape, but head 0 gets both halves of word 0, and nothing of word 1.");
  const Tensor numbered = arange(8).view({2, 4});
  lesson.print("2 words", numbered);
  lesson.print("view({2, 2, 2}).transpose(0, 1): right", numbered.view({2, 2, 2}).transpose(0, 1));
  lesson.print("view({2, 2, 2}): wrong", numbered.view({2, 2, 2}));
  const Tensor per_head = s.context_per_head[0];
  const Tensor back = per_head.transpose(0, 1);
  lesson.say(
      "Why contiguous()? transpose moves no numbers in memory. It only exchanges strides, the "
      "distances in memory between neighbours along an axis: those of the context vectors above "
      "change from {} to {}. A view as (3, 6) needs the numbers of each word next to each other, "
      "so they must be copied first.",
      per_head.strides(), back.strides());
  lesson.refused("Without the copy:", [&] { back.view({3, 6}); });

  // mistakes, made on purpose
  lesson.step("what if", "... the heads are cut by view alone?");
  const auto finish = [&](const Tensor& merged) { return lecture.out_proj(merged); };
  const Tensor q = s.queries.split[0];  // (2, 3, 3), of the first text
  const Tensor k = s.keys.split[0];
  const Tensor v = s.values.split[0];
  const auto merge = [](const Tensor& heads) { return heads.transpose(0, 1).reshape({3, 6}); };
  const Labels three_rows{.rows = three};
  const auto viewed = [](const HeadStages::Projected& p) { return p.whole[0].view({2, 3, 3}); };
  lesson.show_from_book("heads_view_without_transpose/context_vecs",
                        finish(merge(contexts_of(viewed(s.queries), viewed(s.keys),
                                                 viewed(s.values), std::sqrt(3.0)))),
                        three_rows);
  lesson.say(
      "The shapes are right and there is no error. But head 0 now has both halves of 'The' and the "
      "first half of 'cat', and head 1 has the rest.");
  lesson.step("what if", "... the heads are merged without transposing back?");
  lesson.show_from_book("heads_not_transposed_back/context_vecs",
                        finish(s.context_per_head[0].reshape({3, 6})), three_rows);
  lesson.say(
      "Again only the numbers are wrong: the first row now joins head 0's context vectors of 'The' "
      "and 'cat', instead of both heads' context vectors of 'The'.");
  lesson.step("what if", "... the scores are divided by sqrt(d_out)?");
  const Tensor by_d_out = finish(merge(contexts_of(q, k, v, std::sqrt(6.0))));
  lesson.show_from_book("heads_scale_by_d_out/context_vecs", by_d_out, three_rows);
  lesson.say_of_the_book(
      "The first row is right: the first word sees only itself, so its weight is 1 for any "
      "divisor. In the other rows no number changes by more than {:.4f}.",
      (by_d_out - s.context_vecs[0]).abs().max().item<double>());
  lesson.step("what if", "... the result of masked_fill is not used?");
  lesson.show_from_book("heads_no_mask/context_vecs",
                        finish(merge(contexts_of(q, k, v, std::sqrt(3.0), /*causal=*/false))),
                        three_rows);
  lesson.say(
      "Then there is no mask. The last row is right, because the last word may see all words.");

  lesson.step("what if", "... the softmax of a batch is over dim = 1?");
  nn::AttentionTrace head0;
  wrapper.heads[0].forward(batch, &head0);
  const Tensor columns_sum_to_1 = softmax(head0.masked_scores / std::sqrt(2.0), 1);
  lesson.show_from_book("pitfall_softmax_dim1/context_vecs", matmul(columns_sum_to_1, head0.v),
                        rows);
  lesson.say_of_the_book(
      "This is head 0 of the wrapper, and the first number should be -0.4519. In (texts, queries, "
      "keys), dim 1 is the queries. The keys are always the last axis, -1.");

  size_of_gpt2(lesson);
  lesson.try_next(
      {"./run lesson 7 --seed 1: do the two heads always look at different words?",
       "./run lesson 7 --text \"the cat sat on the mat\": to which words does each head give "
       "weight?",
       "use 3 heads in the lecture's example: which sizes change, and which stay the same?",
       "lesson 08: the block of GPT, which is built around this layer"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, multi_head_attention); }
