// Lesson 03: attention in translation. The decoder attends to every word, and translates the long
// lists of lesson 02 as well.
#include <algorithm>

#include "gradus.h"
#include "lessons/kit/golden.h"
#include "lessons/kit/lesson.h"
#include "lessons/translation/translators.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 3,
    .title = "Attention in translation",
    .builds = "a decoder that looks back: attention",
    .seconds = 180,
    .goals =
        {"compute Bahdanau's and Luong's scores, weights and context vector with pencil and paper",
         "train them on lesson 02's task, and compare accuracy and cost fairly",
         "read an alignment matrix, and check it against the true alignment"},
    .question =
        "lesson 02's decoder had one vector for the whole sentence and lost long ones. The encoder "
        "had a state after each word. What if the decoder may look at all of them, and learns "
        "where to look?",
    .options = {"seed", "text", "quick", "pairs"},
    .exercises = {"beam_search"},
    .own_text = "A list of German numbers to translate, in words",
};

std::string joined(const Words& words) {
  return terminal::printable(fmt::format("{}", fmt::join(words, " ")));
}
std::string numbers_of(const Tensor& x) {
  return fmt::format("{:.4f}", fmt::join(values_of(x), " "));
}
Tensor golden_tensor(const std::string& name) {
  return golden::get("10_recurrent_and_early_attention/" + name);
}
double number(const Tensor& x) { return x.item<double>(); }

/// Bahdanau's score of one word, number by number. golden/ has PyTorch's values.
void one_score(Lesson& lesson) {
  lesson.step("1", "One score, number by number");
  lesson.say(
      "The encoder has read six words and left six states h1 to h6, of 4 numbers each; the decoder "
      "is in state s. Before it says a word it asks of each h: how useful are you now? Bahdanau, "
      "Cho and Bengio (2015) let a small network answer, score = v . tanh(W s + U h). For h1:");
  const Tensor h = golden_tensor("attention/encoder_states");
  const Tensor s = golden_tensor("attention/decoder_state");
  const Tensor W = golden_tensor("attention/W_a");
  const Tensor U = golden_tensor("attention/U_a");
  const Tensor v = golden_tensor("attention/v_a");
  const Tensor Ws = matmul(W, s);
  const Tensor Uh = matmul(U, h[0]);
  const Tensor answer = tanh(Ws + Uh);
  lesson.lines(fmt::format(
      "  s                    {}\n  h1                   {}\n  W s                  {}\n"
      "  U h1                 {}\n  tanh(W s + U h1)     {}\n  v                    {}\n"
      "  v * tanh(W s + U h1) {}\n  their sum: the score {:.4f}",
      numbers_of(s), numbers_of(h[0]), numbers_of(Ws), numbers_of(Uh), numbers_of(answer),
      numbers_of(v), numbers_of(v * answer), number((v * answer).sum())));
  lesson.equal("PyTorch has the same score", (v * answer).sum(),
               golden_tensor("bahdanau/scores")[0]);

  const Words words{"h1", "h2", "h3", "h4", "h5", "h6"};
  const Tensor scores = matmul(tanh(Ws + matmul(h, U.t())), v);
  const Tensor weights = softmax(scores, -1);
  lesson.print("all six scores", scores, {.columns = words});
  lesson.say(
      "A softmax makes weights of them, and the context vector is the sum of the states, each "
      "times its weight. It goes into the decoder together with the word before, anew at each "
      "step. Nothing here was thrown away in advance.");
  lesson.print("weights", weights, {.columns = words});
  lesson.bars(words, weights);
  lesson.print("context vector", matmul(weights, h));
  lesson.equal("PyTorch has the same context vector", matmul(weights, h),
               golden_tensor("bahdanau/context"));
  lesson.code("nn/bahdanau_attention.h", "scores");

  lesson.step("2", "Luong's scores");
  lesson.say(
      "Luong, Pham and Manning (2015) ask after the decoder's step instead of before it, and with "
      "products: s . h (dot) or s . W h (general). A product of two matrices gives all scores at "
      "once. (Their third, concat, is Bahdanau's with another spelling.)");
  const Tensor dot = matmul(h, s);
  const Tensor general = matmul(matmul(h, W.t()), s);
  lesson.print("dot", dot, {.columns = words});
  lesson.print("general", general, {.columns = words});
  lesson.equal("PyTorch has the same dot scores", dot, golden_tensor("luong_dot/scores"));
  lesson.equal("PyTorch has the same general scores", general,
               golden_tensor("luong_general/scores"));
}

void what_scores_see(Lesson& lesson) {
  lesson.step("3", "What a score depends on");
  lesson.say(
      "On the encoder's states, on the decoder's state, and on nothing that is padding. Change "
      "each, and look:");
  manual_seed(lesson.seed(123));
  const nn::BahdanauAttention attention(4, 4, 4);
  const Tensor states = randn({1, 4, 4});
  const Tensor query = randn({1, 1, 4});
  const Tensor mask = tensor({{1, 1, 1, 0}}) == 1;  // the last is padding
  const auto weights = [&](const Tensor& q, const Tensor& h) {
    return std::get<1>(attention(q, h, mask)).detach();
  };
  const auto with_other = [&](int64_t word) {
    const Tensor changed = states.clone();
    changed[0][word] = randn(4);
    return changed;
  };
  const Tensor before = weights(query, states);
  lesson.print("weights", before.view(4), {.columns = {"word 1", "word 2", "word 3", "padding"}});
  const Tensor other_word = weights(query, with_other(1));
  const Tensor other_query = weights(randn({1, 1, 4}), states);
  lesson.print("with another state of word 2", other_word.view(4));
  lesson.print("with another state of the decoder", other_query.view(4));
  lesson.holds("another word, other weights", !allclose(before, other_word));
  lesson.holds("another decoder state, other weights", !allclose(before, other_query));
  lesson.equal("another padding, the same weights", weights(query, with_other(3)), before, 0);
  lesson.often_asked("May a score leave out the encoder's states?",
                     "Well-known teaching code had such scores for years: a linear layer on the "
                     "word before and the decoder's state. It can learn 'at step 5 look at place "
                     "4', but not 'look where the tens are'.");
}

void cost(Lesson& lesson, const NumberLists& lists, const std::vector<Translator>& models) {
  lesson.step("4", "What a training step costs");
  lesson.say(
      "One step with {} lists of eight numbers, on one thread; the sizes were chosen so that all "
      "have about equally many parameters:",
      kListBatch);
  std::string table = "                   parameters   ms a step   times lesson 02's\n";
  double least = 0;
  const Batch batch = lists.training_batch(NumberLists::kLongest, kListBatch);
  for (const Translator& translator : models) {
    const double ms = 1000 * fastest_step({translator}, batch, lesson.quick() ? 1 : 6);
    if (least == 0) least = ms;
    table += fmt::format("  {:<16} {:>10} {:>11.1f} {:>19.1f}\n", translator.name,
                         translator.size(), ms, ms / least);
  }
  lesson.lines(table);
  const auto [fewest, most] =
      std::minmax_element(models.begin(), models.end(),
                          [](const auto& a, const auto& b) { return a.size() < b.size(); });
  lesson.holds("the largest has at most 10% more parameters than the smallest",
               static_cast<double>(most->size()) <= 1.1 * static_cast<double>(fewest->size()));
  lesson.say(
      "Attention looks at S words for each of T words: its work grows with S T, the rest with S + "
      "T. Dot and general need one product of matrices for it; Bahdanau and concat a tanh of S T "
      "vectors.");
}

/// Draws the attention weights of one list, and measures how often the largest weight is right.
void alignment(Lesson& lesson, const NumberLists& lists, const std::vector<Translator>& models) {
  lesson.step("6", "The alignment");
  lesson.say(
      "The weights say from where each English piece was taken. Nobody told the model. German says "
      "the units before the tens, so the lines must cross:");
  const numbers::Translation t = numbers::translate({27, 786});
  const Batch one = make_batch({{t.german, t.english}}, lists.german, lists.english);
  Tensor weights;
  nn::teacher_forcing(models[1].begin(one), one.target_in, &weights);  // (1, T, S)
  Words rows = t.english;
  rows.push_back("(end)");
  lesson.lines(terminal::draw({.title = "from where " + models[1].name + " takes each word",
                               .values = values_of(weights),
                               .rows = rows,
                               .columns = t.german,
                               .row_axis = "says",
                               .column_axis = "looks at"},
                              lesson.canvas()));
  lesson.say(
      "Is the largest weight on the piece that is translated? In per cent of the pieces of all {} "
      "unseen lists, with the right words given:",
      lists.tests().size() * static_cast<size_t>(lists.tests()[0].source.size(0)));
  std::string table = "                   digits, teens, tens   hundred     all\n";
  std::vector<Alignment> shares;
  for (size_t i = 1; i < models.size(); ++i) {
    shares.push_back(alignment_of(models[i], lists));
    const auto& [values, hundreds, all] = shares.back();
    table += fmt::format("  {:<16} {:>20.1f} {:>9.1f} {:>7.1f}\n", models[i].name, 100 * values,
                         100 * hundreds, 100 * all);
  }
  lesson.lines(table);
  if (!lesson.quick())
    lesson.holds("Bahdanau: at least 90% of digits, teens and tens", shares[0].values >= 0.9,
                 fmt::format("{:.1f}%", 100 * shares[0].values));
  lesson.often_asked(
      "Why not 100, if the translations are right?",
      "Bahdanau's encoder reads in both directions, so the state of 'sieben' in 'siebenhundert' "
      "already says that hundert follows. When 'seven' was said nothing is left to be looked up "
      "for 'hundred'; with some seeds the model uses that look for something else. Luong's encoder "
      "reads forward only and has to look, but it may look one piece too far, where the state "
      "still remembers. Attention shows from where a model reads, not what a word means.");
}

void training(Lesson& lesson, const NumberLists& lists, const std::vector<Translator>& models) {
  lesson.step("5", "The same task, the same budget");
  lesson.say(
      "Lesson 02's lists, {} steps of {} lists, the same lists for all; none of the test lists' "
      "numbers is among them. The models learn side by side, as many at once as there are cores:",
      steps_of(lesson, kListSteps), batch_of(lesson, kListBatch));
  train_on_lists(lesson, models, lists);
  lesson.ask("with attention, how many of 100 lists of eight numbers will be right?",
             {"30", "70", "99"}, 2);
  lesson.say("Lists without any mistake, in per cent, of {} lists of each length:",
             lists.tests()[0].source.size(0));
  std::vector<std::pair<std::string, std::vector<double>>> accuracy;
  for (const Translator& model : models)
    accuracy.emplace_back(model.name, accuracy_by_length(model, lists));
  lesson.lines(accuracy_table(accuracy));
  if (lesson.quick()) return;
  for (const size_t i : {1U, 2U, 3U, 4U, 5U}) {
    const auto& [name, by_length] = accuracy[i];
    const double worst = *std::min_element(by_length.begin(), by_length.end());
    lesson.holds(name + ": at least 95% at every length", worst >= 0.95,
                 fmt::format("{:.1f}%", 100 * worst));
  }
  lesson.holds("at eight numbers one vector is at least 40 points below Bahdanau",
               accuracy[1].second.back() - accuracy[0].second.back() >= 0.4);
  lesson.say(
      "Local-p guesses a place first and looks only at the 10 words on either side. Where the "
      "guess is far off, no gradient says where to look instead: with 5 words, two seeds of three "
      "never learned lists of three numbers.");
}

void your_list(Lesson& lesson, const NumberLists& lists, const Translator& model) {
  const auto pieces = own_list(lesson, lists);
  if (!pieces) return;
  lesson.step("", "Your list");
  const Tensor said =
      translate(model, make_batch({{*pieces, *pieces}}, lists.german, lists.german));
  lesson.lines(fmt::format("  {}\n    {}", numbers::written_german(*pieces),
                           numbers::written_english(lists.english.words(said[0]))));
}

/// Trains on the sentence pairs of the reader's file.
void sentence_pairs(Lesson& lesson, const SplitPairs& pairs) {
  lesson.step("", "Your sentence pairs");
  const std::vector<SentencePair>& learned = pairs.learned;
  std::vector<SentencePair> kept = pairs.kept;
  const Vocabulary source(words_of(learned, &SentencePair::source));
  const Vocabulary target(words_of(learned, &SentencePair::target));
  const auto unknown = [&](const SentencePair& p) {
    return !source.knows(p.source) || !target.knows(p.target);
  };
  const auto known = std::remove_if(kept.begin(), kept.end(), unknown);
  lesson.say(
      "{} pairs to learn from, {} and {} different words; {} pairs are kept for testing, and {} of "
      "those have only words that were learned.",
      learned.size(), source.size() - 3, target.size() - 3, kept.size(), known - kept.begin());
  kept.erase(known, kept.end());
  manual_seed(lesson.seed(123));
  const Translator model = make_translator("Bahdanau", source, target);
  std::vector<std::vector<SentencePair>> batches;
  const auto next = [&](int64_t) {
    if (batches.empty()) batches = in_batches(learned, static_cast<size_t>(kListBatch));
    const Batch batch = make_batch(batches.back(), source, target);
    batches.pop_back();
    return batch;
  };
  const Trained trained =
      train({model}, next, {.steps = steps_of(lesson, kListSteps)}, lesson.progress());
  if (trained.stopped) throw Lesson::Leave{130};
  kept.resize(std::min<size_t>(kept.size(), 8));
  std::string text;
  for (const SentencePair& pair : kept) {
    const Batch one = make_batch({pair}, source, target);
    text += fmt::format("  {}\n    says  {}\n    file  {}\n", joined(pair.source),
                        joined(target.words(translate(model, one)[0])), joined(pair.target));
  }
  lesson.lines(text);
}

void attention_in_translation(Lesson& lesson) {
  manual_seed(lesson.seed(123));
  const SplitPairs pairs = lesson.pairs() ? split(read_pairs(*lesson.pairs())) : SplitPairs();
  const NumberLists lists(lesson.quick() ? 10 : 200);
  own_list(lesson, lists);  // reports a wrong --text before the training
  one_score(lesson);
  what_scores_see(lesson);
  std::vector<Translator> models;
  for (const char* name :
       {"one vector", "Bahdanau", "Luong dot", "Luong general", "Luong concat", "Luong local-p"})
    models.push_back(make_translator(name, lists.german, lists.english));
  cost(lesson, lists, models);
  training(lesson, lists, models);
  alignment(lesson, lists, models);
  your_list(lesson, lists, models[1]);
  if (lesson.pairs()) sentence_pairs(lesson, pairs);
  lesson.try_next(
      {"./run lesson 3 --text \"siebenundzwanzig, dreihundertacht\": your own list",
       "./run pairs > pairs.tsv, then ./run lesson 3 --pairs pairs.tsv: real sentences, from "
       "Debian's dictionary trans-de-en",
       "kListSteps = 1200 in lessons/translation/translating.h: which of them learns fastest?",
       "lesson 04: attention without a decoder, a sentence that looks at itself"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, attention_in_translation); }
