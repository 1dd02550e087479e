#include "lessons/translation/translating.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>

#include "nn/optim.h"
#include "tensor/threads.h"

namespace gradus::lessons {
namespace {

struct OneThread {
  const int before = get_num_threads();
  OneThread() { set_num_threads(1); }
  ~OneThread() { set_num_threads(before); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
};

/// Calls task(i, 0), ..., task(i, rounds - 1) for each i below n. Several i run at once, each on
/// one thread, because a step of such a small network ends before a second thread has started. The
/// i with the fewest rounds done is next; of several the last.
template <class Task>
void side_by_side(size_t n, size_t rounds, const Task& task) {
  struct Turns {
    size_t done = 0;
    bool running = false;
  };
  std::vector<Turns> all(n);
  std::exception_ptr wrong;
  std::mutex mutex;
  const auto work = [&](int64_t, int64_t) {
    std::unique_lock lock(mutex);
    while (!wrong) {
      Turns* next = nullptr;
      for (Turns& turns : all)
        if (!turns.running && turns.done < (next ? next->done + 1 : rounds)) next = &turns;
      if (!next) return;  // the others are running or done
      next->running = true;
      lock.unlock();
      std::exception_ptr error;
      try {
        task(static_cast<size_t>(next - all.data()), next->done);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error) wrong = error;
      ++next->done;
      next->running = false;
    }
  };
  const int64_t threads = std::min<int64_t>(get_num_threads(), std::ssize(all));
  std::optional<OneThread> alone;
  if (threads == 1) alone.emplace();  // else the kernels would use all threads
  kernels::parallel_for(threads, 1, work);
  if (wrong) std::rethrow_exception(wrong);
}

/// A model, its optimiser and its schedule.
struct Learner {
  const Translator& model;
  optim::Adam adam;
  optim::CosineSchedule schedule;

  Learner(const Translator& translator, const TrainingOptions& o)
      : model(translator),
        adam(model.parameters, {.lr = o.lr, .betas = {0.9, 0.98}}),
        schedule(adam, {.warmup_steps = std::min(o.warmup, o.steps), .total_steps = o.steps}) {}

  /// Trains on the batch. Returns the loss before the step.
  double step(const Batch& batch) {
    adam.zero_grad();
    const Tensor loss = batch_loss(model.logits(batch), batch);
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
          alignments_.back()[static_cast<int64_t>(b)][static_cast<int64_t>(t)] =
              drawn[b].alignment[t];
  }
}

int64_t NumberLists::length(int64_t s, int64_t steps) {
  const int64_t longest = std::min(kLongest, 1 + s * kLongest * 3 / steps);
  const int64_t length = 1 + s % longest;
  const bool longer_half = s / longest % 2 == 1;
  return longer_half ? std::max(length, longest + 1 - length) : length;
}

Batch NumberLists::training_batch(int64_t list_length, int64_t size) const {
  return batch(draw(training_numbers_, list_length, size));
}

std::vector<numbers::Translation> NumberLists::draw(const std::vector<int64_t>& from,
                                                    int64_t length, int64_t size) const {
  const Tensor indices = randint(0, static_cast<int64_t>(from.size()), {size, length});
  const int64_t* next = indices.data_ptr<int64_t>();
  std::vector<numbers::Translation> lists;
  for (int64_t i = 0; i < size; ++i) {
    std::vector<int64_t> list;
    for (int64_t j = 0; j < length; ++j)
      list.push_back(from[static_cast<size_t>(*next++)]);
    lists.push_back(numbers::translate(list));
  }
  return lists;
}

Batch NumberLists::batch(const std::vector<numbers::Translation>& lists) const {
  std::vector<SentencePair> pairs;
  for (const numbers::Translation& t : lists)
    pairs.push_back({t.german, t.english});
  return make_batch(pairs, german, english);
}

int64_t Translator::size() const {
  int64_t sum = 0;
  for (const Tensor& p : parameters)
    sum += p.numel();
  return sum;
}

Tensor translate(const Translator& translator, const Batch& batch) {
  const NoGradGuard no_grad;
  const OneThread one_thread;
  return nn::greedy_search(translator.begin(batch), batch.source.size(0),
                           {.begin = kStart, .end = kEnd, .max_length = batch.target.size(1) + 3});
}

double exactly_right(const Translator& translator, const Batch& batch) {
  const Tensor said = translate(translator, batch);
  const Tensor wanted = batch.target;
  const int64_t B = wanted.size(0);
  const int64_t T = wanted.size(1);
  int64_t right = 0;
  for (int64_t b = 0; b < B; ++b) {
    int64_t t = 0;
    const auto word_said = [&] { return t < said.size(1) ? said[b][t].item<int64_t>() : kEnd; };
    while (t < T && word_said() == wanted[b][t].item<int64_t>() && word_said() != kEnd)
      ++t;
    if (t < T && word_said() == kEnd && wanted[b][t].item<int64_t>() == kEnd) ++right;
  }
  return static_cast<double>(right) / static_cast<double>(B);
}

std::vector<double> accuracy_by_length(const Translator& translator, const NumberLists& lists) {
  std::vector<double> accuracy;
  for (const Batch& test : lists.tests())
    accuracy.push_back(exactly_right(translator, test));
  return accuracy;
}

Alignment alignment_of(const Translator& translator, const NumberLists& lists) {
  const NoGradGuard no_grad;
  const int64_t hundred = lists.english.numbers({"hundred"})[0];
  std::array<double, 2> right{};  // [0] of values, [1] of hundreds
  std::array<double, 2> all{};
  for (size_t i = 0; i < lists.tests().size(); ++i) {
    const Batch& test = lists.tests()[i];
    Tensor weights;  // (B, T, S)
    nn::teacher_forcing(translator.begin(test), test.target_in, &weights);
    const Tensor hit = weights.argmax(-1) == lists.alignments()[i];
    const Tensor counts = lists.alignments()[i] >= 0;
    for (const bool is_hundred : {false, true}) {
      const Tensor these = logical_and(counts, (test.target == hundred) == full({}, is_hundred));
      right[is_hundred] += logical_and(hit, these).sum().item<double>();
      all[is_hundred] += these.sum().item<double>();
    }
  }
  return {right[0] / all[0], right[1] / all[1], (right[0] + right[1]) / (all[0] + all[1])};
}

Trained train(const std::vector<Translator>& models, const std::function<Batch(int64_t)>& batch_of,
              const TrainingOptions& options, const ProgressBar::Output& output) {
  check(!models.empty(), "train: there is no model");
  std::deque<Learner> learners;  // a deque does not move them: a schedule points to its optimiser
  for (const Translator& model : models)
    learners.emplace_back(model, options);
  const std::string name =
      models.size() == 1 ? models[0].name : fmt::format("{} models", models.size());
  constexpr int64_t kRound = 8;  // so many steps a fast model may be ahead of a slow one
  const int64_t trial = options.steps < 1000 ? kRound : 8 * kRound;
  ProgressBar progress(name, options.steps, output, options.cost, trial);
  while (progress.going()) {
    std::vector<Batch> batches;
    for (int64_t s = progress.steps_done(); s < options.steps && std::ssize(batches) < kRound; ++s)
      batches.push_back(batch_of(s));
    std::vector<std::vector<double>> losses(batches.size(), std::vector<double>(models.size()));
    side_by_side(models.size(), batches.size(),
                 [&](size_t i, size_t r) { losses[r][i] = learners[i].step(batches[r]); });
    for (size_t r = 0; r < batches.size(); ++r)
      progress.step(std::accumulate(losses[r].begin(), losses[r].end(), 0.0) /
                        static_cast<double>(models.size()),
                    batches[r].tokens * std::ssize(models));
  }
  return {progress.steps_done(), progress.stopped(), progress.seconds_per_step()};
}

double fastest_step(const std::vector<Translator>& models, const Batch& batch, int64_t tries) {
  const OneThread one_thread;
  std::deque<Learner> learners;
  for (const Translator& model : models)
    learners.emplace_back(model, TrainingOptions{.steps = tries, .lr = 0});
  double fastest = INFINITY;
  for (int64_t i = 0; i < tries; ++i) {
    const auto start = std::chrono::steady_clock::now();
    for (Learner& learner : learners)
      learner.step(batch);
    fastest = std::min(
        fastest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  for (const Translator& model : models)
    for (const Tensor& p : model.parameters)
      p.mutable_grad() = Tensor();
  return fastest;
}

int64_t steps_of(const Lesson& lesson, int64_t steps) { return lesson.quick() ? 16 : steps; }
int64_t batch_of(const Lesson& lesson, int64_t lists) { return lesson.quick() ? 8 : lists; }

Trained train_on_lists(const std::vector<Translator>& models, const NumberLists& lists,
                       int64_t steps, int64_t batch_size, const ProgressBar::Output& output) {
  const auto seconds = [&](int64_t length) {
    return fastest_step(models, lists.training_batch(length, batch_size), 3);
  };
  const double shortest = seconds(1);
  const double longest = seconds(NumberLists::kLongest);
  // One part of the work grows with the length of the list, the other with its square.
  const auto cost = [=](int64_t s) {
    const auto n = static_cast<double>(NumberLists::length(s, steps));
    const auto most = double{NumberLists::kLongest};
    return shortest * n + (longest - shortest * most) * (n * n - n) / (most * most - most);
  };
  const auto batch_at = [&](int64_t s) { return lists.training_batch(s, steps, batch_size); };
  return train(models, batch_at, {.steps = steps, .cost = cost}, output);
}

Trained train_on_lists(Lesson& lesson, const std::vector<Translator>& models,
                       const NumberLists& lists) {
  const Trained trained = train_on_lists(models, lists, steps_of(lesson, kListSteps),
                                         batch_of(lesson, kListBatch), lesson.progress());
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
  check(lists.german.knows(pieces), "--text: {} - the lists have numbers below 1000 only",
        *lesson.text());
  return pieces;
}

std::string accuracy_table(const std::vector<std::pair<std::string, std::vector<double>>>& models) {
  int widest = terminal::columns("numbers in the list");
  for (const auto& [name, accuracy] : models)
    widest = std::max(widest, terminal::columns(name));
  std::string table = "  " + terminal::fit("numbers in the list", widest, false);
  for (int64_t length = 1; length <= NumberLists::kLongest; ++length)
    table += fmt::format("{:>6}", length);
  for (const auto& [name, accuracy] : models) {
    table += "\n  " + terminal::fit(name, widest, false);
    for (const double share : accuracy)
      table += fmt::format("{:>6.1f}", 100 * share);
  }
  return table + "\n";
}

std::string accuracy_table(const std::vector<Translator>& models, const NumberLists& lists) {
  std::vector<std::pair<std::string, std::vector<double>>> table;
  for (const Translator& model : models)
    table.emplace_back(model.name, accuracy_by_length(model, lists));
  return accuracy_table(table);
}

}  // namespace gradus::lessons
