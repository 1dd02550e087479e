#include "lessons/answers/mistakes.h"

#include "lessons/answers/asking.h"
#include "lessons/answers/comparison.h"
#include "lessons/answers/masked_loss.h"

namespace gradus::lessons {

void what_goes_wrong(Lesson& lesson, const nn::Gpt& before, const nn::Gpt& tuned,
                     const NumberTexts& texts, const NumberGptSizes& sizes,
                     const NumberTests& tests) {
  lesson.step("8", "What goes wrong if ...");
  const FineTuned right = all_parameters(before, sizes.answering_lr);
  Learner no_mask = all_parameters(before, sizes.answering_lr).learner;
  no_mask.changed = without_mask;
  Learner large_lr = all_parameters(before, sizes.reading_lr).learner;
  Learner no_end = all_parameters(before, sizes.answering_lr).learner;
  const int64_t end = texts.format.end();
  no_end.changed = [end](const gpt::Batch& batch) { return without_end(batch, end); };
  learn({no_mask, large_lr, no_end}, *texts.answering, sizes.answering, "three mistakes",
        lesson.progress());
  const text::Tokenizer& tokenizer = texts.format.tokenizer();
  const Prompt other_template = [&](const std::string& question) {
    return tokenizer.encode("Question: " + question + "\nAnswer: ");
  };
  const auto shares = [&](const nn::Gpt& model) {
    return shares_right(model, texts.format, tests.questions);
  };
  const std::vector<NamedShares> rows{
      {"as in step 6", shares(tuned)},
      {"no mask on the question", shares(no_mask.model)},
      {"the rate of step 2", shares(large_lr.model)},
      {"<|end|> not learned", shares(no_end.model)},
      {"another template", shares_right(tuned, tokenizer, other_template, tests.questions, end)}};
  lesson.lines(table_of_shares(tests.questions, rows));
  const std::string question = "what is forty-seven plus thirty-five?";
  const auto answer = [&](const nn::Gpt& model, const Prompt& prompt) {
    return shown_line(written_after(model, tokenizer, prompt(question), 30, end));
  };
  lesson.say(
      "No mask: {:.0f}% of the targets are then tokens of questions. Their numbers are "
      "random, and nobody can learn them, but they take most of the gradient.",
      100 * share_of_questions(*texts.answering));
  lesson.say(
      "The rate of step 2: the answers are as good, but the text is forgotten. Its loss was "
      "{:.2f} before, is {:.2f} after step 6, and {:.2f} here.",
      loss_over(before, *texts.unread), loss_over(tuned, *texts.unread),
      loss_over(large_lr.model, *texts.unread));
  lesson.say("<|end|> not learned: the answer is right, and then it never stops:");
  lesson.lines("      " + answer(no_end.model, prompt_of(texts.format)) + "\n");
  lesson.say(
      "Another template: \"Question: ...\" and \"Answer:\" are a way to ask, too, but not "
      "the one of the training. Most troubles with downloaded models are of this kind:");
  lesson.lines("      " + answer(tuned, other_template) + "\n");
  if (lesson.quick()) return;
  const auto mean = [&](size_t i) { return mean_of(rows[i].second); };
  lesson.holds("with the mask, at least 10 points more are right", mean(0) - mean(1) >= 0.1);
  lesson.holds("without <|end|>, no answer ends", mean(3) == 0);
  lesson.holds("with another template, at most half as many are right", mean(4) <= mean(0) / 2);
}

}  // namespace gradus::lessons
