#include "lessons/shared/translating.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <deque>
#include <exception>
#include <numeric>

#include "nn/optim.h"
#include "tensor/threads.h"

namespace gradus {
namespace {

struct OneThread {
  const int before = get_num_threads();
  OneThread() { set_num_threads(1); }
  ~OneThread() { set_num_threads(before); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
};

/// Calls task(n - 1), ..., task(0), as many at once as there are threads. Each has one thread: a step of so small a
/// network is over before a second one has begun. The quick models of the lessons stand first; done last, they fill the
/// gap that is left.
template <class Task> void side_by_side(size_t n, const Task& task) {
  if (n == 1) {
    const OneThread one_thread;
    return task(0);
  }
  std::vector<std::exception_ptr> wrong(n);
  std::atomic<int64_t> left = std::ssize(wrong);
  kernels::parallel_for(std::min<int64_t>(get_num_threads(), std::ssize(wrong)), 1, [&](int64_t, int64_t) {
    for (int64_t i = --left; i >= 0; i = --left) {
      try {
        task(static_cast<size_t>(i));
      } catch (...) {
        wrong[static_cast<size_t>(i)] = std::current_exception();
      }
    }
  });
  for (const std::exception_ptr& error : wrong)
    if (error) std::rethrow_exception(error);
}

/// A model and what changes its parameters.
struct Learner {
  const Translator& model;
  const double label_smoothing;
  optim::Adam adam;
  optim::CosineSchedule schedule;

  Learner(const Translator& translator, const TrainingOptions& o)
      : model(translator),
        label_smoothing(o.label_smoothing),
        adam(model.parameters, {.lr = o.lr, .betas = {0.9, 0.98}}),
        schedule(adam, {.warmup_steps = std::min(o.warmup, o.steps), .total_steps = o.steps}) {}

  /// The loss on the batch, after which the parameters are a little better.
  double step(const Batch& batch) {
    adam.zero_grad();
    const Tensor loss = batch_loss(model.logits(batch), batch, label_smoothing);
    loss.backward();
    nn::utils::clip_grad_norm_(model.parameters, 1.0);
    adam.step();
    schedule.step();
    return loss.item<double>();
  }
};

}  // namespace

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

int64_t NumberLists::length(int64_t s, int64_t steps) {
  const int64_t longest = std::min(kLongest, 1 + s * kLongest * 3 / steps), length = 1 + s % longest;
  const bool longer_half = s / longest % 2 == 1;
  return longer_half ? std::max(length, longest + 1 - length) : length;
}

Batch NumberLists::training_batch(int64_t list_length, int64_t size) const {
  return batch(draw(training_numbers_, list_length, size));
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

Tensor translate(const Translator& translator, const Batch& batch) {
  const NoGradGuard no_grad;
  const OneThread one_thread;
  return nn::greedy_search(translator.begin(batch), batch.source.size(0),
                           {.begin = kStart, .end = kEnd, .max_length = batch.target.size(1) + 3});
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

Alignment alignment_of(const Translator& translator, const NumberLists& lists) {
  const NoGradGuard no_grad;
  const int64_t hundred = lists.english.numbers({"hundred"})[0];
  std::array<double, 2> right{}, all{};  // of values, of hundreds
  for (size_t i = 0; i < lists.tests().size(); ++i) {
    const Batch& test = lists.tests()[i];
    Tensor weights;  // (B, T, S)
    nn::teacher_forcing(translator.begin(test), test.target_in, &weights);
    const Tensor hit = weights.argmax(-1) == lists.alignments()[i], counts = lists.alignments()[i] >= 0;
    for (const bool is_hundred : {false, true}) {
      const Tensor these = logical_and(counts, (test.target == hundred) == full({}, is_hundred));
      right[is_hundred] += logical_and(hit, these).sum().item<double>();
      all[is_hundred] += these.sum().item<double>();
    }
  }
  return {right[0] / all[0], right[1] / all[1]};
}

Trained train(const std::vector<Translator>& models, const std::function<Batch(int64_t)>& batch_of,
              const TrainingOptions& options, const Progress::Output& output) {
  check(!models.empty(), "train: there is no model");
  std::deque<Learner> learners;  // which stay where they are: a schedule points at its optimiser
  for (const Translator& model : models) learners.emplace_back(model, options);
  const std::string name = models.size() == 1 ? models[0].name : fmt::format("{} models", models.size());
  Progress progress(name, options.steps, output, options.cost);
  while (progress.going()) {
    const Batch batch = batch_of(progress.steps_done());
    std::vector<double> losses(models.size());
    side_by_side(models.size(), [&](size_t i) { losses[i] = learners[i].step(batch); });
    progress.step(std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size()),
                  batch.tokens * std::ssize(models));
  }
  return {progress.steps_done(), progress.stopped(), progress.seconds_per_step()};
}

double fastest_step(const Translator& translator, const Batch& batch, int64_t tries) {
  const OneThread one_thread;
  double fastest = INFINITY;
  for (int64_t i = 0; i < tries; ++i) {
    const auto start = std::chrono::steady_clock::now();
    batch_loss(translator.logits(batch), batch).backward();
    fastest = std::min(fastest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  for (const Tensor& p : translator.parameters) p.mutable_grad() = Tensor();
  return fastest;
}

int64_t steps_of(const Lesson& lesson, int64_t steps) { return lesson.quick() ? 16 : steps; }
int64_t batch_of(const Lesson& lesson, int64_t lists) { return lesson.quick() ? 8 : lists; }

Trained train_on_lists(const std::vector<Translator>& models, const NumberLists& lists, int64_t steps,
                       int64_t batch_size, const Progress::Output& output) {
  TrainingOptions options{.steps = steps};
  if (!models.empty() && models[0].name == "Transformer") options.lr = 2e-3, options.warmup = 300;
  options.cost = [&](int64_t s) { return static_cast<double>(NumberLists::length(s, steps)); };
  return train(
      models, [&](int64_t s) { return lists.training_batch(s, steps, batch_size); }, options, output);
}

Trained train_on_lists(Lesson& lesson, const std::vector<Translator>& models, const NumberLists& lists) {
  const int64_t steps = !models.empty() && models[0].name == "Transformer" ? kTransformerSteps : kListSteps;
  const Trained trained =
      train_on_lists(models, lists, steps_of(lesson, steps), batch_of(lesson, kListBatch), lesson.progress());
  if (trained.stopped) {
    lesson.say("What it has learned so far, in per cent of lists that are exactly right:");
    lesson.lines(accuracy_table(models, lists));
    throw Lesson::Leave{130};
  }
  return trained;
}

std::optional<Words> own_list(const Lesson& lesson, const NumberLists& lists) {
  if (!lesson.text()) return {};
  const Words pieces = numbers::german_pieces(*lesson.text());
  check(lists.german.knows(pieces), "--text: {} - the lists have numbers below 1000 only", *lesson.text());
  return pieces;
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

std::string accuracy_table(const std::vector<Translator>& models, const NumberLists& lists) {
  std::vector<std::pair<std::string, std::vector<double>>> table;
  for (const Translator& model : models) table.emplace_back(model.name, accuracy_by_length(model, lists));
  return accuracy_table(table);
}

}  // namespace gradus
