// Lesson 09: the Transformer. Lesson 02's task without recurrence, all words at once; and a
// measurement of what its heads attend to.
#include <algorithm>
#include <array>

#include "gradus.h"
#include "lessons/kit/lesson.h"
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
    .goals = {"name the three attentions of the Transformer, and say what each may see",
              "say why it needs positions, and why it learns faster than a recurrent network on "
              "long sentences",
              "measure where a head looks, over several seeds, before you say what it does"},
    .question =
        "lesson 03's decoder looks wherever it wants, but both halves still read word after word. "
        "Vaswani et al. (2017) leave the recurrence out: attention is all they need. What has to "
        "be put in its place, and what is gained?",
    .options = {"seed", "quick"},
    .exercises = {"sinusoidal_positions", "lion", "llama"},
};

double number(const Tensor& x) { return x.item<double>(); }
Words named(const std::string& what, int64_t count) {
  Words names;
  for (int64_t i = 0; i < count; ++i)
    names.push_back(what + std::to_string(i));
  return names;
}

void positions(Lesson& lesson) {
  lesson.step("1", "Words at once, so their order must be said");
  lesson.say(
      "Attention is a sum over words, and a sum has no order. So each place gets a pattern of its "
      "own, sines and cosines of different speed (section 3.5 of the paper), which is added to the "
      "word. Of 8 numbers, for 10 places:");
  const Tensor table = nn::sinusoidal_positions(10, 8);
  lesson.lines(terminal::draw({.title = "(1 + position) / 2",
                               .values = values_of((table + 1) / 2),
                               .rows = named("place ", 10),
                               .columns = named("", 8),
                               .row_axis = "position",
                               .column_axis = "number"},
                              lesson.canvas()));
  lesson.say(
      "Proof that they are needed: a block of the encoder, and five words in this order and "
      "backward.");
  manual_seed(lesson.seed(123));
  const nn::TransformerBlock block({.emb_dim = 8, .n_heads = 2, .ff_dim = 16, .drop_rate = 0},
                                   /*in_decoder=*/false);
  const Tensor x = randn({1, 5, 8});
  const Tensor order = tensor({4, 3, 2, 1, 0});
  const auto backward = [&](const Tensor& t) { return t.index_select(1, order); };
  lesson.equal("without positions each word gets the same, wherever it stands", block(backward(x)),
               backward(block(x)), 1e-5);
  const Tensor at = nn::sinusoidal_positions(5, 8);
  lesson.holds("with positions it does not",
               !allclose(block(backward(x) + at), backward(block(x + at)), 1e-3, 1e-3));
}

void three_attentions(Lesson& lesson, const nn::Transformer& model, const NumberLists& lists) {
  lesson.step("2", "Three attentions");
  lesson.lines(
      fmt::format("  encoder, {0} blocks   each German word looks at all German words\n"
                  "  decoder, {0} blocks   each English word looks at itself and those before it,\n"
                  "                      and then at all German words (cross-attention)",
                  model.decoder.config.n_layers));
  lesson.code("nn/transformer_block.h", "forward");
  lesson.say(
      "After each: a shortcut and a layer norm; then two linear layers for each word by itself, "
      "again with both. {} heads look at different things side by side. What is said by the masks "
      "can be tested: change what is hidden, and nothing may change.",
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
  lesson.print("lengths", batch.lengths, {.columns = {"sieben", "27, 786"}});
  const Tensor other_padding = batch.source.clone();
  const Tensor other_end = batch.target_in.clone();
  other_padding[0].slice(0, batch.lengths[0].item<int64_t>()).fill_(5);
  lesson.equal("other padding behind 'sieben', the same scores",
               scores(other_padding, batch.target_in), before, 0);
  const int64_t last = batch.target_in.size(1) - 1;
  other_end.select(1, last).fill_(5);
  const Tensor after = scores(batch.source, other_end);
  lesson.equal("another last English word, the same scores before it", after.narrow(1, 0, last),
               before.narrow(1, 0, last), 0);
  lesson.holds("and others at it", !allclose(after.select(1, last), before.select(1, last)));
}

void speed(Lesson& lesson) {
  lesson.step("3", "Speed at growing length");
  const int64_t most = lesson.quick() ? 16 : 128;
  const int64_t B = 8;
  const int64_t V = 40;
  lesson.say(
      "A recurrent network takes T steps, each waiting for the one before. Here all places are "
      "computed together, as a few large products of matrices. Milliseconds for a training step, "
      "{} sentences of T words each way:",
      B);
  Words letters;
  for (int64_t i = 3; i < V; ++i)
    letters.push_back(std::to_string(i));
  const Vocabulary vocabulary(letters);
  std::string table = "      T   one vector   Bahdanau   Transformer   Bahdanau / Transformer\n";
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
      ms.push_back(1000 * fastest_step({translator}, batch, lesson.quick() ? 1 : 5));
    }
    ratio = ms[1] / ms[2];
    if (first == 0) first = ratio;
    table += fmt::format("  {:>5} {:>12.1f} {:>10.1f} {:>13.1f} {:>24.1f}\n", T, ms[0], ms[1],
                         ms[2], ratio);
  }
  lesson.lines(table);
  lesson.say(
      "With one thread on a CPU the gain is that a product of large matrices is faster than many "
      "small ones. Where thousands of products run at once, as on a GPU, T steps that wait for "
      "each other cost far more: that is why it was built.");
}

void train_and_look(Lesson& lesson, const NumberLists& lists, const nn::Transformer& model) {
  lesson.step("4", "Lesson 02's task again");
  const Translator translator = translator_of("Transformer", model);
  lesson.say("The same lists, {} parameters, and the same {} steps.", translator.size(),
             steps_of(lesson, kListSteps));
  train_on_lists(lesson, {translator}, lists);
  const std::vector<double> accuracy = accuracy_by_length(translator, lists);
  lesson.say("Unseen lists without any mistake, in per cent, of {} of each length:",
             lists.tests()[0].source.size(0));
  lesson.lines(accuracy_table({{translator.name, accuracy}}));
  if (!lesson.quick())
    lesson.holds("at least 98% at every length",
                 *std::min_element(accuracy.begin(), accuracy.end()) >= 0.98);

  lesson.step("5", "What the heads look at");
  const std::vector<double> heads = aligned_heads(model, lists);
  lesson.ask(
      "each head of the last block: does it look at the German piece that is being translated?",
      {"all of them do", "some do", "none does"}, 1);
  lesson.say(
      "How often a head of the decoder's last cross-attention looks most at the piece that is "
      "translated:");
  lesson.bars(named("head ", model.decoder.config.n_heads), tensor(heads, kFloat32));
  const NoGradGuard no_grad;
  const numbers::Translation t = numbers::translate({27, 786});
  const Batch one = make_batch({{t.german, t.english}}, lists.german, lists.english);
  std::vector<nn::BlockTrace> traces;
  model.decode(one.target_in, model.encode(one.source, one.lengths), &traces);
  Words rows = t.english;
  rows.push_back("(end)");
  const auto draw_head = [&](size_t h) {
    lesson.lines(terminal::draw(
        {.title = fmt::format("head {}", h),
         .values = values_of(traces.back().cross.weights[0][static_cast<int64_t>(h)]),
         .rows = rows,
         .columns = t.german,
         .row_axis = "says",
         .column_axis = "looks at"},
        lesson.canvas()));
  };
  const auto [worst, best] = std::minmax_element(heads.begin(), heads.end());
  draw_head(static_cast<size_t>(best - heads.begin()));
  draw_head(static_cast<size_t>(worst - heads.begin()));
  lesson.say(
      "No head was told to align. In lesson 03 the one attention had to do it; here the work is "
      "shared, and a head by itself need not mean anything to us.");
}

/// Trains one model after another, each with a seed of its own, and measures them.
std::vector<AtTheGap> models_of_seeds(Lesson& lesson, const AgreementGrammar& grammar,
                                      bool with_stood) {
  const int64_t seeds = lesson.quick() ? 2 : 10;
  const int64_t steps = lesson.quick() ? 8 : 400;
  std::vector<AtTheGap> all;
  ProgressBar progress(with_stood ? "models of 'stood'" : "models of 'was' and 'were'",
                       seeds * steps, lesson.progress());
  for (int64_t seed = 1; seed <= seeds; ++seed) {
    manual_seed(static_cast<uint64_t>(seed));
    const VerbModel model(grammar.words.size());
    optim::Adam optimizer(model.parameters(), {.lr = 3e-3});
    for (int64_t s = 0; s < steps && progress.going(); ++s) {
      const AgreementSentences batch = grammar.draw(32, s % 4, s % 8 >= 4, with_stood);
      optimizer.zero_grad();
      const Tensor loss = cross_entropy(model(batch.words), batch.plural);
      loss.backward();
      optimizer.step();
      progress.step(number(loss), batch.words.numel());
    }
    if (progress.stopped()) throw Lesson::Leave{130};
    all.push_back(measure(model, grammar, with_stood, lesson.quick() ? 20 : 300));
  }
  progress.going();
  return all;
}

/// Prints a table with one line for each model, and a summary.
void show_models(Lesson& lesson, const std::vector<AtTheGap>& models, bool with_stood) {
  const std::string copula_name = with_stood ? "stood" : "was or were";
  std::string table = fmt::format(
      "                             subject        {:>12}         other nouns\n"
      "  seed   verbs right       one   many        one   many         one   many\n",
      copula_name);
  double worst = 1;
  double subject = 0;
  double copula = 0;
  double least = 1;
  double most = 0;
  for (size_t i = 0; i < models.size(); ++i) {
    const AtTheGap& m = models[i];
    table +=
        fmt::format("  {:>4} {:>12.1f}% {:>9.2f} {:>6.2f} {:>10.2f} {:>6.2f} {:>11.2f} {:>6.2f}\n",
                    i + 1, 100 * m.right, m.subject[0], m.subject[1], m.copula[0], m.copula[1],
                    m.nouns[0], m.nouns[1]);
    worst = std::min(worst, m.right);
    for (const size_t many : {0U, 1U}) {
      subject += m.subject[many] / static_cast<double>(2 * models.size());
      copula += m.copula[many] / static_cast<double>(2 * models.size());
      least = std::min(least, m.subject[many]);
      most = std::max(most, m.subject[many]);
    }
  }
  lesson.lines(table);
  lesson.say(
      "The worst of them is right in {:.1f}%. The subject gets {:.2f} in the mean, from {:.2f} to "
      "{:.2f}; '{}' gets {:.2f}.",
      100 * worst, subject, least, most, copula_name, copula);
  if (!lesson.quick()) lesson.holds("every model chooses right in at least 95%", worst >= 0.95);
}

void agreement(Lesson& lesson) {
  lesson.step("6", "Who jumped?");
  lesson.say(
      "\"The cat that was sitting on the mat, which was next to the dog, jumped.\" The cat did, "
      "though the dog stands nearest. In the present tense one hears it: the cat ... jumps, the "
      "cats ... jump. A small grammar makes such sentences, with any number of clauses between "
      "subject and verb. In one form nothing but the subject tells the verb, in the other its "
      "'was' or 'were' does too:");
  manual_seed(lesson.seed(123));
  const AgreementGrammar grammar;
  for (const bool with_stood : {true, false}) {
    std::string text;
    for (const auto& [clauses, opening] : {std::pair{1, true}, {2, false}})
      text += terminal::wrap(grammar.text(grammar.draw(1, clauses, opening, with_stood), 0), 80, 2);
    lesson.lines(text);
  }
  lesson.say(
      "A model of one block with one head reads up to the gap and chooses the verb; one after "
      "another learns it, each from a seed of its own. How much weight does the gap give to the "
      "subject, to the 'stood', 'was' or 'were' behind it, and to all other nouns together? For a "
      "subject of one, and of many:");
  lesson.ask("where will the models look that know 'was' and 'were'?",
             {"at the subject", "at was or were"}, 1);
  for (const bool with_stood : {true, false})
    show_models(lesson, models_of_seeds(lesson, grammar, with_stood), with_stood);
  lesson.say(
      "The sentence is the same and so is the answer; where the model looks depends on what else "
      "would do. To look at the subject is one way of being right. So a picture of attention is a "
      "fact about one model, and a claim about attention needs more than one seed and a "
      "measurement.");
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
                   "leave the positions out of VerbModel: can it still find the subject?",
                   "./run exercise llama: only the decoder, without cross-attention: a small Llama",
                   "lesson 10: the decoder alone, as a GPT on one page"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, transformer); }
