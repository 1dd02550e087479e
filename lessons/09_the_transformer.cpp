// Lesson 09: the Transformer: lesson 02's task without recurrence, and what its heads look at.
#include <algorithm>

#include "gradus.h"
#include "lessons/kit/lesson.h"
#include "lessons/stages/verb_table.h"
#include "lessons/translation/translators.h"
#include "lessons/translation/verb_model.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 9,
    .title = "The Transformer",
    .builds = "the Transformer, which translates",
    .seconds = 150,
    .goals = {"name the three kinds of attention in the Transformer, and say what each may see",
              "say why it needs positions, and which part of its work grows with T * T",
              "measure where heads look, with several seeds, before you say what they do"},
    .question =
        "lesson 03's decoder can look at any word, but encoder and decoder still read one word "
        "after another. The Transformer (Vaswani et al. 2017) has no recurrence. What takes its "
        "place, and what is gained?",
    .options = {"seed", "quick"},
    .exercises = {"sinusoidal_positions", "lion", "llama"},
};

/// The models that learn each kind of sentence, each with a seed of its own.
int64_t seeds_of(const Lesson& lesson) { return lesson.quick() ? 2 : 10; }
Words named(const std::string& what, int64_t count) {
  Words names;
  for (int64_t i = 0; i < count; ++i)
    names.push_back(what + std::to_string(i));
  return names;
}

void positions(Lesson& lesson) {
  lesson.step("1", "All words at once: they need positions");
  lesson.say(
      "Attention is a sum over words, and a sum does not depend on their order. So a vector of C "
      "numbers for each position p is added to that of the word (section 3.5 of the paper): number "
      "2i is sin(p / 10000^(2i/C)), number 2i + 1 the cosine of the same. With C = 8:");
  const Tensor table = nn::sinusoidal_positions(10, 8);
  lesson.heatmap({.title = "positions",
                  .values = values_of(table),
                  .rows = named("", 10),
                  .columns = named("", 8),
                  .low = -1,
                  .row_axis = "position",
                  .column_axis = "number"});
  lesson.say("A block of the encoder reads five words, and then the same in reverse order:");
  manual_seed(lesson.seed(123));
  const nn::TransformerBlock block({.emb_dim = 8, .n_heads = 2, .ff_dim = 16, .drop_rate = 0},
                                   /*in_decoder=*/false);
  const Tensor x = randn({1, 5, 8});
  const Tensor order = tensor({4, 3, 2, 1, 0});
  const auto reversed = [&](const Tensor& t) { return t.index_select(1, order); };
  lesson.equal("without positions each word gets the same vector in any order", block(reversed(x)),
               reversed(block(x)), 1e-5);
  const Tensor at = nn::sinusoidal_positions(5, 8);
  lesson.holds("with positions it gets a different vector",
               !allclose(block(reversed(x) + at), reversed(block(x + at)), 1e-3, 1e-3));
}

void three_attentions(Lesson& lesson, const nn::Transformer& model, const NumberLists& lists) {
  lesson.step("2", "Three attentions");
  lesson.lines(
      fmt::format("  encoder, {0} blocks   German words see all German words\n"
                  "  decoder, {0} blocks   English words see themselves and those before,\n"
                  "                      then all German words (cross-attention)",
                  model.decoder.config.n_layers));
  lesson.code("nn/transformer_block.h", "forward");
  lesson.say(
      "A shortcut and a layer norm follow each attention. Then come a feed-forward layer, which "
      "works on each word separately, and again a shortcut and a layer norm. Each attention has {} "
      "heads. The masks can be tested: if something that a mask hides changes, the result must "
      "stay the same.",
      model.decoder.config.n_heads);
  const NoGradGuard no_grad;
  const numbers::Translation short_one = numbers::translate(7);
  const numbers::Translation long_one = numbers::translate({27, 786});
  const Batch batch =
      make_batch({{short_one.german, short_one.english}, {long_one.german, long_one.english}},
                 lists.german, lists.english);
  const auto scores = [&](const Tensor& source, const Tensor& target) {
    return model.decode(target, model.encode(source, batch.lengths));
  };
  const Tensor before = scores(batch.source, batch.target_in);
  lesson.print("the lengths of two texts, the numbers 7 and 27, 786", batch.lengths);
  const Tensor other_padding = batch.source.clone();
  const Tensor other_end = batch.target_in.clone();
  other_padding[0].slice(0, batch.lengths[0].item<int64_t>()).fill_(5);
  lesson.equal("different padding after 'sieben', the same scores",
               scores(other_padding, batch.target_in), before, 0);
  const int64_t last = batch.target_in.size(1) - 1;
  other_end.select(1, last).fill_(5);
  const Tensor after = scores(batch.source, other_end);
  lesson.equal("a different last English word, the same scores before it", after.narrow(1, 0, last),
               before.narrow(1, 0, last), 0);
  lesson.holds("and different scores at this word",
               !allclose(after.select(1, last), before.select(1, last)));
}

void speed(Lesson& lesson) {
  lesson.step("3", "The time of a training step");
  const int64_t most = lesson.quick() ? 16 : 128;
  const int64_t B = 8;
  const int64_t V = 40;
  lesson.say(
      "A recurrent network needs T steps for T words, and each step waits for the one before. The "
      "Transformer computes all positions together, in a few large matrix products. Scores and "
      "mixtures cost it T * T, since each word is compared with each; all other work grows with T, "
      "and is most of the work while sentences are short. Milliseconds for one training step with "
      "{} pairs of sentences of T words (ratio: Bahdanau / Transformer):",
      B);
  const Vocabulary vocabulary(named("", V - 3));
  std::string table = "      T   one vector   Bahdanau   Transformer   ratio\n";
  double first = 0;
  double ratio = 0;
  for (int64_t T = 8; T <= most; T *= 2) {
    const Tensor ids = randint(3, V, {B, T});
    const Batch batch{
        .source = ids, .lengths = full(B, T), .target_in = ids, .target = ids, .tokens = 2 * B * T};
    std::vector<double> ms;
    for (const char* name : {"one vector", "Bahdanau", "Transformer"}) {
      nn::TransformerConfig config = transformer_config(vocabulary, vocabulary);
      config.context_length = most;
      const Translator translator = std::string(name) == "Transformer"
                                        ? translator_of(name, nn::Transformer(config))
                                        : make_translator(name, vocabulary, vocabulary);
      ms.push_back(1000 * fastest_step({translator}, batch, lesson.quick() ? 3 : 5));
    }
    ratio = ms[1] / ms[2];
    if (first == 0) first = ratio;
    table += fmt::format("  {:>5} {:>12.1f} {:>10.1f} {:>13.1f} {:>7.1f}\n", T, ms[0], ms[1], ms[2],
                         ratio);
  }
  lesson.lines(table);
  lesson.say("From T = 8 to T = {} the ratio {} from {:.1f} to {:.1f}.", most,
             ratio > first ? "grows" : "falls", first, ratio);
  if (!lesson.quick() && ratio > 1)
    lesson.say(
        "On one thread of a CPU, large matrix products are faster than many small ones. On a GPU, "
        "which computes thousands of products at once, steps that wait cost far more.");
}

void train_and_look(Lesson& lesson, const NumberLists& lists, const nn::Transformer& model) {
  lesson.step("4", "Lesson 02's task again");
  const Translator translator = translator_of("Transformer", model);
  lesson.say("The same lists, {} parameters, and the same {} training steps.",
             grouped(translator.size()), grouped(steps_of(lesson, kListSteps)));
  train_on_lists(lesson, {translator}, lists);
  const std::vector<double> accuracy = accuracy_by_length(translator, lists);
  lesson.say("The percentage of unseen lists without a mistake, of {} lists of each length:",
             lists.tests()[0].source.size(0));
  show_accuracy(lesson, {{translator.name, accuracy}});
  if (!lesson.quick())
    lesson.holds("at least 98% at every length",
                 *std::min_element(accuracy.begin(), accuracy.end()) >= 0.98);

  lesson.step("5", "What the heads look at");
  const std::vector<double> heads = aligned_heads(model, lists);
  const auto aligned =
      std::count_if(heads.begin(), heads.end(), [](double share) { return share > 0.5; });
  lesson.ask(
      "how many heads of the last block look at the German piece that is being translated, in most "
      "cases?",
      {{"all of them", aligned == std::ssize(heads)}, {"none", aligned == 0}, {"some", true}});
  lesson.say(
      "How often the largest weight of each head in the decoder's last cross-attention is on the "
      "piece that is being translated:");
  lesson.bars("share of pieces", named("head ", model.decoder.config.n_heads),
              tensor(heads, kFloat32));
  const NoGradGuard no_grad;
  const numbers::Translation t = numbers::translate({27, 786});
  const Batch one = make_batch({{t.german, t.english}}, lists.german, lists.english);
  std::vector<nn::BlockTrace> traces;
  model.decode(one.target_in, model.encode(one.source, one.lengths), &traces);
  Words rows = t.english;
  rows.push_back("(end)");
  const auto draw_head = [&](size_t h) {
    lesson.alignment(fmt::format("head {}", h),
                     traces.back().cross.weights[0][static_cast<int64_t>(h)], rows, t.german);
  };
  const auto [worst, best] = std::minmax_element(heads.begin(), heads.end());
  draw_head(static_cast<size_t>(best - heads.begin()));
  draw_head(static_cast<size_t>(worst - heads.begin()));
  lesson.attention("the decoder's last cross-attention", {{.trace = traces.back().cross}}, rows,
                   t.german,
                   {.note = "Queries are the English pieces, keys and values the German ones. No "
                            "piece is hidden."});
  if (!lesson.quick())
    lesson.say(
        "These are the heads that do it most often and least often. No head was trained to align. "
        "In lesson 03 there was only one attention, which had to do it all. Here several heads in "
        "several blocks share the work.");
}

/// The attention of a model on a sentence.
page::AttentionStep attention_at(int64_t step, const VerbModel& model, const Tensor& sentence) {
  const NoGradGuard no_grad;
  page::AttentionStep at{.step = step};
  model(sentence, &at.trace);
  return at;
}

/// Trains one model after another, each with a seed of its own, and measures them. `first` gets the
/// attention of the first model on a sentence while it learns.
std::vector<AtTheGap> models_of_seeds(Lesson& lesson, const AgreementGrammar& grammar,
                                      bool with_stood, const Tensor& sentence,
                                      std::vector<page::AttentionStep>& first) {
  const int64_t seeds = seeds_of(lesson);
  const int64_t steps = lesson.quick() ? 8 : 400;
  std::vector<AtTheGap> all;
  ProgressBar progress(with_stood ? "'stood'" : "'was' and 'were'", seeds * steps,
                       lesson.progress());
  for (int64_t seed = 1; seed <= seeds; ++seed) {
    manual_seed(static_cast<uint64_t>(seed));
    const VerbModel model(grammar.words.size());
    optim::Adam optimizer(model.parameters(), {.lr = 3e-3});
    for (int64_t s = 0; s < steps && progress.going(); ++s) {
      if (seed == 1 && s % (steps / 8) == 0) first.push_back(attention_at(s, model, sentence));
      const AgreementSentences batch = grammar.draw(32, s % 4, s % 8 >= 4, with_stood);
      optimizer.zero_grad();
      const Tensor loss = cross_entropy(model(batch.words), batch.plural);
      loss.backward();
      optimizer.step();
      progress.step(loss.item<double>(), batch.words.numel());
    }
    if (progress.stopped()) throw Lesson::Leave{130};
    if (seed == 1) first.push_back(attention_at(steps, model, sentence));
    all.push_back(measure(model, grammar, with_stood, lesson.quick() ? 20 : 300));
  }
  progress.going();
  return all;
}

/// On the page: what the first model looks at while it learns.
void show_learning(Lesson& lesson, const std::string& kind, const Words& words,
                   const std::vector<page::AttentionStep>& steps) {
  const Tensor at_gap = steps.back().trace.weights[0][0][-1];  // (T)
  const auto most = static_cast<size_t>(at_gap.argmax().item<int64_t>());
  lesson.attention(
      kind + ": the model with seed 1 learns", steps, words, words,
      {.note = fmt::format("The last row is the gap, where the verb is chosen. After "
                           "{} steps it gives '{}' the most weight, {:.2f}.",
                           steps.back().step, words[most], at_gap.max().item<double>())});
}

void agreement(Lesson& lesson) {
  lesson.step("6", "Who jumped?");
  lesson.say(
      "\"The cat that was sitting on the mat, which was next to the dog, jumped.\" The cat jumped, "
      "although the dog is nearer to the verb. In the present tense the verb shows who it was: the "
      "cat ... jumps, the cats ... jump. A small grammar makes such sentences, with any number of "
      "clauses between subject and verb. In the first kind of sentence only the subject determines "
      "the verb; in the second kind 'was' or 'were' shows it, too:");
  manual_seed(lesson.seed(123));
  const AgreementGrammar grammar;
  Tensor sentences[2];  // the first of each kind
  for (const bool with_stood : {true, false}) {
    std::string text;
    for (const auto& [clauses, opening] : {std::pair{1, true}, {2, false}}) {
      const AgreementSentences drawn = grammar.draw(1, clauses, opening, with_stood);
      if (opening) sentences[with_stood] = drawn.words;
      text += terminal::wrap(grammar.text(drawn, 0), 80, 2);
    }
    lesson.lines(text);
  }
  lesson.say(
      "A model of one block with one head reads the words before the verb and then a mark, the "
      "gap, whose vector chooses the verb. {} models learn each kind of sentence, each with its "
      "own seed. How much weight does the gap give to the subject, to the 'stood', 'was' or 'were' "
      "after it, and to all other nouns together? In the tables 'one' stands for sentences about "
      "one animal (the cat), 'many' for those about several (the cats).",
      seeds_of(lesson));
  lesson.code("lessons/translation/verb_model.h", "VerbModel");
  std::vector<page::AttentionStep> learning[2];  // of the first model of each kind
  std::vector<AtTheGap> models[2];
  for (const bool with_stood : {true, false})
    models[with_stood] =
        models_of_seeds(lesson, grammar, with_stood, sentences[with_stood], learning[with_stood]);
  const auto& [of_was, of_stood] = models;
  const MeanAtTheGap was = mean_of(of_was);
  lesson.ask("in sentences with 'was' and 'were', what gets more weight?",
             {{"the subject", was.subject > was.copula}, {"'was' or 'were'", true}});
  show_models(lesson, of_stood, /*with_stood=*/true);
  show_learning(lesson, "'stood'", grammar.words.words(sentences[1][0]), learning[1]);
  show_models(lesson, of_was, /*with_stood=*/false);
  show_learning(lesson, "'was' and 'were'", grammar.words.words(sentences[0][0]), learning[0]);
  if (!lesson.quick())
    lesson.say(
        "All of these models give the right answer, but they look at different words to find it. "
        "If there is another clue, they need not look at the subject. So a picture of attention "
        "says something about one model only; a claim needs several seeds and a measurement.");
}

void transformer(Lesson& lesson) {
  set_num_threads(1);  // a step of such a small model ends before a second thread has started
  manual_seed(lesson.seed(123));
  const NumberLists lists(lesson.quick() ? 4 : 100);
  positions(lesson);
  manual_seed(lesson.seed(123));
  const nn::Transformer model(transformer_config(lists.german, lists.english));
  three_attentions(lesson, model, lists);
  speed(lesson);
  train_and_look(lesson, lists, model);
  agreement(lesson);
  lesson.try_next({"./run lesson 9 --seed 1: do the same heads align?",
                   "n_heads = 1 in lessons/translation/translators.h: is every length still right?",
                   "VerbModel without positions: can it still find the subject?",
                   "lesson 10: the decoder alone, which is a GPT, on one page"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, transformer); }
