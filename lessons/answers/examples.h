// Texts with labels, which lesson 14's classifier learns.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gradus::lessons {

struct Example {
  std::string label, text;
};

/// The numbers from 0 to 99 in words, each with the label odd or even.
std::vector<Example> odd_or_even();

/// Reads a file that has a label, a tab and a text in each line, like the spam collection of the
/// book's chapter 6. Empty lines are skipped. Throws, with the number of the line, if one is
/// different or is not UTF-8, and if there are not from 2 to 10 labels with two lines each.
std::vector<Example> read_examples(const std::string& path);

/// Examples to learn and examples for the test: a fifth of each label, at least one. Which ones is
/// random.
struct SplitExamples {
  std::vector<std::string> labels;  // in the order of the alphabet
  std::vector<Example> train, test;

  int64_t class_of(const Example& example) const;
};
SplitExamples split_examples(const std::vector<Example>& all);

}  // namespace gradus::lessons
