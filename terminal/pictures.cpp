#include "terminal/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace gradus::terminal {
namespace {

std::string spaces(int n) { return std::string(static_cast<size_t>(std::max(0, n)), ' '); }
std::string repeat(std::string_view text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i)
    out += text;
  return out;
}

/// ".42", "1.00", "-.07"
std::string weight_text(double v) {
  std::string text = fmt::format("{:.2f}", v);
  if (text.starts_with("0")) text.erase(0, 1);
  if (text.starts_with("-0")) text.erase(1, 1);
  return text;
}

constexpr const char* kShades[5] = {" ", "░", "▒", "▓", "█"};
constexpr const char* kAsciiShades[5] = {" ", ".", ":", "*", "#"};
const char* shade(double v, const Canvas& canvas) {
  const auto level = static_cast<size_t>(std::clamp(v * 4 + 0.5, 0.0, 4.0));
  return canvas.utf8 ? kShades[level] : kAsciiShades[level];
}

std::string cell(double v, const Heatmap& map, int w, const Canvas& canvas) {
  if (!std::isfinite(v)) return dim(fit(canvas.utf8 ? "· " : "- ", w, true), canvas.depth);
  const double part = (v - map.low) / (map.high - map.low);
  if (canvas.depth == Depth::plain) return fit(weight_text(v) + shade(part, canvas), w, true);
  return on_color(fit(weight_text(v) + " ", w, true), part, canvas.depth);
}

std::string legend(const Heatmap& map, bool masked, const Canvas& canvas) {
  const double range = map.high - map.low;
  std::string out;
  if (canvas.depth == Depth::plain) {
    for (int level = 1; level <= 4; ++level)
      out += fmt::format("{} from {:.2f}  ", shade(level / 4.0, canvas),
                         map.low + range * (level - 0.5) / 4);
  } else {
    out = fmt::format("{:.2g} ", map.low);
    for (int i = 0; i < 24; ++i)
      out += on_color(" ", i / 23.0, canvas.depth);
    out += fmt::format(" {:.2g}  ", map.high);
  }
  if (masked) out += dim(canvas.utf8 ? "· masked" : "- masked", canvas.depth);
  while (out.ends_with(' '))
    out.pop_back();
  return out;
}

/// The ends of the x axis, and the marks of the curves.
std::string under_plot(const std::vector<double>& x, const std::vector<Curve>& curves, int wide) {
  const std::string left = fmt::format("{:g}", x.front());
  const std::string right = fmt::format("{:g}", x.back());
  std::string out = spaces(9) + left + fit(right, wide - columns(left), true) + "\n" + spaces(9);
  for (const Curve& curve : curves)
    out += fmt::format("{} {}   ", curve.mark, curve.name);
  while (out.ends_with(' '))
    out.pop_back();
  return out + "\n";
}

/// A node that is still to be drawn.
struct GraphLine {
  uint64_t id;
  std::string branch;  // the characters to the left of this node
  std::string below;   // and to the left of the nodes under it
};

/// The lines of a node's inputs. Each begins with a corner; all but the last have a rail below.
std::vector<GraphLine> lines_of_inputs(const autograd::GraphNode& node, const std::string& below,
                                       const Canvas& canvas) {
  const std::string corner = canvas.utf8 ? "├─ " : "|- ";
  const std::string last_corner = canvas.utf8 ? "└─ " : "`- ";
  const std::string rail = canvas.utf8 ? "│  " : "|  ";
  std::vector<GraphLine> lines;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const bool is_last = i + 1 == node.inputs.size();
    lines.push_back({node.inputs[i], below + (is_last ? last_corner : corner),
                     below + (is_last ? "   " : rail)});
  }
  return lines;
}

}  // namespace

std::string draw(const Heatmap& map, const Canvas& canvas) {
  const std::string down = canvas.utf8 ? map.row_axis + " ↓" : map.row_axis + " v";
  const std::string across = canvas.utf8 ? map.column_axis + " →" : map.column_axis + " >";
  int label_width = columns(down);
  int widest = 5;
  for (const std::string& label : map.rows)
    label_width = std::max(label_width, std::min(16, columns(label)));
  for (const std::string& label : map.columns)
    widest = std::max(widest, std::min(11, columns(label)));
  const int w = widest + 1;
  const size_t fits = static_cast<size_t>(std::max(1, (canvas.width - label_width - 1) / w));
  const bool masked =
      std::any_of(map.values.begin(), map.values.end(), [](double v) { return !std::isfinite(v); });

  std::string out = bold(map.title, canvas.depth) + "\n";
  for (size_t from = 0; from < map.columns.size(); from += fits) {
    const size_t to = std::min(map.columns.size(), from + fits);
    out += dim(fit(down, label_width, true) + "  " + across, canvas.depth) + "\n" +
           spaces(label_width + 1);
    std::string head;
    for (size_t j = from; j < to; ++j)
      head += fit(fit(map.columns[j], widest, true), w, false);
    while (head.ends_with(' '))
      head.pop_back();
    out += head + "\n";
    for (size_t i = 0; i < map.rows.size(); ++i) {
      std::string row = fit(map.rows[i], label_width, true) + " ";
      for (size_t j = from; j < to; ++j)
        row += cell(map.values[i * map.columns.size() + j], map, w, canvas);
      while (row.ends_with(' '))
        row.pop_back();
      out += row + "\n";
    }
  }
  return out + spaces(label_width + 1) + legend(map, masked, canvas) + "\n";
}

std::string bars(const std::vector<std::string>& labels, const std::vector<double>& values,
                 const Canvas& canvas) {
  int label_width = 0;
  int number_width = 0;
  std::vector<std::string> numbers;
  double largest = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    numbers.push_back(fmt::format("{:.4f}", values[i]));
    number_width = std::max(number_width, columns(numbers[i]));
    label_width = std::max(label_width, std::min(16, columns(labels[i])));
    if (std::isfinite(values[i])) largest = std::max(largest, values[i]);
  }
  const int room = std::clamp(canvas.width - label_width - number_width - 3, 1, 40);
  std::string out;
  for (size_t i = 0; i < values.size(); ++i) {
    const double part =
        largest > 0 && values[i] > 0 && std::isfinite(values[i]) ? values[i] / largest : 0;
    const int length = static_cast<int>(std::lround(part * room));
    const std::string bar = canvas.depth == Depth::plain ? repeat(canvas.utf8 ? "█" : "#", length)
                            : length ? on_color(spaces(length), part, canvas.depth)
                                     : "";
    std::string line =
        fit(labels[i], label_width, true) + "  " + fit(numbers[i], number_width, true) + " " + bar;
    while (line.ends_with(' '))
      line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string plot(const std::vector<double>& x, const std::vector<Curve>& curves,
                 const Canvas& canvas, int height) {
  double low = 0;
  double high = 0;
  for (const Curve& curve : curves)
    for (const double y : curve.y) {
      low = std::min(low, y);
      high = std::max(high, y);
    }
  if (high == low) high = low + 1;
  const int wide = std::clamp(canvas.width - 10, 10, 61);
  const auto row_of = [&](double y) {
    return static_cast<int>(std::lround((high - y) / (high - low) * (height - 1)));
  };
  const auto column_of = [&](double at) {
    return static_cast<int>(std::lround((at - x.front()) / (x.back() - x.front()) * (wide - 1)));
  };

  std::vector<std::string> grid(static_cast<size_t>(height),
                                std::string(static_cast<size_t>(wide), ' '));
  grid[static_cast<size_t>(row_of(0))].assign(static_cast<size_t>(wide), '-');
  if (x.front() < 0 && x.back() > 0)
    for (std::string& line : grid)
      line[static_cast<size_t>(column_of(0))] = '|';
  for (auto curve = curves.rbegin(); curve != curves.rend(); ++curve)
    for (size_t i = 0; i < x.size(); ++i)
      grid[static_cast<size_t>(row_of(curve->y[i]))][static_cast<size_t>(column_of(x[i]))] =
          curve->mark;

  std::string out;
  for (int row = 0; row < height; ++row) {
    const bool labelled = row == 0 || row == height - 1 || row == row_of(0);
    std::string line = labelled ? fmt::format("{:8.2f} ", row == row_of(0) ? 0
                                                          : row == 0       ? high
                                                                           : low)
                                : spaces(9);
    line += grid[static_cast<size_t>(row)];
    while (line.ends_with(' '))
      line.pop_back();
    out += line + "\n";
  }
  return out + under_plot(x, curves, wide);
}

std::string log_plot(const std::vector<double>& x, const std::vector<Curve>& curves,
                     const Canvas& canvas) {
  double low = 0;
  double high = -INFINITY;
  for (const Curve& curve : curves)
    for (const double y : curve.y) {
      if (!(y > 0) || !std::isfinite(y)) continue;
      low = high == -INFINITY ? std::log10(y) : std::min(low, std::log10(y));
      high = std::max(high, std::log10(y));
    }
  if (high == -INFINITY) high = low;
  const int top = static_cast<int>(std::ceil(high - 1e-9));
  const int decades = top - static_cast<int>(std::floor(low + 1e-9));
  const int step = decades / 16 + 1;  // powers of ten in a line
  const int height = (decades + step - 1) / step + 1;
  const int wide = std::clamp(canvas.width - 10, 10, 61);
  const double span = std::max(1e-300, x.back() - x.front());

  std::vector<std::string> grid(static_cast<size_t>(height),
                                std::string(static_cast<size_t>(wide), ' '));
  for (auto curve = curves.rbegin(); curve != curves.rend(); ++curve)
    for (size_t i = 0; i < x.size(); ++i) {
      const double y = curve->y[i];
      if (!(y > 0) || !std::isfinite(y)) continue;
      const auto row = static_cast<size_t>(std::lround((top - std::log10(y)) / step));
      const auto column = static_cast<size_t>(std::lround((x[i] - x.front()) / span * (wide - 1)));
      grid[std::min(row, grid.size() - 1)][column] = curve->mark;
    }

  std::string out;
  for (int row = 0; row < height; ++row) {
    std::string line =
        fmt::format("{:8.0e} ", std::pow(10.0, top - row * step)) + grid[static_cast<size_t>(row)];
    while (line.ends_with(' '))
      line.pop_back();
    out += line + "\n";
  }
  return out + under_plot(x, curves, wide);
}

std::string draw(const std::vector<autograd::GraphNode>& graph, const Canvas& canvas,
                 const std::function<std::string(const autograd::GraphNode&)>& describe) {
  if (graph.empty()) return "(no graph: nothing here needs gradients)\n";
  std::map<uint64_t, const autograd::GraphNode*> nodes;
  for (const auto& node : graph)
    nodes[node.id] = &node;
  std::vector<GraphLine> open{{graph.front().id, "", ""}};
  std::set<uint64_t> drawn;
  std::string out;
  while (!open.empty()) {
    const GraphLine line = open.back();
    open.pop_back();
    const autograd::GraphNode& node = *nodes.at(line.id);
    const bool is_drawn = !drawn.insert(line.id).second;
    out += dim(line.branch, canvas.depth) + describe(node);
    out += is_drawn && !node.inputs.empty() ? " (drawn above)\n" : "\n";
    if (is_drawn) continue;
    const std::vector<GraphLine> inputs = lines_of_inputs(node, line.below, canvas);
    open.insert(open.end(), inputs.rbegin(), inputs.rend());  // the first input is drawn first
  }
  return out;
}

}  // namespace gradus::terminal
