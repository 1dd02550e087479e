// Pictures in text: heat maps, bars, a plot and a graph.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "autograd/graph.h"
#include "terminal/terminal.h"

namespace gradus::terminal {

/// How to draw: the depth of colour, the width in columns, and whether characters other than ASCII
/// may be used.
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
  double high = 1;  // the value of the brightest colour
  double low = 0;   // and of the darkest
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
/// Draws curves over the same x. Where two curves cross, the earlier one is visible.
std::string plot(const std::vector<double>& x, const std::vector<Curve>& curves,
                 const Canvas& canvas, int height = 15);

/// Draws curves of positive numbers over the same x, with a logarithmic scale: one line for each
/// power of ten, or for several if there are many. Numbers that are not positive are left out.
std::string log_plot(const std::vector<double>& x, const std::vector<Curve>& curves,
                     const Canvas& canvas);

/// The graph that autograd::graph gives, from its first node down: each op is above its inputs.
/// `describe` returns the text of a node's line. A node that several ops use is drawn once; after
/// that only its name is shown.
std::string draw(const std::vector<autograd::GraphNode>& graph, const Canvas& canvas,
                 const std::function<std::string(const autograd::GraphNode&)>& describe);

}  // namespace gradus::terminal
