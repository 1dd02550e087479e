#include "lessons/kit/labels.h"

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

std::string with_labels(const std::string& printed, const Labels& labels) {
  std::vector<std::string> lines;
  std::istringstream stream(printed);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  size_t widest = 0;
  size_t row = 0;
  for (const std::string& line : lines)
    widest = std::max(widest, line.size());

  std::string out;
  if (!labels.columns.empty() && printed.find('[') != std::string::npos) {
    std::string head;
    size_t from = lines[0].rfind('[') + 1;
    size_t label = 0;
    while (from < lines[0].size() && label < labels.columns.size()) {
      const size_t end = lines[0].find_first_of(",]", from);
      if (end == std::string::npos) break;
      const int room = static_cast<int>(end) - terminal::columns(head) - 1;
      head += " " + terminal::fit(labels.columns[label++], room, true);
      from = end + 1;
      if (lines[0][end] == ']') break;
    }
    out += head + "\n";
  }
  for (const std::string& line : lines) {
    if (line.empty()) row = 0;
    out += line;
    const bool ends_a_row = line.find(']') != std::string::npos;
    if (ends_a_row && !labels.rows.empty()) {
      const size_t i = row++ % labels.rows.size();
      out += std::string(widest + 2 - line.size(), ' ') + labels.rows[i];
      if (labels.marked == static_cast<int64_t>(i)) out += "  <--";
    }
    out += "\n";
  }
  return out;
}

}  // namespace gradus::lessons
