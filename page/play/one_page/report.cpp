#include "page/play/one_page/report.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <sstream>
#include <utility>

#include "autograd/ops.h"
#include "lessons/one_page/word_lists.h"
#include "page/json_values.h"
#include "page/play/one_page/embedding_map.h"
#include "page/play/one_page/values.h"
#include "tensor/factories.h"

namespace gradus::page::one_page {
namespace {

constexpr size_t kMostWords = 50'000;
constexpr size_t kMostLetters = 100;  // different ones
constexpr size_t kAveraged = 50;      // losses in a mean of the curve
constexpr int64_t kMostPlain = 40;    // elements of a tensor that is not packed
constexpr int kFirstLine = 28;        // of the source that is shown: its sizes

/// The number of characters of a text in UTF-8.
int64_t characters(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

std::string first_short_word(const Words& words) {
  const auto found = std::find_if(words.begin(), words.end(),
                                  [](const std::string& word) { return characters(word) < 16; });
  check(
      found != words.end(),
      "every word has more than 15 letters, which the model cannot see; expected one word a line");
  return *found;
}

Json source_lines(const std::string& source) {
  Json lines = Json::array();
  std::istringstream text(source);
  int number = 1;
  for (std::string line; std::getline(text, line); ++number)
    if (number >= kFirstLine) lines.push_back(line);
  return {{"file", "lessons/10_gpt_on_one_page.cpp"}, {"first_line", kFirstLine}, {"lines", lines}};
}

Json flat(const Tensor& x) { return numbers(elements(x)); }

/// The elements of a value, packed if there are many: a snapshot has 13,000 numbers.
Json data_of(const Tensor& x) {
  const Packing packing = x.numel() > kMostPlain ? Packing::always : Packing::large;
  return tensor_values(x.sizes(), elements(x), packing)["data"];
}

/// What a value is: the same in every snapshot.
Json description(const Value& value) {
  return {{"name", value.name},
          {"lines", value.lines},
          {"axes", value.axes},
          {"shape", value.tensor.sizes().vec()},
          {"dtype", fmt::format("{}", value.tensor.dtype())}};
}

/// Collects the snapshots of a run.
struct Snapshots {
  const std::string& source;
  Json values = Json::array();
  Json list = Json::array();
  std::vector<Tensor> embeddings = {};  // wte of each snapshot

  void take(const Snapshot& snapshot) {
    const NoGradGuard no_grad;
    const std::vector<Value> found = values_of(snapshot, source);
    Json data = Json::array();
    for (const Value& value : found)
      data.push_back(data_of(value.tensor));
    if (values.empty())
      for (const Value& value : found)
        values.push_back(description(value));
    list.push_back({{"step", snapshot.step},
                    {"loss", number(value_named(found, "loss").item<double>())},
                    {"values", data},
                    {"attention", flat(attention_weights(found))},
                    {"probabilities", flat(softmax(value_named(found, "logits"), -1))}});
    embeddings.push_back(value_named(found, "wte").clone());
  }

  /// The letters as points, for all snapshots in the coordinates of the last one.
  void add_maps() {
    const Tensor axes = principal_axes(embeddings.back());
    for (size_t i = 0; i < embeddings.size(); ++i)
      list[i]["map"] = flat(projected(embeddings[i], axes));
  }
};

/// Each value's mean with those around it.
std::vector<double> smoothed(const std::vector<double>& values) {
  std::vector<double> means;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t from = i - std::min(i, kAveraged / 2);
    const size_t to = std::min(values.size(), i + kAveraged / 2);
    const double sum = std::accumulate(values.begin() + static_cast<long>(from),
                                       values.begin() + static_cast<long>(to), 0.0);
    means.push_back(sum / static_cast<double>(to - from));
  }
  return means;
}

Json names_json(const LessonRun& run, const Words& words, bool is_made_up) {
  const std::set<std::string> known(words.begin(), words.end());
  Json columns = Json::array();
  for (const auto& [step, names] : run.made_up) {
    const auto old = std::count_if(names.begin(), names.end(),
                                   [&](const std::string& name) { return known.contains(name); });
    std::string note = fmt::format("{} of {} are in the list", old, names.size());
    if (is_made_up)
      note = fmt::format("{} of {} follow the rule of the list",
                         std::count_if(names.begin(), names.end(), lessons::follows_the_rule),
                         names.size());
    columns.push_back({{"step", step}, {"names", names}, {"note", note}});
  }
  return columns;
}

void check_words(const Words& words) {
  check(words.size() <= kMostWords, "the list has {} words, expected at most {}", words.size(),
        kMostWords);
  std::set<std::string> letters;
  for (const std::string& word : words)
    for (size_t i = 0; i < word.size(); ++i) {
      const size_t first = i;
      while (i + 1 < word.size() && (word[i + 1] & 0xC0) == 0x80)
        ++i;
      letters.insert(word.substr(first, i + 1 - first));
    }
  check(
      letters.size() <= kMostLetters,
      "the words have {} different letters, expected at most {}: the page shows a number for each "
      "of them everywhere",
      letters.size(), kMostLetters);
}

Json panel_json(const PageOptions& options, const Words& words, const std::string& shown) {
  Snapshots snapshots{options.source};
  const LessonRun run = run_lesson_10(
      {.words = words, .seed = options.seed, .shown = shown, .take = [&](const Snapshot& snapshot) {
         snapshots.take(snapshot);
       }});
  snapshots.add_maps();
  Words tokens{"BOS"};
  for (size_t i = 0; i < shown.size(); ++i) {
    if ((shown[i] & 0xC0) != 0x80) tokens.emplace_back();
    tokens.back() += shown[i];
  }
  const double knows_nothing = std::log(static_cast<double>(run.letters.size()));
  const Json baselines = {
      {{"loss", number(knows_nothing)},
       {"label", fmt::format("knows nothing: ln {}", run.letters.size())}},
      {{"loss", number(run.loss_of_letters)}, {"label", "a table of letters"}},
      {{"loss", number(run.loss_of_pairs)}, {"label", "a table of letter pairs"}}};
  return {{"type", "play_one_page"},
          {"title", "The program and its tensors"},
          {"words", fmt::format("{}: {} words", options.origin, words.size())},
          {"reruns", options.reruns},
          {"word", shown},
          {"tokens", tokens},
          {"letters", run.letters},
          {"source", source_lines(options.source)},
          {"losses", numbers(run.losses)},
          {"smoothed", numbers(smoothed(run.losses))},
          {"baselines", baselines},
          {"values", snapshots.values},
          {"snapshots", snapshots.list},
          {"names", names_json(run, words, options.words.empty())}};
}

/// What the training has reached: for the list of the page, whose words follow a rule, or for any
/// other.
std::pair<std::string, std::string> sentences_about_training(const Json& panel, bool is_made_up) {
  if (is_made_up)
    return {
        "After 100 steps the loss is below that of a table of letters: the model predicts vowels "
        "after consonants.",
        "After 1,000 steps the logits of line 54 prefer a few letters by far, and the names that "
        "it makes up look like words of the list."};
  const auto loss = [&](size_t step) { return panel["smoothed"][step - 1].get<double>(); };
  const auto baseline = [&](size_t i) { return panel["baselines"][i]["loss"].get<double>(); };
  return {fmt::format("After 100 steps the loss is about {:.2f}. A table of the list's letters has "
                      "{:.2f}, a table of its letter pairs {:.2f}.",
                      loss(100), baseline(1), baseline(2)),
          fmt::format("After 1,000 steps the loss is about {:.2f}. Compare the names that the "
                      "model makes up with the words of the list.",
                      loss(1000))};
}

std::vector<Stop> tour(const Json& panel, bool is_made_up) {
  const auto [early, late] = sentences_about_training(panel, is_made_up);
  return {
      {"The marked lines of the program computed tensors. This one adds to each letter's embedding "
       "that of its position; the number beside the line says how many tensors it has.",
       {{"line", "63"}, {"step", "0"}, {"letter", "2"}}},
      {"Before the training the four heads of the attention spread their weights nearly evenly "
       "over the "
       "letters so far: the queries and keys of line 69 are small.",
       {{"line", "69"}, {"step", "0"}, {"letter", "3"}}},
      {early, {{"line", "54"}, {"step", "100"}, {"letter", "1"}}},
      {late, {{"line", "54"}, {"step", "1000"}, {"letter", "1"}}},
      {"Line 42 is the table of embeddings that it learned. Its rows are the points of the map.",
       {{"line", "42"}, {"step", "1000"}}}};
}

}  // namespace

Report report_of(const PageOptions& options) {
  const Words words = options.words.empty() ? lessons::make_words() : options.words;
  check_words(words);
  const std::string shown = options.shown.empty() ? first_short_word(words) : options.shown;
  PageOptions named = options;
  if (named.origin.empty()) named.origin = "words of an invented language";
  Report report({.id = "play_one_page",
                 .title = "A GPT on one page",
                 .lede =
                     "Click a line of the program to see the tensors that it computed, and drag "
                     "the training step: everything follows."});
  const Json panel = panel_json(named, words, shown);
  report.panel("play_one_page", panel.dump());
  report.tour(tour(panel, options.words.empty()));
  return report;
}

}  // namespace gradus::page::one_page
