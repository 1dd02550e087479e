// What lesson 10 prints around the program: the program itself is lessons/10_gpt_on_one_page.cpp.
#pragma once
#include <chrono>
#include <map>

#include "lessons/one_page/letter_counts.h"
#include "lessons/one_page/names.h"
#include "lessons/one_page/residual_stream.h"

namespace gradus::lessons {

/// What a run of the program left.
struct Run {
  Names names;  // in the order of training
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  std::vector<double> losses = {};
  std::map<int64_t, Words> made_up = {};  // the names that the model made up after so many steps
};

/// Says what the lines are that the program is going to print.
void introduce(Lesson& lesson, const Names& names, int64_t context_length);
/// Compares the run with Python's if it is the same, and explains it: the loss, the curve, the
/// names and the residual stream. lm_head is (V, C).
void explain(Lesson& lesson, const Run& run, const text::CharTokenizer& letters,
             const Tensor& lm_head, const Added& added);

}  // namespace gradus::lessons
