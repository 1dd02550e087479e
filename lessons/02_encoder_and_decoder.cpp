// Lesson 02: encoder and decoder. A sentence becomes one vector, and the vector becomes another
// sentence, until the vector is too small.
#include <cmath>

#include "gradus.h"
#include "lessons/kit/lesson.h"
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
         "build a translator from an encoder and a decoder, train it by teacher forcing and let it "
         "speak",
         "measure where the one vector between the two becomes too small, and say where it does "
         "not"},
    .question =
        "a sentence can be long, a vector always has the same length. What is lost when the one "
        "must fit into the other?",
    .options = {"seed", "text", "quick"},
    .exercises = {"training_loop"},
    .own_text = "A list of German numbers to translate, in words",
};

std::string joined(const Words& words) { return fmt::format("{}", fmt::join(words, " ")); }
double number(const Tensor& x) { return x.item<double>(); }

void task(Lesson& lesson, const NumberLists& lists) {
  lesson.step("1", "A translation that is exactly right or wrong");
  lesson.say(
      "Number words, from German into English. German says the units before the tens, so word by "
      "word does not do. The words come in pieces:");
  const numbers::Translation t = numbers::translate({23, 107});
  lesson.lines(fmt::format("  {}  =  {}\n  {}  =  {}", joined(t.german),
                           numbers::written_german(t.german), joined(t.english),
                           numbers::written_english(t.english)));
  Words origins;
  for (size_t i = 0; i < t.english.size(); ++i)
    origins.push_back(t.english[i] + " from " + t.german[static_cast<size_t>(t.alignment[i])]);
  lesson.say("Each English piece comes from one German piece: {}.",
             fmt::format("{}", fmt::join(origins, ", ")));
  lesson.say(
      "A sentence is a list of 1 to {} numbers below 1000, so we choose how long it is, and there "
      "is no end of examples. {} of the 1000 numbers are never trained on, and the lists to test "
      "with have no others: whoever gets them right has not learned them by heart.",
      NumberLists::kLongest, numbers::below_thousand(true).size());
  const Batch batch = make_batch({{numbers::translate(7).german, numbers::translate(7).english},
                                  {numbers::translate(23).german, numbers::translate(23).english}},
                                 lists.german, lists.english);
  lesson.say(
      "For the program a piece is a number: {} German and {} English ones, with 0 for padding, 1 "
      "for 'start' and 2 for 'end'. Two sentences side by side, 'sieben' and 'dreiundzwanzig':",
      lists.german.size(), lists.english.size());
  lesson.print("source", batch.source, {.rows = {"sieben", "drei und zwanzig"}});
  lesson.print("target", batch.target, {.rows = {"seven (end)", "twenty three (end)"}});
}

void memory(Lesson& lesson) {
  lesson.step("2", "A hidden state is a memory");
  lesson.say(
      "A recurrent network reads one word after another. It carries a vector h along, its hidden "
      "state: the new h is made of the word x and of the h before, tanh(W_ih x + b_ih + W_hh h + "
      "b_hh). So h can hold something of all words so far. Words of 2 numbers, a state of 3, by "
      "hand and by nn::RNN:");
  manual_seed(lesson.seed(123));
  const nn::RNN rnn(2, 3);
  const Tensor words = randn({3, 2});
  Tensor h = zeros(3);
  std::vector<Tensor> states;
  for (int64_t t = 0; t < 3; ++t) {
    h = tanh(matmul(rnn.weight_ih_l0, words[t]) + rnn.bias_ih_l0 + matmul(rnn.weight_hh_l0, h) +
             rnn.bias_hh_l0);
    states.push_back(h);
  }
  lesson.print("h after each word", stack(states),
               {.rows = {"drei", "und", "zwanzig"}, .marked = 2});
  lesson.equal("nn::RNN gives the same", std::get<0>(rnn(words)), stack(states));
  lesson.ask("the sentence has 50 words. How many numbers has its last state?", {"3", "50", "150"},
             0);
  lesson.say("The last state has seen all words. It has 3 numbers, whether they were 3 or 300.");
}

/// How strongly the last state of a network depends on the input d steps before the end:
/// |d sum(h_T) / d x_(T-d)|.
std::vector<double> gradient_reaching_back(const Tensor& last_state, const Tensor& x) {
  const Tensor dx = autograd::grad({last_state.sum()}, {x})[0];  // (T, B, C)
  std::vector<double> norms;
  for (int64_t t = dx.size(0); t-- > 0;)
    norms.push_back(number(dx[t].norm()));
  return norms;
}

void fading(Lesson& lesson) {
  lesson.step("3", "How far back a gradient reaches");
  lesson.say(
      "To learn what a word 40 steps ago is good for, the network needs the gradient of its last "
      "state with respect to that word. On its way back it passes all steps in between, and each "
      "may shrink it. Of networks as they are before training, with 64 numbers in their states:");
  manual_seed(lesson.seed(123));
  const Tensor x = randn({41, 8, 32}).requires_grad_();  // (T, B, C)
  const nn::RNN rnn(32, 64);
  const nn::GRU gru(32, 64);
  const nn::LSTM lstm(32, 64);
  const std::vector<std::vector<double>> gradients{
      gradient_reaching_back(std::get<1>(rnn(x)), x),
      gradient_reaching_back(std::get<1>(gru(x)), x),
      gradient_reaching_back(std::get<0>(std::get<1>(lstm(x))), x)};
  std::vector<double> steps_back;
  std::vector<terminal::Curve> curves{{"RNN", 'r', {}}, {"GRU", 'g', {}}, {"LSTM", 'l', {}}};
  for (size_t back = 0; back <= 40; ++back) {
    steps_back.push_back(static_cast<double>(back));
    for (size_t net = 0; net < curves.size(); ++net)
      curves[net].y.push_back(gradients[net][back] / gradients[net][0]);
  }
  lesson.lines("share of the gradient that is left, by the number of steps back:\n" +
               terminal::log_plot(steps_back, curves, lesson.canvas()));
  lesson.say(
      "After 40 steps {:.0e} of it is left in the RNN, {:.0e} in the GRU, {:.0e} in the LSTM. The "
      "GRU's gates (Cho et al. 2014) can keep a number as it is, h = (1 - z) n + z h with z near "
      "1, and learn when to; that is why we take it from here on.",
      gradients[0][40] / gradients[0][0], gradients[1][40] / gradients[1][0],
      gradients[2][40] / gradients[2][0]);
}

void two_halves(Lesson& lesson, const NumberLists& lists, const nn::Encoder& encoder,
                const nn::Decoder& decoder) {
  lesson.step("4", "Two halves and the vector between");
  const numbers::Translation t = numbers::translate(23);
  const Batch batch = make_batch({{t.german, t.english}}, lists.german, lists.english);
  const nn::Encoded encoded = encoder(batch.source, batch.lengths);
  lesson.say(
      "The encoder, a GRU, reads '{}' and leaves its last state, {}: one sentence, {} numbers. The "
      "decoder, another GRU, begins with them. They are all that it will ever know of the German "
      "words.",
      joined(t.german), encoded.last.sizes(), encoded.last.numel());
  lesson.code("nn/encoder.h", "forward");
  lesson.code("nn/decoder.h", "begin");
  lesson.say(
      "It says one word, is given it as its next input, says the next, until it says 'end'. In "
      "training it is given the right word even where it said a wrong one: teacher forcing. So all "
      "its steps can be corrected at once:");
  std::string table = "  step   is given   is to say\n";
  for (int64_t i = 0; i < batch.target.size(1); ++i)
    table += fmt::format("  {:<6} {:<10} {}\n", i + 1,
                         lists.english.word(batch.target_in[0][i].item<int64_t>()),
                         lists.english.word(batch.target[0][i].item<int64_t>()));
  lesson.lines(table);
  const Tensor logits = nn::teacher_forcing(decoder.begin(encoded), batch.target_in);
  const double loss = number(batch_loss(logits, batch));
  const double guess = std::log(static_cast<double>(lists.english.size()));
  lesson.say(
      "Each step gives a score to each of the {} English pieces, {}; the loss is the mean of "
      "-log(probability of the right one). Untrained it is {:.4f}; ln {} = {:.4f} would be pure "
      "guessing.",
      lists.english.size(), logits.sizes(), loss, lists.english.size(), guess);
  lesson.holds("untrained is about as good as guessing", std::abs(loss - guess) < 0.5);
}

/// The German list, its translation, and the right one if that is wrong.
void show_translations(Lesson& lesson, const Translator& translator, const Batch& batch,
                       int64_t count, const Vocabulary& german, const Vocabulary& english) {
  const Tensor said = translate(translator, batch);
  std::string text;
  for (int64_t i = 0; i < count; ++i) {
    const Words is = english.words(said[i]);
    const Words should_be = english.words(batch.target[i]);
    const Words source =
        german.words(batch.source[i].narrow(0, 0, batch.lengths[i].item<int64_t>()));
    text += terminal::wrap(numbers::written_german(source), 80, 2);
    text += terminal::wrap((is == should_be ? "right: " : "wrong: ") + numbers::written_english(is),
                           80, 4);
    if (is != should_be)
      text += terminal::wrap("it is  " + numbers::written_english(should_be), 80, 4);
  }
  lesson.lines(text);
}

void train_and_test(Lesson& lesson, const NumberLists& lists, const Translator& translator) {
  lesson.step("5", "Training");
  lesson.say(
      "{} numbers in its matrices, {} steps; each takes {} new lists of one length. Ctrl-C ends it "
      "early and shows what was learned so far.",
      translator.size(), steps_of(lesson, kListSteps), batch_of(lesson, kListBatch));
  train_on_lists(lesson, {translator}, lists);

  lesson.step("6", "Let it speak");
  lesson.say(
      "Now nobody gives it the right words: it takes the likeliest one each time (greedy decoding) "
      "and goes on from what it said itself. Lists that it has never seen:");
  for (const size_t i : {0U, 1U, 3U, 7U})
    show_translations(lesson, translator, lists.tests()[i], 2, lists.german, lists.english);
  if (const auto pieces = own_list(lesson, lists)) {
    lesson.say("And yours:");
    const Tensor said =
        translate(translator, make_batch({{*pieces, *pieces}}, lists.german, lists.german));
    lesson.lines(fmt::format("  {}\n    {}", numbers::written_german(*pieces),
                             numbers::written_english(lists.english.words(said[0]))));
  }

  lesson.step("7", "Accuracy against length");
  lesson.ask("of 100 lists of one number most are right. Of 100 lists of eight ...?",
             {"as many", "about half", "next to none"}, 2);
  const std::vector<double> accuracy = accuracy_by_length(translator, lists);
  lesson.say("Lists without any mistake, in per cent, of {} lists of each length:",
             lists.tests()[0].source.size(0));
  lesson.lines(accuracy_table({{translator.name, accuracy}}));
  lesson.lines(terminal::bars({"1", "2", "3", "4", "5", "6", "7", "8"}, accuracy, lesson.canvas()));
  lesson.say(
      "Every list went through the same vector, and a list of eight brings eight times as much. "
      "The decoder begins well and then forgets: look at where the wrong ones above go wrong.");
  if (!lesson.quick()) {
    lesson.holds("single numbers are right, unseen ones too", accuracy.front() >= 0.95,
                 fmt::format("{:.0f}%", 100 * accuracy.front()));
    lesson.holds("lists of eight are not", accuracy.back() <= 0.6,
                 fmt::format("{:.0f}%", 100 * accuracy.back()));
  }
}

// Numbers that leave the remainder 5 when divided by 11 are for testing.
int64_t test_number(int64_t n) { return n - n % 11 + 5; }
int64_t training_number(int64_t n) { return n % 11 == 5 ? n + 1 : n; }

void up_to_millions(Lesson& lesson) {
  lesson.step("8", "A long number is not a long list");
  lesson.say(
      "Is it the number of words? Single numbers up to {} have as many pieces as a list of two or "
      "three. A fresh model of the same size learns them:",
      numbers::kLargest);
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
  const nn::EncoderDecoderConfig config = plain_config(german, english);
  const nn::Encoder encoder(config);
  const Translator translator = translator_of("single numbers", encoder, nn::Decoder(config));
  const Trained trained = train(
      {translator}, [&](int64_t) { return draw(false, kListBatch); },
      {.steps = steps_of(lesson, kListSteps)}, lesson.progress());
  const Batch test = draw(true, lesson.quick() ? 10 : 200);
  show_translations(lesson, translator, test, 3, german, english);
  const double right = exactly_right(translator, test);
  lesson.say(
      "Of {} unseen ones {:.0f}% are right. What counts is not how many words there are, but how "
      "much they say: one of 10 million numbers is a choice of log2(10,000,000) = {:.1f} bits, a "
      "list of eight numbers below 1000 is one of 8 log2(1000) = {:.1f} bits, and each of them "
      "must be found again in its place.",
      test.source.size(0), 100 * right, std::log2(1e7), 8 * std::log2(1e3));
  if (trained.stopped) throw Lesson::Leave{130};
  if (!lesson.quick())
    lesson.holds("one long number fits into the vector", right >= 0.9,
                 fmt::format("{:.0f}%", 100 * right));
}

void what_if(Lesson& lesson, const NumberLists& lists, const nn::Encoder& encoder,
             const nn::Decoder& decoder) {
  lesson.step("what if", "... the decoder is given another sentence's vector?");
  const NoGradGuard no_grad;
  const Batch& test = lists.tests()[1];
  nn::Encoded encoded = encoder(test.source, test.lengths);
  const auto say_from = [&](const Tensor& vector) {
    encoded.last = vector;
    const Tensor said = nn::greedy_search(decoder.begin(encoded), test.source.size(0),
                                          {.begin = kStart, .end = kEnd, .max_length = 12});
    return numbers::written_english(lists.english.words(said[0]));
  };
  const Tensor own = encoded.last;
  const Tensor others = cat({own.narrow(0, 1, own.size(0) - 1), own.narrow(0, 0, 1)});
  lesson.lines(fmt::format("  its own:       {}\n  the next one's: {}\n  zeros:         {}",
                           say_from(own), say_from(others), say_from(zeros_like(own))));
  lesson.say(
      "With another's vector it says another's sentence, and with zeros it still says number "
      "words. How English goes is in the decoder's matrices; what is to be said is in the vector "
      "alone.");
}

void encoder_and_decoder(Lesson& lesson) {
  manual_seed(lesson.seed(123));
  const NumberLists lists(lesson.quick() ? 10 : 200);
  own_list(lesson, lists);  // reports a wrong --text before the training
  task(lesson, lists);
  memory(lesson);
  fading(lesson);
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
                   "as many: how far does the fall move?",
                   "lesson 03: why should the decoder not look at the German words again?"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, encoder_and_decoder); }
