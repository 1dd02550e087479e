#include "lessons/answers/examples.h"

#include <algorithm>
#include <map>

#include "lessons/answers/number_facts.h"
#include "tensor/factories.h"
#include "tensor/file_io.h"
#include "text/utf8.h"

namespace gradus::lessons {
namespace {

constexpr size_t kMostLabels = 10;

std::string read_all(const std::string& path) {
  InputFile file("--examples", path);
  file.check(file.left() > 0, "the file is empty");
  std::string text(static_cast<size_t>(file.left()), ' ');
  file.read(text.data(), std::ssize(text));
  return text;
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t") == std::string::npos;
}

Example example_in(const std::string& line, const std::string& where) {
  check(text::valid_utf8_length(line) == line.size(), "{}: it is not UTF-8", where);
  const size_t tab = line.find('\t');
  check(tab != std::string::npos, "{}: there is no tab, expected a label, a tab and a text", where);
  const Example example{line.substr(0, tab), line.substr(tab + 1)};
  check(!is_blank(example.label), "{}: the label is empty, expected a label, a tab and a text",
        where);
  check(!is_blank(example.text), "{}: the text is empty, expected a label, a tab and a text",
        where);
  return example;
}

std::map<std::string, int64_t> lines_of_labels(const std::vector<Example>& all) {
  std::map<std::string, int64_t> lines;
  for (const Example& example : all)
    ++lines[example.label];
  return lines;
}

void check_labels(const std::vector<Example>& all, const std::string& file) {
  check(!all.empty(), "--examples: {} has only empty lines, expected a label, a tab and a text",
        file);
  const std::map<std::string, int64_t> lines = lines_of_labels(all);
  check(lines.size() >= 2, "--examples: every line of {} has the label '{}', expected two or more",
        file, printable(all.front().label));
  check(lines.size() <= kMostLabels,
        "--examples: {} has {} different labels, expected at most {}; a line is a label, a tab and "
        "a text",
        file, lines.size(), kMostLabels);
  for (const auto& [label, count] : lines)
    check(count >= 2,
          "--examples: {} has only one line with the label '{}', expected two or more: one is for "
          "the test",
          file, printable(label));
}

}  // namespace

std::vector<Example> odd_or_even() {
  std::vector<Example> all;
  for (int64_t n = 0; n < 100; ++n)
    all.push_back({n % 2 == 1 ? "odd" : "even", in_words(n)});
  return all;
}

std::vector<Example> read_examples(const std::string& path) {
  std::string text = read_all(path);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // a byte order mark
  std::vector<Example> all;
  size_t number = 1;
  for (size_t begin = 0; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    const std::string where = fmt::format("--examples: {}: line {}", printable(path), number);
    if (!is_blank(line)) all.push_back(example_in(line, where));
    begin = end + 1;
  }
  check_labels(all, printable(path));
  return all;
}

int64_t SplitExamples::class_of(const Example& example) const {
  return std::ranges::find(labels, example.label) - labels.begin();
}

SplitExamples split_examples(const std::vector<Example>& all) {
  const std::map<std::string, int64_t> lines = lines_of_labels(all);
  SplitExamples split;
  std::map<std::string, int64_t> wanted;  // for the test
  for (const auto& [label, count] : lines) {
    split.labels.push_back(label);
    wanted[label] = std::max<int64_t>(1, count / 5);
  }
  const Tensor order = randperm(std::ssize(all));
  for (int64_t i = 0; i < order.numel(); ++i) {
    const Example& example = all[static_cast<size_t>(order.data<int64_t>()[i])];
    int64_t& left = wanted[example.label];
    (left > 0 ? split.test : split.train).push_back(example);
    if (left > 0) --left;
  }
  return split;
}

}  // namespace gradus::lessons
