#include "exercises/grader/pages.h"

#include <algorithm>
#include <iterator>

#include "exercises/grader/exercise.h"

namespace gradus::grader {

Pages::Pages(const std::string& head, const std::string& below, size_t rows, bool below_first) {
  pages_.clear();
  std::vector<std::string> all = lines_of(head);
  const std::vector<std::string> others = lines_of(below);
  if (!all.empty() && !others.empty()) all.emplace_back();
  all.insert(all.end(), others.begin(), others.end());
  if (all.size() <= rows || !below_first) {
    add(all, rows);
    return;
  }
  add(lines_of(head), rows);
  first_ = pages_.size();
  add(others, rows);
}

void Pages::add(const std::vector<std::string>& lines, size_t rows) {
  auto begin = lines.begin();
  do {
    const auto end =
        begin + std::min<std::ptrdiff_t>(lines.end() - begin, static_cast<std::ptrdiff_t>(rows));
    pages_.emplace_back(begin, end);
    begin = end;
  } while (begin != lines.end());
}

}  // namespace gradus::grader
