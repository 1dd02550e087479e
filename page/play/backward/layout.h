// Places the nodes of a graph in columns: every edge leads from left to right.
#pragma once
#include <cstddef>
#include <vector>

namespace gradus::page {

struct Point {
  double x = 0;
  double y = 0;
};

/// The upper left corners of the boxes, and the points through which each edge
/// passes: from the right side of its first box to the left side of the second.
struct Layout {
  std::vector<Point> boxes;
  std::vector<std::vector<Point>> edges;
  double width = 0;
  double height = 0;
};

struct GraphEdge {
  size_t from = 0;
  size_t to = 0;
};

/// `edges` lead from inputs to results and have no cycle. A node without inputs
/// is placed directly to the left of the first node that reads it. Edges bend
/// around the boxes of the columns between.
Layout layout(size_t nodes, const std::vector<GraphEdge>& edges, Point box);

}  // namespace gradus::page
