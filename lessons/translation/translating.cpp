#include "lessons/translation/translating.h"

#include <algorithm>
#include <array>

#include "lessons/kit/side_by_side.h"

namespace gradus::lessons {

int64_t Translator::size() const {
  int64_t sum = 0;
  for (const Tensor& p : parameters)
    sum += p.numel();
  return sum;
}

NamedTensors parameters_of(const std::vector<Translator>& models) {
  NamedTensors all;
  for (const Translator& model : models)
    for (const auto& [name, p] : model.named)
      all.emplace_back(model.name + "." + name, p.detach());
  return all;
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

std::string accuracy_table(const std::vector<std::pair<std::string, std::vector<double>>>& models) {
  const std::string head = "numbers in a list";
  int widest = terminal::columns(head);
  for (const auto& [name, accuracy] : models)
    widest = std::max(widest, terminal::columns(name));
  std::string table = "  " + terminal::fit(head, widest, false);
  for (int64_t length = 1; length <= NumberLists::kLongest; ++length)
    table += fmt::format("{:>5}", length);
  for (const auto& [name, accuracy] : models) {
    table += "\n  " + terminal::fit(name, widest, false);
    for (const double share : accuracy)
      table += share == 1 ? "  100" : fmt::format("{:>5.1f}", 100 * share);
  }
  return table + "\n";
}

std::string accuracy_table(const std::vector<Translator>& models, const NumberLists& lists) {
  std::vector<std::pair<std::string, std::vector<double>>> table;
  for (const Translator& model : models)
    table.emplace_back(model.name, accuracy_by_length(model, lists));
  return accuracy_table(table);
}

void show_accuracy(Lesson& lesson,
                   const std::vector<std::pair<std::string, std::vector<double>>>& models) {
  lesson.lines(accuracy_table(models));
  page::Report* const report = lesson.report();
  if (report == nullptr) return;
  std::vector<double> lengths;
  for (int64_t length = 1; length <= NumberLists::kLongest; ++length)
    lengths.push_back(static_cast<double>(length));
  std::vector<page::Series> series;
  for (const auto& [name, accuracy] : models)
    series.push_back({name, accuracy});
  report->curve("right lists, by length", lengths, series,
                {.x_axis = "numbers in the list", .y_axis = "share without a mistake"});
}

std::string translations(const Translator& translator, const Batch& batch, int64_t count,
                         const Vocabulary& german, const Vocabulary& english, int width) {
  const Tensor said = translate(translator, batch);
  std::string text;
  for (int64_t i = 0; i < count; ++i) {
    const Words is = english.words(said[i]);
    const Words should_be = english.words(batch.target[i]);
    const auto length = batch.lengths[i].item<int64_t>();
    const Words source = german.words(batch.source[i].narrow(0, 0, length));
    const std::string verdict = is == should_be ? "right:     " : "wrong:     ";
    text += terminal::wrap(numbers::written_german(source), width, 2);
    text += terminal::wrap(verdict + numbers::written_english(is), width, 4);
    if (is != should_be)
      text += terminal::wrap("should be: " + numbers::written_english(should_be), width, 4);
  }
  return text;
}

std::optional<Words> own_list(const Lesson& lesson, const NumberLists& lists) {
  if (!lesson.text()) return {};
  const Words pieces = numbers::german_pieces(*lesson.text());
  check(lists.german.knows(pieces), "--text: {} - the lists have numbers below 1000 only",
        *lesson.text());
  return pieces;
}

std::string translation_of_own(const Words& pieces, const Translator& translator,
                               const NumberLists& lists) {
  const Batch batch = make_batch({{pieces, pieces}}, lists.german, lists.german);
  const Words said = lists.english.words(translate(translator, batch)[0]);
  return fmt::format("  {}\n    {}", numbers::written_german(pieces),
                     numbers::written_english(said));
}

}  // namespace gradus::lessons
