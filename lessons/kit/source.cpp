#include "lessons/kit/source.h"

#include <algorithm>
#include <cctype>

#include "lessons/kit/scanner.h"
#include "tensor/error.h"

namespace gradus::lessons {
namespace {

/// The position where line `line` begins, counted from 1.
size_t start_of_line(std::string_view text, int line) {
  size_t at = 0;
  for (int i = 1; i < line && at < text.size(); ++i)
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  return at;
}
int line_of(std::string_view text, size_t at) {
  return 1 + static_cast<int>(
                 std::count(text.begin(), text.begin() + std::ssize(text.substr(0, at)), '\n'));
}
std::string_view text_of_line(std::string_view text, int line) {
  const size_t at = start_of_line(text, line);
  return text.substr(at, std::min(text.find('\n', at), text.size()) - at);
}
bool is_comment_line(std::string_view line) {
  const size_t start = line.find_first_not_of(' ');
  return start != std::string_view::npos && line.substr(start, 2) == "//";
}

/// Whether a call hands the lesson to a function: "(lesson," or ", lesson)".
bool passes_lesson(std::string_view code) {
  constexpr std::string_view word = "lesson";
  for (size_t at = find_word(code, word); at != std::string_view::npos;
       at = find_word(code, word, at + 1)) {
    const size_t end = at + word.size();
    const size_t before = at > 0 ? code.find_last_not_of(" \n", at - 1) : std::string_view::npos;
    if (before == std::string_view::npos || end == code.size()) continue;
    const bool is_argument = code[before] == '(' || code[before] == ',';
    if (is_argument && (code[end] == ',' || code[end] == ')')) return true;
  }
  return false;
}

template <size_t N>
bool starts_with_one_of(std::string_view code, const std::string_view (&words)[N]) {
  return std::any_of(words, words + N,
                     [&](std::string_view word) { return begins_with_word(code, word); });
}

/// The code after the word const, if it begins with it.
std::string_view without_const(std::string_view code) {
  constexpr std::string_view word = "const ";
  return code.starts_with(word) ? code.substr(word.size()) : code;
}

bool has_word(std::string_view code, std::string_view word) {
  return find_word(code, word) != std::string_view::npos;
}

/// Whether a statement only prints, or only makes a text to print.
bool only_prints(std::string_view statement) {
  constexpr std::string_view with_tensors[] = {"lesson.show_from_book", "lesson.print",
                                               "lesson.equal", "lesson.refused"};
  constexpr std::string_view texts[] = {"std::string", "Words", "Labels"};
  if (starts_with_one_of(statement, with_tensors)) return false;
  return statement.starts_with("lesson.") || passes_lesson(statement) ||
         has_word(statement, "fmt") || starts_with_one_of(without_const(statement), texts) ||
         has_word(statement, "table") || begins_with_word(statement, "return");
}
/// Whether a call that prints a tensor also computes it: its arguments, texts and labels apart,
/// have a call.
bool computes(std::string_view call) {
  for (size_t at = call.find('(') + 1; at < call.size(); ++at) {
    const size_t end = end_of_comment_or_text(call, at);
    if (end > at) at = end;
    const bool makes_text = call[at] == '(' && call.substr(0, at).ends_with("fmt::format");
    if (call[at] == '{' || makes_text) at = after_brackets(call, at);
    const bool named =
        std::isalnum(static_cast<unsigned char>(call[at - 1])) || call[at - 1] == ')';
    if (call[at] == '(' && named) return true;
  }
  return false;
}
bool is_printing_call(std::string_view statement) { return statement.starts_with("lesson."); }
/// A call that shows how something is refused. Of its code only the body of the lambda is shown.
bool is_refused_call(std::string_view statement) {
  return statement.starts_with("lesson.refused(");
}

bool is_shown(std::string_view code, const CodeRange& range) {
  if (!range.children.empty())
    return std::any_of(range.children.begin(), range.children.end(),
                       [&](const CodeRange& child) { return is_shown(code, child); });
  const std::string_view statement = code.substr(range.first, range.last - range.first);
  if (only_prints(statement)) return false;
  return !is_printing_call(statement) || is_refused_call(statement) || computes(statement);
}

/// Adds the ranges of the statements that are left out.
void add_hidden(std::string_view code, const CodeRange& range, std::vector<CodeRange>& hidden) {
  if (!is_shown(code, range)) return hidden.push_back(range);
  for (const CodeRange& child : range.children)
    add_hidden(code, child, hidden);
}

/// The statements inside the lambda of a call of lesson.refused.
Excerpt body_of_lambda(const EmbeddedFile& file, const CodeRange& call) {
  Excerpt excerpt{std::string(file.path)};
  size_t at = call.first;
  for (at = file.text.find('(', at) + 1; at < call.last && file.text[at] != '[';)
    at = std::max(at + 1, end_of_comment_or_text(file.text, at));
  const size_t body = file.text.find('{', at);
  const auto indent = [&](size_t start) { return file.text.find_first_not_of(' ', start) - start; };
  const size_t margin = indent(start_of_line(file.text, line_of(file.text, call.first)));
  for (const CodeRange& statement : statements_of_block(file.text, body + 1)) {
    const int first = line_of(file.text, statement.first);
    const int last = line_of(file.text, statement.last - 1);
    const size_t first_indent = indent(start_of_line(file.text, first));
    for (int line = first; line <= last; ++line) {
      const size_t start = start_of_line(file.text, line);
      const size_t spaces = margin + indent(start) - std::min(first_indent, indent(start));
      const size_t from = std::max(start + indent(start), statement.first);
      const size_t end = std::min(file.text.find('\n', start), statement.last);
      excerpt.lines.emplace_back(
          line, std::string(spaces, ' ') + std::string(file.text.substr(from, end - from)));
    }
  }
  return excerpt;
}

/// The lines of the range, without those of statements that are left out.
Excerpt shown_lines(const EmbeddedFile& file, int first, const CodeRange& range) {
  if (is_refused_call(file.text.substr(range.first, range.last - range.first)))
    return body_of_lambda(file, range);
  Excerpt excerpt{std::string(file.path)};
  std::vector<CodeRange> hidden;
  add_hidden(file.text, range, hidden);
  const auto is_hidden = [&](int line) {
    return std::any_of(hidden.begin(), hidden.end(), [&](const CodeRange& h) {
      return line_of(file.text, h.first) <= line && line <= line_of(file.text, h.last - 1);
    });
  };
  if (!is_shown(file.text, range)) return excerpt;
  for (int line = first; line <= line_of(file.text, range.last - 1); ++line)
    if (!is_hidden(line)) excerpt.lines.emplace_back(line, text_of_line(file.text, line));
  return excerpt;
}

/// x in "const Tensor& x = f();"; empty if the code is no such definition.
std::string_view defined_name(std::string_view code) {
  code = without_const(code);
  size_t at = 0;
  const auto is_of_type = [](char c) {
    return is_word_character(c) || c == ':' || c == '<' || c == '>';
  };
  while (at < code.size() && is_of_type(code[at]))
    ++at;
  if (at == 0) return "";
  if (code.substr(at).starts_with("&")) ++at;
  if (!code.substr(at).starts_with(" ")) return "";
  const size_t first = ++at;
  while (at < code.size() && is_word_character(code[at]))
    ++at;
  return code.substr(at).starts_with(" = ") ? code.substr(first, at - first) : "";
}

/// Whether statement i defines something that only lesson.ask uses, to compute the right answer.
bool serves_a_question(std::string_view text, const std::vector<CodeRange>& statements, size_t i) {
  const auto code_of = [&](const CodeRange& range) {
    return text.substr(range.first, range.last - range.first);
  };
  const std::string_view name = defined_name(code_of(statements[i]));
  if (name.empty()) return false;
  bool is_asked = false;
  for (size_t j = i + 1; j < statements.size(); ++j) {
    if (!has_word(code_of(statements[j]), name)) continue;
    const bool asks = code_of(statements[j]).starts_with("lesson.ask");
    if (!asks && !serves_a_question(text, statements, j)) return false;
    is_asked = true;
  }
  return is_asked;
}

/// The first of the comment lines directly above the line; the line itself if there are none.
int first_comment_above(std::string_view text, int line) {
  while (line > 1 && is_comment_line(text_of_line(text, line - 1)))
    --line;
  return line;
}

/// The position of the body of the definition whose name ends at `at`; npos if this is a call, a
/// declaration or part of another name. A type has its body after a list of base classes, a
/// function after its parameters and words such as const.
size_t body_of_definition(std::string_view text, size_t at, bool is_type) {
  at = skip_spaces(text, at);
  if (!is_type) {
    if (at == text.size() || text[at] != '(') return std::string_view::npos;
    at = after_brackets(text, at);
  }
  const std::string_view ends = is_type ? "{;(" : "{;()=,.\"#}";
  at = std::min(text.find_first_of(ends, at), text.size());
  return at < text.size() && text[at] == '{' ? at : std::string_view::npos;
}

}  // namespace

const EmbeddedFile& embedded_file(std::string_view path) {
  for (const EmbeddedFile& file : embedded_files())
    if (path == file.path || path.ends_with("/" + std::string(file.path))) return file;
  fail("code: '{}' is not among the embedded sources", path);
}

Excerpt definition(std::string_view path, std::string_view name) {
  const EmbeddedFile& file = embedded_file(path);
  const std::string_view text = file.text;
  for (size_t at = find_word(text, name); at != std::string_view::npos;
       at = find_word(text, name, at + 1)) {
    const std::string_view before = text.substr(0, at);
    const bool is_type = before.ends_with("struct ") || before.ends_with("class ");
    if (before.empty() || before.ends_with('.') || before.ends_with('>')) continue;
    const size_t after = at + name.size();
    const int line = line_of(text, after);
    if (is_comment_line(text_of_line(text, line))) continue;
    const size_t body = body_of_definition(text, after, is_type);
    if (body == std::string_view::npos) continue;
    int first = line;
    if (first > 1 && text_of_line(text, first - 1).find("template") != std::string_view::npos)
      --first;
    Excerpt excerpt{std::string(file.path)};
    for (int l = first_comment_above(text, first);
         l <= line_of(text, after_brackets(text, body) - 1); ++l)
      excerpt.lines.emplace_back(l, text_of_line(text, l));
    return excerpt;
  }
  fail("code: {} has no definition of '{}'", path, name);
}

std::vector<Statement> statements_after(std::string_view path, int line) {
  const EmbeddedFile& file = embedded_file(path);
  std::vector<Statement> statements;
  const auto is_step = [&](const CodeRange& range) {
    return file.text.substr(range.first).starts_with("lesson.step(");
  };
  // The body of the function begins at the last line that does not begin with a space.
  int start = line;
  while (start > 1 && (text_of_line(file.text, start).starts_with(" ") ||
                       text_of_line(file.text, start).empty()))
    --start;
  const size_t body = file.text.find('{', start_of_line(file.text, start));
  const std::vector<CodeRange> ranges = statements_of_block(file.text, body + 1);
  for (size_t i = 0; i < ranges.size(); ++i) {
    const CodeRange& range = ranges[i];
    const int last = line_of(file.text, range.last - 1);
    if (last <= line) continue;
    if (is_step(range)) break;
    const int first = first_comment_above(file.text, line_of(file.text, range.first));
    const std::string_view code = file.text.substr(range.first, range.last - range.first);
    const bool is_hidden = serves_a_question(file.text, ranges, i);
    statements.push_back(
        {first, last, is_hidden ? Excerpt{std::string(file.path)} : shown_lines(file, first, range),
         passes_lesson(code),
         is_printing_call(code) && !is_refused_call(code) && is_shown(file.text, range)});
  }
  return statements;
}

}  // namespace gradus::lessons
