#include "lessons/shared/translating.h"

#include <algorithm>

#include "nn/optim.h"

namespace gradus {

NumberLists::NumberLists(int64_t tests)
    : german(numbers::all_german(999)),
      english(numbers::all_english(999)),
      training_numbers_(numbers::below_thousand(false)),
      test_numbers_(numbers::below_thousand(true)) {
  for (int64_t length = 1; length <= kLongest; ++length) {
    const std::vector<numbers::Translation> drawn = draw(test_numbers_, length, tests);
    tests_.push_back(batch(drawn));
    alignments_.push_back(full_like(tests_.back().target, -1));
    for (size_t b = 0; b < drawn.size(); ++b)
      for (size_t t = 0; t < drawn[b].english.size(); ++t)
        if (drawn[b].english[t] != ",")
          alignments_.back()[static_cast<int64_t>(b)][static_cast<int64_t>(t)] = drawn[b].alignment[t];
  }
}

Batch NumberLists::training_batch(int64_t s, int64_t size) const {
  return batch(draw(training_numbers_, 1 + s * 3 % kLongest, size));
}

std::vector<numbers::Translation> NumberLists::draw(const std::vector<int64_t>& from, int64_t length,
                                                    int64_t size) const {
  const Tensor indices = randint(0, static_cast<int64_t>(from.size()), {size, length});
  const int64_t* next = indices.data_ptr<int64_t>();
  std::vector<numbers::Translation> lists;
  for (int64_t i = 0; i < size; ++i) {
    std::vector<int64_t> list;
    for (int64_t j = 0; j < length; ++j) list.push_back(from[static_cast<size_t>(*next++)]);
    lists.push_back(numbers::translate(list));
  }
  return lists;
}

Batch NumberLists::batch(const std::vector<numbers::Translation>& lists) const {
  std::vector<SentencePair> pairs;
  for (const numbers::Translation& t : lists) pairs.push_back({t.german, t.english});
  return make_batch(pairs, german, english);
}

int64_t Translator::size() const {
  int64_t sum = 0;
  for (const Tensor& p : parameters) sum += p.numel();
  return sum;
}

Tensor translate(const Translator& translator, const Batch& batch, Tensor* weights) {
  const NoGradGuard no_grad;
  return nn::greedy_search(translator.begin(batch), batch.source.size(0),
                           {.begin = kStart, .end = kEnd, .max_length = batch.target.size(1) + 3}, weights);
}

double exactly_right(const Translator& translator, const Batch& batch) {
  const Tensor said = translate(translator, batch), wanted = batch.target;
  const int64_t B = wanted.size(0), T = wanted.size(1);
  int64_t right = 0;
  for (int64_t b = 0; b < B; ++b) {
    int64_t t = 0;
    const auto word_said = [&] { return t < said.size(1) ? said[b][t].item<int64_t>() : kEnd; };
    while (t < T && word_said() == wanted[b][t].item<int64_t>() && word_said() != kEnd) ++t;
    if (t < T && word_said() == kEnd && wanted[b][t].item<int64_t>() == kEnd) ++right;
  }
  return static_cast<double>(right) / static_cast<double>(B);
}

std::vector<double> accuracy_by_length(const Translator& translator, const NumberLists& lists) {
  std::vector<double> accuracy;
  for (const Batch& test : lists.tests()) accuracy.push_back(exactly_right(translator, test));
  return accuracy;
}

double aligned(const Translator& translator, const NumberLists& lists) {
  const NoGradGuard no_grad;
  int64_t right = 0, all = 0;
  for (size_t i = 0; i < lists.tests().size(); ++i) {
    Tensor weights;  // (B, T, S)
    nn::teacher_forcing(translator.begin(lists.tests()[i]), lists.tests()[i].target_in, &weights);
    const Tensor& wanted = lists.alignments()[i];
    right += (weights.argmax(-1) == wanted).sum().item<int64_t>();
    all += (wanted >= 0).sum().item<int64_t>();
  }
  return static_cast<double>(right) / static_cast<double>(all);
}

Trained train(const Translator& translator, const std::function<Batch(int64_t)>& batch_of,
              const TrainingOptions& options, const Progress::Output& output) {
  optim::Adam optimizer(translator.parameters, {.lr = options.lr});
  optim::CosineSchedule schedule(optimizer,
                                 {.warmup_steps = std::min<int64_t>(50, options.steps), .total_steps = options.steps});
  Progress progress(translator.name, options.steps, output);
  while (progress.going()) {
    const Batch batch = batch_of(progress.steps_done());
    optimizer.zero_grad();
    const Tensor loss = batch_loss(translator.logits(batch), batch, options.label_smoothing);
    loss.backward();
    nn::utils::clip_grad_norm_(translator.parameters, 1.0);
    optimizer.step();
    schedule.step();
    progress.step(loss.item<double>(), batch.tokens);
  }
  return {progress.steps_done(), progress.stopped(), progress.seconds_per_step()};
}

int64_t steps_of(const Lesson& lesson, int64_t steps) { return lesson.quick() ? 16 : steps; }

Trained train_on_lists(Lesson& lesson, const Translator& translator, const NumberLists& lists,
                       const TrainingOptions& options) {
  TrainingOptions o = options;
  o.steps = steps_of(lesson, o.steps ? o.steps : kListSteps);
  const int64_t size = lesson.quick() ? 8 : kListBatch;
  const Trained trained = train(
      translator, [&](int64_t s) { return lists.training_batch(s, size); }, o, lesson.progress());
  if (trained.stopped) {
    lesson.say("What it has learned so far, in per cent of lists that are exactly right:");
    lesson.lines(accuracy_table({{translator.name, accuracy_by_length(translator, lists)}}));
    throw Lesson::Leave{130};
  }
  lesson.lines("");
  return trained;
}

std::string accuracy_table(const std::vector<std::pair<std::string, std::vector<double>>>& models) {
  int widest = terminal::columns("numbers in the list");
  for (const auto& [name, accuracy] : models) widest = std::max(widest, terminal::columns(name));
  std::string table = "  " + terminal::fit("numbers in the list", widest, false);
  for (int64_t length = 1; length <= NumberLists::kLongest; ++length) table += fmt::format("{:>6}", length);
  for (const auto& [name, accuracy] : models) {
    table += "\n  " + terminal::fit(name, widest, false);
    for (const double share : accuracy) table += fmt::format("{:>6.1f}", 100 * share);
  }
  return table + "\n";
}

}  // namespace gradus
