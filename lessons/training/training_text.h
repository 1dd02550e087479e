// The text that lesson 12 learns, as numbers.
#pragma once
#include "lessons/kit/lesson.h"
#include "text/char_tokenizer.h"

namespace gradus::lessons {

struct TrainingText {
  std::string source;  // where it comes from, for the reader
  text::CharTokenizer letters;
  Tensor train, validation;  // ids (N) int64
  std::string prompt;        // one letter after which a sample begins: a line end, if there is one
};

/// The text of --text; without it tiny Shakespeare, if it is in my/data/tiny-shakespeare; else the
/// source code of Gradus. Throws if a part is shorter than a window of `context_length` letters and
/// its targets. With `at_most`, only so many bytes of it.
TrainingText training_text(const Lesson& lesson, int64_t context_length,
                           std::optional<size_t> at_most = {});

/// A letter beside a tensor: "_" for a space, "\n" for a line end.
std::string shown_letter(const std::string& letter);
/// A text that a model wrote: control characters are replaced, lines are cut at 78 columns and
/// indented.
std::string shown_text(const std::string& written);

}  // namespace gradus::lessons
