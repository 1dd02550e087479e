// Lesson 14: a GPT that answers. It reads facts about numbers, is fine-tuned on conversations, and
// says when it does not know.
#include "gpt/fine_tuning.h"
#include "gradus.h"
#include "lessons/answers/asking.h"
#include "lessons/answers/classifier.h"
#include "lessons/answers/comparison.h"
#include "lessons/answers/masked_loss.h"
#include "lessons/answers/mistakes.h"
#include "lessons/answers/number_gpt.h"
#include "lessons/answers/questions.h"
#include "lessons/kit/kept_models.h"
#include "lessons/kit/lesson.h"

using namespace gradus;
using namespace gradus::lessons;

namespace {

const About about{
    .number = 14,
    .title = "A GPT that answers",
    .builds = "a model that answers your questions",
    .seconds = 100,
    .goals = {"turn a model that continues texts into one that answers",
              "say which tokens the loss counts, and compute it for one conversation",
              "choose between all parameters, the last block and LoRA",
              "make a classifier of a GPT"},
    .question =
        "a trained GPT continues a text. Why does it not answer a question, and what is missing?",
    .options = {"seed", "quick", "keep", "examples"},
};

void a_text_of_facts(Lesson& lesson, const NumberTexts& texts, const NumberGptSizes& sizes) {
  lesson.step("1", "A text of facts");
  lesson.say(
      "The model will read {} sentences about the numbers from 0 to 99. The program makes them, so "
      "all are right. Some of them:",
      grouped(sizes.sentences));
  std::string some;
  for (const FactKind kind : kFactKinds)
    some += fmt::format("  {:<12} {}\n", name_of(kind), sentence(random_fact(kind, false)));
  lesson.lines(some);
  Words tokens;
  for (const int64_t id : texts.tokenizer.encode(sentence({FactKind::sum, 46, 35})))
    tokens.push_back(texts.tokenizer.decode({&id, 1}));
  lesson.say(
      "Byte-pair encoding (lesson 11) has learned {} tokens from the text and from questions. "
      "Every word became a token, and so did the hyphen:",
      texts.tokenizer.vocab_size());
  lesson.lines(fmt::format("  {}\n", fmt::join(tokens, "|")));
  lesson.say(
      "A tenth of the pairs of numbers, in either order, is kept for testing: no sentence and no "
      "training question has them. So is one number in ten, for the facts about one number. "
      "Forty-six and thirty-five are such a pair, and seventy-nine is such a number.");
  lesson.code("lessons/answers/number_facts.cpp", "held_out");
}

/// Trains the model on the text, or loads that of an earlier run.
void reading(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts,
             const NumberGptSizes& sizes, const NumberTests& tests, const KeptModels& kept) {
  lesson.step("2", "A GPT reads the text");
  lesson.say(
      "{} layers, {} heads, a width of {}, {} parameters. It learns in lesson 12's loop, in {} "
      "steps of {} windows of {} tokens.",
      sizes.model.n_layers, sizes.model.n_heads, sizes.model.emb_dim,
      grouped(parameter_count(model)), grouped(sizes.reading.steps), sizes.reading.batch,
      sizes.model.context_length);
  lesson.code("lessons/answers/learning.cpp", "learn");
  const NamedTensors parameters = detached(model.named_parameters());
  const std::string start = "\nforty-six plus thirty-five is";
  if (!kept.load(lesson, parameters)) {
    const int64_t every = sizes.reading.steps / 8;
    const auto show = [&](int64_t step, double loss, ProgressBar& progress) {
      if (step % every != 0) return;
      progress.print(fmt::format(
          "step {:>4}  loss {:.3f}  forty-six plus thirty-five is{}", step, loss,
          shown_line(written_after(model, texts.tokenizer, texts.tokenizer.encode(start), 5))));
    };
    learn({{.name = "reading", .model = model, .trained = model, .lr = sizes.reading_lr}},
          *texts.reading, sizes.reading, "reading", lesson.progress(8), show);
    kept.save(lesson, parameters);
  }
  model.eval();
  const std::vector<double> right =
      shares_right(model, texts.tokenizer, plain_prompt(texts.tokenizer), tests.beginnings, {});
  lesson.say("It completes sentences that it has never read. Right, in percent of {} of each kind:",
             sizes.tests);
  lesson.lines(table_of_shares(tests.beginnings, {{"completed", right}}));
  if (!lesson.quick())
    lesson.holds("at least 90% of the unseen facts are completed rightly", mean_of(right) >= 0.9,
                 fmt::format("{:.1f}%", 100 * mean_of(right)));
}

/// The shares of right answers before fine-tuning.
std::vector<double> asked_too_early(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts,
                                    const NumberTests& tests) {
  lesson.step("3", "Asked, it goes on writing");
  lesson.say("The same model gets questions. After each, it writes 16 tokens (| is a line end):");
  std::string lines;
  for (const char* question : {"what is forty-six plus thirty-five?",
                               "is seventy-nine odd or even?", "where is the river?"})
    lines +=
        fmt::format("  {}\n      {}\n", question,
                    shown_line(written_after(model, texts.tokenizer,
                                             plain_prompt(texts.tokenizer, "\n")(question), 16)));
  lesson.lines(lines);
  const std::vector<double> right = shares_right(
      model, texts.tokenizer, plain_prompt(texts.tokenizer, "\n"), tests.questions, {});
  lesson.ask("in what share of the questions does it begin with the right answer?",
             {{"at most 5%", mean_of(right) <= 0.05},
              {"5 to 50%", mean_of(right) <= 0.5},
              {"more than half", true}});
  lesson.lines(table_of_shares(tests.questions, {{"answered", right}}));
  lesson.say(
      "It has read facts, and no questions: after a sentence, its text has the next sentence. "
      "Fine-tuning need not teach arithmetic. It teaches what a question is, how an answer begins, "
      "and where it ends.");
  if (!lesson.quick())
    lesson.holds("at most 5% of the questions are answered", mean_of(right) <= 0.05);
  return right;
}

void conversations(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts) {
  lesson.step("4", "A conversation, and the loss on the answer");
  lesson.say(
      "Four special tokens say who speaks, and where an answer ends: <|system|>, <|user|>, "
      "<|assistant|>, <|end|>. No text contains them: \"<|end|>\" typed by a user is ordinary "
      "letters. Their embeddings are new rows of the table, drawn like the others.");
  lesson.code("gpt/fine_tuning.cpp", "with_vocabulary");
  lesson.say(
      "Every token is read, but only the answer's are targets. The model is to answer "
      "questions, not to ask them. For the others the target is {}, which the loss leaves out:",
      gpt::kIgnored);
  show_masked_loss(lesson, model, texts);
  lesson.often_asked("Is fine-tuning another algorithm?",
                     "No. It has the same model, the same loss and the same loop, with other text "
                     "and a mask.");
  lesson.step("5", "Packing");
  lesson.say(
      "Conversations are shorter than the window of {} tokens, and a row for each would be mostly "
      "padding. So a row takes several. The mask of attention hides them from each other, and the "
      "positions of each begin at 0. These are 60 conversations:",
      model.config.context_length);
  show_packing(lesson, model, texts);
}

/// Trains in three ways, side by side.
std::vector<FineTuned> three_ways(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts,
                                  const NumberGptSizes& sizes, const NumberTests& tests) {
  lesson.step("6", "Three ways to fine-tune");
  lesson.say(
      "{} conversations of one or two questions, {} steps of {} rows, the same batches for all "
      "three. The learning rate for all parameters is {:.0f} times smaller than in step 2, since "
      "the model has much to lose. The other two train few parameters, and need a larger rate.",
      grouped(sizes.conversations), grouped(sizes.answering.steps), sizes.answering.batch,
      sizes.reading_lr / sizes.answering_lr);
  std::vector<FineTuned> all{all_parameters(model, sizes.answering_lr),
                             last_block(model, sizes.few_parameters_lr),
                             with_lora(model, sizes.few_parameters_lr)};
  const gpt::Batch batch = texts.answering->random_batch(sizes.answering.batch);
  std::vector<Learner> learners;
  std::vector<double> seconds;
  for (const FineTuned& one : all) {
    learners.push_back(one.learner);
    seconds.push_back(seconds_of_step(one.learner, batch));
  }
  learn(learners, *texts.answering, sizes.answering, "fine-tuning", lesson.progress());
  lesson.lines(comparison_table(model, all, texts, tests, seconds));
  lesson.say(
      "Memory: 4 bytes for each parameter, 12 more for each that is trained (its gradient, and two "
      "averages of AdamW). Only the first way trains the embeddings of the new tokens. LoRA is the "
      "layer of the exercise lora; at the end its changes are added to the weights, and cost "
      "nothing more.");
  lesson.code("gpt/fine_tuning.cpp", "merged");
  lesson.often_asked(
      "Why is the loss on the text so much larger afterwards?",
      "After a sentence the text goes on with the next one, and the fine-tuned model is sure that "
      "<|end|> follows. The last but one column asks for the facts alone: of how many unseen facts "
      "it still completes the sentence, when there is no question.");
  return all;
}

void answers(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts,
             const NumberTests& tests, const std::vector<double>& before) {
  lesson.step("7", "It answers");
  lesson.lines(answers_to(
      model, texts.format,
      {{"what is forty-six plus thirty-five?", sentence({FactKind::sum, 46, 35})},
       {"is seventy-nine odd or even?", sentence({FactKind::parity, 79})},
       {"say, which is larger, sixty or fifty-eight?", sentence({FactKind::larger, 60, 58})},
       {"where is the river?", kDoNotKnow},
       {"how much is six times seven?", kDoNotKnow},
       {"who is the queen?", kDoNotKnow}}));
  const std::vector<double> right = shares_right(model, texts.format, tests.questions);
  const std::vector<double> reworded = shares_right(model, texts.format, tests.wordings);
  const double outside = shares_right(model, texts.format, {tests.outside}).front();
  lesson.say("Exactly right, with the end of the answer, in percent; all parameters were trained:");
  lesson.lines(table_of_shares(
      tests.questions,
      {{"not fine-tuned", before}, {"unseen numbers", right}, {"and unseen wording", reworded}}));
  lesson.say(
      "Of {} questions about other things, with nouns that no training question had, {:.0f}% are "
      "answered with \"{}\" This, too, has to be learned from examples: a model that has seen only "
      "questions with answers has no reason to say it.",
      tests.outside.questions.size(), 100 * outside, kDoNotKnow);
  lesson.often_asked(
      "Does it always say so when it does not know?",
      fmt::format(
          "Only where the training has taught it to. No conversation is about numbers above "
          "ninety-nine, and \"what is ninety plus ninety?\" looks like the other sums. It answers "
          "\"{}\"",
          shown_line(written_after(model, texts.format.tokenizer(),
                                   prompt_of(texts.format)("what is ninety plus ninety?"), 24,
                                   texts.format.end()))));
  if (lesson.quick()) return;
  lesson.holds("at least 95% of unseen questions are answered exactly", mean_of(right) >= 0.95,
               fmt::format("{:.1f}%", 100 * mean_of(right)));
  lesson.holds("at least 90% of the questions outside are answered with I do not know",
               outside >= 0.9, fmt::format("{:.0f}%", 100 * outside));
}

void classification(Lesson& lesson, const nn::Gpt& reader, const NumberTexts& texts,
                    const std::vector<Example>& examples) {
  lesson.step("9", "A classifier (chapter 6 of the book)");
  const SplitExamples split = split_examples(examples);
  const Words labels = printable_labels(split);
  lesson.say(
      "The model of step 2 can sort texts into classes: {}. Its head, with {} outputs for each "
      "token, is exchanged for one with {}. The last block, the final norm and the head are "
      "trained on {} texts; {} are for the test. One of them:",
      fmt::format("{}", fmt::join(labels, ", ")), reader.config.vocab_size, split.labels.size(),
      split.train.size(), split.test.size());
  const auto& [label, text] = split.train.front();
  lesson.lines("  " + shown_line(label + ": " + text) + "\n");
  lesson.code("lessons/answers/classifier.h", "forward");
  if (lesson.examples())
    lesson.say("Of a longer text, only the first {} tokens are read.",
               reader.config.context_length);
  lesson.say(
      "The model gives a row for each token, and the classifier reads one. Attention is causal: "
      "the first row has seen the first token only, the last one the complete text. Both ways, "
      "trained the same:");
  std::vector<double> right;
  Tensor matrix;
  for (const ReadRow row : {ReadRow::first, ReadRow::last}) {
    const GptClassifier classifier =
        train_classifier(lesson, reader, texts.tokenizer, split, row, lesson.quick() ? 8 : 300);
    matrix = confusion(classifier, texts.tokenizer, split, split.test, row);
    right.push_back(accuracy_of(matrix));
  }
  lesson.lines(
      fmt::format("  the first row   {:>5.1f}% of the test are right\n"
                  "  the last row    {:>5.1f}%\n",
                  100 * right[0], 100 * right[1]));
  lesson.say(
      "The confusion matrix of the last: a row for each class, and how often it was taken "
      "for which. What is not on the diagonal is a mistake.");
  lesson.print("confusion matrix", matrix, {.rows = labels, .columns = labels});
  if (lesson.quick() || lesson.examples()) return;
  lesson.holds("from the last row at least 90% are right", right[1] >= 0.9);
  lesson.holds("from the first row fewer are right", right[0] < right[1]);
}

void gpt_that_answers(Lesson& lesson) {
  const NumberGptSizes sizes = lesson.quick() ? quick_sizes() : NumberGptSizes();
  const std::vector<Example> examples =
      lesson.examples() ? read_examples(*lesson.examples()) : odd_or_even();
  manual_seed(lesson.seed(123));
  const NumberTexts texts = number_texts(sizes);
  const NumberTests tests = number_tests(sizes.tests);
  const KeptModels kept(
      lesson, "lesson_14",
      fmt::format("{} steps on {} sentences", sizes.reading.steps, sizes.sentences));
  const nn::Gpt reader = untrained_number_gpt(sizes, texts);
  a_text_of_facts(lesson, texts, sizes);
  reading(lesson, reader, texts, sizes, tests, kept);
  const std::vector<double> before = asked_too_early(lesson, reader, texts, tests);
  const nn::Gpt model = gpt::with_vocabulary(reader, texts.format.tokenizer().vocab_size());
  conversations(lesson, model, texts);
  const std::vector<FineTuned> tuned = three_ways(lesson, model, texts, sizes, tests);
  answers(lesson, tuned.front().learner.model, texts, tests, before);
  what_goes_wrong(lesson, model, tuned.front().learner.model, texts, sizes, tests);
  classification(lesson, reader, texts, examples);
  keep_for_chat(lesson, tuned.front().learner.model, texts, kept);
  lesson.try_next(
      {"./run lesson 14 --keep --examples FILE: your own texts to classify, a label, a tab and a "
       "text in each line, such as the book's collection of spam",
       "few_parameters_lr in lessons/answers/number_gpt.h: what rate is best for LoRA?",
       "another kind of fact in lessons/answers/number_facts.cpp: products, multiples of three",
       "./run finetune FILE --model DIR: a model of yours learns to answer your questions"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, gpt_that_answers); }
