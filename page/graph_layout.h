// Places the boxes of a directed graph without cycles in layers from left to right, so that few
// lines cross (Sugiyama, Tagawa and Toda 1981).
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

namespace gradus::page {

struct Box {
  double width, height;
  double x = 0, y = 0;  // the corner at the top left; layout() sets them
};
struct Point {
  double x, y;
};
/// A line from one box to another: from the right side of the first to the left side of the second.
/// Between its points 2 i and 2 i + 1 it is free to bend, between 2 i + 1 and 2 i + 2 it is
/// horizontal and passes boxes.
struct Line {
  size_t from, to;
  std::vector<Point> points = {};
};
struct Layout {
  std::vector<Box> boxes;
  std::vector<Line> lines;
  double width = 0, height = 0;
};

/// No boxes overlap, and every line goes from left to right. Throws Error if the edges, pairs of
/// box numbers (from, to), have a cycle.
Layout layout(std::vector<Box> boxes, const std::vector<std::pair<size_t, size_t>>& edges);

}  // namespace gradus::page
