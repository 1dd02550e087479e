// Lesson 11: the text that it turns into numbers, and the book's numbers for it.
#pragma once
#include <optional>

#include "lessons/kit/lesson.h"
#include "text/bpe_tokenizer.h"

namespace gradus::lessons {

using Ids = std::vector<int64_t>;

struct Story {
  std::string source;       // where it comes from, for the reader
  std::string text;         // UTF-8
  bool is_verdict = false;  // whether it is the book's text, The Verdict
};

/// The file of --text; without it The Verdict, which ./run download verdict brings; without that a
/// small text written for the lesson. Throws if the file cannot be read or is too short.
Story story_of(const Lesson& lesson);

/// A file that ./run download gets, if it is in my/data or in the folder that GRADUS_DATA names.
std::optional<std::string> downloaded(const std::string& name);

/// GPT-2's tokenizer, which ./run download gpt2 brings.
std::optional<text::BpeTokenizer> gpt2_tokenizer();

/// Prints the book's examples for GPT-2's tokenizer, and compares their ids; without the tokenizer,
/// how to get it.
void show_gpt2_tokens(Lesson& lesson, const std::optional<text::BpeTokenizer>& downloaded);
/// The elements of a tensor of ids.
Ids ids_in(const Tensor& x);

/// Prints whether a number or ids are those that the book has (lessons/golden/text.tsv). Does
/// nothing if the text is not the book's.
void compare_with_book(Lesson& lesson, bool by_the_book, const std::string& what,
                       const std::string& name, const Ids& ids);

/// The book's sentence about The Verdict, or the first words of another text.
std::string sentence_of(const Story& story);

// For the page

/// The first n bytes of a text or a few more, so that no character is cut.
std::string_view start_of(std::string_view text, size_t n);
/// The first words, with '|' between them.
std::string first_words(const Words& words, size_t n);
/// Shows a space as '·' ('_' without UTF-8), a line end as '\n' and a part of a character as <C3>.
std::string visible(std::string_view bytes, const terminal::Canvas& canvas);
/// The tokens of a text, with '|' between them.
std::string pieces(const text::BpeTokenizer& tokenizer, std::string_view text,
                   const terminal::Canvas& canvas);

}  // namespace gradus::lessons
