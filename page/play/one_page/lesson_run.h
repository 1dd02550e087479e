// Runs lesson 10 and keeps what it computes.
#pragma once
#include <functional>
#include <map>

#include "autograd/op_log.h"
#include "lessons/kit/labels.h"

namespace gradus::page::one_page {

using lessons::Words;

/// The forward pass over the shown word, with the model after `step` training steps.
struct Snapshot {
  int64_t step = 0;
  Tensor ids = {};                               // (T): BOS and the letters of the word
  NamedTensors parameters = {};                  // the model's own: the next step changes them
  std::vector<autograd::OpLog::Entry> ops = {};  // up to the loss of the word
};

struct RunOptions {
  Words words;                                           // one document each
  int64_t seed = 42;                                     // of the lesson
  std::string shown;                                     // the word whose forward pass is shown
  std::vector<int64_t> steps = {0, 10, 100, 300, 1000};  // the training steps of the snapshots
  std::function<void(const Snapshot&)> take = {};        // is called with each of them
};

struct LessonRun {
  Words letters;                     // of the vocabulary, by their ids; BOS is the last
  std::vector<double> losses;        // of each training step
  std::map<int64_t, Words> made_up;  // the names that the model made up after so many steps
  double loss_of_letters = 0;        // of a table of how often each letter occurs
  double loss_of_pairs = 0;          // of a table of how often it follows each other letter
};

/// Trains lesson 10's model on the words. The code is that of lessons/10_gpt_on_one_page.cpp, so
/// the losses and the names are the lesson's. Throws if the shown word has a letter that no word
/// has, or more letters than the model can see.
LessonRun run_lesson_10(const RunOptions& options);

}  // namespace gradus::page::one_page
