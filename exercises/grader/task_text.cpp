#include "exercises/grader/task_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "exercises/grader/page_text.h"
#include "exercises/grader/verdict_text.h"
#include "terminal/terminal.h"

namespace gradus::grader {
namespace {

std::filesystem::path readme_of(const Exercises& exercises, const Exercise& e) {
  return exercises.source / e.folder / "README.md";
}

/// The blocks of a Markdown text that are separated by empty lines.
std::vector<std::string> blocks_of(const std::string& markdown) {
  std::vector<std::string> blocks(1);
  for (const std::string& line : lines_of(markdown)) {
    if (!line.empty())
      blocks.back() += line + "\n";
    else if (!blocks.back().empty())
      blocks.emplace_back();
  }
  return blocks;
}

/// The first block that fits, as plain text.
template <class Fits>
std::string first_block(const std::vector<std::string>& blocks, const Fits& fits, int width) {
  const auto found = std::find_if(blocks.begin(), blocks.end(), fits);
  return found == blocks.end() ? "" : plain_text(*found, width);
}

/// The lines inside namespace mine. Without it: all lines.
std::vector<std::string> body_of(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  bool is_inside = false;
  const std::vector<std::string> all = lines_of(read_text(file));
  for (std::string line : all) {
    if (line.ends_with("\r")) line.pop_back();
    if (is_inside && line.starts_with("}  // namespace mine")) break;
    if (is_inside && (!lines.empty() || !line.empty())) lines.push_back(line);
    if (line.starts_with("namespace mine {")) is_inside = true;
  }
  while (!lines.empty() && lines.back().empty())
    lines.pop_back();
  return is_inside ? lines : all;
}

}  // namespace

std::string short_task(const Exercises& exercises, const Exercise& e, int width) {
  const std::vector<std::string> blocks = blocks_of(read_text(readme_of(exercises, e)));
  const std::string idea = first_block(
      blocks,
      [](const std::string& block) {
        return !block.empty() && !block.starts_with("#") && !block.starts_with("**") &&
               !block.starts_with(" ") && !block.starts_with("|");
      },
      width);
  const std::string formula = first_block(
      blocks, [](const std::string& block) { return block.starts_with("    "); }, width);
  const std::string shapes = first_block(
      blocks, [](const std::string& block) { return block.starts_with("|"); }, width);
  const std::string where =
      in_lines({"edit " + exercises.shown(exercises.answer(e)), "t: the complete task",
                exercises.shown(readme_of(exercises, e))},
               width);
  std::string task = where;
  for (const std::string& part : {idea, formula, shapes})
    if (!part.empty()) task += "\n" + part;
  return task;
}

std::string complete_task(const Exercises& exercises, const Exercise& e, int width) {
  return plain_text(read_text(readme_of(exercises, e)), width);
}

std::string after_passing(const Exercises& exercises, const Exercise& e, const Progress& progress,
                          int width) {
  const std::vector<std::string> hints = exercises.hints(e);
  std::string text;
  if (hints.size() > 3) text += "To remember:\n" + plain_text(hints[3], width) + "\n";
  const Exercise next = progress.after(e);
  text += next.folder == e.folder ? std::string("All the other exercises are right.\n\n")
                                  : fmt::format("Next: ./run exercise {} (n)\n\n", next.name());
  const std::vector<std::string> mine = body_of(exercises.answer(e));
  const std::vector<std::string> solution = body_of(exercises.solution(e));
  constexpr int kTwoColumns = 72;  // in a narrower window they would cut most lines
  if (width < kTwoColumns)
    return text + "your answer (<) and one solution (>)\n" +
           one_below_another(mine, solution, width);
  const int column = std::max((width - 3) / 2, 10);
  text += terminal::fit("your answer", column, false) + "   one solution\n";
  return text + side_by_side(mine, solution, width);
}

}  // namespace gradus::grader
