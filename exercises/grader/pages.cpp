#include "exercises/grader/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "exercises/grader/exercise.h"

namespace gradus::grader {
namespace {

constexpr size_t kMostRows = 1000000;  // without a window everything is one page

}  // namespace

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

std::string Pages::keys(size_t page) const {
  if (count() < 2) return "";
  const size_t others = count() - first_;
  const bool is_here = is_verdict(page);
  const auto leads_to = [&](size_t other, const char* usual) {
    return is_verdict(other) && !is_here ? "the verdict" : usual;
  };
  const std::string next = leads_to((page + 1) % count(), "next");
  const std::string back = leads_to((page + count() - 1) % count(), "back");
  if (others == 1 && !is_here) return "space: the verdict";
  const std::string place = !is_here      ? fmt::format("page {} of {}", page - first_ + 1, others)
                            : first_ == 1 ? "the verdict"
                                          : fmt::format("the verdict, {} of {}", page + 1, first_);
  return fmt::format("{}   space: {}   b: {}", place, next, back);
}

// A page ends at an empty line if there is one in its second half. The empty line is left out.
void Pages::add(const std::vector<std::string>& lines, size_t rows) {
  auto begin = lines.begin();
  do {
    const auto room = static_cast<std::ptrdiff_t>(std::min<size_t>(rows, kMostRows));
    auto end = begin + std::min(lines.end() - begin, room);
    auto next = end;
    if (end != lines.end()) {
      const auto gap = std::find(std::make_reverse_iterator(end + 1),
                                 std::make_reverse_iterator(begin + room / 2), "");
      if (gap != std::make_reverse_iterator(begin + room / 2)) {
        next = gap.base();
        end = next - 1;
      }
    }
    pages_.emplace_back(begin, end);
    begin = next;
  } while (begin != lines.end());
}

}  // namespace gradus::grader
