#include "lessons/translation/own_pairs.h"

#include <algorithm>

#include "lessons/translation/translators.h"
#include "tensor/random.h"

namespace gradus::lessons {
namespace {

std::string joined(const Words& words) {
  return terminal::printable(fmt::format("{}", fmt::join(words, " ")));
}

}  // namespace

bool sentence_pairs(Lesson& lesson, const SplitPairs& pairs) {
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
      "{} pairs to learn from, with {} different words on one side and {} on the other. {} pairs "
      "are kept for testing; {} of these have only words that are among those to learn.",
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
  kept.resize(std::min<size_t>(kept.size(), 8));
  std::string text;
  for (const SentencePair& pair : kept) {
    const Batch one = make_batch({pair}, source, target);
    text += fmt::format("  {}\n    model  {}\n    file   {}\n", joined(pair.source),
                        joined(target.words(translate(model, one)[0])), joined(pair.target));
  }
  lesson.lines(text);
  return !trained.stopped;
}

}  // namespace gradus::lessons
