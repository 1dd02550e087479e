// Lesson 02: encoder and decoder. A sentence becomes one vector, and the vector becomes another
// sentence, until the vector is too small.
#include <algorithm>
#include <cmath>

#include "gradus.h"
#include "lessons/kit/kept_models.h"
#include "lessons/kit/lesson.h"
#include "lessons/stages/recurrent.h"
#include "lessons/translation/translators.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 2,
    .title = "Encoder and decoder",
    .builds = "a translator: encoder and decoder",
    .seconds = 150,
    .goals =
        {"say what the hidden state of a recurrent network is, and compute one step of it by hand",
         "build a translator from an encoder and a decoder, and write the loop that trains it",
         "measure for which sentences the one vector between the two is too small"},
    .question =
        "a sentence can be long, a vector always has the same length. What is lost when one "
        "must fit into the other?",
    .options = {"seed", "text", "quick", "keep"},
    .exercises = {"training_loop"},
    .own_text = "A list of German numbers to translate, in words",
};

std::string joined(const Words& words) { return fmt::format("{}", fmt::join(words, " ")); }
double number(const Tensor& x) { return x.item<double>(); }

void task(Lesson& lesson, const NumberLists& lists) {
  lesson.step("1", "A translation that is exactly right or wrong");
  lesson.say(
      "The task: numbers in German words, to be translated into English. German says the units "
      "before the tens, so translating word by word fails. The words are cut into pieces:");
  const numbers::Translation t = numbers::translate({23, 107});
  lesson.lines(fmt::format("  {}  =  {}\n  {}  =  {}", joined(t.german),
                           numbers::written_german(t.german), joined(t.english),
                           numbers::written_english(t.english)));
  Words origins;
  for (size_t i = 0; i < t.english.size(); ++i)
    origins.push_back(fmt::format("\"{}\" from \"{}\"", t.english[i],
                                  t.german[static_cast<size_t>(t.alignment[i])]));
  lesson.say("Each English piece comes from one German piece: {}.",
             fmt::format("{}", fmt::join(origins, "; ")));
  lesson.say(
      "A sentence is a list of 1 to {} numbers below 1000. So we can choose its length, and we "
      "never run out of examples. {} of the 1000 numbers are never trained on; the test lists "
      "consist of these alone, so a model that only memorises fails the test.",
      NumberLists::kLongest, numbers::below_thousand(true).size());
  const Batch batch = make_batch({{numbers::translate(7).german, numbers::translate(7).english},
                                  {numbers::translate(23).german, numbers::translate(23).english}},
                                 lists.german, lists.english);
  lesson.say(
      "To the program a piece is an integer. There are {} German and {} English ones, where 0 is "
      "padding, 1 is the start and 2 is the end. Here are two sentences as one batch:",
      lists.german.size(), lists.english.size());
  lesson.print("source", batch.source, {.rows = {"sieben", "drei und zwanzig"}});
  lesson.print("target", batch.target, {.rows = {"seven (end)", "twenty three (end)"}});
}

void two_halves(Lesson& lesson, const NumberLists& lists, const nn::Encoder& encoder,
                const nn::Decoder& decoder) {
  lesson.step("4", "Two halves and the vector between");
  const numbers::Translation t = numbers::translate(23);
  const Batch batch = make_batch({{t.german, t.english}}, lists.german, lists.english);
  const nn::Encoded encoded = encoder(batch.source, batch.lengths);
  lesson.say(
      "The encoder, a GRU, reads '{}' and returns its last state: {} numbers for the sentence. The "
      "decoder, another GRU, learns nothing else about the German words: it starts from tanh of "
      "bridge, a linear layer (W x + b), of these numbers. tok_emb, a table, has a vector for each "
      "piece; self.scope() is for drawings of the graph. Shapes: B sentences, S German pieces, W "
      "directions of reading, here 1; a GRU's state has H numbers, an encoder's K = W H.",
      joined(t.german), encoded.last.numel());
  lesson.code("nn/encoder.h", "forward");
  lesson.code("nn/decoder.h", "begin");
  lesson.say(
      "The decoder says one word and reads it as its next input, until it says 'end'. In training "
      "it reads the right word even where it said a wrong one (teacher forcing), so all its steps "
      "can be corrected at once:");
  std::string table = "  step   it reads   it should say\n";
  for (int64_t i = 0; i < batch.target.size(1); ++i)
    table += fmt::format("  {:<6} {:<10} {}\n", i + 1,
                         lists.english.word(batch.target_in[0][i].item<int64_t>()),
                         lists.english.word(batch.target[0][i].item<int64_t>()));
  lesson.lines(table);

  lesson.step("5", "From scores to a loss");
  const Tensor logits = nn::teacher_forcing(decoder.begin(encoded), batch.target_in);
  const Tensor scores = logits[0][0].detach();
  const auto right = batch.target[0][0].item<int64_t>();
  const Tensor p = softmax(scores, -1)[right];
  lesson.say(
      "At each step the decoder gives a score (a logit) to each of the {} English pieces, and "
      "softmax turns the scores into probabilities: e to the score, divided by the sum of that "
      "over all pieces. The loss of the step is -log p, where p is the probability of the right "
      "piece: 0 if the model is certain of it, and large if it thinks it unlikely.",
      lists.english.size());
  lesson.lines(
      fmt::format("  score of '{}'   {:.4f}\n"
                  "  p = e^score / sum   {:.4f} / {:.4f} = {:.4f}\n"
                  "  loss = -log p       {:.4f}",
                  t.english[0], number(scores[right]), number(exp(scores[right])),
                  number(exp(scores).sum()), number(p), -number(log(p))));
  const Tensor losses = -log_softmax(logits[0], -1).gather(1, batch.target[0].unsqueeze(1));
  lesson.equal("the mean over all steps is cross_entropy", losses.mean(),
               batch_loss(logits, batch));
  const double loss = number(batch_loss(logits, batch));
  const double guess = std::log(static_cast<double>(lists.english.size()));
  lesson.say(
      "This model is untrained. Guessing gives each piece 1/{}, and the loss ln {} = {:.4f}.",
      lists.english.size(), lists.english.size(), guess);
  lesson.holds("untrained is about as good as guessing", std::abs(loss - guess) < 0.5,
               fmt::format("{:.4f}", loss));
}

/// Trains a translator: a step for each batch. The learning rate rises for 300 steps and then falls
/// to 0.
Trained learn(const Translator& model, const std::function<Batch(int64_t)>& batch_of, int64_t steps,
              ProgressBar& progress) {
  optim::Adam optimizer(model.parameters, {.lr = 2.5e-3, .betas = {0.9, 0.98}});
  optim::CosineSchedule schedule(
      optimizer, {.warmup_steps = std::min<int64_t>(300, steps), .total_steps = steps});
  while (progress.going()) {
    const Batch batch = batch_of(progress.steps_done());
    optimizer.zero_grad();                                       // forget the last gradients
    const Tensor loss = batch_loss(model.logits(batch), batch);  // how wrong is it?
    loss.backward();                                             // a gradient for each number
    nn::utils::clip_grad_norm_(model.parameters, 1.0);           // no step is too long
    optimizer.step();                                            // against the gradient
    schedule.step();
    progress.step(number(loss), batch.tokens);
  }
  return {progress.steps_done(), progress.stopped(), progress.seconds_per_step()};
}

void train_and_test(Lesson& lesson, const NumberLists& lists, const Translator& translator) {
  lesson.step("6", "Training");
  const int64_t steps = steps_of(lesson, kListSteps);
  const int64_t size = batch_of(lesson, kListBatch);
  lesson.say(
      "The loop of lesson 01 with four changes. Each step gets new examples, {} lists of one "
      "length. The optimiser is Adam instead of SGD: it divides each gradient by its usual size, "
      "so that each parameter has a learning rate of its own. Gradients that are too long are "
      "scaled down. And the learning rate is not constant: the schedule raises it during the first "
      "steps, while Adam measures, and then lowers it to 0, so that the last steps are small. "
      "There are {} parameters and {} steps. Ctrl-C ends the training early and shows what was "
      "learned so far.",
      size, grouped(translator.size()), grouped(steps));
  lesson.code("learn");
  const KeptModels kept(lesson, "lesson_02", fmt::format("{} steps of {} lists", steps, size));
  if (!kept.load(lesson, parameters_of({translator}))) {
    const ProgressBar::Cost cost = cost_of_steps({translator}, lists, steps, size);
    manual_seed(lesson.seed(123));  // the same lists as in lesson 03
    const auto batch_at = [&](int64_t s) { return lists.training_batch(s, steps, size); };
    ProgressBar progress(translator.name, steps, lesson.progress(), cost, 64);
    if (learn(translator, batch_at, steps, progress).stopped)
      leave_after(lesson, {translator}, lists);
    kept.save(lesson, parameters_of({translator}));
  }

  lesson.step("7", "Let it speak");
  lesson.say(
      "Now nobody gives it the right words. At each step it takes the most likely piece and goes "
      "on from that (greedy decoding). Lists that it has never seen:");
  for (const size_t i : {0U, 1U, 3U, 7U})
    lesson.lines(translations(translator, lists.tests()[i], 2, lists.german, lists.english,
                              lesson.text_width()));
  if (const auto pieces = own_list(lesson, lists)) {
    lesson.say("And yours:");
    lesson.lines(translation_of_own(*pieces, translator, lists));
  }

  lesson.step("8", "Accuracy against length");
  const std::vector<double> accuracy = accuracy_by_length(translator, lists);
  lesson.ask("of 100 lists of eight numbers, how many are translated without a mistake?",
             {{"more than 90", accuracy.back() > 0.9},
              {"40 to 90", accuracy.back() >= 0.4},
              {"fewer than 40", true}});
  lesson.say("Lists without any mistake, in percent, of {} lists of each length:",
             lists.tests()[0].source.size(0));
  lesson.lines(accuracy_table({{translator.name, accuracy}}));
  lesson.bars("share of right lists, by length", {"1", "2", "3", "4", "5", "6", "7", "8"},
              tensor(accuracy, kFloat64));
  if (lesson.quick()) return;
  lesson.say(
      "Every list goes through the same {} numbers, and a list of eight has eight times as "
      "much to say.",
      plain_config(lists.german, lists.english).hidden_size);
  lesson.say("Most translations above begin well; look where the wrong ones go wrong.");
  lesson.holds("single numbers are right, unseen ones too", accuracy.front() >= 0.95,
               fmt::format("{:.1f}%", 100 * accuracy.front()));
  lesson.holds("lists of eight are not", accuracy.back() <= 0.6,
               fmt::format("{:.1f}%", 100 * accuracy.back()));
}

// Numbers that leave the remainder 5 when divided by 11 are for testing.
int64_t test_number(int64_t n) { return n - n % 11 + 5; }
int64_t training_number(int64_t n) { return n % 11 == 5 ? n + 1 : n; }

void up_to_millions(Lesson& lesson) {
  lesson.step("9", "A long number is not a long list");
  lesson.say(
      "Does it depend on the number of words? Single numbers up to {} have as many pieces as a "
      "list of two or three. A new model of the same size is trained on them:",
      grouped(numbers::kLargest));
  const Vocabulary german(numbers::all_german());
  const Vocabulary english(numbers::all_english());
  const auto draw = [&](bool test, int64_t count) {
    std::vector<SentencePair> pairs;
    const Tensor drawn = randint(0, numbers::kLargest - 11, count);
    for (int64_t i = 0; i < count; ++i) {
      const auto n = drawn[i].item<int64_t>();
      const numbers::Translation t = numbers::translate(test ? test_number(n) : training_number(n));
      pairs.push_back({t.german, t.english});
    }
    return make_batch(pairs, german, english);
  };
  const int64_t steps = steps_of(lesson, kListSteps);
  manual_seed(lesson.seed(123));
  const Translator translator = make_translator("one vector", german, english);
  const Batch test = draw(true, lesson.quick() ? 10 : 200);
  const KeptModels kept(lesson, "lesson_02_numbers", fmt::format("{} steps", steps));
  bool stopped = false;
  if (!kept.load(lesson, parameters_of({translator}))) {
    ProgressBar progress("single numbers", steps, lesson.progress(), {}, 64);
    const auto batch = [&](int64_t) { return draw(false, kListBatch); };
    stopped = learn(translator, batch, steps, progress).stopped;
    if (!stopped) kept.save(lesson, parameters_of({translator}));
  }
  lesson.lines(translations(translator, test, 3, german, english, lesson.text_width()));
  const double right = exactly_right(translator, test);
  lesson.say("Of {} unseen numbers {:.1f}% are translated without a mistake.", test.source.size(0),
             100 * right);
  if (stopped) throw Lesson::Leave{130};
  if (lesson.quick()) return;
  lesson.holds("one long number fits into the vector", right >= 0.9,
               fmt::format("{:.1f}%", 100 * right));
  lesson.say(
      "So the number of words is not what counts, but how much they say. One of 10 million numbers "
      "is a choice of log2(10,000,000) = {:.1f} bits; a list of eight numbers below 1000 is one of "
      "8 log2(1000) = {:.1f} bits, and each of them must keep its place.",
      std::log2(1e7), 8 * std::log2(1e3));
}

void what_if(Lesson& lesson, const NumberLists& lists, const nn::Encoder& encoder,
             const nn::Decoder& decoder) {
  lesson.step("what if", "... the decoder gets the vector of a different sentence?");
  const NoGradGuard no_grad;
  const Batch& test = lists.tests()[1];
  nn::Encoded encoded = encoder(test.source, test.lengths);
  const auto say_from = [&](const Tensor& vectors, int64_t sentence) {
    encoded.last = vectors;
    const Tensor said = nn::greedy_search(decoder.begin(encoded), test.source.size(0),
                                          {.begin = kStart, .end = kEnd, .max_length = 12});
    return numbers::written_english(lists.english.words(said[sentence]));
  };
  const Tensor own = encoded.last;
  const Tensor others = cat({own.narrow(0, 1, own.size(0) - 1), own.narrow(0, 0, 1)});
  lesson.lines(fmt::format("  its own:          {}\n  the next one's:   {}\n  zeros:            {}",
                           say_from(own, 0), say_from(others, 0), say_from(zeros_like(own), 0)));
  if (lesson.quick()) return;
  lesson.holds("with the next one's vector it says what it says for the next one",
               say_from(others, 0) == say_from(own, 1));
  lesson.say(
      "With zeros it still says number words. How English numbers are made is in the decoder's "
      "parameters; which ones to say is in the vector alone.");
}

void encoder_and_decoder(Lesson& lesson) {
  set_num_threads(1);  // a step of such a small model ends before a second thread has started
  manual_seed(lesson.seed(123));
  const NumberLists lists(lesson.quick() ? 10 : 200);
  own_list(lesson, lists);  // reports a wrong --text before the training
  task(lesson, lists);
  hidden_state(lesson);
  fading_gradient(lesson);
  manual_seed(lesson.seed(123));
  const nn::EncoderDecoderConfig config = plain_config(lists.german, lists.english);
  const nn::Encoder encoder(config);
  const nn::Decoder decoder(config);
  two_halves(lesson, lists, encoder, decoder);
  train_and_test(lesson, lists, translator_of("one vector", encoder, decoder));
  up_to_millions(lesson);
  what_if(lesson, lists, encoder, decoder);
  lesson.try_next({"./run lesson 2 --text \"siebenundzwanzig, dreihundertacht\": your own list",
                   "./run lesson 2 --seed 1: do long lists fail in the same way?",
                   "make hidden_size 256 (lessons/translation/translators.h), or kListSteps twice "
                   "as large: from which length on do lists fail then?",
                   "lesson 03: a decoder that looks at the German words again"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, encoder_and_decoder); }
