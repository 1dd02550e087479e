// Reads C++ as far as the excerpts need it: comments, texts, brackets and statements.
#pragma once
#include <string_view>
#include <vector>

namespace gradus::lessons {

bool is_word_character(char c);
/// Whether the word is at `at` and does not go on there.
bool begins_with_word(std::string_view code, std::string_view word, size_t at = 0);
/// The first position from `from` of the word, which is no part of a longer one; npos if there is
/// none.
size_t find_word(std::string_view code, std::string_view word, size_t from = 0);

/// Where the comment or the text literal that begins at `at` ends; `at` if none begins there.
size_t end_of_comment_or_text(std::string_view code, size_t at);
/// The position after the bracket that closes the one at `at`.
size_t after_brackets(std::string_view code, size_t at);
/// The first position from `at` that is neither a space nor in a comment.
size_t skip_spaces(std::string_view code, size_t at);

/// A statement: the characters first <= i < last. A loop, a condition or a try has the statements
/// inside it as children; all other statements have none.
struct CodeRange {
  size_t first, last;
  std::vector<CodeRange> children = {};
};
/// The statements from `at` to the brace that closes the block.
std::vector<CodeRange> statements_of_block(std::string_view code, size_t at);

}  // namespace gradus::lessons
