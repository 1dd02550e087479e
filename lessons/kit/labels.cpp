#include "lessons/kit/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "autograd/ops.h"
#include "terminal/terminal.h"

namespace gradus::lessons {

std::vector<double> values_of(const Tensor& x) {
  const Tensor list = x.detach().to(kFloat64).contiguous();
  return {list.data_ptr<double>(), list.data_ptr<double>() + list.numel()};
}

int64_t parameter_count(const nn::Module& module) {
  int64_t count = 0;
  for (const Tensor& p : module.parameters())
    count += p.numel();
  return count;
}

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

/// The lines of a printed tensor. A row that is longer than `width` goes on below its first number.
std::vector<std::string> broken_rows(const std::string& printed, size_t width) {
  std::vector<std::string> lines;
  for (std::string line : lines_of(printed)) {
    const size_t bracket = line.rfind('[');
    const size_t indent = bracket == std::string::npos ? line.find_first_not_of(' ') : bracket + 1;
    while (line.size() > width) {
      const size_t comma = line.rfind(", ", width - 1);
      if (comma == std::string::npos || comma <= indent) break;
      lines.push_back(line.substr(0, comma + 1));
      line = std::string(indent, ' ') + line.substr(comma + 2);
    }
    lines.push_back(line);
  }
  return lines;
}

/// The ends of the numbers in the first row of a printed tensor.
std::vector<size_t> ends_of_numbers(const std::string& first_line) {
  std::vector<size_t> ends;
  for (size_t at = first_line.rfind('[') + 1; at < first_line.size();) {
    const size_t end = first_line.find_first_of(",]", at);
    if (end == std::string::npos) break;
    ends.push_back(end);
    if (first_line[end] == ']') break;
    at = end + 1;
  }
  return ends;
}

/// The words above the columns that end at `ends`; "" if one of them does not fit.
std::string heads(const Words& words, const std::vector<size_t>& ends) {
  std::string out;
  for (size_t i = 0; i < std::min(words.size(), ends.size()); ++i) {
    const int room = static_cast<int>(ends[i]) - terminal::columns(out) - 1;
    if (terminal::columns(words[i]) > room) return "";
    out += " " + terminal::fit(words[i], room, true);
  }
  return out + "\n";
}

Words numbers_up_to(size_t n) {
  Words numbers;
  for (size_t i = 1; i <= n; ++i)
    numbers.push_back(std::to_string(i));
  return numbers;
}

Words numbered(const Words& words) {
  Words out;
  for (size_t i = 0; i < words.size(); ++i)
    out.push_back(std::to_string(i + 1) + " " + words[i]);
  return out;
}

/// What is printed above the columns, and below the tensor if their labels do not fit there.
struct Heads {
  std::string line;
  std::string legend;
};

/// The labels of the columns above the first row, or numbers, which a legend or the labels of the
/// rows explain. Rows with the same labels get the numbers, too.
Heads heads_of(const Words& columns, const std::string& first_row, Words& rows) {
  const bool one_line_a_row = first_row.find(']') != std::string::npos;
  const std::vector<size_t> ends = ends_of_numbers(first_row);
  if (one_line_a_row) {
    const std::string line = heads(columns, ends);
    if (!line.empty()) return {line, ""};
  }
  Heads out;
  if (one_line_a_row) out.line = heads(numbers_up_to(columns.size()), ends);
  const Words explained = numbered(columns);
  if (rows == columns)
    rows = explained;
  else
    out.legend = fmt::format("columns: {}\n", fmt::join(explained, ", "));
  return out;
}

}  // namespace

std::string with_labels(const std::string& printed, const Labels& labels, int width) {
  Words rows = labels.rows;
  int widest_label = 0;
  for (const std::string& label : rows)
    widest_label = std::max(widest_label, terminal::columns(label));
  if (widest_label > 0) widest_label += labels.marked >= 0 ? 9 : 4;  // room for a number, too
  const auto room = static_cast<size_t>(std::max(30, width - widest_label));
  const std::vector<std::string> lines = broken_rows(printed, std::min<size_t>(80, room));

  Heads above;
  if (!labels.columns.empty() && printed.find('[') != std::string::npos)
    above = heads_of(labels.columns, lines[0], rows);

  size_t widest = 0;
  for (const std::string& line : lines)
    widest = std::max(widest, line.size());
  std::string out = above.line;
  size_t row = 0;
  for (const std::string& line : lines) {
    if (line.empty()) row = 0;
    out += line;
    const bool ends_a_row = line.find(']') != std::string::npos;
    if (ends_a_row && !rows.empty()) {
      const size_t i = row++ % rows.size();
      out += std::string(widest + 2 - line.size(), ' ') + rows[i];
      if (labels.marked == static_cast<int64_t>(i)) out += "  <--";
    }
    out += "\n";
  }
  return out + above.legend;
}

}  // namespace gradus::lessons
