// Excerpts of the library's sources, to show the code beside the picture. The build embeds the
// files, so the excerpts are from the code that was compiled.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace gradus::page {

/// A file as it was when the program was built. Its path starts at the root of the tree.
struct EmbeddedFile {
  std::string_view path, text;
};
/// All embedded files. Its definition is written by lessons/embed_sources.cmake.
const std::vector<EmbeddedFile>& embedded_files();

struct Excerpt {
  std::string file;
  int first_line = 0;
  std::string text;
};

/// The definition whose first line begins with `start`, such as "Tensor exp(", with the comment
/// above it, up to the line that closes it at the same indentation. Throws Error if the file does
/// not have it.
Excerpt excerpt(std::string_view file, std::string_view start);

}  // namespace gradus::page
