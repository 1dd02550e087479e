// Models that translate the lists of lessons 02, 03 and 09, and how right they are.
#pragma once
#include <functional>

#include "lessons/kit/lesson.h"
#include "lessons/translation/lists.h"
#include "nn/decoding.h"

namespace gradus::lessons {

/// A model with the functions that training and testing need.
struct Translator {
  std::string name;
  std::vector<Tensor> parameters;
  /// The logits of each target word, given the words before it: (B, T, V).
  std::function<Tensor(const Batch&)> logits;
  /// Begins to translate word by word.
  std::function<nn::DecoderStepper(const Batch&)> begin;
  /// The same parameters, by their names in a file.
  NamedTensors named = {};
  /// The encoder's states.
  std::function<nn::Encoded(const Batch&)> encode = {};

  int64_t size() const;  // the number of parameters
};
/// All parameters, by the names of model and parameter.
NamedTensors parameters_of(const std::vector<Translator>& models);

/// Translates the batch's sentences and takes the likeliest word at each step. A translation ends a
/// few words after the true length.
Tensor translate(const Translator& translator, const Batch& batch);
/// The share of the batch that is translated without a mistake.
double exactly_right(const Translator& translator, const Batch& batch);
/// The share that is exactly right, for each length of list.
std::vector<double> accuracy_by_length(const Translator& translator, const NumberLists& lists);
/// The share of the test lists' English pieces whose largest attention weight is on their German
/// piece. The decoder's inputs are the right words.
struct Alignment {
  double values = 0;    // of the digits, teens and tens
  double hundreds = 0;  // of "hundred", which always follows a digit
  double all = 0;
};
Alignment alignment_of(const Translator& translator, const NumberLists& lists);

/// One line for each model: the percentage of lists of 1, 2, ... numbers that are exactly right.
std::string accuracy_table(const std::vector<std::pair<std::string, std::vector<double>>>& models);
std::string accuracy_table(const std::vector<Translator>& models, const NumberLists& lists);
/// Shows the table; on the page also as curves.
void show_accuracy(Lesson& lesson,
                   const std::vector<std::pair<std::string, std::vector<double>>>& models);
/// The German list of each of the first `count` sentences and its translation; with the right one
/// if that is wrong. Lines have at most `width` columns.
std::string translations(const Translator& translator, const Batch& batch, int64_t count,
                         const Vocabulary& german, const Vocabulary& english, int width);

/// The pieces of --text, if given. Throws if they cannot be in a list.
std::optional<Words> own_list(const Lesson& lesson, const NumberLists& lists);
/// The reader's list and its translation.
std::string translation_of_own(const Words& pieces, const Translator& translator,
                               const NumberLists& lists);

}  // namespace gradus::lessons
