#include "lessons/answers/mistakes.h"

#include <algorithm>

#include "lessons/answers/asking.h"
#include "lessons/answers/comparison.h"
#include "lessons/answers/masked_loss.h"

namespace gradus::lessons {

namespace {

/// What the model writes after one question.
std::string answer_of(const nn::Gpt& model, const NumberTexts& texts, const Prompt& prompt) {
  constexpr int64_t kMostTokens = 30;
  return shown_line(written_after(model, texts.format.tokenizer(),
                                  prompt("what is forty-six plus thirty-five?"), kMostTokens,
                                  texts.format.end()));
}

}  // namespace

void what_goes_wrong(Lesson& lesson, const nn::Gpt& before, const nn::Gpt& tuned,
                     const NumberTexts& texts, const NumberGptSizes& sizes,
                     const NumberTests& tests) {
  lesson.step("8", "What goes wrong if ...");
  Learning learning = sizes.answering;
  learning.steps = std::max<int64_t>(1, learning.steps / 2);
  lesson.say(
      "All parameters are trained again, for {} steps only: without a mistake, and with three. For "
      "the fourth mistake, the model of step 7 is asked.",
      grouped(learning.steps));
  const Learner right = all_parameters(before, sizes.answering_lr).learner;
  Learner no_mask = all_parameters(before, sizes.answering_lr).learner;
  no_mask.changed = without_mask;
  const Learner large_rate = all_parameters(before, sizes.reading_lr).learner;
  Learner no_end = all_parameters(before, sizes.answering_lr).learner;
  const int64_t end = texts.format.end();
  no_end.changed = [end](const gpt::Batch& batch) { return without_end(batch, end); };
  learn({right, no_mask, large_rate, no_end}, *texts.answering, learning, "three mistakes",
        lesson.progress());
  const text::Tokenizer& tokenizer = texts.format.tokenizer();
  const Prompt other_template = [&](const std::string& question) {
    return tokenizer.encode("Question: " + question + "\nAnswer: ");
  };
  const auto shares = [&](const nn::Gpt& model) {
    return shares_right(model, texts.format, tests.questions);
  };
  const std::vector<NamedShares> rows{
      {"no mistake", shares(right.model)},
      {"no mask on the question", shares(no_mask.model)},
      {"the rate of step 2", shares(large_rate.model)},
      {"<|end|> not learned", shares(no_end.model)},
      {"another template", shares_right(tuned, tokenizer, other_template, tests.questions, end)}};
  lesson.lines(table_of_shares(tests.questions, rows));
  lesson.say(
      "No mask: {:.0f}% of the targets are tokens of questions. Their numbers are random, and "
      "cannot be learned, but take a part of every gradient.",
      100 * share_of_questions(*texts.answering));
  lesson.say(
      "The rate of step 2: look at the first text. Its loss was {:.2f} before; it is {:.2f} with "
      "the smaller rate, and {:.2f} with the rate of step 2.",
      loss_over(before, *texts.unread), loss_over(right.model, *texts.unread),
      loss_over(large_rate.model, *texts.unread));
  lesson.say("<|end|> not learned: the answer does not end.");
  lesson.lines("      " + answer_of(no_end.model, texts, prompt_of(texts.format)) + "\n");
  lesson.say(
      "Another template: \"Question: ...\" and \"Answer:\" ask as clearly as <|user|> does, but "
      "the model has never seen them. A chat model that you download needs its own template, too.");
  lesson.lines("      " + answer_of(tuned, texts, other_template) + "\n");
  if (lesson.quick()) return;
  const auto mean = [&](size_t i) { return mean_of(rows[i].second); };
  lesson.holds("without the mask fewer are right after so many steps", mean(1) < mean(0),
               fmt::format("{:.1f}% and {:.1f}%", 100 * mean(1), 100 * mean(0)));
  lesson.holds("without <|end|> no answer ends", mean(3) == 0);
  lesson.holds("with another template at most half as many are right", mean(4) <= mean(0) / 2);
}

}  // namespace gradus::lessons
