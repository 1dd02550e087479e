// Markdown as plain text for a terminal, and two programs side by side.
#pragma once
#include <string>
#include <vector>

namespace gradus::grader {

/// The paragraphs, lists, tables and indented lines of a Markdown text, wrapped to `width`.
/// Headings are left out.
std::string plain_text(const std::string& markdown, int width);

/// The lines of `left` and `right` side by side in `width` columns. Equal lines are in one row.
/// Other rows have a mark between the two: < for a line that only `left` has, > for one that only
/// `right` has, and | for two that take the same place. Long lines go on in the next row.
std::string side_by_side(const std::vector<std::string>& left,
                         const std::vector<std::string>& right, int width);

/// The same one below the other, for narrow windows: equal lines once, other lines with < or >.
std::string one_below_another(const std::vector<std::string>& left,
                              const std::vector<std::string>& right, int width);

}  // namespace gradus::grader
