#include "page/play/kit/source.h"

#include <algorithm>

#include "tensor/error.h"

namespace gradus::page {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view without_indent(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

/// The last line of the definition that begins at `first`.
size_t last_line(const std::vector<std::string_view>& lines, size_t first) {
  const size_t indent = lines[first].size() - without_indent(lines[first]).size();
  for (size_t i = first; i < lines.size(); ++i) {
    const std::string_view code = without_indent(lines[i]);
    const bool closes = code.starts_with("}") && lines[i].size() - code.size() == indent;
    const bool is_one_line = i == first && (code.ends_with("}") || code.ends_with("};"));
    if (closes || is_one_line) return i;
  }
  return lines.size() - 1;
}

}  // namespace

Excerpt excerpt(std::string_view file, std::string_view start) {
  const auto& files = embedded_files();
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const EmbeddedFile& each) { return each.path == file; });
  if (found == files.end()) fail("excerpt: '{}' is not among the embedded sources", file);
  const std::vector<std::string_view> lines = lines_of(found->text);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!without_indent(lines[i]).starts_with(start)) continue;
    const size_t last = last_line(lines, i);
    size_t first = i;
    while (first > 0 && without_indent(lines[first - 1]).starts_with("//"))
      --first;
    std::string text;
    for (size_t line = first; line <= last; ++line)
      text += std::string(lines[line]) + "\n";
    return {std::string(file), static_cast<int>(first) + 1, text};
  }
  fail("excerpt: {} has no line that begins with '{}'", file, start);
}

}  // namespace gradus::page
