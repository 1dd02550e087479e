#include "exercises/grader/page_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <utility>

#include "exercises/grader/exercise.h"
#include "terminal/terminal.h"

namespace gradus::grader {
namespace {

using Lines = std::vector<std::string>;

/// The length of the longest start of the text that takes at most `width` columns.
size_t bytes_in(const std::string& text, int width) {
  size_t length = 0;
  for (size_t end = 1; end <= text.size(); ++end) {
    const bool is_inside_a_letter = end < text.size() && (text[end] & 0xC0) == 0x80;
    if (is_inside_a_letter) continue;
    if (terminal::columns(text.substr(0, end)) > width) break;
    length = end;
  }
  return length;
}

/// The line with its first wide gap closed to three spaces: the comment after it moves to the left.
std::string with_narrow_gap(const std::string& line) {
  const size_t gap = line.find("    ", std::min(line.find_first_not_of(' '), line.size()));
  const size_t end = line.find_first_not_of(' ', gap);
  return end == std::string::npos ? line : line.substr(0, gap) + "   " + line.substr(end);
}

/// A line of code in pieces of at most `width` columns. The later ones are indented further.
Lines pieces_of(const std::string& line, int width) {
  std::string rest = terminal::printable(line);
  rest.erase(rest.find_last_not_of(' ') + 1);
  if (terminal::columns(rest) > width) rest = with_narrow_gap(rest);
  const size_t indent = std::min(rest.find_first_not_of(' '), static_cast<size_t>(width) / 3);
  Lines pieces;
  while (terminal::columns(rest) > width) {
    const size_t most = std::max(bytes_in(rest, width), size_t{1});
    const size_t space = rest.substr(0, most).find_last_of(' ');
    const bool breaks = space != std::string::npos && rest.find_first_not_of(' ') < space;
    const size_t length = breaks ? space : most;
    pieces.push_back(rest.substr(0, length));
    const size_t next = std::min(rest.find_first_not_of(' ', length), rest.size());
    rest = std::string(indent + 2, ' ') + rest.substr(next);
  }
  pieces.push_back(rest);
  for (std::string& piece : pieces)
    piece.erase(piece.find_last_not_of(' ') + 1);
  return pieces;
}

/// **bold** and `code` without their marks.
std::string without_marks(const std::string& text) {
  static const std::regex mark("\\*\\*|`");
  return std::regex_replace(text, mark, "");
}

/// The cells of "| x | (..., C) |".
Lines cells_of(const std::string& row) {
  Lines cells;
  size_t start = 1;
  for (size_t end = row.find('|', start); end != std::string::npos; end = row.find('|', start)) {
    const size_t first = std::min(row.find_first_not_of(' ', start), end);
    const size_t last = row.find_last_not_of(' ', end - 1) + 1;
    cells.push_back(without_marks(row.substr(first, last > first ? last - first : 0)));
    start = end + 1;
  }
  return cells;
}

/// The rows of a table with aligned columns, without its head and the line under it.
std::string table_text(const Lines& rows, int width) {
  std::vector<Lines> table;
  std::vector<int> widths;
  for (size_t i = 2; i < rows.size(); ++i) {
    table.push_back(cells_of(rows[i]));
    widths.resize(std::max(widths.size(), table.back().size()));
    for (size_t c = 0; c < table.back().size(); ++c)
      widths[c] = std::max(widths[c], terminal::columns(table.back()[c]));
  }
  std::string text;
  for (const Lines& cells : table) {
    std::string line = "   ";
    for (size_t c = 0; c < cells.size(); ++c)
      line += " " + terminal::fit(cells[c], widths[c], false) + "  ";
    text += fmt::format("{}\n", fmt::join(pieces_of(line, width), "\n"));
  }
  return text;
}

/// Reads the lines of a Markdown text one by one.
class Page {
 public:
  explicit Page(int width) : width_(width) {}

  void add(const std::string& line) {
    const bool is_row = line.starts_with("|");
    const bool is_item = line.starts_with("- ");
    const bool is_code = line.starts_with("    ");
    if (!is_row && !rows_.empty()) end_table();
    if (is_row || is_item || is_code || line.empty() || line.starts_with("#")) end_paragraph();
    if (is_row)
      rows_.push_back(line);
    else if (line.empty())
      text_ += text_.empty() || text_.ends_with("\n\n") ? "" : "\n";
    else if (is_code)
      text_ += fmt::format("{}\n", fmt::join(pieces_of(line, width_), "\n"));
    else if (!line.starts_with("#"))
      paragraph_ += (paragraph_.empty() ? "" : " ") + line.substr(line.find_first_not_of(' '));
  }

  std::string text() {
    end_table();
    end_paragraph();
    text_.erase(text_.find_last_not_of('\n') + 1);
    return text_.empty() ? "" : text_ + "\n";
  }

 private:
  void end_paragraph() {
    if (!paragraph_.empty()) text_ += terminal::wrap(without_marks(paragraph_), width_);
    paragraph_.clear();
  }
  void end_table() {
    if (rows_.size() > 2) text_ += table_text(rows_, width_);
    rows_.clear();
  }

  int width_;
  std::string text_, paragraph_;
  Lines rows_;  // of the table that is being read
};

/// One row of two columns: the indices of the lines, -1 where there is none.
struct Row {
  int64_t left, right;
};

/// For each i and j: how many lines left[i...] and right[j...] have in common, in order.
std::vector<std::vector<size_t>> common_lines(const Lines& left, const Lines& right) {
  std::vector<std::vector<size_t>> most(left.size() + 1, std::vector<size_t>(right.size() + 1));
  for (size_t i = left.size(); i-- > 0;)
    for (size_t j = right.size(); j-- > 0;)
      most[i][j] =
          left[i] == right[j] ? most[i + 1][j + 1] + 1 : std::max(most[i + 1][j], most[i][j + 1]);
  return most;
}

std::vector<Row> aligned(const Lines& left, const Lines& right) {
  const auto most = common_lines(left, right);
  std::vector<Row> rows;
  std::vector<int64_t> only_left;
  std::vector<int64_t> only_right;
  const auto end_difference = [&] {
    for (size_t k = 0; k < std::max(only_left.size(), only_right.size()); ++k)
      rows.push_back(
          {k < only_left.size() ? only_left[k] : -1, k < only_right.size() ? only_right[k] : -1});
    only_left.clear();
    only_right.clear();
  };
  size_t i = 0;
  size_t j = 0;
  while (i < left.size() || j < right.size()) {
    if (i < left.size() && j < right.size() && left[i] == right[j]) {
      end_difference();
      rows.push_back({static_cast<int64_t>(i++), static_cast<int64_t>(j++)});
    } else if (j == right.size() || (i < left.size() && most[i + 1][j] >= most[i][j + 1])) {
      only_left.push_back(static_cast<int64_t>(i++));
    } else {
      only_right.push_back(static_cast<int64_t>(j++));
    }
  }
  end_difference();
  return rows;
}

}  // namespace

std::string plain_text(const std::string& markdown, int width) {
  Page page(width);
  for (const std::string& line : lines_of(markdown))
    page.add(line);
  return page.text();
}

std::string side_by_side(const Lines& left, const Lines& right, int width) {
  const int column = std::max((width - 3) / 2, 10);
  std::string text;
  for (const Row& row : aligned(left, right)) {
    const bool both = row.left >= 0 && row.right >= 0;
    const std::string a = row.left >= 0 ? left[static_cast<size_t>(row.left)] : "";
    const std::string b = row.right >= 0 ? right[static_cast<size_t>(row.right)] : "";
    const char mark = !both ? (row.left >= 0 ? '<' : '>') : (a == b ? ' ' : '|');
    const Lines of_a = pieces_of(a, column);
    const Lines of_b = pieces_of(b, column);
    for (size_t k = 0; k < std::max(of_a.size(), of_b.size()); ++k) {
      const std::string first = k < of_a.size() ? of_a[k] : "";
      std::string line = terminal::fit(first, column, false) + " " + mark + " " +
                         (k < of_b.size() ? terminal::fit(of_b[k], column, false) : "");
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
  }
  return text;
}

std::string one_below_another(const Lines& left, const Lines& right, int width) {
  std::string text;
  std::string of_right;  // the lines of `right` that come after those of `left`
  const auto marked = [&](char mark, const std::string& line) {
    std::string out;
    for (const std::string& piece : pieces_of(line, std::max(width - 2, 10)))
      out += std::string(1, mark) + (piece.empty() ? "" : " " + piece) + "\n";
    return out;
  };
  for (const Row& row : aligned(left, right)) {
    const bool both = row.left >= 0 && row.right >= 0;
    const bool same =
        both && left[static_cast<size_t>(row.left)] == right[static_cast<size_t>(row.right)];
    if (same) text += std::exchange(of_right, "");
    if (row.left >= 0) text += marked(same ? ' ' : '<', left[static_cast<size_t>(row.left)]);
    if (row.right >= 0 && !same) of_right += marked('>', right[static_cast<size_t>(row.right)]);
  }
  return text + of_right;
}

}  // namespace gradus::grader
