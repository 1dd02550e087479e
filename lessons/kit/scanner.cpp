#include "lessons/kit/scanner.h"

#include <algorithm>
#include <cctype>

#include "tensor/error.h"

namespace gradus::lessons {
namespace {

/// The position after the semicolon that ends the simple statement at `at`.
size_t after_semicolon(std::string_view code, size_t at) {
  while (at < code.size() && code[at] != ';' && code[at] != '}') {
    const size_t end = end_of_comment_or_text(code, at);
    const bool opens = code[at] == '(' || code[at] == '{' || code[at] == '[';
    at = end > at ? end : opens ? after_brackets(code, at) : at + 1;
  }
  return std::min(at + 1, code.size());
}

CodeRange statement_at(std::string_view code, size_t at);

/// Appends the statements of the braces at `at`, or the one statement there. Returns the end.
size_t add_body(std::string_view code, size_t at, std::vector<CodeRange>& children) {
  if (code[at] == '{') {
    const std::vector<CodeRange> inside = statements_of_block(code, at + 1);
    children.insert(children.end(), inside.begin(), inside.end());
    return after_brackets(code, at);
  }
  children.push_back(statement_at(code, at));
  return children.back().last;
}

/// The word of a statement that has a body: for, if, try, ...; "" for a simple statement.
std::string_view control_word(std::string_view code, size_t at) {
  for (const std::string_view word : {"for", "if", "while", "switch", "else", "try", "catch"})
    if (begins_with_word(code, word, at)) return word;
  return "";
}

CodeRange statement_at(std::string_view code, size_t at) {
  CodeRange statement{at, at};
  std::string_view word = control_word(code, at);
  if (word.empty() && code[at] != '{') {
    statement.last = after_semicolon(code, at);
    return statement;
  }
  while (true) {
    at = skip_spaces(code, at + word.size());
    if (word != "else" && word != "try" && code[at] == '(')
      at = skip_spaces(code, after_brackets(code, at));
    statement.last = add_body(code, at, statement.children);
    at = skip_spaces(code, statement.last);
    word = control_word(code, at);
    if (word != "else" && word != "catch") return statement;
  }
}

}  // namespace

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

bool begins_with_word(std::string_view code, std::string_view word, size_t at) {
  return code.substr(at, word.size()) == word &&
         (at + word.size() >= code.size() || !is_word_character(code[at + word.size()]));
}

size_t find_word(std::string_view code, std::string_view word, size_t from) {
  size_t at = code.find(word, from);
  while (at != std::string_view::npos &&
         !(begins_with_word(code, word, at) && (at == 0 || !is_word_character(code[at - 1]))))
    at = code.find(word, at + 1);
  return at;
}

size_t end_of_comment_or_text(std::string_view code, size_t at) {
  const auto from = [&](size_t found, size_t size) {
    return found == std::string_view::npos ? code.size() : found + size;
  };
  if (code.substr(at, 2) == "//") return from(code.find('\n', at), 0);
  if (code.substr(at, 2) == "/*") return from(code.find("*/", at + 2), 2);
  if (code.substr(at, 2) == "R\"") {
    const size_t open = code.find('(', at);
    const std::string close = ")" + std::string(code.substr(at + 2, open - at - 2)) + "\"";
    return from(code.find(close, open), close.size());
  }
  const bool digit_separator = code[at] == '\'' && at > 0 && is_word_character(code[at - 1]);
  if ((code[at] != '"' && code[at] != '\'') || digit_separator) return at;
  size_t end = at + 1;
  while (end < code.size() && code[end] != code[at])
    end += code[end] == '\\' ? 2 : 1;
  return std::min(end + 1, code.size());
}

size_t after_brackets(std::string_view code, size_t at) {
  int depth = 0;
  while (at < code.size()) {
    const size_t end = end_of_comment_or_text(code, at);
    if (end > at) {
      at = end;
      continue;
    }
    const char c = code[at++];
    if (c == '(' || c == '{' || c == '[') ++depth;
    if (c == ')' || c == '}' || c == ']') --depth;
    if (depth == 0) return at;
  }
  fail("code: a bracket is not closed");
}

size_t skip_spaces(std::string_view code, size_t at) {
  while (at < code.size()) {
    if (std::isspace(static_cast<unsigned char>(code[at])))
      ++at;
    else if (code.substr(at, 2) == "//" || code.substr(at, 2) == "/*")
      at = end_of_comment_or_text(code, at);
    else
      return at;
  }
  return at;
}

std::vector<CodeRange> statements_of_block(std::string_view code, size_t at) {
  std::vector<CodeRange> statements;
  for (at = skip_spaces(code, at); at < code.size() && code[at] != '}';
       at = skip_spaces(code, statements.back().last))
    statements.push_back(statement_at(code, at));
  return statements;
}

}  // namespace gradus::lessons
