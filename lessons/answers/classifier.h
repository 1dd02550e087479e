// Lesson 14's classifier: a trained GPT with another head.
#pragma once
#include "lessons/answers/examples.h"
#include "lessons/kit/lesson.h"
#include "nn/gpt.h"
#include "text/tokenizer.h"

namespace gradus::lessons {

/// A GPT whose head is exchanged for one with an output for each class. It reads the row of one
/// token of each text.   ids (B, T), rows (B) int64 -> logits (B, classes)
struct GptClassifier : nn::Layer<GptClassifier> {
  const nn::Gpt gpt;
  const nn::Linear head;

  /// The parameters of the model are shared. Only its last block and its final norm are trained,
  /// and the new head.
  GptClassifier(const nn::Gpt& model, int64_t classes);

  Tensor forward(const Tensor& ids, const Tensor& rows) const {
    const int64_t T = ids.size(1);
    const Tensor hidden = gpt.hidden(ids).flatten(0, 1);    // (B T, C)
    const Tensor read = arange(0, ids.size(0)) * T + rows;  // (B)
    return head(hidden.index_select(0, read));              // (B, classes)
  }
};

/// Which row of a text the classifier reads.
enum class ReadRow { first, last };

/// Texts as numbers.
struct LabelledBatch {
  Tensor ids;      // (B, T) int64, filled up with zeros at the end
  Tensor rows;     // (B) int64: the row that is read
  Tensor targets;  // (B) int64: the classes
};
/// Of a longer text, only the first T tokens are read.
LabelledBatch labelled_batch(const SplitExamples& split, const std::vector<Example>& examples,
                             const text::Tokenizer& tokenizer, int64_t T, ReadRow row);

/// Trains a classifier from the model, which stays as it is. Ctrl-C leaves the lesson.
GptClassifier train_classifier(Lesson& lesson, const nn::Gpt& model,
                               const text::Tokenizer& tokenizer, const SplitExamples& split,
                               ReadRow row, int64_t steps);

/// How often a text of each class (row) is given each class (column): (classes, classes) int64.
Tensor confusion(const GptClassifier& classifier, const text::Tokenizer& tokenizer,
                 const SplitExamples& split, const std::vector<Example>& examples, ReadRow row);
/// The labels, with nothing that could command the terminal.
Words printable_labels(const SplitExamples& split);
/// The share on the diagonal.
double accuracy_of(const Tensor& confusion);

}  // namespace gradus::lessons
