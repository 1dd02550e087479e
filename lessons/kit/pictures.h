// Pictures in text: heat maps, bars, a plot and a graph.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "autograd/graph.h"
#include "lessons/kit/terminal.h"

namespace gradus::terminal {

/// How to draw: depth of colour, columns at hand, and whether anything but ASCII may be used.
struct Canvas {
  Depth depth = Depth::plain;
  int width = 80;
  bool utf8 = true;
};

/// A matrix of weights, row by row: rows are queries, columns are keys. Entries that are not finite
/// are drawn as masked.
struct Heatmap {
  std::string title;
  std::vector<double> values = {};
  std::vector<std::string> rows = {}, columns = {};
  double high = 1;  // the value of the brightest colour; 0 is the darkest
  std::string row_axis = "query", column_axis = "key";
};
std::string draw(const Heatmap& map, const Canvas& canvas);

/// One bar for each label; the longest bar belongs to the largest value.
std::string bars(const std::vector<std::string>& labels, const std::vector<double>& values,
                 const Canvas& canvas);

struct Curve {
  std::string name;
  char mark;
  std::vector<double> y;
};
/// Curves over the same x; where they meet, the earlier one is seen.
std::string plot(const std::vector<double>& x, const std::vector<Curve>& curves,
                 const Canvas& canvas, int height = 15);

/// The graph behind its first node, as autograd::graph gives it: each op above its inputs.
/// `describe` is what stands on a node's line. A node that several ops use is drawn once and then
/// only named.
std::string draw(const std::vector<autograd::GraphNode>& graph, const Canvas& canvas,
                 const std::function<std::string(const autograd::GraphNode&)>& describe);

}  // namespace gradus::terminal
