// Lesson 03: attention in translation. The decoder attends to every word, and translates the long
// lists of lesson 02 as well.
#include <algorithm>

#include "gradus.h"
#include "lessons/kit/golden.h"
#include "lessons/kit/kept_models.h"
#include "lessons/kit/lesson.h"
#include "lessons/stages/score_inputs.h"
#include "lessons/translation/own_pairs.h"
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
        "lesson 02's decoder had one vector for the whole sentence and failed on long ones. But "
        "the encoder had a state after each word. What if the decoder could look at all of "
        "these states, and learned where to look?",
    .options = {"seed", "text", "quick", "keep", "pairs"},
    .exercises = {"beam_search"},
    .own_text = "A list of German numbers to translate, in words",
};

std::string numbers_of(const Tensor& x) {
  return fmt::format("{:>7.4f}", fmt::join(values_of(x), " "));
}
Tensor golden_tensor(const std::string& name) {
  return golden::get("10_recurrent_and_early_attention/" + name);
}
double number(const Tensor& x) { return x.item<double>(); }

/// Bahdanau's score of one word, number by number. golden/ has PyTorch's values.
void one_score(Lesson& lesson) {
  lesson.step("1", "One score, number by number");
  lesson.say(
      "The encoder has read six words and has six states h1 to h6, of 4 numbers each; the decoder "
      "is in state s. Before it says a word it asks how useful each h is now. Bahdanau, Cho and "
      "Bengio (2015) let a small network answer: score = v . tanh(W s + U h), where W, U and v are "
      "parameters.");
  const Words words{"h1", "h2", "h3", "h4", "h5", "h6"};
  const Tensor h = golden_tensor("attention/encoder_states");
  const Tensor s = golden_tensor("attention/decoder_state");
  const Tensor W = golden_tensor("attention/W_a");
  const Tensor U = golden_tensor("attention/U_a");
  const Tensor v = golden_tensor("attention/v_a");
  lesson.print("encoder states", h, {.rows = words});
  lesson.print("s", s);
  lesson.print("W", W);
  lesson.print("U", U);
  lesson.print("v", v);
  const Tensor Ws = matmul(W, s);
  const Tensor Uh = matmul(U, h[0]);
  const Tensor answer = tanh(Ws + Uh);
  lesson.say("For h1; each number of W s is a row of W times s:");
  lesson.lines(fmt::format(
      "  W s                  {}\n  U h1                 {}\n  tanh(W s + U h1)     {}\n"
      "  v * tanh(W s + U h1) {}\n  their sum: the score {:>7.4f}",
      numbers_of(Ws), numbers_of(Uh), numbers_of(answer), numbers_of(v * answer),
      number((v * answer).sum())));
  lesson.equal("PyTorch has the same score", (v * answer).sum(),
               golden_tensor("bahdanau/scores")[0]);

  const Tensor scores = matmul(tanh(Ws + matmul(h, U.t())), v);
  const Tensor weights = softmax(scores, -1);
  lesson.print("all six scores", scores, {.columns = words});
  lesson.say(
      "Softmax turns them into weights that sum to 1. The context vector is the sum of the states, "
      "each multiplied by its weight. The decoder reads it together with the previous word, and it "
      "is computed anew at each step. All states stay available until the last one.");
  lesson.print("weights", weights, {.columns = words});
  lesson.bars("weights", words, weights);
  lesson.print("context vector", matmul(weights, h));
  lesson.equal("PyTorch has the same context vector", matmul(weights, h),
               golden_tensor("bahdanau/context"));
  lesson.say(
      "In the library W is W_query and U is W_key, and keys is U h, computed once for a sentence "
      "(B, S, A): B sentences, S words, A numbers. The query (B, T, H) has the states s of T "
      "steps.");
  lesson.code("nn/bahdanau_attention.h", "scores");
}

void luongs_scores(Lesson& lesson) {
  lesson.step("2", "Luong's scores");
  lesson.say(
      "Luong, Pham and Manning (2015) compute scores after the decoder's step instead of before "
      "it, as products: s . h (dot) or s . W h (general). One product of matrices gives all scores "
      "at once. Their third, concat, is Bahdanau's in a different notation.");
  const Words words{"h1", "h2", "h3", "h4", "h5", "h6"};
  const Tensor h = golden_tensor("attention/encoder_states");
  const Tensor s = golden_tensor("attention/decoder_state");
  const Tensor W = golden_tensor("attention/W_a");
  const Tensor dot = matmul(h, s);
  const Tensor general = matmul(matmul(h, W.t()), s);
  lesson.print("dot", dot, {.columns = words});
  lesson.print("general", general, {.columns = words});
  lesson.equal("PyTorch has the same dot scores", dot, golden_tensor("luong_dot/scores"));
  lesson.equal("PyTorch has the same general scores", general,
               golden_tensor("luong_general/scores"));
  const Tensor query = s.unsqueeze(0);         // (1, 4): one query
  const Tensor scores = dot.unsqueeze(0);      // (1, 6)
  const Tensor weights = softmax(scores, -1);  // (1, 6)
  const Tensor context = matmul(weights, h);   // (1, 4)
  lesson.attention(
      "Luong's attention with dot scores",
      {{.trace = {query, h, h, scores, scores, weights, weights, context, context, context}}},
      {"s"}, words,
      {.note = "The decoder's state is the only query; the encoder's states are keys and values."});
  lesson.say(
      "Their local-p is not another score. With the general one, it guesses a position p from s "
      "alone, looks only at the 10 words on either side of p, and multiplies the weights by a bell "
      "curve around it. The window must not be too small: where the guess is far off, no gradient "
      "says where to look instead.");
  lesson.code("nn/luong_attention.h", "positions");
}

void cost(Lesson& lesson, const NumberLists& lists, const std::vector<Translator>& models) {
  lesson.step("4", "What a training step costs");
  lesson.say(
      "One step with {} lists of eight numbers, on one thread. The sizes were chosen so that all "
      "models have about as many parameters:",
      kListBatch);
  std::string table = "                  parameters  ms a step   times lesson 02's\n";
  double least = 0;
  const Batch batch = lists.training_batch(NumberLists::kLongest, kListBatch);
  for (const Translator& translator : models) {
    const double ms = 1000 * fastest_step({translator}, batch, lesson.quick() ? 3 : 6);
    if (least == 0) least = ms;
    table += fmt::format("  {:<14} {:>11} {:>10.1f} {:>19.1f}\n", translator.name,
                         translator.size(), ms, ms / least);
  }
  lesson.lines(table);
  const auto [fewest, most] =
      std::minmax_element(models.begin(), models.end(),
                          [](const auto& a, const auto& b) { return a.size() < b.size(); });
  lesson.holds("the largest has at most 10% more parameters than the smallest",
               static_cast<double>(most->size()) <= 1.1 * static_cast<double>(fewest->size()));
  lesson.say(
      "Attention looks at S words for each of T words, so its work grows with S T; the rest grows "
      "with S + T. For dot and general it is one product of matrices; Bahdanau and concat need the "
      "tanh of S T vectors.");
}

/// Trains the models, or loads those of an earlier run. Returns whether Ctrl-C ended the training.
bool training(Lesson& lesson, const NumberLists& lists, const std::vector<Translator>& models) {
  lesson.step("5", "The same task, the same training");
  const int64_t steps = steps_of(lesson, kListSteps);
  const int64_t size = batch_of(lesson, kListBatch);
  lesson.say(
      "Lesson 02's loop, {} steps of {} lists, the same lists for all. The models learn side by "
      "side, each in a thread of its own. 'one vector' is lesson 02's model with lesson 02's "
      "training. Ctrl-C ends the training; the lesson goes on with what was learned by then.",
      grouped(steps), size);
  lesson.code("lessons/kit/side_by_side.h", "learn_side_by_side");
  const KeptModels kept(lesson, "lesson_03", fmt::format("{} steps of {} lists", steps, size));
  bool stopped = false;
  if (!kept.load(lesson, parameters_of(models))) {
    const ProgressBar::Cost seconds = cost_of_steps(models, lists, steps, size);
    manual_seed(lesson.seed(123));  // the same lists as in lesson 02
    const auto batch_at = [&](int64_t s) { return lists.training_batch(s, steps, size); };
    stopped = train(models, batch_at, {.steps = steps, .cost = seconds}, lesson.progress()).stopped;
    if (!stopped) kept.save(lesson, parameters_of(models));
  }
  std::vector<std::pair<std::string, std::vector<double>>> accuracy;
  for (const Translator& model : models)
    accuracy.emplace_back(model.name, accuracy_by_length(model, lists));
  const double long_lists = accuracy[1].second.back();
  lesson.ask("with Bahdanau's attention, how many of 100 lists of eight numbers are right?",
             {{"fewer than 40", long_lists < 0.4},
              {"40 to 90", long_lists <= 0.9},
              {"more than 90", true}});
  lesson.say("Lists without any mistake, in percent, of {} unseen lists of each length:",
             lists.tests()[0].source.size(0));
  show_accuracy(lesson, accuracy);
  if (stopped)
    lesson.say("These models are half-trained. What they have not learned is not claimed below.");
  if (stopped || lesson.quick()) return stopped;
  for (const size_t i : {1U, 2U, 3U, 4U, 5U}) {
    const auto& [name, by_length] = accuracy[i];
    const double worst = *std::min_element(by_length.begin(), by_length.end());
    lesson.holds(name + ": at least 95% at every length", worst >= 0.95,
                 fmt::format("{:.1f}%", 100 * worst));
  }
  lesson.holds("at eight numbers one vector is at least 40 points below Bahdanau",
               accuracy[1].second.back() - accuracy[0].second.back() >= 0.4);
  return stopped;
}

/// Draws the attention weights of one list, and lists where the largest is not on the piece that is
/// translated.
void alignment_of_one(Lesson& lesson, const NumberLists& lists, const Translator& model,
                      bool learned) {
  lesson.step("6", "The alignment");
  lesson.say(
      "The weights show which German pieces each English piece was taken from. Nobody told the "
      "model this. German says the units before the tens, so there a right alignment is reversed:");
  const numbers::Translation t = numbers::translate({27, 786});
  const Batch one = make_batch({{t.german, t.english}}, lists.german, lists.english);
  Tensor weights;
  nn::teacher_forcing(model.begin(one), one.target_in, &weights);  // (1, T, S)
  Words rows = t.english;
  rows.push_back("(end)");
  lesson.alignment("where " + model.name + " looks", weights[0], rows, t.german);
  const Tensor most = weights[0].argmax(-1);  // (T)
  Words elsewhere;
  for (size_t i = 0; i < t.english.size(); ++i) {
    const auto at = most[static_cast<int64_t>(i)].item<int64_t>();
    if (at != t.alignment[i])
      elsewhere.push_back(fmt::format("\"{}\" looks most at \"{}\"", t.english[i],
                                      t.german[static_cast<size_t>(at)]));
  }
  lesson.say("Pieces whose largest weight is not on the piece that they translate: {}.",
             elsewhere.empty() ? "none" : fmt::format("{}", fmt::join(elsewhere, ", ")));
  lesson.say(
      "{}This encoder reads in both directions, so each state also holds something of its "
      "neighbours. How far does each state move if \"zwanzig\" is replaced by \"dreißig\"? The "
      "length of the difference, divided by that of the state:",
      learned && !elsewhere.empty() ? "That need not be a mistake. " : "");
  Words other = t.german;
  std::replace(other.begin(), other.end(), std::string("zwanzig"), std::string("dreißig"));
  const Tensor states = model.encode(one).states[0].detach();  // (S, K)
  const Batch changed = make_batch({{other, t.english}}, lists.german, lists.english);
  const Tensor moved = model.encode(changed).states[0].detach() - states;
  lesson.bars("how far each state moves", t.german, moved.norm(2, {1}) / states.norm(2, {1}));
}

void alignment(Lesson& lesson, const NumberLists& lists, const std::vector<Translator>& models,
               bool learned) {
  alignment_of_one(lesson, lists, models[1], learned);
  lesson.say(
      "A state that moves tells the decoder about the tens, and the decoder may read them there. "
      "Is the largest weight on the piece that is translated? In percent of the pieces of all {} "
      "unseen lists, while the decoder reads the right words:",
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
  if (!learned) return;
  lesson.holds("Bahdanau: at least 90% of digits, teens and tens", shares[0].values >= 0.9,
               fmt::format("{:.1f}%", 100 * shares[0].values));
  lesson.often_asked(
      "Why not 100, if the translations are right?",
      "Bahdanau's encoder reads in both directions, so the state of 'sieben' in 'siebenhundert' "
      "already says that hundert follows. After 'seven', nothing has to be looked up for "
      "'hundred', so the weights may be anywhere. Luong's encoder reads forward only, but it may "
      "look one piece too far, where the state still remembers the piece before. Attention shows "
      "from which states a model reads, not what a word means.");
}

void attention_in_translation(Lesson& lesson) {
  manual_seed(lesson.seed(123));
  const NumberLists lists(lesson.quick() ? 10 : 200);
  const SplitPairs pairs = lesson.pairs() ? split(read_pairs(*lesson.pairs())) : SplitPairs();
  const auto own = own_list(lesson, lists);  // reports a wrong --text before the training
  one_score(lesson);
  luongs_scores(lesson);
  what_scores_see(lesson);
  manual_seed(lesson.seed(123));  // so the first model is lesson 02's
  std::vector<Translator> models;
  for (const char* name :
       {"one vector", "Bahdanau", "Luong dot", "Luong general", "Luong concat", "Luong local-p"})
    models.push_back(make_translator(name, lists.german, lists.english));
  cost(lesson, lists, models);
  bool stopped = training(lesson, lists, models);
  alignment(lesson, lists, models, !stopped && !lesson.quick());
  if (own) {
    lesson.step("", "Your list");
    lesson.lines(translation_of_own(*own, models[1], lists));
  }
  if (lesson.pairs() && !sentence_pairs(lesson, pairs)) stopped = true;
  if (stopped) throw Lesson::Leave{130};
  lesson.try_next(
      {"./run lesson 3 --text \"siebenundzwanzig, dreihundertacht\": your own list",
       "./run pairs > pairs.tsv, then ./run lesson 3 --pairs pairs.tsv: real sentences, from "
       "Debian's dictionary trans-de-en",
       "kListSteps = 1200 in lessons/translation/training.h: which of them learns fastest?",
       "lesson 04: attention without a decoder, a sentence that looks at itself"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, attention_in_translation); }
