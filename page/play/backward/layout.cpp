#include "page/play/backward/layout.h"

#include <algorithm>
#include <limits>

namespace gradus::page {
namespace {

constexpr double kColumnGap = 34;
constexpr double kRowGap = 14;
constexpr double kLane = 16;  // the height of an edge that passes a column
constexpr double kMargin = 8;
constexpr int kSweeps = 8;

/// A box, or an edge where it passes a column.
struct Item {
  size_t column = 0;
  bool is_box = true;
  double row = 0;
  double y = 0;
  std::vector<size_t> neighbours = {};
};

class Columns {
 public:
  Columns(size_t nodes, const std::vector<GraphEdge>& edges, Point box)
      : nodes_(nodes), edges_(edges), box_(box), items_(nodes) {
    assign_columns();
    add_lanes();
    for (size_t i = 0; i < items_.size(); ++i) {
      columns_.resize(std::max(columns_.size(), items_[i].column + 1));
      columns_[items_[i].column].push_back(i);
    }
    number_rows();
    for (int sweep = 0; sweep < kSweeps; ++sweep)
      order_rows();
    assign_heights();
  }

  Layout result() const {
    Layout layout;
    for (size_t i = 0; i < nodes_; ++i)
      layout.boxes.push_back({x_of(i), items_[i].y});
    for (size_t e = 0; e < edges_.size(); ++e)
      layout.edges.push_back(points_of(e));
    layout.width =
        2 * kMargin + static_cast<double>(columns_.size()) * (box_.x + kColumnGap) - kColumnGap;
    layout.height = height_ + 2 * kMargin;
    return layout;
  }

 private:
  void assign_columns() {
    std::vector<bool> has_inputs(nodes_, false);
    for (const GraphEdge& edge : edges_)
      has_inputs[edge.to] = true;
    for (bool changed = true; changed;) {
      changed = false;
      for (const GraphEdge& edge : edges_) {
        if (items_[edge.to].column > items_[edge.from].column) continue;
        items_[edge.to].column = items_[edge.from].column + 1;
        changed = true;
      }
    }
    for (size_t i = 0; i < nodes_; ++i) {
      size_t first_reader = std::numeric_limits<size_t>::max();
      for (const GraphEdge& edge : edges_)
        if (edge.from == i) first_reader = std::min(first_reader, items_[edge.to].column);
      if (!has_inputs[i] && first_reader != std::numeric_limits<size_t>::max())
        items_[i].column = first_reader - 1;
    }
  }

  /// An item for each column that an edge passes.
  void add_lanes() {
    for (const GraphEdge& edge : edges_) {
      std::vector<size_t> lanes;
      size_t before = edge.from;
      for (size_t c = items_[edge.from].column + 1; c < items_[edge.to].column; ++c) {
        items_.push_back({.column = c, .is_box = false});
        lanes.push_back(items_.size() - 1);
        connect(before, lanes.back());
        before = lanes.back();
      }
      connect(before, edge.to);
      lanes_.push_back(lanes);
    }
  }
  void connect(size_t a, size_t b) {
    items_[a].neighbours.push_back(b);
    items_[b].neighbours.push_back(a);
  }

  void number_rows() {
    for (const auto& column : columns_)
      for (size_t row = 0; row < column.size(); ++row)
        items_[column[row]].row = static_cast<double>(row) - static_cast<double>(column.size()) / 2;
  }

  /// Each item moves to the mean row of its neighbours.
  void order_rows() {
    for (auto& column : columns_) {
      std::vector<std::pair<double, size_t>> order;  // the new row, and the place in the column
      for (size_t place = 0; place < column.size(); ++place) {
        const Item& item = items_[column[place]];
        double sum = 0;
        for (const size_t n : item.neighbours)
          sum += items_[n].row;
        const auto count = static_cast<double>(item.neighbours.size());
        order.emplace_back(count > 0 ? sum / count : item.row, place);
      }
      std::sort(order.begin(), order.end());
      std::vector<size_t> sorted;
      for (const auto& [row, place] : order)
        sorted.push_back(column[place]);
      column = sorted;
    }
    number_rows();
  }

  double height_of(size_t i) const { return items_[i].is_box ? box_.y : kLane; }

  void assign_heights() {
    std::vector<double> heights;
    for (const auto& column : columns_) {
      double height = -kRowGap;
      for (const size_t i : column)
        height += height_of(i) + kRowGap;
      heights.push_back(height);
      height_ = std::max(height_, height);
    }
    for (size_t c = 0; c < columns_.size(); ++c) {
      double y = kMargin + (height_ - heights[c]) / 2;
      for (const size_t i : columns_[c]) {
        items_[i].y = y;
        y += height_of(i) + kRowGap;
      }
    }
  }

  double x_of(size_t i) const {
    return kMargin + static_cast<double>(items_[i].column) * (box_.x + kColumnGap);
  }

  std::vector<Point> points_of(size_t e) const {
    const size_t from = edges_[e].from;
    const size_t to = edges_[e].to;
    std::vector<Point> points{{x_of(from) + box_.x, items_[from].y + box_.y / 2}};
    for (const size_t lane : lanes_[e]) {
      const double y = items_[lane].y + kLane / 2;
      points.push_back({x_of(lane), y});
      points.push_back({x_of(lane) + box_.x, y});
    }
    points.push_back({x_of(to), items_[to].y + box_.y / 2});
    return points;
  }

  const size_t nodes_;
  const std::vector<GraphEdge>& edges_;
  const Point box_;
  std::vector<Item> items_;                 // the boxes, then the lanes
  std::vector<std::vector<size_t>> lanes_;  // of each edge
  std::vector<std::vector<size_t>> columns_;
  double height_ = 0;
};

}  // namespace

Layout layout(size_t nodes, const std::vector<GraphEdge>& edges, Point box) {
  if (nodes == 0) return {};
  return Columns(nodes, edges, box).result();
}

}  // namespace gradus::page
