#include "lessons/one_page/explanation.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>

#include "autograd/ops.h"
#include "lessons/one_page/residual_stream.h"
#include "tensor/factories.h"

namespace gradus::lessons {
namespace {

constexpr int64_t kTail = 100;   // the number of last steps that are averaged
constexpr int kLabelWidth = 30;  // of the table of losses
constexpr int kNameWidth = 16;   // of a column of names

double mean(std::span<const double> values) {
  return std::reduce(values.begin(), values.end()) / static_cast<double>(values.size());
}
std::span<const double> tail(const Run& run) {
  return std::span(run.losses).last(static_cast<size_t>(kTail));
}

/// What the Python program printed for karpathy/makemore's names.
struct Printed {
  std::vector<double> losses;
  Words names;
};
Printed printed_by_python() {
  const std::string path = GRADUS_GOLDEN_DIR "/microgpt.tsv";
  std::ifstream file(path);
  check(file.good(), "golden: {} cannot be read", path);
  Printed printed;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string kind;
    std::string number;
    std::string value;
    fields >> kind >> number >> value;
    if (kind == "loss") printed.losses.push_back(std::stod(value));
    if (kind == "name") printed.names.push_back(value);
  }
  return printed;
}

void compare_with_python(Lesson& lesson, const Run& run) {
  if (!run.names.of_karpathy || lesson.seed(42) != 42) return;
  const Printed python = printed_by_python();
  size_t different = 0;
  double largest = 0;
  for (size_t i = 0; i < python.losses.size(); ++i) {
    const double loss = run.losses.at(i);
    largest = std::max(largest, std::abs(loss - python.losses[i]));
    different += fmt::format("{:.4f}", loss) != fmt::format("{:.4f}", python.losses[i]);
  }
  lesson.holds("the 1,000 losses are those that Python printed", different == 0,
               different == 0 ? fmt::format("largest difference {:.1e}", largest)
                              : fmt::format("{} of them differ in four decimals", different));
  lesson.holds("and the 20 names are the same, too", run.made_up.rbegin()->second == python.names);
}

/// The number of letters of a word in UTF-8.
int64_t letters_in(const std::string& word) {
  return std::count_if(word.begin(), word.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

/// A line of the table of losses.
std::string loss_line(const std::string& who, double loss) {
  return fmt::format("  {} {:>7.4f} {:>9.1f} {:>5.2f}\n", terminal::fit(who, kLabelWidth, false),
                     loss, std::exp(loss), loss / std::log(2.0));
}

void explain_loss(Lesson& lesson, const Run& run, const text::CharTokenizer& letters) {
  const int64_t V = letters.vocab_size() + 1;
  const double nothing = std::log(static_cast<double>(V));
  lesson.step("2", fmt::format("What does a loss of {:.2f} mean?", run.losses.front()));
  const double even = cross_entropy(zeros({1, V}), tensor({0})).item<double>();
  const double share = 1.0 / static_cast<double>(V);
  const auto is_near = [&](double x) { return std::abs(even - x) < 1e-5; };
  lesson.ask(
      fmt::format("a model gives each of {} tokens the same probability. What is its loss?", V),
      {{"0", is_near(0)},
       {fmt::format("1/{} = {:.2f}", V, share), is_near(share)},
       {fmt::format("ln {} = {:.2f}", V, nothing), is_near(nothing)}});
  lesson.say(
      "The model gives every token a probability. The loss of a token is -ln p, where p is the "
      "probability that the model gave to the token that came next. The loss of a name is the mean "
      "over its tokens. A model that knows nothing gives each of the {0} tokens p = 1/{0}, so its "
      "loss is ln {0}.",
      V);
  std::string table = fmt::format("  {} {:>7} {:>9} {:>5}\n", terminal::fit("", kLabelWidth, false),
                                  "loss", "exp(loss)", "bits");
  table += loss_line(fmt::format("knows nothing: ln {}", V), nothing);
  table += loss_line("the first step", run.losses.front());
  table += loss_line("frequencies of letters", loss_of_letter_counts(run.names.words, letters));
  table += loss_line("frequencies of letter pairs", loss_of_pair_counts(run.names.words, letters));
  table += loss_line(fmt::format("mean of the last {} steps", kTail), mean(tail(run)));
  lesson.lines(table);
  lesson.say(
      "The two lines with frequencies are models without a network: a table of how often each "
      "letter occurs, and a table of how often it follows each other letter. exp(loss) is the "
      "number of equally likely letters that would have the same loss. loss / ln 2 is the number "
      "of bits that are needed to write down the next letter.");
  lesson.often_asked(
      "Why is the first loss not exactly ln V?",
      "Random matrices do not give all tokens the same probability. They prefer some, usually the "
      "wrong ones. These matrices are small (their standard deviation is 0.08), so the loss is "
      "near ln V. With large ones the model would be very sure, and wrong.");
}

void explain_curve(Lesson& lesson, const Run& run) {
  lesson.step("3", "The curve, and why it is noisy");
  const std::vector<double>& losses = run.losses;
  std::vector<double> steps(losses.size());
  std::iota(steps.begin(), steps.end(), 1);
  std::vector<double> means;
  for (size_t i = 0; i < losses.size(); ++i) {
    const size_t from = i < 25 ? 0 : i - 25;
    const size_t to = std::min(losses.size(), i + 25);
    means.push_back(mean(std::span(losses).subspan(from, to - from)));
  }
  lesson.plot("loss", steps, {{"mean of 50 steps", 'o', means}, {"one step", '.', losses}});
  const auto [lowest, highest] = std::minmax_element(losses.end() - kTail, losses.end());
  const auto at = [&](auto step) {
    const auto i = static_cast<size_t>(step - losses.begin());
    return fmt::format("'{}' (step {}) has {:.2f}", run.names.words[i % run.names.words.size()],
                       i + 1, *step);
  };
  lesson.say(
      "Each step sees one word, and some words are easier than others. Of the last {} words, {}, "
      "the smallest loss, and {}, the largest.",
      kTail, at(lowest), at(highest));
  lesson.say(
      "The mean over n words varies less, by a factor of sqrt(n). So models are usually trained "
      "with a batch of examples in each step, as in lesson 12.");
}

void explain_names(Lesson& lesson, const Run& run) {
  lesson.step("4", "Names after 0, 100 and 1,000 steps");
  std::string table;
  const auto add_line = [&](const auto& text_of) {
    std::string line;
    for (const auto& [step, names] : run.made_up)
      line += "  " + terminal::fit(text_of(step, names), kNameWidth, false);
    table += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  };
  add_line([](int64_t step, const Words&) { return fmt::format("{} steps", step); });
  for (size_t i = 0; i < 5; ++i)
    add_line([i](int64_t, const Words& names) { return names[i]; });
  lesson.lines(table);
  const Words& last = run.made_up.rbegin()->second;
  const std::set<std::string> known(run.names.words.begin(), run.names.words.end());
  const auto old = std::count_if(last.begin(), last.end(),
                                 [&](const std::string& name) { return known.contains(name); });
  lesson.say("{} of the {} names after the last step are in the list, and the others are new.", old,
             last.size());
  if (run.names.made_up) {
    const auto right = std::count_if(last.begin(), last.end(), follows_the_rule);
    lesson.say(
        "{} of {} follow the rule by which the lesson made its words: 2 or 3 syllables of a "
        "consonant and a vowel, and then perhaps n, r or s. The rule is not in the program: the "
        "model can know it only from the words.",
        right, last.size());
  }
}

}  // namespace

void introduce(Lesson& lesson, const Names& names, int64_t context_length) {
  lesson.step("1", "The program");
  lesson.say(
      "In February 2026 A. Karpathy published microgpt: a GPT with its gradients, its optimiser "
      "and its sampling in 200 lines of Python that need no package. "
      "lessons/10_gpt_on_one_page.cpp is the same program with Gradus, on one page. Read it: "
      "nearly everything in it is from lessons 01 to 09. It prints what the Python program prints, "
      "and it computes in float64 with Python's random numbers, so that each line can be compared. "
      "The explanations come after it.");
  const std::string page = "lessons/10_gpt_on_one_page.cpp";
  for (const char* part : {"MicroGpt", "sample", "gpt_on_one_page"})
    lesson.code(page, part);
  lesson.say("The words: {}, {} of them.", names.source, names.words.size());
  if (!names.of_karpathy)
    lesson.say("(Karpathy's program learns 32,033 first names: ./run download names gets them.)");
  const auto cut = std::count_if(names.words.begin(), names.words.end(), [&](const auto& word) {
    return letters_in(word) >= context_length;
  });
  if (cut > 0)
    lesson.say("(Words with {} letters or more: {}. The model sees only their beginning.)",
               context_length, cut);
}

void explain(Lesson& lesson, const Run& run, const text::CharTokenizer& letters,
             const Tensor& lm_head, const Added& added) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - run.start;
  lesson.line("");
  compare_with_python(lesson, run);
  lesson.say("Training and sampling took {:.2f} s. The Python program takes minutes.",
             took.count());
  explain_loss(lesson, run, letters);
  explain_curve(lesson, run);
  explain_names(lesson, run);
  explain_residual_stream(lesson, run.made_up.rbegin()->second, letters, lm_head, added);
  lesson.try_next({
      "./run lesson 10 --text FILE: your own words, one in each line, such as places or surnames",
      "./run lesson 10 --seed 1: other random numbers and other names; is the loss similar?",
      "remove wpe from the program: how do the names change?",
      "C = 32 and H = 8: how much smaller is the loss, and how long does it take?",
      "lesson 11: how any text becomes numbers, not only names in letters",
  });
}

}  // namespace gradus::lessons
