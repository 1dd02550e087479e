// The text of the screen, cut into pages that fit the terminal.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace gradus::grader {

class Pages {
 public:
  Pages() = default;
  /// `head`, an empty line and `below`, on one page if they have at most `rows` lines. If they have
  /// more, and `below_first` is true, `below` begins a page, and this page is shown first.
  Pages(const std::string& head, const std::string& below, size_t rows, bool below_first);

  /// How many there are, at least one.
  size_t count() const { return pages_.size(); }
  /// The page to show first.
  size_t first() const { return first_; }
  /// "page 1 of 2   space: next   b: back"; "" if there is one page. The pages are counted from the
  /// one that is shown first. Those before it are "the verdict".
  std::string keys(size_t page) const;
  const std::vector<std::string>& lines(size_t page) const { return pages_[page]; }

 private:
  bool is_verdict(size_t page) const { return page < first_; }
  void add(const std::vector<std::string>& lines, size_t rows);

  std::vector<std::vector<std::string>> pages_{{}};
  size_t first_ = 0;
};

}  // namespace gradus::grader
